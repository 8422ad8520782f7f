"""What is typed about a task: progress, the request to close, an overseer's opinion."""

from django import forms

from branches.forms import FilesField, TypedField
from branches.typed import Unreadable, folded, read_count


def read_percent(text: str) -> int:
    """Whole per cent as typed into a field that says 进度（%）: 80 or 80%; 1 is one per cent."""
    number = read_count(folded(text).removesuffix("%"))
    if number is None or number > 100:
        raise Unreadable("进度应在 0 到 100 之间，请重新填写")
    return number


def _text(label: str, missing: str, rows: int = 4, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing},
    )


class ProgressForm(forms.Form):
    """填写进展."""

    text = _text("进展情况", "请写明做了什么")
    percent = TypedField(
        label="进度（%）",
        read=read_percent,
        max_length=5,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": "请填进度，如 60"},
    )
    attachments = FilesField(label="附件", required=False)


class RequestForm(forms.Form):
    """申请销号."""

    text = _text("整改结果", "请写明整改结果")
    attachments = FilesField(label="附件", required=False)


class ReviewForm(forms.Form):
    """核查: the opinion is needed to return a task, not to close it; the service insists."""

    text = _text("核查意见", "退回要写明意见", rows=3, required=False)
