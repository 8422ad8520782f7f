from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("dashboard.urls")),
    path("branches/", include("branches.urls")),
    path("members/", include("members.urls")),
    path("dues/", include("dues.urls")),
    path("meetings/", include("meetings.urls")),
    path("tasks/", include("tasks.urls")),
    path("duties/", include("compliance.urls")),
    path("ledgers/", include("ledgers.urls")),
    path("jobs/", include("jobs.urls")),
    path("notices/", include("notices.urls")),
]
