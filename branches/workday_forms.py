"""What is typed on the page 工作日历."""

import datetime
from functools import partial

from django import forms

from branches.day_ranges import read_days
from branches.forms import TypedField

# A notice is published for the year to come, never for a later one.
_YEARS_AHEAD = 1
_HINT = "如 10月1日至7日；几段用顿号隔开"


class StretchForm(forms.Form):
    """Days that are free or worked against the week; `year` completes days typed without one."""

    days = TypedField(
        label="日期",
        read=read_days,
        max_length=120,
        help_text=_HINT,
        error_messages={"required": f"请填日期，{_HINT}"},
    )
    is_workday = forms.TypedChoiceField(
        label="这几天",
        choices=[("off", "放假"), ("work", "调休上班")],
        coerce=lambda typed: typed == "work",
        widget=forms.RadioSelect,
        error_messages={"required": "请选放假还是上班"},
    )
    note = forms.CharField(
        label="说明",
        max_length=60,
        help_text="哪个节日，或因哪个节日调休",
        error_messages={"required": "请写明是哪个节日，或因哪个节日调休"},
    )

    def __init__(self, *args, today: datetime.date, year: int, **options):
        super().__init__(*args, **options)
        self.today = today
        self.fields["days"].read = partial(read_days, year=year)

    def clean_days(self):
        stretches = self.cleaned_data["days"]
        latest = max((last for _first, last in stretches), default=None)
        if latest is None:
            raise forms.ValidationError(self.fields["days"].error_messages["required"])
        if latest.year > self.today.year + _YEARS_AHEAD:
            raise forms.ValidationError(f"{latest.year} 年的通知还没有发布，请核对年份")
        return stretches


class RemovalForm(forms.Form):
    """Why days are taken out of the table."""

    reason = forms.CharField(
        label="为什么移除",
        max_length=200,
        help_text="会记入操作记录",
        error_messages={"required": "请写明为什么移除"},
    )
