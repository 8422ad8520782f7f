"""What is typed about approved amounts: a row of the grid, one member's form, the calculator."""

import datetime
from decimal import Decimal

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.periods import month_of
from branches.typed import read_amount
from branches.words import full_date
from dues.rates import Category
from dues.words import month_key, month_label

CHOOSE = [("", "请选择"), *Category.choices]
# A base or an amount above this is a slip of the keyboard.
_MOST = Decimal(10_000_000)


def _sum_field(label: str, **options) -> TypedField:
    return TypedField(
        label=label,
        read=read_amount,
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        **options,
    )


def _day_field() -> DayField:
    return DayField(
        label="核定日期",
        error_messages={"required": "请填写核定日期（支部研究决定的那一天）"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class _Amounts(forms.Form):
    """Category, base and amount, as in a row and in the form of one member."""

    category = forms.ChoiceField(
        label="缴费类别", choices=CHOOSE, error_messages={"required": "请选择缴费类别"}
    )
    base = _sum_field("缴费基数")
    amount = _sum_field("月应缴")

    def clean_base(self):
        return _likely(self.cleaned_data["base"])

    def clean_amount(self):
        return _likely(self.cleaned_data["amount"])


def _likely(amount: Decimal | None) -> Decimal | None:
    if amount is not None and amount > _MOST:
        raise forms.ValidationError("数目过大，请核对后再填")
    return amount


class RowForm(_Amounts):
    """One member in the grid. `was` is what the row held when it was shown: a row that was not
    touched is not saved, whatever has happened to it since."""

    reason = forms.CharField(label="理由", required=False, max_length=200)
    seen = forms.CharField(required=False)
    was = forms.CharField(required=False)

    @property
    def is_touched(self) -> bool:
        return self.typed() != self.data.get(self.add_prefix("was"), "")

    def typed(self) -> str:
        names = ("category", "base", "amount", "reason")
        return "|".join(self.data.get(self.add_prefix(name), "").strip() for name in names)

    def raw(self) -> dict[str, str]:
        """What was typed, to be shown again."""
        names = ("category", "base", "amount", "reason")
        return {name: self.data.get(self.add_prefix(name), "") for name in names}


class ApprovalDayForm(DatedForm):
    """The day of the branch's decision, for all rows of the grid."""

    approved_on = _day_field()

    def clean_approved_on(self) -> datetime.date:
        day = self.cleaned_data["approved_on"]
        if day > self.today:
            raise forms.ValidationError(f"核定日期{full_date(day)}还没有到，请核对")
        return day


class AmountForm(_Amounts, ApprovalDayForm):
    """The amount of one member, from a month of the year on."""

    from_month = forms.ChoiceField(label="自哪个月起")
    reason = forms.CharField(
        label="理由",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = ("category", "base", "amount", "from_month", "reason", "approved_on")

    def __init__(self, *args, months: list[datetime.date], helps: dict[str, str], **options):
        super().__init__(*args, **options)
        self.fields["from_month"].choices = [
            (month_key(month), month_label(month)) for month in months
        ]
        for name, text in helps.items():
            self.fields[name].help_text = text

    def clean_from_month(self) -> datetime.date:
        return month_of(self.cleaned_data["from_month"]).starts_on


class CalculatorForm(forms.Form):
    """算一算: by GET, stores nothing."""

    category = forms.ChoiceField(
        label="缴费类别", choices=CHOOSE, error_messages={"required": "请选择缴费类别"}
    )
    base = _sum_field("缴费基数（元/月）")

    def clean_base(self):
        base = _likely(self.cleaned_data["base"])
        if base is not None and base < 0:
            raise forms.ValidationError("缴费基数不能是负数，请重新填写")
        return base
