from django.urls import path

from branches import views

app_name = "branches"

urlpatterns = [
    path("attachments/<int:pk>/", views.attachment_download, name="attachment"),
]
