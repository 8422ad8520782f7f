from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = "应办事项"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # Each room to the right may bring a rules module of its own.
        autodiscover_modules("rules")
