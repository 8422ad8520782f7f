from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PartybuildConfig(AppConfig):
    """Wiring and the commands that reach over all rooms; no tables."""

    name = "partybuild"
    verbose_name = "partybuild"


class ManagementConfig(AdminConfig):
    """Django's admin app with our own site."""

    default_site = "partybuild.admin.ManagementSite"

    def ready(self):
        super().ready()
        from django.contrib import admin
        from django.contrib.auth.models import Group

        # Rights come from roles; Django's groups and permissions decide nothing here.
        admin.site.unregister(Group)
