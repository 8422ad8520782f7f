from django.contrib import admin
from django.urls import include, path

admin.site.site_header = "党支部工作管理平台 · 管理"
admin.site.site_title = "党支部工作管理平台"
admin.site.index_title = "管理"

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
]
