from django.urls import path

from meetings import views

app_name = "meetings"

urlpatterns = [
    path("", views.meeting_list, name="list"),
    path("new/", views.meeting_register, name="register"),
    path("draft/", views.meeting_draft, name="draft"),
    path("<int:pk>/", views.meeting_detail, name="detail"),
    path("<int:pk>/change/", views.meeting_change, name="change"),
    path("<int:pk>/cancel/", views.meeting_cancel, name="cancel"),
]
