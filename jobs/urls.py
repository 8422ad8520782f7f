from django.urls import path

from jobs import views

app_name = "jobs"

urlpatterns = [
    path("<int:pk>/", views.job_progress, name="progress"),
    path("<int:pk>/stop/", views.job_stop, name="stop"),
    path("<int:pk>/restart/", views.job_restart, name="restart"),
    path("<int:pk>/result/", views.job_result, name="result"),
]
