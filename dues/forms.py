"""What is typed into a cell of the dues grid, into a correction, for several months at once."""

import datetime
from decimal import Decimal

from django import forms

from branches.forms import DatedForm, DayField
from branches.periods import month_of
from branches.typed import Unreadable, read_amount
from branches.words import full_date
from dues.enums import Way


class AmountField(forms.CharField):
    """A sum as people type it; empty means nothing was paid."""

    def __init__(self, **options):
        options.setdefault("required", False)
        super().__init__(**options)

    def clean(self, value) -> Decimal:
        text = super().clean(value)
        try:
            return read_amount(text) or Decimal("0.00")
        except Unreadable as unreadable:
            raise forms.ValidationError(str(unreadable)) from None


class MonthField(forms.CharField):
    """A month written 2026-03; the value is its first day."""

    def clean(self, value) -> datetime.date:
        text = super().clean(value)
        try:
            return month_of(text).starts_on
        except ValueError:
            raise forms.ValidationError(f"“{text}”不是月份，请写成 2026-03") from None


class MannerForm(DatedForm):
    """On which day and in which way a sum was paid: the bar above the grid."""

    paid_on = DayField(label="交纳日期", required=False)
    way = forms.ChoiceField(label="方式", required=False, choices=Way.choices)

    def clean_paid_on(self) -> datetime.date | None:
        """The day typed; refuses a day to come."""
        day = self.cleaned_data["paid_on"]
        if day and day > self.today:
            raise forms.ValidationError(
                f"交纳日期 {full_date(day)}在今天之后，请改成实际交纳的日期"
            )
        return day

    @property
    def manner(self) -> dict[str, object]:
        """Day and way as the services take them."""
        return {
            "paid_on": self.cleaned_data.get("paid_on"),
            "way": self.cleaned_data.get("way") or "",
        }


class CellForm(MannerForm):
    """One cell: whose, which month, how much, and the sum the writer saw."""

    member = forms.IntegerField()
    month = MonthField()
    amount = AmountField(max_length=30)
    version = AmountField(max_length=30)
    confirmed = forms.BooleanField(required=False)


class CorrectionForm(forms.Form):
    """A sum put right for an earlier month, with the reason."""

    amount = AmountField(
        label="实缴（空着就是没交）",
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    reason = forms.CharField(
        label="更正原因", max_length=200, error_messages={"required": "请写明更正原因"}
    )
    version = AmountField(max_length=30, widget=forms.HiddenInput)
    confirmed = forms.BooleanField(
        label="金额或月份不寻常，确认无误", required=False, widget=forms.HiddenInput
    )


class BroughtForm(MannerForm):
    """How sums came that are not entered in the grid: also who brought them, and a remark."""

    paid_on = DayField(label="交纳日期", error_messages={"required": "请填交纳日期"})
    way = forms.ChoiceField(
        label="方式", choices=Way.choices, error_messages={"required": "请选方式"}
    )
    brought_by = forms.CharField(label="代交人", max_length=40, required=False)
    reason = forms.CharField(label="说明", max_length=200, required=False)


class FurtherForm(BroughtForm):
    """A further payment for a month, beside what stands."""

    amount = AmountField(
        label="金额",
        max_length=30,
        required=True,
        error_messages={"required": "请填金额"},
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    version = AmountField(max_length=30, widget=forms.HiddenInput)
    confirmed = forms.BooleanField(
        label="金额不寻常，确认无误", required=False, widget=forms.HiddenInput
    )

    field_order = ["amount", "paid_on", "way", "brought_by", "reason", "version", "confirmed"]


class SeveralForm(BroughtForm):
    """Months of one member paid at once."""

    months = forms.MultipleChoiceField(
        label="月份",
        error_messages={
            "required": "请勾选要补交的月份",
            "invalid_choice": "“%(value)s”不是要补交的月份，请重新勾选",
        },
    )

    def __init__(self, *args, months: list[str], **options):
        super().__init__(*args, **options)
        self.fields["months"].choices = [(month, month) for month in months]
