from django.urls import path

from meetings.views import records

app_name = "meetings"

urlpatterns = [
    path("", records.meeting_list, name="list"),
    path("new/", records.meeting_register, name="register"),
    path("draft/", records.meeting_draft, name="draft"),
    path("<int:pk>/", records.meeting_detail, name="detail"),
    path("<int:pk>/change/", records.meeting_change, name="change"),
    path("<int:pk>/cancel/", records.meeting_cancel, name="cancel"),
]
