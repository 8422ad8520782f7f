"""What is typed for several tasks at once: a later deadline, another leader."""

from django import forms

from branches.forms import DatedForm, DayField


class ExtendSeveralForm(DatedForm):
    """延期所选: one day and one reason for all that is ticked."""

    due_on = DayField(label="延至", error_messages={"required": "请填延到哪一天"})
    reason = forms.CharField(
        label="延期原因",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明延期的原因"},
    )


class LeaderForm(DatedForm):
    """变更责任领导所选."""

    leader = forms.CharField(
        label="新的责任领导",
        max_length=80,
        help_text="写职务和姓名，如：党工委副书记 高承远",
        error_messages={"required": "请填责任领导"},
    )
