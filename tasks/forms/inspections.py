"""What is typed about inspections: a round, whom it visits, a visit, findings, letters."""

from django import forms

from branches.forms import DatedForm, DayField, FilesField, TypedField
from branches.typed import read_count
from tasks.enums import InspectionKind, LetterKind
from tasks.services.inspection_visits import LetterFacts
from tasks.services.inspections import RoundFacts


def _area(label: str, longest: int, missing: str = "", *, rows: int = 4, **options):
    return forms.CharField(
        label=label,
        max_length=longest,
        required=bool(missing),
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing} if missing else None,
        **options,
    )


def _line(label: str, longest: int, missing: str = "", **options):
    return forms.CharField(
        label=label,
        max_length=longest,
        required=bool(missing),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": missing} if missing else None,
        **options,
    )


def _version():
    return forms.IntegerField(required=False, widget=forms.HiddenInput)


def _unannounced():
    return forms.BooleanField(
        label="不打招呼",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "zb-check"}),
        help_text="登记到点情况以前，被督查的组织看不到",
    )


class RoundForm(DatedForm):
    """A round; `organisations` are (code, name) of who may carry it out, `campaigns` (key, title)."""

    organisation = forms.ChoiceField(label="督查单位")
    kind = forms.ChoiceField(
        label="方式", choices=InspectionKind.choices, error_messages={"required": "请选督查方式"}
    )
    title = _line("督查名称", 120, "请填督查名称")
    scope = _area("督查内容", 2000, help_text="看哪些方面")
    inspectors = _line("督查人员", 200, "请填督查人员")
    starts_on = DayField(label="开始日期", error_messages={"required": "请填开始日期，如 3.28"})
    ends_on = DayField(label="结束日期", error_messages={"required": "请填结束日期，如 4.10"})
    campaign = forms.TypedChoiceField(
        label="工作方案", required=False, coerce=int, empty_value=None
    )
    version = _version()

    def __init__(self, *args, organisations, campaigns, **options):
        super().__init__(*args, **options)
        self.fields["campaign"].choices = [("", "不属于哪个方案"), *campaigns]
        if organisations is None:
            del self.fields["organisation"]
        else:
            self.fields["organisation"].choices = organisations

    def facts(self) -> RoundFacts:
        """The clean values as the service takes them."""
        left_out = ("version", "organisation")
        return RoundFacts(
            **{name: value for name, value in self.cleaned_data.items() if name not in left_out}
        )


class ChooseForm(forms.Form):
    """Organisations by hand; `offered` are (key, name)."""

    organisations = forms.TypedMultipleChoiceField(
        label="组织",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请勾选要督查的组织"},
    )
    unannounced = _unannounced()
    version = _version()

    def __init__(self, *args, offered, **options):
        super().__init__(*args, **options)
        self.fields["organisations"].choices = offered


class DrawForm(forms.Form):
    """随机抽取; `pools` are (code, name) of whose branches are drawn from."""

    pool = forms.ChoiceField(label="从哪里抽", help_text="抽它所辖的党支部，已在这次督查里的不再抽")
    count = TypedField(
        label="抽几个",
        read=read_count,
        max_length=6,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "请填抽几个，如 5"},
    )
    seed = forms.RegexField(
        r"^[0-9A-Za-z-]*$",
        label="随机种子",
        required=False,
        max_length=40,
        help_text="空着由系统产生；现场摇号的填摇出的数",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": "随机种子只用数字、字母和横线"},
    )
    unannounced = _unannounced()
    version = _version()

    def __init__(self, *args, pools, **options):
        super().__init__(*args, **options)
        self.fields["pool"].choices = pools

    def clean_count(self) -> int:
        # A blank cell is no number of organisations.
        return self.cleaned_data["count"] or 0


class RemoveForm(forms.Form):
    """Why an organisation leaves the round; asked for what was drawn by lot."""

    reason = _line("移出原因", 200)
    version = _version()


class CloseForm(forms.Form):
    """The summary with which a round ends."""

    summary = _area("督查总结", 4000, "请写督查总结", rows=6)
    version = _version()


class CancelForm(forms.Form):
    """Why a round is called off."""

    reason = _line("取消原因", 200, "请写明取消的原因")
    version = _version()


class VisitForm(DatedForm):
    """What was looked at, on which day, with papers and photographs."""

    visited_on = DayField(label="到点日期", error_messages={"required": "请填到点日期，如 3.28"})
    looked_at = _area("查看内容", 2000, "请写明看了什么")
    impression = _area("总体情况", 2000)
    attachments = FilesField(label="附件", required=False)
    version = _version()


class FindingForm(DatedForm):
    """One problem that was found."""

    text = _area("发现问题", 500, "请写发现的问题", rows=3)
    demand = _area("整改要求", 500, rows=3)
    due_on = DayField(label="整改时限", required=False)
    version = _version()


class WithdrawForm(forms.Form):
    """Why a finding is taken back."""

    reason = _line("撤回原因", 200, "请写明撤回的原因")
    version = _version()


class TaskForm(DatedForm):
    """The three responsible and the deadline, with which a finding becomes a task."""

    responsible_leader = _line("责任领导", 80, "请填责任领导")
    responsible_unit = _line("责任单位", 120, "请填责任单位")
    responsible_person = _line("责任人", 80, "请填责任人")
    due_on = DayField(label="整改时限", error_messages={"required": "请填整改时限，如 4.30"})
    version = _version()


class LetterForm(DatedForm):
    """A notice or a talk letter; only a talk has whom, when and where."""

    number = _line("文号", 60, help_text="如 清组督〔2026〕3号，空着打印后手写")
    issued_on = DayField(label="印发日期", error_messages={"required": "请填印发日期，如 3.28"})
    person_name = _line("约谈对象", 80, "请填约谈对象的姓名和职务")
    talk_on = DayField(label="约谈日期", error_messages={"required": "请填约谈日期，如 4.8"})
    place = _line("约谈地点", 80, "请填约谈地点")
    reply_by = DayField(label="回复截止", required=False)
    text = _area("补充内容", 2000, help_text="写在发现的问题后面，不要重复问题")
    version = _version()

    def __init__(self, *args, kind: str, **options):
        super().__init__(*args, **options)
        if kind == LetterKind.NOTICE:
            for name in ("person_name", "talk_on", "place"):
                del self.fields[name]

    def facts(self) -> LetterFacts:
        """The clean values as the service takes them."""
        return LetterFacts(
            **{name: value for name, value in self.cleaned_data.items() if name != "version"}
        )


class OutcomeForm(forms.Form):
    """What came of a talk, or what a notice was answered with."""

    outcome = _area("结果", 2000, "请写明结果")
    version = _version()
