"""What is typed about joint activities: whom to invite, and why a branch did not come."""

from django import forms


class InviteForm(forms.Form):
    """Branches ticked, by key; `branches` are (key, name) of those offered."""

    branches = forms.TypedMultipleChoiceField(
        label="邀请的支部",
        coerce=int,
        error_messages={
            "required": "请勾选要邀请的支部",
            "invalid_choice": "勾选的支部不在名单里，请重新勾选",
        },
    )

    def __init__(self, *args, branches, **options):
        super().__init__(*args, **options)
        self.fields["branches"].choices = branches


class DeclineForm(forms.Form):
    """未参加, with a word why."""

    note = forms.CharField(
        label="说明",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "如 与本支部活动冲突"}),
    )
