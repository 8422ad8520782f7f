"""管理后台: looking up the rectification ledger."""

from django.contrib import admin

from branches.scoped_admin import ReadOnlyAdmin, ReadOnlyInline
from tasks.models import Task, TaskEvent


class TaskEventInline(ReadOnlyInline):
    model = TaskEvent
    fields = ["on", "kind", "text", "progress", "by", "at"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("by")


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = [
        *("problem", "organisation", "source", "responsible_person"),
        *("opened_on", "due_on", "state", "progress", "closed_on"),
    ]
    list_filter = ["state", "due_on"]
    search_fields = ["problem", "organisation__name", "organisation__code", "responsible_person"]
    list_select_related = ["organisation"]
    inlines = [TaskEventInline]
    fields = [
        *("organisation", "source", "problem", "measures"),
        *("responsible_leader", "responsible_unit", "responsible_person"),
        *("opened_on", "due_on", "first_due_on", "state", "progress", "closed_on"),
    ]
