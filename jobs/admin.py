"""管理后台: how long work is going. What a job works on stays with the person who started it."""

from django.contrib import admin

from accounts.roles import Action
from branches.scoped_admin import ReadOnlyAdmin
from jobs.models import Job


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    look_actions = (Action.OPERATE,)
    list_display = ["kind", "state", "attempts", "created_at", "started_at", "finished_at"]
    list_filter = ["state", "kind", "created_at"]
    search_fields = ["kind"]
    # Title, parameters, message and result may name people.
    fields = [
        *("kind", "state", "phase", "done", "total", "attempts"),
        *("lease_until", "created_at", "started_at", "finished_at"),
    ]

    def get_queryset(self, request):
        """All jobs for whoever runs the system: many belong to no organisation."""
        return Job.objects.all() if self.has_view_permission(request) else Job.objects.none()
