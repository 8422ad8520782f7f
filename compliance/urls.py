from django.urls import path

from compliance import views

app_name = "compliance"

urlpatterns = [
    path("", views.duty_list, name="list"),
    path("<int:pk>/", views.duty, name="duty"),
]
