from django.urls import path

from dues import views

app_name = "dues"

urlpatterns = [
    path("", views.dues_ledger, name="ledger"),
    path("cell/", views.cell_save, name="cell"),
    path("grid/", views.grid_save, name="grid"),
    path("fill/", views.month_fill, name="fill"),
    path("undo/", views.fill_undo, name="undo"),
    path("entries/<int:member_pk>/", views.dues_entries, name="entries"),
]
