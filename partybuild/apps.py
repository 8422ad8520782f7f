from django.apps import AppConfig


class PartybuildConfig(AppConfig):
    """Wiring and the commands that reach over all rooms; no tables."""

    name = "partybuild"
    verbose_name = "partybuild"
