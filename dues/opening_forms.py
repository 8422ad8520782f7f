"""What is typed about an opening balance."""

from django import forms

from branches.forms import TypedField
from branches.typed import read_amount
from dues.request_forms import MonthTyped


class OpeningForm(forms.Form):
    """Who owes since which month, how much in all, and how it is known."""

    member = forms.TypedChoiceField(
        label="党员",
        coerce=int,
        error_messages={"required": "请选党员", "invalid_choice": "名册里没有这个人，请重新选"},
    )
    since_month = MonthTyped(
        label="欠缴起始月份",
        help_text="从这个月起没有交，如 2025年10月",
        error_messages={"required": "请填从哪个月起没有交，如 2025年10月"},
    )
    amount = TypedField(
        label="期初欠缴（元）",
        read=read_amount,
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "请填一共欠多少元，如 60"},
    )
    reason = forms.CharField(
        label="说明", required=False, max_length=200, help_text="如 据纸质台账；不写家庭和病情细节"
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

    def clean_amount(self):
        if self.cleaned_data["amount"] is None:
            raise forms.ValidationError("请填一共欠多少元，如 60")
        return self.cleaned_data["amount"]


class ReverseForm(forms.Form):
    """Why an opening balance is taken back."""

    reason = forms.CharField(
        label="冲正原因", max_length=200, error_messages={"required": "请写明冲正原因"}
    )
