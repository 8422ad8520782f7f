"""What is typed about a weak branch: proposal, decision, plan, acceptance, links, reports, surveys."""

from decimal import Decimal
from functools import partial

from django import forms

from branches.forms import DatedForm, DayField, FilesField, TypedField
from branches.typed import Unreadable, read_amount, read_count, read_date
from tasks.enums import WeakLinkKind
from tasks.services.ledger import TaskFacts
from tasks.services.weak import Decision
from tasks.services.weak_parts import MEASURE_SOURCE, CheckFacts, SurveyFacts
from tasks.weak import number_words

_LONGEST = 5000


def _text(label: str, missing: str = "", *, rows: int = 4, **options) -> forms.CharField:
    options.setdefault("required", bool(missing))
    options.setdefault("max_length", _LONGEST)
    return forms.CharField(
        label=label,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing},
        **options,
    )


def _line(label: str, longest: int, missing: str = "", **options) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        required=bool(missing),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": missing},
        **options,
    )


def _day(label: str, missing: str = "", **options) -> DayField:
    return DayField(
        label=label, required=bool(missing), error_messages={"required": missing}, **options
    )


def _count(label: str) -> TypedField:
    return TypedField(
        label=label,
        read=read_count,
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": f"请填{label}"},
    )


def read_score(text: str) -> Decimal | None:
    """Points with two decimals at most."""
    try:
        return read_amount(text)
    except Unreadable:
        raise Unreadable(f"“{text}”读不出得分，请只写数字，如 85") from None


class ProposalForm(DatedForm):
    """提出. `situations` are the county's, `branches` who may be proposed; a hint may have chosen."""

    organisation = forms.ChoiceField(
        label="党支部", error_messages={"required": "请选党支部", "invalid_choice": "请选党支部"}
    )
    situations = forms.MultipleChoiceField(
        label="情形",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "请至少选一种情形",
            "invalid_choice": "选的情形不在本县清单里，请重新勾选",
        },
    )
    problems = _text("主要问题", "请写明主要问题", rows=5)
    proposed_on = _day("提出日期", "请填提出日期，如 3.28")

    def __init__(self, *args, branches, situations, **options):
        super().__init__(*args, **options)
        self.fields["organisation"].choices = [("", "请选择"), *branches]
        self.fields["situations"].choices = [(one, one) for one in situations]


class DecideForm(DatedForm):
    """认定."""

    decided_on = _day("认定日期", "请填认定日期，如 3.28")
    decided_by = _line("认定机关", 80, "请写明认定机关，如 县委常委会")
    list_name = _line("名单文号", 80)
    plan_due_on = _day("方案报备截止", "请填方案报备截止，如 4.28")
    due_on = _day("整顿时限", "请填整顿时限，如 9.30")

    def values(self) -> dict:
        return {"decision": Decision(**self.cleaned_data)}


class TextForm(DatedForm):
    """An opinion, with nothing else: 不予认定, 结束."""

    text = _text("说明", rows=3)

    def values(self) -> dict:
        return dict(self.cleaned_data)


class DeclineForm(TextForm):
    text = _text("不予认定的理由", "请写明不予认定的理由", rows=3)


class PlanForm(DatedForm):
    """一支一策, or the plan by which the result is to last."""

    plan = _text("整顿方案", "请写明整顿方案：问题、措施、责任人、时限", rows=8, max_length=20000)
    uploads = FilesField(label="方案文件", required=False)

    def values(self) -> dict:
        return dict(self.cleaned_data)


class ConsolidationForm(PlanForm):
    plan = _text("巩固提升方案", "请写明巩固提升的措施", rows=6, max_length=20000)


class AskForm(DatedForm):
    """申请验收."""

    text = _text("整顿结果", "请写明整顿结果")
    uploads = FilesField(label="附件", required=False)

    def values(self) -> dict:
        return dict(self.cleaned_data)


class AcceptForm(DatedForm):
    """验收通过."""

    on = _day("验收日期", "请填验收日期，如 3.28")
    text = _text("验收意见", rows=3)

    def values(self) -> dict:
        return dict(self.cleaned_data)


class RedoForm(DatedForm):
    """重新整顿."""

    text = _text("差在哪里", "请写明差在哪里，让支部知道要补什么", rows=3)
    due_on = _day("新的整顿时限", "请填新的整顿时限，如 12.31")

    def values(self) -> dict:
        return dict(self.cleaned_data)


class LookBackForm(DatedForm):
    """回访."""

    on = _day("回访日期", "请填回访日期，如 3.28")
    text = _text("回访情况", "请写明回访看到的情况")
    uploads = FilesField(label="附件", required=False)

    def values(self) -> dict:
        return dict(self.cleaned_data)


class MeasureForm(DatedForm):
    """One measure of the plan, which becomes a task of the ledger."""

    problem = _line("问题", 500, "请写明问题")
    measures = _text("措施", "请写明措施", rows=3)
    responsible_leader = _line("责任领导", 80, "请填责任领导")
    responsible_unit = _line("责任单位", 120, "请填责任单位")
    responsible_person = _line("责任人", 80, "请填责任人")
    due_on = _day("时限", "请填时限，如 9.30")

    def facts(self) -> TaskFacts:
        return TaskFacts(source=MEASURE_SOURCE, opened_on=self.today, **self.cleaned_data)


class LinkForm(DatedForm):
    """四个一. The names of the kinds are the county's."""

    kind = forms.ChoiceField(label="联系方式", choices=WeakLinkKind.choices)
    name = _line("姓名或单位", 80, "请填姓名或单位")
    office = _line("单位及职务", 120)
    starts_on = _day("自", "请填开始日期，如 3.28")


class LinkEndForm(DatedForm):
    """The day a link ends."""

    ends_on = _day("结束日期", "请填结束日期，如 9.30")


class ReportForm(DatedForm):
    """月报."""

    text = _text("本月整顿进展", "请写明这个月的整顿进展", rows=5)
    next_steps = _text("下月打算", rows=3)
    uploads = FilesField(label="附件", required=False)


class SurveyForm(DatedForm):
    """测评; points are asked only where the county's acceptance has a threshold for them."""

    held_on = _day("测评日期", "请填测评日期，如 3.28")
    asked = _count("参加测评人数")
    satisfied = _count("满意人数")
    aware = _count("知晓人数")
    score = TypedField(
        label="验收得分",
        read=read_score,
        required=False,
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    note = _line("备注", 200)
    uploads = FilesField(label="测评表", required=False)

    def __init__(self, *args, needed, **options):
        super().__init__(*args, **options)
        if needed.score is None:
            del self.fields["score"]
        else:
            self.fields["score"].help_text = f"不低于 {number_words(needed.score)} 分"

    def facts(self) -> SurveyFacts:
        cleaned = {key: value for key, value in self.cleaned_data.items() if key != "uploads"}
        return SurveyFacts(**cleaned)


class WithdrawForm(forms.Form):
    """Why a survey is taken back."""

    reason = _line("作废原因", 120, "请写明作废的原因")
    version = forms.IntegerField(widget=forms.HiddenInput)


class ChecksForm(DatedForm):
    """Both checklists at once; three fields a row."""

    stamp = forms.CharField(max_length=16, widget=forms.HiddenInput)

    def __init__(self, *args, checks, **options):
        super().__init__(*args, **options)
        self.checks = checks
        for check in checks:
            text = _line("内容", 120, "请写明内容")
            done_on, note = _day("落实日期"), _line("说明", 300)
            # The parent has set the year that completes 3.28 before these fields were there.
            done_on.read = partial(read_date, year=self.today.year)
            text.initial, done_on.initial, note.initial = check.text, check.done_on, check.note
            for name, field in (("text", text), ("done_on", done_on), ("note", note)):
                self.fields[f"{name}_{check.pk}"] = field

    def rows(self) -> list[dict]:
        """The bound fields of each row, by list."""
        return [
            {
                "list_name": check.list_name,
                "text": self[f"text_{check.pk}"],
                "done_on": self[f"done_on_{check.pk}"],
                "note": self[f"note_{check.pk}"],
            }
            for check in self.checks
        ]

    def facts(self) -> list[CheckFacts]:
        cleaned = self.cleaned_data
        return [
            CheckFacts(
                check.pk,
                cleaned[f"text_{check.pk}"],
                cleaned[f"done_on_{check.pk}"],
                cleaned[f"note_{check.pk}"],
            )
            for check in self.checks
        ]
