from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class BranchesConfig(AppConfig):
    name = "branches"
    verbose_name = "组织"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # What rooms to the right know about an organisation, for the pages here.
        autodiscover_modules("branch_facts")
