"""What is typed about exemptions and county values."""

from django import forms

from branches.forms import DatedForm, DayField
from branches.typed import folded
from branches.values import Key


def _reason(label: str, missing: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": missing},
    )


class ExemptionForm(DatedForm):
    """免予: from when to when, and why."""

    starts_on = DayField(label="自", error_messages={"required": "请填开始日期，如 9.1"})
    ends_on = DayField(
        label="至",
        error_messages={"required": "请填截止日期，如 9.30"},
        help_text="到期自动恢复",
    )
    reason = _reason("理由", "请写明免予的理由")


class WithdrawForm(forms.Form):
    """撤回免予: why."""

    reason = _reason("撤回理由", "请写明撤回的理由")


class RequirementForm(DatedForm):
    """要求设置: a county value from a day on; which values fit is known to its key."""

    value = forms.CharField(
        label="新的值", max_length=2000, error_messages={"required": "请填新的值"}
    )
    starts_on = DayField(
        label="从哪天起",
        error_messages={"required": "请填从哪天起，如 2027.1.1"},
        help_text="这一天以前的期次仍按原来的要求",
    )
    reason = forms.CharField(
        label="依据",
        max_length=300,
        error_messages={"required": "请写明依据，如文件名和文号"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args, key: Key, **options):
        super().__init__(*args, **options)
        self.key = key
        self.fields["value"] = _value_field(key)

    def clean_value(self):
        try:
            return self.key.cleaned(_meant(self.key, self.cleaned_data["value"]))
        except ValueError as unfit:
            raise forms.ValidationError(str(unfit)) from None


def _value_field(key: Key) -> forms.Field:
    """The field that fits the values of a key."""
    options = {
        "label": f"新的值{f'（{key.unit}）' if key.unit else ''}",
        "help_text": _limits(key),
        "error_messages": {"required": "请填新的值"},
    }
    if isinstance(key.default, bool):
        return forms.ChoiceField(
            choices=[("true", "是"), ("false", "否")], widget=forms.RadioSelect, **options
        )
    if key.choices:
        return forms.ChoiceField(choices=[(one, f"{one}") for one in key.choices], **options)
    if isinstance(key.default, tuple):
        widget = forms.Textarea(attrs={"rows": 8})
        return forms.CharField(max_length=2000, widget=widget, **options)
    return forms.CharField(
        max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}), **options
    )


def _limits(key: Key) -> str:
    if isinstance(key.default, tuple):
        return "一行一项"
    if key.minimum is None or key.maximum is None:
        return ""
    return f"{key.minimum} 到 {key.maximum}"


def _meant(key: Key, typed: str):
    """The typed text as the kind of value the key holds."""
    if isinstance(key.default, bool):
        return typed == "true"
    if isinstance(key.default, tuple):
        return [line.strip() for line in typed.splitlines() if line.strip()]
    return folded(typed).strip()
