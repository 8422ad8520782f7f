"""What is typed about an exemption."""

from django import forms

from branches.forms import DatedForm, DayField


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
