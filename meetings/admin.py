"""管理后台: looking up meetings."""

from django.contrib import admin

from branches.scoped_admin import ReadOnlyAdmin
from meetings.models import Meeting


@admin.register(Meeting)
class MeetingAdmin(ReadOnlyAdmin):
    list_display = ["held_on", "organisation", "kinds", "topic", "state", "hours", "entered_at"]
    list_filter = ["types__type", "state", "held_on"]
    search_fields = ["organisation__name", "organisation__code", "topic"]
    list_select_related = ["organisation"]
    fields = [
        *("organisation", "group", "kinds", "state", "held_on", "starts_at", "ends_at", "place"),
        *(
            "host_name",
            "lecturer_name",
            "topic",
            "on_branch_building",
            "minutes",
            "guests",
            "hours",
        ),
        *("entered_at", "entered_by"),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("types")

    @admin.display(description="会议类型")
    def kinds(self, meeting):
        return "、".join(str(one) for one in meeting.types.all())
