"""What is typed about notices."""

from uuid import uuid4

from django import forms

from branches.attachments import ACCEPT
from branches.forms import DatedForm, DayField, FilesField
from branches.models import COMMITTEE_KINDS, Organisation

_LONGEST = 5000


class ReplyForm(forms.Form):
    """回执: that the notice has arrived, with a few words if somebody wants."""

    reply = forms.CharField(
        label="回复",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class OrderForm(DatedForm):
    """上级通知 to organisations below; `below` are those the sender reaches.

    `key` makes a form that was sent twice one notice.
    """

    BRANCHES, COMMITTEES, CHOSEN = "branches", "committees", "chosen"

    to = forms.ChoiceField(label="发给", widget=forms.RadioSelect)
    organisations = forms.ModelMultipleChoiceField(
        label="选定的组织",
        queryset=Organisation.objects.none(),
        required=False,
        error_messages={"invalid_choice": "选的组织不在下级里，请重新勾选"},
    )
    title = forms.CharField(
        label="标题",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "请写通知的标题"},
    )
    text = forms.CharField(
        label="内容", required=False, max_length=_LONGEST, widget=forms.Textarea(attrs={"rows": 6})
    )
    files = FilesField(label="附件", required=False)
    wants_receipt = forms.BooleanField(label="要求回执", required=False)
    receipt_by = DayField(label="回执截止", required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, below, **options):
        super().__init__(*args, **options)
        self.below = below
        self.counts = {
            self.BRANCHES: sum(one.is_branch for one in below),
            self.COMMITTEES: sum(one.kind in COMMITTEE_KINDS for one in below),
        }
        self.fields["organisations"].queryset = Organisation.objects.filter(
            pk__in=[one.pk for one in below]
        )
        self.fields["to"].choices = [
            *[(self.BRANCHES, "下面所有支部")] * bool(self.counts[self.BRANCHES]),
            *[(self.COMMITTEES, "下面所有党委、党工委")] * bool(self.counts[self.COMMITTEES]),
            (self.CHOSEN, "选定的组织"),
        ]
        self.fields["to"].error_messages["required"] = "请选发给谁"
        self.fields["files"].widget.attrs["accept"] = ACCEPT
        self.fields["wants_receipt"].widget.attrs["class"] = "zb-check"
        self.initial.setdefault("key", uuid4())
        self.initial.setdefault("to", self.fields["to"].choices[0][0])

    def clean(self):
        cleaned = super().clean()
        nobody = not cleaned.get("organisations") and "organisations" not in self.errors
        if cleaned.get("to") == self.CHOSEN and nobody:
            self.add_error("organisations", "请勾选收通知的组织")
        # A tick beside "all branches" would otherwise go to everybody.
        if cleaned.get("to") not in (None, self.CHOSEN) and cleaned.get("organisations"):
            self.add_error("to", "勾选了组织，请改选“选定的组织”，或去掉下面的勾选")
        if cleaned.get("receipt_by") and not cleaned.get("wants_receipt"):
            self.add_error("wants_receipt", "填了回执截止，请同时勾选“要求回执”")
        return cleaned

    def recipients(self) -> list[Organisation]:
        """The organisations meant."""
        match self.cleaned_data["to"]:
            case OrderForm.BRANCHES:
                return [one for one in self.below if one.is_branch]
            case OrderForm.COMMITTEES:
                return [one for one in self.below if one.kind in COMMITTEE_KINDS]
        chosen = {one.pk for one in self.cleaned_data["organisations"]}
        return [one for one in self.below if one.pk in chosen]
