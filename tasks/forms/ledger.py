"""What is typed about a task: when it is listed, on its way, and an overseer's words."""

from django import forms

from branches.forms import DatedForm, DayField, FilesField, TypedField
from branches.typed import Unreadable, folded, read_count
from tasks.services.ledger import TaskFacts


def read_percent(text: str) -> int:
    """Whole per cent as typed into a field that says 进度（%）: 80 or 80%; 1 is one per cent."""
    number = read_count(folded(text).removesuffix("%"))
    if number is None or number > 100:
        raise Unreadable("进度应在 0 到 100 之间，请重新填写")
    return number


def _text(label: str, missing: str, rows: int = 4, longest: int = 2000, **options):
    return forms.CharField(
        label=label,
        max_length=longest,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing},
        **options,
    )


def _line(label: str, missing: str, longest: int, suggestions: str = "", **options):
    attrs = {"autocomplete": "off"} | ({"list": suggestions} if suggestions else {})
    return forms.CharField(
        label=label,
        max_length=longest,
        widget=forms.TextInput(attrs=attrs),
        error_messages={"required": missing},
        **options,
    )


def _by_county():
    return forms.BooleanField(
        label="销号须经县级核查",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "zb-check"}),
    )


class _Evidence(DatedForm):
    """Files with the day they are of. The day of upload is never taken for it, so it is asked."""

    attachments = FilesField(label="附件", required=False)
    dated_on = DayField(
        label="材料日期",
        required=False,
        help_text="附件上写的日期或拍照的日期，不是上传的日期；日期不同的分几次传",
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("attachments") and "dated_on" in cleaned and not cleaned["dated_on"]:
            self.add_error("dated_on", "附件要填材料日期，如 6.30")
        if (day := cleaned.get("dated_on")) and day > self.today:
            self.add_error("dated_on", "材料日期还没有到，请核对")
        return cleaned

    def evidence(self) -> dict[str, object]:
        """Files and their days as the services take them."""
        uploads = self.cleaned_data["attachments"]
        return {"uploads": uploads, "dates": [self.cleaned_data["dated_on"]] * len(uploads)}


class ProgressForm(_Evidence):
    """填写进展."""

    text = _text("进展情况", "请写明做了什么")
    percent = TypedField(
        label="进度（%）",
        read=read_percent,
        max_length=5,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "请填进度，如 60"},
    )
    field_order = ("text", "percent", "attachments", "dated_on")


class RequestForm(_Evidence):
    """申请销号."""

    text = _text("整改结果", "请写明整改结果")
    field_order = ("text", "attachments", "dated_on")


class ReplaceForm(DatedForm):
    """A newer version of a paper."""

    upload = FilesField(label="新版文件", error_messages={"required": "请选新版文件"})
    dated_on = DayField(
        label="材料日期",
        help_text="新版上写的日期，不是上传的日期",
        error_messages={"required": "请填材料日期，如 6.30"},
    )

    def clean_upload(self):
        uploads = self.cleaned_data["upload"]
        if len(uploads) != 1:
            raise forms.ValidationError("请只选一个文件，一份材料换一份")
        return uploads[0]


class ReviewForm(forms.Form):
    """核查: the opinion is needed to return a task, not to close it; the service insists."""

    text = _text("核查意见", "退回要写明意见", rows=3, required=False)


class AnswerForm(forms.Form):
    """批复延期: why not is needed, why not; the service insists."""

    answer = _text("批复意见", "不同意要写明理由", rows=2, longest=500, required=False)
    extension = forms.IntegerField(widget=forms.HiddenInput)


class ExtendForm(DatedForm):
    """申请延期, and 延期 by the superior at once."""

    due_on = DayField(label="延至", error_messages={"required": "请填延到哪一天"})
    reason = _text("延期原因", "请写明延期的原因", rows=3, longest=500)


class ReopenForm(DatedForm):
    """重新挂账."""

    due_on = DayField(label="新的整改时限", error_messages={"required": "请填新的整改时限"})
    reason = _text("重新挂账的原因", "请写明重新挂账的原因", rows=3)


class CancelForm(DatedForm):
    """撤销任务."""

    reason = _text("撤销的原因", "请写明撤销的原因", rows=3)


class _FactsForm(DatedForm):
    problem = _text("存在问题", "请写明存在的问题", rows=3, longest=500)
    source = _line("问题来源", "请填问题来源，如 镇街检查", 100, "task-sources")
    category = _line("类别", "", 40, "task-categories", required=False)
    target = _text("整改目标", "", rows=2, longest=300, required=False)
    measures = _text("整改措施", "", rows=3, required=False)
    responsible_leader = _line(
        "责任领导",
        "请填责任领导",
        80,
        "task-leaders",
        help_text="职务和姓名，如 党工委副书记 高承远",
    )
    responsible_unit = _line("责任单位", "请填责任单位", 120)
    responsible_person = _line("责任人", "请填责任人", 80, "task-people")

    def words(self) -> dict[str, str]:
        """What was typed, without days and choices."""
        names = set(TaskFacts.__dataclass_fields__) & set(self.cleaned_data)
        return {name: self.cleaned_data[name] for name in names}


class NewTaskForm(_FactsForm):
    """新建任务: for one organisation or for several, one task each. `organisations` are (key, name);
    with one there is nothing to choose. A branch lists what it found itself, so its source stands.
    """

    organisations = forms.TypedMultipleChoiceField(
        label="给哪些单位建账",
        coerce=int,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "zb-check"}),
        error_messages={
            "required": "请勾选单位",
            "invalid_choice": "勾选的单位不在名单里，请重新勾选",
        },
    )
    due_on = DayField(label="整改时限", error_messages={"required": "请填整改时限"})
    opened_on = DayField(
        label="建账日期", error_messages={"required": "请填建账日期"}, help_text="默认今天"
    )
    by_county = _by_county()
    field_order = (
        *("organisations", "problem", "source", "responsible_leader", "responsible_unit"),
        *("responsible_person", "due_on", "category", "target", "measures"),
        *("opened_on", "by_county"),
    )

    def __init__(self, *args, organisations, own: bool, **options):
        super().__init__(*args, **options)
        self.fields["organisations"].choices = organisations
        if own:
            for name in ("organisations", "source", "by_county"):
                del self.fields[name]
        elif len(organisations) > 1:
            unit, person = self.fields["responsible_unit"], self.fields["responsible_person"]
            unit.required = person.required = False
            unit.help_text = "不填就是各单位自己"
            person.help_text = "不填就是各单位的书记"


class ChangeForm(_FactsForm):
    """变更任务: all but the deadline, which is moved by an extension."""

    by_county = _by_county()
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
