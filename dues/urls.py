from django.urls import path

from dues.views import cells, entries, ledger

app_name = "dues"

urlpatterns = [
    path("", ledger.dues_ledger, name="ledger"),
    path("cell/", cells.cell_save, name="cell"),
    path("grid/", cells.grid_save, name="grid"),
    path("fill/", cells.month_fill, name="fill"),
    path("undo/", cells.fill_undo, name="undo"),
    path("entries/<int:member_pk>/", entries.dues_entries, name="entries"),
]
