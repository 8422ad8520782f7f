from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = "应办事项"
    default_auto_field = "django.db.models.BigAutoField"
