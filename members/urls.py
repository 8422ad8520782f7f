from django.urls import path

from members.views import people

app_name = "members"

urlpatterns = [
    path("", people.member_list, name="list"),
    path("<int:pk>/", people.member_detail, name="detail"),
    path("<int:pk>/reveal/", people.member_reveal, name="reveal"),
]
