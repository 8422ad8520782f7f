"""管理后台: when the checks ran and which rules failed."""

from django.contrib import admin

from accounts.roles import Action
from branches.scoped_admin import ReadOnlyAdmin
from compliance.models import CheckRun


@admin.register(CheckRun)
class CheckRunAdmin(ReadOnlyAdmin):
    look_actions = (Action.OPERATE, Action.RUN_CHECKS)
    list_display = ["day", "started_at", "finished_at", "judged", "written", "failed"]
    list_filter = ["day"]
    fields = ["day", "started_at", "finished_at", "judged", "written", "faults"]

    @admin.display(description="有要求未能核对", boolean=True)
    def failed(self, run):
        return bool(run.faults)
