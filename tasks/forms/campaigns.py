"""What is typed about campaign plans: the plan itself, each of its parts, issuing and ending it."""

from decimal import Decimal, InvalidOperation
from functools import partial

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.models import Sector
from branches.typed import Unreadable, folded, read_date, read_yes
from branches.values import KEYS
from tasks.enums import Addressed, Bound
from tasks.services.campaign_parts import (
    BlockFacts,
    MeasureFacts,
    PhaseFacts,
    TargetFacts,
    ValueFacts,
    value_words,
)
from tasks.services.campaigns import CampaignFacts

BLANK = "blank"
_TICK = {"class": "zb-check"}
_FIGURES = (
    ("", "由人填写"),
    ("coverage.organisation", "社会组织党的组织覆盖率"),
    ("coverage.work", "社会组织党的工作覆盖率"),
)


def _text(label: str, longest: int, missing: str = "", **options) -> forms.CharField:
    if missing:
        options["error_messages"] = {"required": missing}
    return forms.CharField(
        label=label,
        max_length=longest,
        required=bool(missing),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        **options,
    )


def _area(label: str, longest: int, missing: str = "", rows: int = 3, **options):
    field = _text(label, longest, missing, **options)
    field.widget = forms.Textarea(attrs={"rows": rows, "maxlength": str(longest)})
    return field


def _tick(label: str) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, widget=forms.CheckboxInput(attrs=_TICK))


def read_value(text: str) -> Decimal:
    """A target's number: 60, 60% or 31.5."""
    try:
        number = Decimal(folded(text).removesuffix("%"))
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or not 0 <= number < 1_000_000:
        raise Unreadable("数值请只写数字，如 60 或 31.5")
    return number.quantize(Decimal("0.01"))


class NewForm(forms.Form):
    """新建方案: who runs it, of which year, from what."""

    organisation = forms.TypedChoiceField(label="牵头单位", coerce=int)
    year = forms.IntegerField(
        label="年度",
        min_value=2000,
        max_value=2100,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "请填年度，如 2026", "invalid": "年度请写四位数字，如 2026"},
    )
    source = forms.ChoiceField(
        label="从哪里开始",
        widget=forms.RadioSelect,
        error_messages={"required": "请选一个模板、空白方案或以前的方案"},
    )
    title = _text("方案名称", 120, help_text="空白方案要填；用模板的按模板的名称，新建后可以改")

    def __init__(self, *args, organisations, sources, **options):
        super().__init__(*args, **options)
        self.fields["organisation"].choices = organisations
        self.fields["source"].choices = sources

    def clean(self):
        if self.cleaned_data.get("source") == BLANK and not self.cleaned_data.get("title"):
            self.add_error("title", "请填方案名称")


class VersionedForm(DatedForm):
    """A form made from one version of the plan."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class PlanForm(VersionedForm):
    """About a plan; a day typed without its year is of the plan's year, not of today's."""

    def __init__(self, *args, campaign, **options):
        super().__init__(*args, **options)
        self.campaign = campaign
        for field in self.fields.values():
            if isinstance(field, DayField):
                field.read = partial(read_date, year=campaign.year)


class CampaignForm(PlanForm):
    """基本情况."""

    title = _text("方案名称", 120, "请填方案名称")
    document = _text("文号", 60)
    year = forms.IntegerField(
        label="年度",
        min_value=2000,
        max_value=2100,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "请填年度，如 2026", "invalid": "年度请写四位数字，如 2026"},
    )
    starts_on = DayField(label="开始日期", error_messages={"required": "请填开始日期，如 3.21"})
    ends_on = DayField(label="结束日期", error_messages={"required": "请填结束日期，如 12.31"})
    self_check_on = DayField(label="自查报告截止", required=False, help_text="不要求自查报告的不填")
    leaders = _text("领导小组", 300)
    aim = _area("总体要求", 2000)
    clarification = _area(
        "对方案内不一致之处的说明",
        1000,
        help_text="方案自己前后说法不一的，写明以哪个为准；原文两处都保留",
    )

    def facts(self) -> CampaignFacts:
        names = ("title", "year", "starts_on", "ends_on", "document", "aim", "leaders")
        more = ("self_check_on", "clarification")
        return CampaignFacts(**{name: self.cleaned_data[name] for name in (*names, *more)})


class PartForm(PlanForm):
    """A part of a plan; `campaign` gives what may be chosen."""

    facts_type: type
    pairs: tuple[tuple[str, str], ...] = ()

    def __init__(self, *args, campaign, row=None, **options):
        super().__init__(*args, campaign=campaign, **options)
        self.row = row

    def facts(self):
        names = self.facts_type.__dataclass_fields__
        return self.facts_type(**{name: self.cleaned_data[name] for name in names})

    def rows(self) -> list[list]:
        """The visible fields in order, those of a pair side by side."""
        firsts, seconds = dict(self.pairs), {second for _first, second in self.pairs}
        found = []
        for field in self.visible_fields():
            if field.name in firsts:
                found.append([field, self[firsts[field.name]]])
            elif field.name not in seconds:
                found.append([field])
        return found


class PhaseForm(PartForm):
    """阶段."""

    facts_type = PhaseFacts
    pairs = (("starts_on", "ends_on"),)

    name = _text("阶段", 60, "请填阶段名称，如 调查摸底")
    starts_on = DayField(label="自", error_messages={"required": "请填开始日期，如 3.21"})
    ends_on = DayField(label="至", error_messages={"required": "请填结束日期，如 4.10"})
    text = _area("内容", 1000)


_LEADER = {"help_text": "不填的，是承办单位上级党组织的书记"}
_UNIT = {"help_text": "不填的，是承办单位自己"}
_PERSON = {"help_text": "不填的，是承办单位的书记"}


class BlockForm(PartForm):
    """板块."""

    facts_type = BlockFacts

    name = _text("板块", 60, "请填板块名称，如 抓阵地建设")
    responsible_leader = _text("责任领导", 80, **_LEADER)
    responsible_unit = _text("责任单位", 120, **_UNIT)
    responsible_person = _text("责任人", 80, **_PERSON)


class MeasureForm(PartForm):
    """措施. Where it has tasks already, it also asks whether those are changed with it."""

    facts_type = MeasureFacts
    pairs = (
        ("block", "phase"),
        ("addressed", "sector"),
        ("responsible_unit", "responsible_person"),
    )

    text = _area("措施", 300, "请写明措施", rows=2)
    detail = _area("具体要求", 2000)
    due_on = DayField(label="完成时限", error_messages={"required": "请填完成时限，如 6.30"})
    block = forms.TypedChoiceField(
        label="板块", coerce=int, error_messages={"required": "请选板块"}
    )
    phase = forms.TypedChoiceField(label="阶段", coerce=int, required=False, empty_value=None)
    addressed = forms.ChoiceField(label="分解到", choices=Addressed.choices)
    sector = forms.ChoiceField(
        label="领域", required=False, choices=[("", "不分领域"), *Sector.choices]
    )
    named = forms.TypedMultipleChoiceField(
        label="指定的单位",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs=_TICK),
        error_messages={"invalid_choice": "勾选的单位不在牵头单位之下，请重新勾选"},
    )
    responsible_leader = _text("责任领导", 80, help_text="不填的，按板块")
    responsible_unit = _text("责任单位", 120, help_text="不填的，按板块")
    responsible_person = _text("责任人", 80, help_text="不填的，按板块")
    by_county = _tick("销号须经县级核查")
    carry_on = forms.TypedChoiceField(
        label="已下达的任务",
        required=False,
        coerce=lambda value: value == "yes",
        empty_value=None,
        choices=(("yes", "没有销号的一起改"), ("no", "不动，只改方案")),
        widget=forms.RadioSelect,
    )

    def __init__(self, *args, campaign, organisations=(), row=None, **options):
        super().__init__(*args, campaign=campaign, row=row, **options)
        self.blocks = {one.pk: one for one in campaign.blocks.all()}
        self.phases = {one.pk: one for one in campaign.phases.all()}
        self.organisations = {one.pk: one for one in organisations}
        self.fields["block"].choices = [(pk, one.name) for pk, one in self.blocks.items()]
        self.fields["phase"].choices = [("", "不属于某个阶段")] + [
            (pk, one.name) for pk, one in self.phases.items()
        ]
        self.fields["named"].choices = [(pk, one.name) for pk, one in self.organisations.items()]
        if row is None or not row.tasks.exists():
            del self.fields["carry_on"]

    def clean(self):
        cleaned = self.cleaned_data
        if cleaned.get("addressed") == Addressed.NAMED and not cleaned.get("named"):
            # Chosen units may be filled in later, while the plan is a draft.
            cleaned["named"] = []
        if cleaned.get("addressed") != Addressed.SECTOR:
            cleaned["sector"] = ""

    def facts(self) -> MeasureFacts:
        cleaned = self.cleaned_data | {
            "block": self.blocks[self.cleaned_data["block"]],
            "phase": self.phases.get(self.cleaned_data["phase"]),
            "named": tuple(self.organisations[pk] for pk in self.cleaned_data["named"]),
        }
        names = MeasureFacts.__dataclass_fields__
        return MeasureFacts(**{name: cleaned[name] for name in names})


class TargetForm(PartForm):
    """目标."""

    facts_type = TargetFacts
    pairs = (("bound", "value"), ("unit", "due_on"))

    subject = _text("指标", 60, "请填指标，如 标准化达标率")
    bound = forms.ChoiceField(label="要求", choices=Bound.choices)
    value = TypedField(
        label="数值",
        read=read_value,
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "请填数值，如 60"},
    )
    unit = _text("单位", 10, "请填单位，如 % 或 个")
    due_on = DayField(label="到期", error_messages={"required": "请填到期日期，如 12.31"})
    wording = _text("方案原文", 200)
    figure = forms.ChoiceField(label="实际达到怎样得出", choices=_FIGURES, required=False)


class ValueForm(PartForm):
    """方案的数值: a county value that the plan gives."""

    facts_type = ValueFacts
    pairs = (("value", "starts_on"),)

    key = forms.ChoiceField(label="项目", error_messages={"required": "请选项目"})
    value = _text("方案的值", 200, "请填方案的值")
    starts_on = DayField(label="自", error_messages={"required": "请填从哪一天起，如 1.1"})
    wording = _text("方案原文", 200)

    def __init__(self, *args, campaign, row=None, **options):
        super().__init__(*args, campaign=campaign, row=row, **options)
        # Not how strictly a rule is meant, and not the days from which the system itself begins.
        usable = [
            (key.name, f"{key.label}（{key.unit}）" if key.unit else key.label)
            for key in KEYS.values()
            if isinstance(key.default, int | Decimal | tuple) and not key.name.startswith("strict.")
        ]
        self.fields["key"].choices = [("", "请选"), *sorted(usable)]
        if "value" in self.initial:
            self.initial["value"] = value_words(self.initial["value"])

    def clean(self):
        key = KEYS.get(self.cleaned_data.get("key", ""))
        if key is None or not isinstance(key.default, bool) or "value" not in self.cleaned_data:
            return
        try:
            self.cleaned_data["value"] = read_yes(self.cleaned_data["value"])
        except Unreadable as unreadable:
            self.add_error("value", str(unreadable))


class IssueForm(VersionedForm):
    """印发方案: on which day, and what becomes of measures that are past."""

    on = DayField(
        label="印发日期",
        error_messages={"required": "请填印发日期，如 3.21"},
        help_text="任务从这一天建账，按这一天的单位和书记下达",
    )
    leave_past = _tick("时限已过的措施不下达任务，只留在方案里")

    def clean_on(self):
        on = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError("印发日期在今天之后，到那一天再印发")
        return on


class CloseForm(VersionedForm):
    """结束方案."""

    summary = _area("总结", 4000, "请写总结：做了什么、结果怎样", rows=6)
    leave_open = _tick("方案结束，没有销号的任务继续办")


class ApplyForm(DatedForm):
    """采用: from which day a number of the plan is the county's."""

    starts_on = DayField(label="从哪一天起", error_messages={"required": "请填日期，如 1.1"})
