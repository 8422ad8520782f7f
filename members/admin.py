"""管理后台: looking up members, posts and terms. Numbers are masked; the full ones stay in the roster."""

from django.contrib import admin

from accounts.encryption import keyed_hash
from branches.scoped_admin import ReadOnlyAdmin
from branches.typed import Unreadable
from members.identity import read_id_number
from members.models import Member, Post, Term


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = [
        "name",
        "id_number_mask",
        "kind",
        "organisation",
        "group",
        "joined_on",
        "confirmed_on",
        "is_floating",
        "left_on",
    ]
    list_filter = ["kind", "is_floating", "gender", ("left_on", admin.EmptyFieldListFilter)]
    search_fields = ["name", "organisation__name", "organisation__code"]
    search_help_text = "姓名、组织，或完整的身份证号"
    list_select_related = ["organisation", "group"]
    # Written out: the encrypted columns must not come into a page by being forgotten.
    fields = [
        *("name", "id_number_mask", "phone_mask", "gender", "ethnicity", "born_on", "education"),
        *("kind", "joined_on", "confirmed_on", "occupation", "is_floating"),
        *("organisation", "group", "left_on", "left_reason"),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("id_number", "phone")

    def get_search_results(self, request, queryset, search_term):
        """A full identity number is looked up by its hash."""
        try:
            number = read_id_number(search_term)
        except Unreadable:
            number = ""
        if number:
            return queryset.filter(id_number_hash=keyed_hash(number)), False
        return super().get_search_results(request, queryset, search_term)


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "title", "person_name", "starts_on", "ends_on"]
    list_filter = ["title", ("ends_on", admin.EmptyFieldListFilter)]
    search_fields = ["person_name", "organisation__name", "organisation__code"]
    list_select_related = ["organisation"]
    fields = ["organisation", "title", "person_name", "account", "starts_on", "ends_on"]


@admin.register(Term)
class TermAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "starts_on", "ends_on", "postponed_to"]
    list_filter = ["ends_on"]
    search_fields = ["organisation__name", "organisation__code"]
    list_select_related = ["organisation"]
    fields = ["organisation", "starts_on", "ends_on", "postponed_to", "postponement_reason"]
    ordering = ["ends_on", "pk"]
