from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"
    verbose_name = "整改任务"
    default_auto_field = "django.db.models.BigAutoField"
