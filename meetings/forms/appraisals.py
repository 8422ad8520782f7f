"""What is typed about a 民主评议: who takes part, days, ballots, grades."""

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.typed import Unreadable, read_count
from branches.words import one_line, short_date
from meetings.appraising import Ballots, ballots_fault
from meetings.enums import Grade, Participation
from meetings.services.appraisals import Part, Sheets, StepDays

LONGEST_NOTE = 60
# No branch is that large; a number above is a slip of the keyboard.
_MOST_SHEETS = 9999


def _count(text: str) -> int | None:
    number = read_count(text)
    if number is not None and number > _MOST_SHEETS:
        raise Unreadable(f"“{number}”张太多了，请核对")
    return number


def _count_field(label: str, **options) -> TypedField:
    return TypedField(
        label=label,
        read=_count,
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        **options,
    )


class RosterDayForm(DatedForm):
    """The day whose roster becomes the list."""

    on = DayField(label="名册日期", error_messages={"required": "请填名册日期，如 3.28"})


def parts_in(posted, members) -> dict[int, Part]:
    """How each member stands to the appraisal, from the fields `part-<key>` and `reason-<key>`."""
    parts = {}
    for key in members:
        chosen = posted.get(f"part-{key}", "")
        if chosen in Participation.values:
            parts[key] = Part(chosen, one_line(posted.get(f"reason-{key}"), LONGEST_NOTE))
    return parts


class StepsForm(DatedForm):
    """The days of the four steps and the meeting at which the ballot was held."""

    self_on = DayField(label="个人自评", required=False)
    mutual_on = DayField(label="党员互评", required=False)
    ballot_on = DayField(label="民主测评", required=False)
    opinion_on = DayField(label="支部评定", required=False)
    in_groups = forms.BooleanField(label="自评和互评分党小组进行", required=False)
    meeting = forms.TypedChoiceField(
        label="民主评议会议",
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={"invalid_choice": "这次会议不能选了，请重新选"},
    )

    def __init__(self, *args, meetings, **options):
        super().__init__(*args, **options)
        self.meetings = {meeting.pk: meeting for meeting in meetings}
        self.fields["meeting"].choices = [
            ("", "还没有选"),
            *((pk, self._said(meeting)) for pk, meeting in self.meetings.items()),
        ]

    def _said(self, meeting) -> str:
        day = short_date(meeting.held_on, self.today)
        return f"{day} {meeting.topic}".strip()[:60]

    def steps(self) -> StepDays:
        cleaned = dict(self.cleaned_data)
        meeting = self.meetings.get(cleaned.pop("meeting"))
        return StepDays(meeting=meeting, **cleaned)


class BallotsForm(DatedForm):
    """One grid: for each formal member how many sheets named which grade."""

    ballot_on = DayField(label="测评日期", required=False)
    sent = _count_field("发出（张）")
    back = _count_field("收回（张）")
    valid = _count_field("有效（张）")

    def __init__(self, *args, results, **options):
        super().__init__(*args, **options)
        self.results = results
        for result in results:
            for grade in Grade:
                field = _count_field(f"{result.member.name} {grade.label}票")
                self.fields[f"{grade.value}-{result.pk}"] = field
                self.initial.setdefault(f"{grade.value}-{result.pk}", getattr(result, grade.value))

    def clean(self):
        cleaned = super().clean()
        sent, back, valid = (cleaned.get(name) for name in ("sent", "back", "valid"))
        if sent is not None and back is not None and back > sent:
            self.add_error("back", f"收回 {back} 张多于发出 {sent} 张，请核对")
        if back is not None and valid is not None and valid > back:
            self.add_error("valid", f"有效票 {valid} 张多于收回 {back} 张，请核对")
        counts = self.counts()
        entered = any(not ballots.is_empty for ballots in counts.values())
        if entered and valid is None and "valid" not in self.errors:
            self.add_error("valid", "请先填有效票有多少张")
        for key, ballots in counts.items():
            if fault := ballots_fault(ballots, valid):
                self.add_error(f"excellent-{key}", fault)
        return cleaned

    def counts(self) -> dict[int, Ballots]:
        """By the key of the result, as far as the numbers could be read."""
        cleaned = self.cleaned_data
        return {
            result.pk: Ballots(
                **{grade.value: cleaned.get(f"{grade.value}-{result.pk}") for grade in Grade}
            )
            for result in self.results
        }

    def sheets(self) -> Sheets:
        return Sheets(*(self.cleaned_data[name] for name in ("sent", "back", "valid")))

    def rows(self) -> list[dict[str, object]]:
        """Each member with the four inputs and what is wrong with them."""
        rows = []
        for result in self.results:
            cells = [self[f"{grade.value}-{result.pk}"] for grade in Grade]
            faults = [fault for cell in cells for fault in cell.errors]
            rows.append({"pk": result.pk, "result": result, "cells": cells, "faults": faults})
        return rows


class GradesForm(DatedForm):
    """The grade the branch gave each formal member."""

    opinion_on = DayField(label="评定日期", required=False)

    def __init__(self, *args, results, **options):
        super().__init__(*args, **options)
        self.results = results
        for result in results:
            self.fields[f"grade-{result.pk}"] = forms.ChoiceField(
                label=f"{result.member.name} 等次",
                required=False,
                choices=[*Grade.choices, ("", "未评定")],
                widget=forms.RadioSelect,
                error_messages={"invalid_choice": "等次只有优秀、合格、基本合格、不合格"},
            )
            self.initial.setdefault(f"grade-{result.pk}", result.grade)

    def grades(self) -> dict[int, str]:
        """By the key of the result; a member whose choice was not sent is left as is."""
        return {
            result.pk: self.cleaned_data[f"grade-{result.pk}"]
            for result in self.results
            if f"grade-{result.pk}" in self.data
        }

    def rows(self) -> list[dict[str, object]]:
        rows = []
        for result in self.results:
            field = self[f"grade-{result.pk}"]
            chosen = field.value() or ""
            choices = [
                {"value": value, "label": label, "checked": value == chosen}
                for value, label in field.field.choices
            ]
            rows.append({"result": result, "field": field, "choices": choices})
        return rows


class CloseForm(DatedForm):
    """The day on which the appraisal was concluded."""

    closed_on = DayField(label="办结日期", error_messages={"required": "请填办结日期，如 3.28"})


class ReasonForm(forms.Form):
    """Why something is opened again or taken back."""

    reason = forms.CharField(
        label="原因", max_length=100, error_messages={"required": "请写明原因"}
    )
