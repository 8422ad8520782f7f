"""管理后台: organisations, accounts, rights, county values and the trail."""

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, Prefetch, Q

from accounts.models import TrailLine, User
from accounts.roles import Action
from accounts.services import (
    AccountFault,
    change_account,
    create_account,
    reset_password,
    set_active,
    unlock,
)
from branches.admin_forms import (
    AccountForm,
    NewAccountForm,
    NewGrantForm,
    OrganisationForm,
    SettingForm,
    WithdrawalForm,
    WorkdayForm,
)
from branches.clock import today
from branches.grants import GrantFault, grant_role, may_manage, withdraw_role
from branches.history import DATED_FACTS
from branches.models import Grant, Group, Organisation, Placement, Setting, Workday
from branches.scope import paths_reached
from branches.scoped_admin import ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin
from branches.services import (
    AREA,
    OrganisationFault,
    change_facts,
    change_organisation,
    found_organisation,
    move_organisation,
    set_value,
)
from branches.values import KEYS
from branches.workdays import WorkdayFault, set_days

__all__ = ["ReadOnlyAdmin", "ReadOnlyInline", "ScopedAdmin"]


class PlacementInline(ReadOnlyInline):
    """Where the organisation stood before."""

    model = Placement
    fk_name = "organisation"
    fields = ["parent", "starts_on", "ends_on"]
    ordering = ["-starts_on"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("parent", "organisation")


class GiverAdmin(ScopedAdmin):
    """A page whose forms must know who fills them in."""

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"giver": request.user})


@admin.register(Organisation)
class OrganisationAdmin(GiverAdmin):
    """The tree. A move carries its day and its reason; nothing is deleted, only dissolved."""

    # Whoever gives rights must find the organisation they are for.
    look_actions = (Action.LOOK, Action.MANAGE_ACCOUNTS)
    write_action = Action.CHANGE_ORGANISATION
    faults = (OrganisationFault,)
    trail_area = AREA
    form = OrganisationForm
    list_display = [
        "code",
        "name",
        "kind",
        "form",
        "sector",
        "parent",
        "founded_on",
        "dissolved_on",
    ]
    list_filter = ["kind", "form", "sector", ("dissolved_on", admin.EmptyFieldListFilter)]
    search_fields = ["code", "name"]
    list_select_related = ["parent"]
    ordering = ["path"]
    autocomplete_fields = ["parent"]

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["code", "name", "kind", "form", "sector", "parent", "founded_on"]
        fields = ["code", *DATED_FACTS, "founded_on", "dissolved_on", "parent"]
        if self.has_change_permission(request, obj):
            fields += ["changed_on", "move_to", "move_on", "reason"]
        return fields

    def get_readonly_fields(self, request, obj=None):
        # Dissolving moves people and ends posts, so it has a page of its own.
        return ["code", "parent", "dissolved_on"] if obj else []

    def get_inlines(self, request, obj):
        return [PlacementInline] if obj else []

    def save_model(self, request, obj, form, change):
        values = form.cleaned_data
        if not change:
            facts = {name: values[name] for name in ("code", *DATED_FACTS)}
            made = found_organisation(
                by=request.user, on=values["founded_on"], parent=values["parent"], **facts
            )
            obj.pk, obj.path = made.pk, made.path
            return
        reason, now = values.get("reason", ""), today()
        change_organisation(obj, by=request.user, reason=reason, founded_on=values["founded_on"])
        facts = {name: values[name] for name in DATED_FACTS if name in values}
        change_facts(
            obj,
            by=request.user,
            on=values.get("changed_on") or now,
            today=now,
            reason=reason,
            **facts,
        )
        if values.get("move_to"):
            move_organisation(
                obj,
                to=values["move_to"],
                by=request.user,
                on=values["move_on"],
                today=now,
                reason=reason,
            )


class HeldFilter(admin.SimpleListFilter):
    """Rights in force, or taken back."""

    title = "状态"
    parameter_name = "held"

    def lookups(self, request, model_admin):
        return [("1", "有效"), ("0", "已收回")]

    def queryset(self, request, queryset):
        if self.value() in ("0", "1"):
            return queryset.filter(withdrawn_at__isnull=self.value() == "1")
        return queryset


@admin.register(Grant)
class GrantAdmin(GiverAdmin):
    """Roles given and taken back."""

    look_actions = (Action.MANAGE_ACCOUNTS,)
    write_action = Action.MANAGE_ACCOUNTS
    faults = (GrantFault,)
    list_display = ["user", "role", "organisation", "given_at", "withdrawn_at"]
    list_filter = ["role", HeldFilter]
    search_fields = ["user__username", "user__name", "organisation__code", "organisation__name"]
    list_select_related = ["user", "organisation"]
    autocomplete_fields = ["user", "organisation"]
    ordering = ["-given_at", "-pk"]

    def has_change_permission(self, request, obj=None):
        if obj is None:
            return super().has_change_permission(request)
        return obj.withdrawn_at is None and may_manage(request.user, obj.user)

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["user", "role", "organisation"]
        fields = ["user", "role", "organisation", "given_at", "withdrawn_at"]
        return fields + (["withdraw", "reason"] if self.has_change_permission(request, obj) else [])

    def get_readonly_fields(self, request, obj=None):
        return ["user", "role", "organisation", "given_at", "withdrawn_at"] if obj else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        kwargs["form"] = WithdrawalForm if obj else NewGrantForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request, obj, form, change):
        values = form.cleaned_data
        if not change:
            grant = grant_role(
                user=values["user"],
                role=values["role"],
                organisation=values["organisation"],
                by=request.user,
            )
            obj.pk = grant.pk
        elif values["withdraw"]:
            withdraw_role(obj, by=request.user, reason=values["reason"])


@admin.register(User)
class AccountAdmin(GiverAdmin):
    """Accounts whose rights lie within reach, and those without any."""

    look_actions = (Action.MANAGE_ACCOUNTS,)
    write_action = Action.MANAGE_ACCOUNTS
    faults = (AccountFault, GrantFault)
    trail_area = "accounts"
    list_display = ["username", "name", "held", "is_active", "must_change_password", "last_login"]
    list_filter = ["is_active", "must_change_password", "grants__role"]
    search_fields = ["username", "name", "grants__organisation__name"]
    ordering = ["username"]
    actions = ["give_new_password", "stop", "start", "unlock"]

    def get_queryset(self, request):
        reached = Grant.objects.permitting(request.user, Action.MANAGE_ACCOUNTS)
        any_grant = Grant.objects.filter(user=OuterRef("pk"))
        accounts = (
            super()
            .get_queryset(request)
            .filter(Exists(reached.filter(user=OuterRef("pk"))) | ~Exists(any_grant))
        )
        if not request.user.is_superuser:
            accounts = accounts.filter(is_superuser=False)
        held = Grant.objects.filter(withdrawn_at__isnull=True).select_related("organisation")
        return accounts.prefetch_related(Prefetch("grants", queryset=held))

    @admin.display(description="角色")
    def held(self, account):
        return "；".join(
            f"{grant.organisation.short_name} {grant.get_role_display()}"
            for grant in account.grants.all()
        )

    def has_change_permission(self, request, obj=None):
        if obj is None:
            return super().has_change_permission(request)
        return may_manage(request.user, obj)

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["username", "name", "phone_extension", "role", "organisation"]
        return ["username", "name", "phone_extension", "held", "is_active", "last_login"]

    def get_readonly_fields(self, request, obj=None):
        return ["username", "held", "is_active", "last_login"] if obj else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        kwargs["form"] = AccountForm if obj else NewAccountForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request, obj, form, change):
        values = form.cleaned_data
        if change:
            change_account(obj, by=request.user, **values)
            return
        organisation = values["organisation"]
        account, password = create_account(
            username=values["username"],
            name=values["name"],
            phone_extension=values["phone_extension"],
            by=request.user,
            organisation_id=organisation.pk,
        )
        obj.pk = account.pk
        grant_role(user=account, role=values["role"], organisation=organisation, by=request.user)
        self._say_password(request, account, password)

    def _say_password(self, request, account, password):
        messages.warning(
            request, f"{account.name}（{account.username}）的一次性密码：{password}，只显示这一次"
        )

    def _each(self, request, accounts):
        """The chosen accounts the user may change; the others are named."""
        for account in accounts:
            if may_manage(request.user, account):
                yield account
            else:
                messages.error(request, f"“{account}”不归你管理，没有改动")

    @admin.action(description="重置密码", permissions=["change"])
    def give_new_password(self, request, queryset):
        for account in self._each(request, queryset):
            self._say_password(request, account, reset_password(account, by=request.user))

    @admin.action(description="停用账号", permissions=["change"])
    def stop(self, request, queryset):
        for account in self._each(request, queryset):
            set_active(account, False, by=request.user)

    @admin.action(description="启用账号", permissions=["change"])
    def start(self, request, queryset):
        for account in self._each(request, queryset):
            set_active(account, True, by=request.user)

    @admin.action(description="解除登录锁定", permissions=["change"])
    def unlock(self, request, queryset):
        for account in self._each(request, queryset):
            unlock(account, by=request.user)


@admin.register(Setting)
class SettingAdmin(GiverAdmin):
    """County values, each from a day on. A new value is a new line; earlier days keep theirs.

    What departs from them in a sector or a campaign stands in 要求设置 alone.
    """

    look_actions = (Action.CHANGE_RULES,)
    write_action = Action.CHANGE_RULES
    faults = (ValueError,)
    trail_area = "settings"
    form = SettingForm
    list_display = ["label", "value", "starts_on", "reason"]
    list_filter = ["starts_on"]
    search_fields = ["key", "reason"]
    fields = ["key", "value", "starts_on", "reason"]

    @admin.display(description="项目", ordering="key")
    def label(self, setting):
        key = KEYS.get(setting.key)
        return key.label if key else setting.key

    def get_queryset(self, request):
        return super().get_queryset(request).filter(scope="")

    def get_readonly_fields(self, request, obj=None):
        return ["key", "starts_on"] if obj else []

    def save_model(self, request, obj, form, change):
        values = form.cleaned_data
        setting = set_value(
            KEYS[values.get("key") or obj.key],
            values["value"],
            by=request.user,
            on=values.get("starts_on") or obj.starts_on,
            reason=values["reason"],
        )
        obj.pk = setting.pk


@admin.register(Workday)
class WorkdayAdmin(GiverAdmin):
    """The days that depart from the week; entered once a year from the State Council's notice."""

    look_actions = (Action.CHANGE_RULES,)
    write_action = Action.CHANGE_RULES
    faults = (WorkdayFault,)
    form = WorkdayForm
    list_display = ["day", "is_workday", "note"]
    list_filter = ["is_workday", "note"]
    date_hierarchy = "day"
    ordering = ["-day"]

    def get_fields(self, request, obj=None):
        return ["day", "is_workday", "note"] if obj else ["day", "last_on", "is_workday", "note"]

    def get_readonly_fields(self, request, obj=None):
        return ["day"] if obj else []

    def save_model(self, request, obj, form, change):
        values = form.cleaned_data
        first = obj.day if change else values["day"]
        rows = set_days(
            first=first,
            last=values.get("last_on") or first,
            is_workday=values["is_workday"],
            note=values["note"],
            by=request.user,
        )
        obj.pk = rows[0].pk


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """党小组."""

    list_display = ["name", "organisation", "starts_on", "ends_on"]
    search_fields = ["organisation__name", "organisation__code"]
    list_select_related = ["organisation"]
    fields = ["organisation", "name", "starts_on", "ends_on"]


@admin.register(TrailLine)
class TrailLineAdmin(ReadOnlyAdmin):
    """The trail: what was done by whom. Numbers of people stand in it masked only."""

    look_actions = (Action.READ_TRAIL,)
    list_display = ["at", "by_name", "action", "label", "reason"]
    list_filter = ["area", "action", "at"]
    search_fields = ["label", "by_name"]
    fields = ["at", "by_name", "action", "label", "before", "after", "reason"]
    show_full_result_count = False

    def get_queryset(self, request):
        """Lines of organisations in reach; those of none belong to the top of a tree."""
        reached = Organisation.objects.permitting(request.user, Action.READ_TRAIL)
        condition = Q(organisation_id__in=reached.values("pk"))
        if "" in paths_reached(request.user, Action.READ_TRAIL) or reached.filter(parent=None):
            condition |= Q(organisation_id__isnull=True)
        return super().get_queryset(request).filter(condition)
