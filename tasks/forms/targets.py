"""What was reached of a target, as the lead of a campaign types it."""

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.typed import read_amount


class ReachedForm(DatedForm):
    """A value in the target's unit and its day; `known` is what the form was made from."""

    value = TypedField(
        label="实际达到",
        read=read_amount,
        max_length=20,
        error_messages={"required": "请填实际达到的数"},
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    as_of = DayField(label="截至", error_messages={"required": "请填这个数截至哪一天，如 6.30"})
    known = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def clean_value(self):
        value = self.cleaned_data["value"]
        if value is None:
            raise forms.ValidationError(self.fields["value"].error_messages["required"])
        return value
