from django.urls import path

from ledgers import book_views, list_views, views, workday_views

app_name = "ledgers"

urlpatterns = [
    path("", views.export, name="export"),
    path("close/<str:month>/", views.close, name="close"),
    path("members/", list_views.member_list, name="members"),
    path("dues/", book_views.dues_book, name="dues_book"),
    path("meetings/", book_views.meetings_book, name="meetings_book"),
    path("work/", book_views.work_book, name="work_book"),
    path("workdays/", workday_views.workdays, name="workdays"),
    path("register/<slug:kind>/", views.register, name="register"),
    path("import/", views.import_upload, name="import"),
    path("import/template/<slug:kind>/", views.import_template, name="template"),
    path("import/<int:pk>/", views.import_batch, name="batch"),
    path("import/<int:pk>/confirm/", views.import_confirm, name="confirm"),
    path("import/<int:pk>/abandon/", views.import_abandon, name="abandon"),
    path("import/<int:pk>/refused/", views.import_refused_rows, name="refused_rows"),
]
