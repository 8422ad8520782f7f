"""What is typed into a cell of the dues grid or into a correction."""

import datetime
from decimal import Decimal

from django import forms

from branches.periods import month_of
from branches.typed import Unreadable, read_amount


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


class CellForm(forms.Form):
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
