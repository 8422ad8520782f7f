"""Forms of the admin site: text in, clean values out; saving is done by services."""

import datetime

from django import forms
from django.contrib.admin.sites import site
from django.contrib.admin.widgets import AdminDateWidget, AutocompleteSelect

from accounts.models import User
from accounts.roles import Action, Role
from branches.clock import today
from branches.grants import GrantFault, grantable_roles, may_manage, refuse_grant
from branches.history import DATED_FACTS
from branches.models import Grant, Organisation, Setting, Workday
from branches.services import OrganisationFault, TreeFault, check_facts, refuse_circle
from branches.typed import Unreadable, read_yes
from branches.values import KEYS, said
from branches.workdays import WorkdayFault, refuse_days


def organisation_choice(label: str, *, required: bool = True) -> forms.ModelChoiceField:
    """A field that finds organisations while one types; the form says which may be chosen."""
    return forms.ModelChoiceField(
        Organisation.objects.none(),
        label=label,
        required=required,
        widget=AutocompleteSelect(Grant._meta.get_field("organisation"), site),
    )


class GiverForm(forms.ModelForm):
    """A form that knows who fills it in; the page sets `giver` on a class of its own."""

    giver = None


class OrganisationForm(GiverForm):
    """An organisation; once it exists, a change has a day, a move also where to and why."""

    changed_on = forms.DateField(
        label="名称、类别、形式、领域从哪天起改",
        required=False,
        widget=AdminDateWidget,
        help_text="空着就是从今天起；此前各月仍按原来的",
    )
    move_to = organisation_choice("调整到上级组织", required=False)
    move_on = forms.DateField(
        label="自哪天起", required=False, widget=AdminDateWidget, help_text="此前各月仍归原上级"
    )
    reason = forms.CharField(label="理由", required=False, max_length=300)

    class Meta:
        model = Organisation
        fields = ["code", "name", "kind", "form", "sector", "parent", "founded_on"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "form" in self.fields:
            # Says 单独 where nothing is chosen.
            self.fields["form"].required = False
        if "move_to" in self.fields:
            self.fields["move_to"].queryset = Organisation.objects.permitting(
                self.giver, Action.CHANGE_ORGANISATION
            )
        if "parent" in self.fields:
            # Only the first organisation of an installation stands under nothing.
            self.fields["parent"].required = Organisation.objects.exists()

    def clean(self):
        values = super().clean()
        if "form" in values and not values["form"]:
            values["form"] = self.instance.form
        self._check_change(values)
        to = values.get("move_to")
        if to:
            if not values.get("move_on"):
                self.add_error("move_on", "请填调整从哪天起算")
            if not values.get("reason"):
                self.add_error("reason", "调整隶属须写明理由")
            try:
                refuse_circle(self.instance, to)
            except TreeFault as fault:
                self.add_error("move_to", str(fault))
        elif values.get("move_on"):
            self.add_error("move_to", "请选调整到哪个上级组织，或清空日期")
        return values

    def _check_change(self, values) -> None:
        """What the service would refuse is said beside its field."""
        if not self.instance.pk:
            return
        now = today()
        try:
            check_facts(
                Organisation.objects.get(pk=self.instance.pk),
                {name: values[name] for name in DATED_FACTS if name in values},
                on=values.get("changed_on") or now,
                today=now,
            )
        except OrganisationFault as fault:
            field = {"on": "changed_on"}.get(fault.field, fault.field)
            self.add_error(field if field in self.fields else None, str(fault))


class NewGrantForm(GiverForm):
    """A role for an account that exists."""

    class Meta:
        model = Grant
        fields = ["user", "role", "organisation"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        roles = grantable_roles(self.giver)
        self.fields["role"].choices = [choice for choice in Role.choices if choice[0] in roles]

    def clean(self):
        values = super().clean()
        if {"user", "role", "organisation"} <= values.keys():
            _refuse(self, values["user"], values["role"], values["organisation"])
        return values

    def validate_unique(self):
        """`refuse_grant` has said it better already."""

    def validate_constraints(self):
        """See `validate_unique`."""


def _refuse(form, user: User, role: str, organisation: Organisation) -> None:
    """Add to the form what speaks against the grant."""
    if role not in grantable_roles(form.giver, organisation):
        form.add_error("role", f"你不能在“{organisation.name}”授予{Role(role).label}")
        return
    if user.pk and not may_manage(form.giver, user):
        form.add_error("user", f"“{user}”不归你管理")
        return
    try:
        refuse_grant(user=user, role=role, organisation=organisation, by=form.giver)
    except GrantFault as fault:
        form.add_error(None, str(fault))


class WithdrawalForm(GiverForm):
    """Taking a grant back, with the reason."""

    withdraw = forms.BooleanField(label="收回这项授权", required=False)
    reason = forms.CharField(label="理由", required=False, max_length=300)

    class Meta:
        model = Grant
        fields = []

    def clean(self):
        values = super().clean()
        if values.get("withdraw") and not values.get("reason"):
            self.add_error("reason", "收回授权须写明理由")
        return values


class NewAccountForm(GiverForm):
    """An account together with its first role."""

    role = forms.ChoiceField(label="角色")
    organisation = organisation_choice("组织")

    class Meta:
        model = User
        fields = ["username", "name", "phone_extension"]
        help_texts = {"username": "登录时输入；字母、数字和 @ . - _，以后不能改"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        roles = grantable_roles(self.giver)
        self.fields["role"].choices = [choice for choice in Role.choices if choice[0] in roles]
        self.fields["organisation"].queryset = Organisation.objects.permitting(
            self.giver, Action.MANAGE_ACCOUNTS
        )

    def clean(self):
        values = super().clean()
        if values.get("role") and values.get("organisation"):
            _refuse(self, User(), values["role"], values["organisation"])
        return values


class AccountForm(GiverForm):
    """Name and extension of an account that exists."""

    class Meta:
        model = User
        fields = ["name", "phone_extension"]


class SettingForm(GiverForm):
    """One county value from a day on; which values fit is known to its key."""

    key = forms.ChoiceField(label="项目")
    value = forms.CharField(label="值", max_length=2000)

    class Meta:
        model = Setting
        fields = ["key", "value", "starts_on", "reason"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "key" in self.fields:
            self.fields["key"].choices = sorted(
                (
                    (key.name, f"{key.label}（默认 {_shown(key.default)}{key.unit}）")
                    for key in KEYS.values()
                ),
                key=lambda choice: choice[1],
            )
        self.fields["reason"].required = True
        if self.instance.pk:
            self.initial["value"] = _shown(self.instance.value)

    def clean(self):
        values = super().clean()
        key = KEYS.get(values.get("key") or self.instance.key)
        if key and values.get("value"):
            try:
                values["value"] = key.cleaned(_meant(key, values["value"]))
            except (ValueError, Unreadable) as fault:
                self.add_error("value", str(fault))
        return values

    def validate_constraints(self):
        """A second value for the same day takes the place of the first; the trail keeps both."""


class WorkdayForm(GiverForm):
    """A day, or several days in a row, that depart from the week."""

    last_on = forms.DateField(
        label="到哪一天",
        required=False,
        widget=AdminDateWidget,
        help_text="连着几天一样时填最后一天，只有一天就空着",
    )

    class Meta:
        model = Workday
        fields = ["day", "is_workday", "note"]
        help_texts = {"is_workday": "放假不勾；调休上班要勾"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True
        if self.instance.pk:
            del self.fields["last_on"]

    def clean(self):
        values = super().clean()
        if values.get("day") and values.get("last_on"):
            try:
                refuse_days(values["day"], values["last_on"])
            except WorkdayFault as fault:
                self.add_error("last_on", str(fault))
        return values

    def validate_unique(self):
        """A day said again takes the place of what was said; the trail keeps both."""


def _meant(key, typed: str):
    """The typed text as the kind of value the key holds."""
    if isinstance(key.default, bool):
        return read_yes(typed)
    return typed.strip()


def _shown(value) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "按最早的记录" if value == datetime.date.min else said(value)
