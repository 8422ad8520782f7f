"""What is typed about make-up study, courses and exemptions."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.typed import Unreadable, folded, plain, read_hours
from branches.words import one_line
from meetings.enums import MakeUpWay, TrainingKind, TrainingLevel
from meetings.services.trainings import CourseFacts
from meetings.trainings import LONGEST_COURSE

_QUIET = {"autocomplete": "off"}


def read_course_hours(value) -> Decimal | None:
    """Hours of a course, rounded to halves, up to 500; None for blank."""
    text = folded(value).removesuffix("学时").removesuffix("小时").strip()
    if not text:
        return None
    try:
        hours = Decimal(text)
    except InvalidOperation:
        hours = None
    if hours is None or not hours.is_finite() or not 0 <= hours <= LONGEST_COURSE:
        raise Unreadable(f"“{plain(value)}”读不出学时，请写 0 到 {LONGEST_COURSE} 的数，如 16")
    return (hours * 2).quantize(Decimal(1), ROUND_HALF_UP) / 2


def _day(label: str, missing: str) -> DayField:
    return DayField(
        label=label,
        error_messages={"required": missing},
        widget=forms.TextInput(attrs={**_QUIET, "placeholder": "如 3.28"}),
    )


class MakeUpForm(DatedForm):
    """One day and one way for everybody ticked; without hours each gets those of the meeting."""

    done_on = _day("补学日期", "请填补学日期，如 3.28")
    way = forms.ChoiceField(
        label="方式",
        choices=MakeUpWay.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "请选补学方式"},
    )
    hours = TypedField(
        label="学时",
        required=False,
        read=read_hours,
        widget=forms.TextInput(attrs={**_QUIET, "inputmode": "decimal"}),
        help_text="不填就按各次会议的学时",
    )


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(
        label="原因", max_length=200, error_messages={"required": "请写明原因"}
    )


class ExemptionForm(DatedForm):
    """Who need not reach the hours from when to when, and who decided it."""

    member = forms.TypedChoiceField(
        label="党员",
        coerce=int,
        error_messages={"required": "请选党员", "invalid_choice": "名册里没有这个人，请重新选"},
    )
    starts_on = _day("自", "请填从哪天起豁免")
    ends_on = _day("至", "请填豁免到哪天，到期自动恢复")
    decided_on = _day("决定日期", "请填哪天决定的")
    decided_by = forms.CharField(
        label="决定的会议",
        max_length=60,
        error_messages={"required": "请写明哪次会议决定的"},
        help_text="如 3月5日支委会。不写病情",
    )

    def __init__(self, *args, members, **options):
        super().__init__(*args, **options)
        self.members = {member.pk: member for member in members}
        self.fields["member"].choices = [
            ("", "请选择"),
            *((pk, member.name) for pk, member in self.members.items()),
        ]

    def clean_member(self):
        return self.members[self.cleaned_data["member"]]


class EndForm(DatedForm):
    """The last day of an exemption that ends early, and why."""

    last_day = _day("豁免的最后一天", "请填豁免到哪天为止")
    reason = forms.CharField(
        label="原因",
        max_length=200,
        error_messages={"required": "请写明提前结束的原因"},
        help_text="不写病情",
    )


class TrainingForm(DatedForm):
    """A course. The people are read by the view: ticked, pasted or both."""

    title = forms.CharField(
        label="培训名称", max_length=100, error_messages={"required": "请填培训名称"}
    )
    kind = forms.ChoiceField(label="类别", choices=TrainingKind.choices)
    level = forms.ChoiceField(label="举办层级", choices=TrainingLevel.choices)
    starts_on = _day("开始日期", "请填开始日期，如 3.28")
    ends_on = _day("结束日期", "请填结束日期，学时记在这一天")
    hours = TypedField(
        label="学时",
        read=read_course_hours,
        widget=forms.TextInput(attrs={**_QUIET, "inputmode": "decimal"}),
        error_messages={"required": "请填全程参加计多少学时，如 16"},
    )
    place = forms.CharField(label="地点", required=False, max_length=100)
    is_central = forms.BooleanField(
        label="集中培训",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "zb-check"}),
    )

    def clean_title(self) -> str:
        return one_line(self.cleaned_data["title"], 100)

    def facts(self) -> CourseFacts:
        return CourseFacts(**self.cleaned_data)


class PeopleForm(forms.Form):
    """Names pasted, one a line."""

    people = forms.CharField(
        label="粘贴名单",
        required=False,
        max_length=40000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="一行一人：姓名 支部，如 林守正 望春社区第一党支部；学时不同的在行末写学时。"
        "只有一人叫这个名字时可不写支部，同名的可写成 张伟(1980-05)",
    )
