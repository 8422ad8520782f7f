from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"
    verbose_name = "三会一课"
    default_auto_field = "django.db.models.BigAutoField"
