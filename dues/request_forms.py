"""What is typed about requests: what is asked, how it is decided, when it ends early."""

import datetime

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.typed import read_amount
from dues.enums import RequestKind
from dues.words import month_label
from members.letters import read_month

NO_PRIVACY = "写明依据即可，不写病情等隐私"


class MonthTyped(TypedField):
    """A month as people type it, shown back as 2026年3月."""

    def __init__(self, **options):
        super().__init__(read=read_month, max_length=20, **options)
        self.widget.attrs.setdefault("autocomplete", "off")

    def clean(self, value):
        month = super().clean(value)
        if month is None and self.required:
            # A dash is read as nothing.
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return month

    def prepare_value(self, value):
        return month_label(value) if isinstance(value, datetime.date) else value


def _text(label: str, *, missing: str = "", help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=bool(missing),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": missing},
        help_text=help_text,
    )


class RequestForm(DatedForm):
    """One request: for whom, what, for which months, on which grounds."""

    member = forms.TypedChoiceField(
        label="党员",
        coerce=int,
        error_messages={"required": "请选党员", "invalid_choice": "名册里没有这个人，请重新选"},
    )
    kind = forms.ChoiceField(
        label="事项",
        choices=RequestKind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "请选减缴、免缴还是补交"},
    )
    from_month = MonthTyped(label="自", error_messages={"required": "请填开始月份，如 2026年3月"})
    until_month = MonthTyped(label="至", error_messages={"required": "请填结束月份，如 2026年12月"})
    amount = TypedField(
        label="减缴后每月（元）",
        read=read_amount,
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="只有减缴才填",
    )
    reason = _text("依据", missing="请写明依据", help_text=NO_PRIVACY)
    asked_on = DayField(label="请示日期", error_messages={"required": "请填请示日期"})

    def __init__(self, *args, members, **options):
        super().__init__(*args, **options)
        self.members = {member.pk: member for member in members}
        self.fields["member"].choices = [
            ("", "请选择"),
            *((pk, member.name) for pk, member in self.members.items()),
        ]

    def clean_member(self):
        return self.members[self.cleaned_data["member"]]


class DecisionForm(DatedForm):
    """The superior's answer; the service insists on an opinion for a return."""

    on = DayField(label="审批日期", error_messages={"required": "请填审批日期"})
    opinion = _text("审批意见")


class EndForm(forms.Form):
    """From when on the full dues are owed again."""

    last_month = MonthTyped(
        label="最后一个月", error_messages={"required": "请填减免到哪个月为止，如 2026年9月"}
    )
    reason = _text("原因", missing="请写明为什么提前结束", help_text=NO_PRIVACY)
