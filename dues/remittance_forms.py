"""What is typed about a remittance and about its return."""

from django import forms

from branches.forms import DatedForm, DayField, FilesField, TypedField
from branches.typed import read_amount


class RemittanceForm(DatedForm):
    """登记上缴: sum and day come prefilled; `seen` is the ledger's sum that was shown."""

    remitted_on = DayField(label="上缴日期", error_messages={"required": "请填上缴日期，如 10.8"})
    amount = TypedField(
        label="上缴金额（元）",
        read=read_amount,
        max_length=30,
        error_messages={"required": "请填上缴金额"},
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    slip_number = forms.CharField(
        label="回单号",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    explanation = forms.CharField(
        label="差额说明",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    files = FilesField(label="回单照片或扫描件", required=False)
    seen = TypedField(read=read_amount, max_length=30, required=False, widget=forms.HiddenInput())

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        if amount is None:
            # A dash is read as nothing.
            raise forms.ValidationError("请填上缴金额，没有就填 0")
        return amount


class ReturnForm(forms.Form):
    """退回: the reason is what the branch goes by."""

    reason = forms.CharField(
        label="退回原因",
        max_length=300,
        error_messages={"required": "请写明退回原因，让支部知道改什么"},
        widget=forms.Textarea(attrs={"rows": 2}),
    )
