"""Forms of coverage: the register of units, surveys, instructors, founding."""

from functools import partial

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.models import Organisation, UnitKind
from branches.typed import folded, read_count, read_date
from tasks.enums import BranchForm, FoundingStepKind, MassOrganisation
from tasks.models import UnitSurvey
from tasks.services.coverage import SURVEY_FIELDS, StepFacts, SurveyFacts
from tasks.services.coverage_units import UnitFacts

# Whole numbers of a survey; those that may stay unknown are not nought.
_UNKNOWN = ("unit_members", "full_time", "part_time")
_COUNTS = (
    *_UNKNOWN,
    *("formal_here", "formal_working", "floating", "part_time_members"),
    *("relation_authority", "relation_attached", "relation_community"),
    *("relation_former", "relation_other"),
    *("probationary", "targets", "activists", "applicants"),
)
_LARGEST = 1_000_000
_YES = (("", "未填"), ("yes", "是"), ("no", "否"))


def _text(label: str, limit: int, **options) -> forms.CharField:
    options.setdefault("required", False)
    return forms.CharField(label=label, max_length=limit, **options)


def label_of(name: str) -> str:
    """A field of a survey as it is called everywhere."""
    return str(UnitSurvey._meta.get_field(name).verbose_name)


class BranchOrCommittee(forms.CharField):
    """An organisation within `reach`, named by code or by its long or short name."""

    def __init__(self, *, reach=None, suggestions="", **options):
        options.setdefault("max_length", 120)
        options.setdefault("help_text", "填名称或编码")
        attrs = {"autocomplete": "off", "list": suggestions}
        options.setdefault("widget", forms.TextInput(attrs=attrs))
        super().__init__(**options)
        self.reach = Organisation.objects.none() if reach is None else reach

    def clean(self, value):
        typed = folded(super().clean(value))
        if not typed:
            return None
        if found := self.reach.filter(code__iexact=typed).first():
            return found
        fits = [one for one in self.reach if typed in (folded(one.name), folded(one.short_name))]
        if len(fits) == 1:
            return fits[0]
        if fits:
            codes = "、".join(one.code for one in fits)
            raise forms.ValidationError(f"有 {len(fits)} 个组织叫这个名称，请填编码（{codes}）")
        raise forms.ValidationError("没有找到这个组织，请填名称或编码")


class UnitForm(DatedForm):
    """登记单位, or a unit put right."""

    name = _text("单位名称", 120, required=True, error_messages={"required": "请填单位名称"})
    kind = forms.ChoiceField(label="单位类别", choices=UnitKind.choices)
    credit_code = TypedField(
        label="统一社会信用代码",
        required=False,
        read=lambda text: folded(text).upper().replace(" ", ""),
        max_length=40,
        help_text="18 位，没有就空着",
    )
    registered_on = DayField(label="成立登记日期", required=False, help_text="在登记机关登记的日期")
    organisation = BranchOrCommittee(
        label="登记的党组织",
        suggestions="keepers",
        error_messages={"required": "请填由哪个党组织登记"},
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, keepers, **options):
        super().__init__(*args, **options)
        self.fields["organisation"].reach = keepers

    def facts(self) -> UnitFacts:
        """The clean values as the service takes them."""
        names = ("name", "kind", "credit_code", "registered_on")
        return UnitFacts(**{name: self.cleaned_data[name] for name in names})


class UnitEndForm(DatedForm):
    """注销."""

    on = DayField(label="注销日期", error_messages={"required": "请填注销日期，如 3.28"})


def _count(name: str) -> TypedField:
    unknown = name in _UNKNOWN
    return TypedField(
        label=label_of(name),
        read=read_count,
        required=False,
        max_length=12,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off"}
            | ({} if unknown else {"placeholder": "0"})
        ),
    )


class SurveyForm(DatedForm):
    """摸底登记: the fields of the survey; a number left empty is nought, or unknown for staff."""

    surveyed_on = DayField(label="摸底日期", error_messages={"required": "请填摸底日期，如 7.22"})
    authority = _text(label_of("authority"), 120)
    legal_person = _text(label_of("legal_person"), 40)
    head_is_member = forms.ChoiceField(
        label=label_of("head_is_member"), choices=_YES, required=False, widget=forms.RadioSelect
    )
    mass_organisations = forms.MultipleChoiceField(
        label=label_of("mass_organisations"),
        choices=MassOrganisation.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    guided = forms.BooleanField(label=label_of("guided"), required=False)
    form = forms.ChoiceField(
        label=label_of("form"), required=False, choices=[("", "未建"), *BranchForm.choices]
    )
    reason_not_founded = _text(label_of("reason_not_founded"), 200)
    planned_on = DayField(label=label_of("planned_on"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for name in _COUNTS:
            self.fields[name] = _count(name)

    def facts(self) -> SurveyFacts:
        """The clean values as the service takes them."""
        values = {name: self.cleaned_data[name] for name in SURVEY_FIELDS}
        for name in _COUNTS:
            if values[name] is None and name not in _UNKNOWN:
                values[name] = 0
        values["head_is_member"] = {"yes": True, "no": False}.get(values["head_is_member"])
        values["mass_organisations"] = tuple(values["mass_organisations"])
        return SurveyFacts(**values)


def survey_initial(survey: UnitSurvey | None) -> dict[str, object]:
    """What the form starts with: the survey named, or the newest when a new one is taken."""
    if survey is None:
        return {}
    initial = {name: getattr(survey, name) for name in SURVEY_FIELDS}
    head = {True: "yes", False: "no"}.get(survey.head_is_member, "")
    return initial | {"head_is_member": head, "version": survey.version}


class InstructorForm(DatedForm):
    """选派党建指导员."""

    person_name = _text(
        "党建指导员", 40, required=True, error_messages={"required": "请填指导员姓名"}
    )
    from_unit = _text("单位及职务", 120)
    starts_on = DayField(label="选派日期", error_messages={"required": "请填选派日期，如 3.28"})


class InstructorEndForm(DatedForm):
    """结束选派."""

    ends_on = DayField(label="最后一天", error_messages={"required": "请填最后一天，如 3.28"})
    version = forms.IntegerField(widget=forms.HiddenInput)


class CoverForm(DatedForm):
    """纳入党支部: an existing branch that covers the unit from a day on."""

    branch = BranchOrCommittee(
        label="党支部", suggestions="names", error_messages={"required": "请填党支部"}
    )
    on = DayField(label="从哪天起", error_messages={"required": "请填日期，如 3.28"})

    def __init__(self, *args, branches, **options):
        super().__init__(*args, **options)
        self.fields["branch"].reach = branches


class StepsForm(DatedForm):
    """组建步骤: for each step the day planned, the day done and a remark."""

    def __init__(self, *args, today, **options):
        super().__init__(*args, today=today, **options)
        for kind in FoundingStepKind:
            for part, label in (("planned_on", "计划"), ("done_on", "完成")):
                day = DayField(label=f"{kind.label}，{label}", required=False)
                day.read = partial(read_date, year=today.year)
                self.fields[f"{kind}_{part}"] = day
            self.fields[f"{kind}_note"] = _text(f"{kind.label}，说明", 300)
            self.fields[f"{kind}_version"] = forms.IntegerField(
                required=False, widget=forms.HiddenInput
            )

    def lines(self) -> list[dict[str, object]]:
        """The bound fields, a line for each step."""
        return [
            {"label": kind.label}
            | {
                part: self[f"{kind}_{part}"]
                for part in ("planned_on", "done_on", "note", "version")
            }
            for kind in FoundingStepKind
        ]

    def facts(self) -> dict[str, StepFacts]:
        """The clean values by step."""
        cleaned = self.cleaned_data
        return {
            kind.value: StepFacts(
                planned_on=cleaned[f"{kind}_planned_on"],
                done_on=cleaned[f"{kind}_done_on"],
                note=cleaned[f"{kind}_note"],
                version=cleaned[f"{kind}_version"] or 0,
            )
            for kind in FoundingStepKind
        }
