from django.urls import path

from tasks import views

app_name = "tasks"

urlpatterns = [
    path("", views.task_list, name="list"),
    path("<int:pk>/", views.task_detail, name="detail"),
    path("<int:pk>/progress/", views.progress_enter, name="progress"),
    path("<int:pk>/request-close/", views.close_request, name="request_close"),
    path("<int:pk>/return/", views.task_return, name="return"),
    path("<int:pk>/close/", views.task_close, name="close"),
]
