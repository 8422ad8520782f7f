"""What is typed about 四议两公开: the matter, its stages, why it is given up."""

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.typed import read_count
from meetings.enums import MatterStage
from meetings.matters import COUNTED, MEETING_TYPES, PUBLICATIONS

_COUNT = {"inputmode": "numeric"}


class MatterForm(forms.Form):
    """What it is about."""

    title = forms.CharField(
        label="事项",
        max_length=100,
        error_messages={"required": "请填事项，如 村内道路硬化"},
    )
    content = forms.CharField(
        label="内容",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="要办什么、为什么办、钱从哪里来",
    )


class StageForm(DatedForm):
    """One stage: when or in which meeting, how many were for it, until when it is published.

    Which fields there are depends on the stage; the service says what is missing.
    """

    meeting = forms.TypedChoiceField(
        label="会议",
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": "没有这次会议，请重新选"},
    )
    done_on = DayField(label="日期", required=False)
    ends_on = DayField(label="公开截止", required=False)
    should_attend = TypedField(
        label="应到", read=read_count, required=False, max_length=10,
        widget=forms.TextInput(attrs=_COUNT),
    )  # fmt: skip
    present = TypedField(
        label="实到", read=read_count, required=False, max_length=10,
        widget=forms.TextInput(attrs=_COUNT),
    )  # fmt: skip
    yes = TypedField(
        label="同意", read=read_count, required=False, max_length=10,
        widget=forms.TextInput(attrs=_COUNT),
    )  # fmt: skip
    note = forms.CharField(
        label="情况",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, stage: MatterStage, meetings, **options):
        super().__init__(*args, **options)
        self.meetings = {meeting.pk: meeting for meeting, _label in meetings}
        self.fields["meeting"].choices = [
            ("", "没有选会议" if stage != MatterStage.REVIEWED else "请选择"),
            *((meeting.pk, label) for meeting, label in meetings),
        ]
        without = {"meeting"} if stage not in MEETING_TYPES else set()
        if stage not in PUBLICATIONS:
            without.add("ends_on")
        if stage == MatterStage.REVIEWED:
            without.add("done_on")
        if stage not in COUNTED:
            without |= {"should_attend", "present", "yes"}
        for name in without:
            del self.fields[name]

    def clean_meeting(self):
        return self.meetings.get(self.cleaned_data["meeting"])

    def _count(self, name: str) -> int | None:
        number = self.cleaned_data[name]
        if number is not None and number > 30000:
            raise forms.ValidationError("人数过大，请核对")
        return number

    def clean_should_attend(self):
        return self._count("should_attend")

    def clean_present(self):
        return self._count("present")

    def clean_yes(self):
        return self._count("yes")


class DropForm(DatedForm):
    """When and why a matter is given up."""

    dropped_on = DayField(label="终止日期", error_messages={"required": "请填哪天终止，如 3.28"})
    reason = forms.CharField(
        label="终止原因", max_length=100, error_messages={"required": "请写明为什么终止"}
    )


class RemoveForm(forms.Form):
    """Why a stage is taken back."""

    reason = forms.CharField(
        label="撤销原因", max_length=100, error_messages={"required": "请写明为什么撤销"}
    )
