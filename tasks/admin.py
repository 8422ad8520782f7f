"""管理后台: looking up the rectification ledger."""

from django.contrib import admin

from branches.scoped_admin import ReadOnlyAdmin, ReadOnlyInline
from tasks.enums import SelfCheckState
from tasks.models import (
    Campaign,
    Extension,
    Inspection,
    InspectionVisit,
    Measure,
    PlusItem,
    PlusPlan,
    SelfCheck,
    Task,
    TaskEvent,
    UnitSurvey,
    WeakBranch,
    WeakStep,
)


class TaskEventInline(ReadOnlyInline):
    model = TaskEvent
    fields = ["on", "kind", "text", "progress", "by", "at"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("by")


class ExtensionInline(ReadOnlyInline):
    model = Extension
    fields = ["asked_on", "due_on", "reason", "state", "answer", "answered_by", "answered_on"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("answered_by")


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = [
        *("problem", "organisation", "source", "responsible_person"),
        *("opened_on", "due_on", "state", "progress", "closed_on"),
    ]
    list_filter = ["state", "due_on"]
    search_fields = ["problem", "organisation__name", "organisation__code", "responsible_person"]
    list_select_related = ["organisation"]
    inlines = [TaskEventInline, ExtensionInline]
    fields = [
        *("organisation", "source", "category", "problem", "target", "measures"),
        *("responsible_leader", "responsible_unit", "responsible_person", "by_county"),
        *("opened_on", "due_on", "first_due_on", "state", "progress", "closed_on"),
    ]


class MeasureInline(ReadOnlyInline):
    model = Measure
    fields = ["block", "text", "phase", "due_on", "addressed", "sector", "by_county"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("block", "phase")


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ["title", "organisation", "year", "state", "starts_on", "ends_on", "issued_on"]
    list_filter = ["state", "year"]
    search_fields = ["title", "document", "organisation__name"]
    list_select_related = ["organisation"]
    inlines = [MeasureInline]
    fields = [
        *("organisation", "title", "document", "year", "aim", "leaders", "starts_on", "ends_on"),
        *("self_check_on", "state", "issued_on", "clarification", "closed_on", "summary"),
    ]


@admin.register(SelfCheck)
class SelfCheckAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "campaign", "state", "submitted_on", "reviewed_on"]
    list_filter = ["state", "campaign"]
    search_fields = ["organisation__name", "organisation__code", "campaign__title"]
    list_select_related = ["organisation", "campaign"]
    fields = [
        *("campaign", "organisation", "state", "submitted_on", "done", "problems", "plans"),
        *("opinion", "reviewed_on"),
    ]

    def get_queryset(self, request):
        """A draft is the branch's own until it is handed in."""
        return super().get_queryset(request).exclude(state=SelfCheckState.DRAFT)


class WeakStepInline(ReadOnlyInline):
    model = WeakStep
    fields = ["on", "kind", "text", "by", "at"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("by")


@admin.register(WeakBranch)
class WeakBranchAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "year", "state", "decided_on", "due_on", "passed_on"]
    list_filter = ["state", "year"]
    search_fields = ["organisation__name", "organisation__code"]
    list_select_related = ["organisation"]
    inlines = [WeakStepInline]
    fields = [
        *("organisation", "year", "state", "situations", "problems", "proposed_on"),
        *("decided_on", "decided_by", "list_name", "plan_due_on", "plan_filed_on", "due_on"),
        *("asked_on", "passed_on", "follow_up_until", "ended_on"),
    ]


class PlusItemInline(ReadOnlyInline):
    model = PlusItem
    fields = ["part", "title", "means", "lead_name", "aim", "due_on", "result", "finished_on"]


@admin.register(PlusPlan)
class PlusPlanAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "year", "published_on", "reviewed_on", "commented_on"]
    list_filter = ["year"]
    search_fields = ["organisation__name", "organisation__code"]
    list_select_related = ["organisation"]
    inlines = [PlusItemInline]
    fields = [
        *("organisation", "year", "published_on", "published_where"),
        *("review", "reviewed_on", "comment", "commented_on"),
    ]


class InspectionVisitInline(ReadOnlyInline):
    model = InspectionVisit
    fields = ["organisation", "unannounced", "visited_on", "looked_at", "impression"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("organisation")


@admin.register(Inspection)
class InspectionAdmin(ReadOnlyAdmin):
    list_display = ["title", "organisation", "kind", "starts_on", "ends_on", "state"]
    list_filter = ["state", "kind"]
    search_fields = ["title", "organisation__name"]
    list_select_related = ["organisation"]
    inlines = [InspectionVisitInline]
    fields = [
        *("organisation", "kind", "title", "scope", "inspectors", "starts_on", "ends_on"),
        *("campaign", "state", "summary"),
    ]


@admin.register(UnitSurvey)
class UnitSurveyAdmin(ReadOnlyAdmin):
    list_display = ["unit", "surveyed_on", "formal_working", "formal_here", "authority", "form"]
    list_filter = ["surveyed_on", "form"]
    search_fields = ["unit__name", "unit__credit_code", "authority"]
    list_select_related = ["unit"]
    fields = [
        *("unit", "campaign", "surveyed_on", "authority", "legal_person", "head_is_member"),
        *("unit_members", "full_time", "part_time"),
        *("formal_here", "formal_working", "floating", "part_time_members"),
        *("relation_authority", "relation_attached", "relation_community"),
        *("relation_former", "relation_other"),
        *("probationary", "targets", "activists", "applicants"),
        *("mass_organisations", "guided", "form", "reason_not_founded", "planned_on"),
    ]
