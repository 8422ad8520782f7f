"""What is typed into the tables of duty posts and promises: one line for each, and one common day."""

from collections.abc import Iterable
from dataclasses import dataclass

from django import forms

from branches.forms import DatedForm, DayField
from branches.words import one_line
from members.enums import PledgeGrade, PledgeKind
from members.models import Member, Pledge
from members.services.pledges import Line, Review

_SMALL = "zb-input zb-input--sm"


class TakenForm(DatedForm):
    """The day on which new posts and promises were taken on."""

    on = DayField(label="认领日期", error_messages={"required": "请填认领日期，如 3.28"})


class ReviewedForm(DatedForm):
    """The day of new results and grades."""

    on = DayField(label="评议日期", error_messages={"required": "请填评议日期，如 12.20"})


class PublishedForm(DatedForm):
    """The day on which the board was put up."""

    on = DayField(label="公开日期", error_messages={"required": "请填公开日期，如 3.28"})


class LineForm(forms.Form):
    """One line of the table; a line without a title is nothing."""

    kind = forms.ChoiceField(choices=PledgeKind.choices, initial=PledgeKind.POST)
    title = forms.CharField(required=False, max_length=60)
    content = forms.CharField(required=False, max_length=300)

    def __init__(self, *args, member: Member, pledge: Pledge | None = None, **options):
        super().__init__(*args, auto_id=False, **options)
        self.member, self.pledge = member, pledge
        for name, label in (("kind", "类别"), ("title", "岗位或事项"), ("content", "内容")):
            attrs = {"class": _SMALL, "aria-label": f"{member.name} {label}"}
            if name == "title":
                attrs["list"] = "titles"
            self.fields[name].widget.attrs.update(attrs)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("content") and not cleaned.get("title"):
            self.add_error("title", "写了内容，请填岗位或事项")
        return cleaned

    def line(self) -> Line:
        """The line as the service takes it."""
        return Line(
            member_id=self.member.pk,
            kind=self.cleaned_data["kind"],
            title=one_line(self.cleaned_data["title"], 60),
            content=one_line(self.cleaned_data["content"], 300),
            pledge_id=self.pledge.pk if self.pledge else None,
        )


class ReviewForm(forms.Form):
    """What came of one pledge, and its grade."""

    result = forms.CharField(required=False, max_length=300)
    grade = forms.ChoiceField(required=False, choices=[("", "没有评议"), *PledgeGrade.choices])

    def __init__(self, *args, pledge: Pledge, **options):
        super().__init__(*args, auto_id=False, **options)
        self.pledge = pledge
        for name, label in (("result", "兑现情况"), ("grade", "评议结果")):
            self.fields[name].widget.attrs.update(
                {"class": _SMALL, "aria-label": f"{pledge.member.name} {pledge.title} {label}"}
            )

    def review(self) -> Review:
        """The line as the service takes it."""
        return Review(
            pledge_id=self.pledge.pk,
            result=one_line(self.cleaned_data["result"], 300),
            grade=self.cleaned_data["grade"],
        )


@dataclass(frozen=True)
class Table:
    """The lines of the entry page: what stands already, and an empty line for each member."""

    lines: list[LineForm]

    @classmethod
    def of(cls, members: Iterable[Member], pledges: Iterable[Pledge], typed=None) -> "Table":
        """Lines in the order of the roster; `typed` is what was posted."""
        by_member: dict[int, list[Pledge]] = {}
        people = {member.pk: member for member in members}
        for pledge in pledges:
            by_member.setdefault(pledge.member_id, []).append(pledge)
            people.setdefault(pledge.member_id, pledge.member)
        here = {member.pk for member in members}
        lines = []
        for pk, member in people.items():
            for pledge in by_member.get(pk, []):
                if typed is not None and f"p{pledge.pk}-title" not in typed:
                    # Entered by somebody else since the page was opened: it stays as it is.
                    continue
                initial = {name: getattr(pledge, name) for name in ("kind", "title", "content")}
                lines.append(
                    LineForm(
                        typed, prefix=f"p{pledge.pk}", initial=initial, member=member, pledge=pledge
                    )
                )
            if pk in here:
                lines.append(LineForm(typed, prefix=f"n{pk}", member=member))
        return cls(lines)

    def is_valid(self) -> bool:
        # All are looked at, so that every fault is shown at once.
        return not [line for line in self.lines if not line.is_valid()]
