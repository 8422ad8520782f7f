"""What is typed about a half-yearly check (清查)."""

import datetime

from django import forms

from branches.periods import Period
from branches.words import full_date, one_line
from members.absence_forms import day_field

# In an address and in a form a tick is one letter, or nothing.
SIGNS = {"y": True, "n": False, "": None}
LETTERS = {value: sign for sign, value in SIGNS.items()}
NAMES = {"relation": "relation_ok", "file": "file_ok", "contact": "contact_ok"}
LONGEST_NOTE = 300


class StartForm(forms.Form):
    """Of which half-year, and the day whose roster is gone through."""

    period = forms.ChoiceField(label="期间")

    def __init__(self, *args, periods: list[Period], today: datetime.date, **options):
        super().__init__(*args, **options)
        self.periods = {str(period): period for period in periods}
        self.fields["period"].choices = [(key, one.label) for key, one in self.periods.items()]
        self.fields["started_on"] = day_field("开始日期", today)
        self.initial.setdefault("started_on", full_date(today))

    @property
    def chosen_period(self) -> Period:
        return self.periods[self.cleaned_data["period"]]


class FinishForm(forms.Form):
    """The day on which everybody was gone through."""

    def __init__(self, *args, today: datetime.date, **options):
        super().__init__(*args, **options)
        self.fields["finished_on"] = day_field("完成日期", today)
        self.initial.setdefault("finished_on", full_date(today))


class ReopenForm(forms.Form):
    """Why a finished check goes on."""

    reason = forms.CharField(
        label="重开原因", max_length=100, error_messages={"required": "请写明为什么重开"}
    )


def one_line_of(values) -> tuple[dict[str, bool | None], str | None]:
    """The ticks and the note sent for one line; what was not sent or is no sign is left out."""
    ticks = {
        field: SIGNS[values[name]] for name, field in NAMES.items() if values.get(name) in SIGNS
    }
    note = values.get("note")
    return ticks, None if note is None else one_line(note, LONGEST_NOTE)


def changes_in(values, key: int) -> tuple[dict[str, bool | None], str | None]:
    """The same from a whole sheet sent at once, as far as it differs from what was shown.

    Fields are `relation-12` and beside it `seen-relation-12`, so that what somebody else has
    ticked meanwhile is not undone by somebody who never touched it.
    """
    sent = {
        name: values[f"{name}-{key}"]
        for name in (*NAMES, "note")
        if f"{name}-{key}" in values
        and values[f"{name}-{key}"] != values.get(f"seen-{name}-{key}", "")
    }
    return one_line_of(sent)
