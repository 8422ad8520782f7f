"""What is typed about members away, contacts with them and the committee's decisions."""

import datetime
from functools import partial

from django import forms

from branches.forms import TypedField
from branches.typed import read_date
from branches.words import full_date
from members.enums import AbsenceKind, ContactWay
from members.models import Absence, Case


def day_field(label: str, today: datetime.date, *, required: bool = True, help_text: str = ""):
    """A day as people type it; the year may be left out."""
    return TypedField(
        label=label,
        required=required,
        read=partial(read_date, year=today.year),
        max_length=20,
        help_text=help_text,
        error_messages={"required": f"请填{label}，如 3.28"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ChoiceForm(forms.Form):
    """Whose absence of which kind is to be entered."""

    member = forms.TypedChoiceField(
        label="党员",
        coerce=int,
        error_messages={"required": "请选党员", "invalid_choice": "名册里没有这个人，请重新选"},
    )
    kind = forms.ChoiceField(label="类别", choices=AbsenceKind.choices)

    def __init__(self, *args, members, **options):
        super().__init__(*args, **options)
        self.members = {member.pk: member for member in members}
        self.fields["member"].choices = [
            ("", "请选择"),
            *((pk, member.name) for pk, member in self.members.items()),
        ]

    @property
    def chosen_member(self):
        return self.members[self.cleaned_data["member"]]


class AbsenceForm(forms.Form):
    """One absence: since when, where, why, and who keeps contact."""

    def __init__(self, *args, kind: str, today: datetime.date, absence=None, **options):
        if absence is not None:
            options.setdefault("initial", self.initial_of(absence))
        super().__init__(*args, **options)
        lost = kind == AbsenceKind.LOST
        self.fields["starts_on"] = day_field(
            "失联起算日期" if lost else "外出日期",
            today,
            help_text="最近一次参加组织生活或交党费的日期" if lost else "",
        )
        if absence is not None and absence.ends_on:
            self.fields["ends_on"] = day_field(
                "结束日期", today, required=False, help_text="清空表示还没有结束"
            )
        if not lost:
            self.fields["place"] = self._text("去向", 80)
        self.fields["reason"] = self._text("查找情况" if lost else "事由", 120)
        self.fields["contact_person"] = self._text(
            "联系人",
            40,
            "农村党支部应当明确专人联系外出流动党员（2019 年条例第三十三条）"
            if kind == AbsenceKind.FLOATING
            else "",
        )

    @staticmethod
    def initial_of(absence: Absence) -> dict[str, object]:
        return {
            "starts_on": full_date(absence.starts_on),
            "ends_on": full_date(absence.ends_on),
            "place": absence.place,
            "reason": absence.reason,
            "contact_person": absence.contact_person,
        }

    @staticmethod
    def _text(label: str, longest: int, help_text: str = "") -> forms.CharField:
        return forms.CharField(label=label, required=False, max_length=longest, help_text=help_text)


class EndForm(forms.Form):
    """The member is back, or found."""

    def __init__(self, *args, today: datetime.date, **options):
        super().__init__(*args, **options)
        self.fields["ends_on"] = day_field("结束日期", today, help_text="失联、外出的最后一天")


class ContactForm(forms.Form):
    """Contacts with several members at once; who they are is ticked in the list."""

    by_name = forms.CharField(
        label="联系人", max_length=40, error_messages={"required": "请写明是谁联系的"}
    )
    way = forms.ChoiceField(label="方式", choices=ContactWay.choices)
    note = forms.CharField(label="情况", required=False, max_length=300)

    field_order = ["on", "by_name", "way", "note"]

    def __init__(self, *args, today: datetime.date, **options):
        super().__init__(*args, **options)
        self.fields["on"] = day_field("联系日期", today)
        self.order_fields(self.field_order)


class DecisionForm(forms.Form):
    """What the committee decided about a case."""

    decision = forms.CharField(
        label="支委会意见",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明支委会的意见"},
        help_text="只写结论和措施",
    )
    seen = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput, strip=False)

    def __init__(self, *args, case: Case, suspends: bool, today: datetime.date, **options):
        options.setdefault(
            "initial",
            {
                "decision": case.decision,
                "seen": case.decision,
                "decided_on": full_date(case.decided_on or today),
                "suspended_on": full_date(case.suspended_on),
            },
        )
        super().__init__(*args, **options)
        self.fields["decided_on"] = day_field("研究日期", today)
        if suspends:
            self.fields["suspended_on"] = day_field(
                "停止党籍日期",
                today,
                required=False,
                help_text="上级批准停止党籍的才填；满 2 年仍无法联系时再提请研究",
            )
