"""What is typed when an organisation ends, a group ends, or somebody joins a temporary branch."""

import re

from django import forms
from django.core.exceptions import ValidationError

from branches.forms import DatedForm
from branches.organisation_forms import OrganisationField, day_field, reason_field
from branches.typed import folded
from members.models import Member

_SHOWN = 3


class MergingForm(DatedForm):
    """合并."""

    to = OrganisationField(
        label="并入哪个组织", error_messages={"required": "请填并入的组织的编码或名称"}
    )
    on = day_field("从哪天起", "请填从哪天起", help_text="党员到前一天为止在这里，这天起在那边")
    reason = reason_field()

    def __init__(self, *args, targets, suggested, **options):
        super().__init__(*args, **options)
        self.fields["to"].offer(targets, suggested)


class DissolvingForm(MergingForm):
    """撤销: where the members go has to be said only while there are any."""

    to = OrganisationField(label="党员转到哪个党支部", required=False)

    def __init__(self, *args, needs_target: bool, **options):
        super().__init__(*args, **options)
        self.fields["to"].required = needs_target
        self.fields["to"].error_messages["required"] = "还有党员，请填他们转到哪个党支部"


class GroupEndForm(DatedForm):
    """撤销党小组."""

    on = day_field("从哪天起", "请填从哪天起")
    into = forms.ModelChoiceField(
        None, label="组员编到", required=False, empty_label="不编入党小组"
    )

    def __init__(self, *args, others, **options):
        super().__init__(*args, **options)
        self.fields["into"].queryset = others


class MemberField(forms.CharField):
    """A member the reader may see, by name, by name with the last four digits, or by number."""

    members = Member.objects.none()

    def __init__(self, **options):
        super().__init__(max_length=60, **options)

    def clean(self, value) -> Member | None:
        text = folded(super().clean(value))
        if not text:
            return None
        typed = re.fullmatch(r"(?P<name>[^(]+)(?:\((?P<mark>\w{4})\))?", text)
        name, mark = (typed["name"].strip(), typed["mark"]) if typed else (text, None)
        rows = self.members.filter(name=name).select_related("organisation")
        if mark:
            rows = rows.filter(id_number_mask__endswith=mark.upper())
        found = list(rows.order_by("organisation__code", "pk")[: _SHOWN + 1])
        if not found:
            raise ValidationError(f"名册里没有找到“{text}”，请核对姓名")
        if len(found) > 1:
            named = "、".join(
                f"{one.name}({one.id_number_mask[-4:]})在{one.organisation.short_name}"
                for one in found[:_SHOWN]
            )
            raise ValidationError(f"有不止一个“{name}”：{named}，请带上身份证后四位")
        return found[0]


class AttachingForm(DatedForm):
    """编入临时或功能型党支部."""

    member = MemberField(
        label="党员",
        error_messages={"required": "请填党员姓名"},
        help_text="同名的写成 张伟(1234)，括号里是身份证后四位",
    )
    on = day_field("从哪天起", "请填从哪天起")

    def __init__(self, *args, members, **options):
        super().__init__(*args, **options)
        self.fields["member"].members = members


class ReleasingForm(DatedForm):
    """结束编入."""

    on = day_field("从哪天起不再编入", "请填日期")
    reason = forms.CharField(label="原因", required=False, max_length=120)
