"""What is typed about development: applications, steps with their votes, plans, endings."""

import datetime

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.typed import Unreadable, read_count, read_names
from members.development_stages import LASTING, VOTED
from members.enums import Gender, Step
from members.forms import NumberField
from members.identity import born_on, gender_digit_is_male, read_id_number, read_phone
from members.services.development_entry import Entry

_EARLIEST_YEAR = 1949
# What a small integer column holds, rounded down.
_MOST = 30000
_NUMBER_MISSING = "请填 18 位公民身份号码，用来认人和推算年龄"
# Why somebody goes no further; other words may be written instead.
END_REASONS = (
    "本人撤回申请",
    "不再作为积极分子培养",
    "取消发展对象资格",
    "组织关系转出本县",
    "上级不批准",
    "取消预备党员资格",
    "去世",
    "其他",
)


def day_field(label: str, missing: str = "", **options) -> DayField:
    """A day; required where a message says what is missing."""
    return DayField(
        label=label,
        required=bool(missing),
        error_messages={"required": missing},
        **options,
    )


def read_number(text: str) -> int | None:
    """A number of people or hours."""
    number = read_count(text)
    if number is not None and number > _MOST:
        raise Unreadable(f"“{text}”数目过大，请核对后再填")
    return number


def number_field(label: str, missing: str = "", **options) -> TypedField:
    """A whole number as people type it."""
    return TypedField(
        label=label,
        read=read_number,
        max_length=6,
        required=bool(missing),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": missing},
        **options,
    )


def line_field(label: str, longest: int, missing: str = "", **options) -> forms.CharField:
    """One line of text."""
    return forms.CharField(
        label=label,
        max_length=longest,
        required=bool(missing),
        error_messages={"required": missing},
        **options,
    )


def read_two_names(text: str) -> str:
    """Names as they are kept: joined by 、; the form says how many there should be."""
    return "、".join(read_names(text))


class PersonForm(forms.Form):
    """Who applies; day of birth and sex follow from the identity number."""

    name = line_field("姓名", 40, "请填姓名")
    id_number = TypedField(
        label="公民身份号码",
        read=read_id_number,
        max_length=30,
        error_messages={"required": _NUMBER_MISSING},
    )
    phone = TypedField(label="手机号码", read=read_phone, max_length=30, required=False)
    ethnicity = line_field("民族", 20)
    education = line_field("学历", 20)
    occupation = line_field("工作岗位", 40)

    def clean(self):
        cleaned = super().clean()
        if id_number := cleaned.get("id_number"):
            cleaned["born_on"] = born_on(id_number)
            male = gender_digit_is_male(id_number)
            cleaned["gender"] = Gender.MALE if male else Gender.FEMALE
        return cleaned


class ApplicationForm(DatedForm, PersonForm):
    """登记入党申请."""

    applied_on = day_field("递交入党申请书日期", "请填递交日期")
    note = line_field("说明", 300)
    field_order = ["name", "id_number", "applied_on", "phone"]


class CultivationForm(forms.Form):
    """What the branch adds as the way goes on."""

    contacts = TypedField(
        label="培养联系人",
        read=read_two_names,
        max_length=80,
        required=False,
        help_text="1 至 2 名正式党员，用顿号隔开",
    )
    introducers = TypedField(
        label="入党介绍人",
        read=read_two_names,
        max_length=80,
        required=False,
        help_text="用顿号隔开",
    )
    form_number = line_field("入党志愿书编号", 40)


class ChangeForm(CultivationForm, PersonForm):
    """修改情况, before somebody is on the roster."""

    id_number = NumberField(label="公民身份号码", read=read_id_number, max_length=30)
    phone = NumberField(label="手机号码", read=read_phone, max_length=30)
    field_order = ["name", "id_number", "phone", "ethnicity", "education", "occupation"]

    def __init__(self, *args, masks: dict[str, str], **options):
        super().__init__(*args, **options)
        for name, mask in masks.items():
            self.fields[name].mask = mask
        self.fields["id_number"].required = True
        self.fields["id_number"].error_messages["required"] = _NUMBER_MISSING


class StepForm(DatedForm):
    """One step: its day, and what belongs to that kind of step."""

    on = day_field("日期", "请填日期")

    def __init__(
        self,
        *args,
        step: Step,
        may_override: bool,
        must_override: bool = False,
        correcting: bool = False,
        **options,
    ):
        super().__init__(*args, **options)
        self.step = step
        self._add_lasting(step)
        if step in VOTED:
            self._add_votes(may_override)
        missing = "请写明特殊情况" if step == Step.APPROVAL_DELAYED else ""
        self.fields["note"] = line_field("特殊情况" if missing else "说明", 300, missing)
        if may_override:
            self.fields["override_reason"] = line_field(
                "例外理由",
                300,
                "这是支部的环节，上级登记要写明例外理由" if must_override else "",
                help_text="不合条件而上级批准的，写明理由；只对这一次有效",
            )
        if correcting:
            self.fields["reason"] = line_field("更正原因", 300, "请写明更正原因")

    def _add_lasting(self, step: Step) -> None:
        if step in LASTING:
            label = "延长至" if step == Step.EXTENSION else "至"
            missing = "请填延长到哪一天" if step == Step.EXTENSION else ""
            self.fields["until_on"] = day_field(label, missing)
            self.fields["until_on"].read = self.fields["on"].read
            if step != Step.EXTENSION:
                self.fields["on"].label = "自"
        if step == Step.COURSE:
            self.fields["hours"] = number_field("培训学时")

    def _add_votes(self, may_override: bool) -> None:
        for name, label, missing in (
            ("should_vote", "应到有表决权人数", "请填应到有表决权人数"),
            ("present", "实到有表决权人数", "请填实到有表决权人数"),
            ("approved", "赞成票（含书面意见）", "请填赞成票"),
            ("written", "其中书面意见", ""),
        ):
            self.fields[name] = number_field(label, "" if may_override else missing)

    def entry(self) -> Entry:
        """The step as it is to be written down."""
        known = Entry.__dataclass_fields__.keys() & self.cleaned_data.keys()
        facts = {name: self.cleaned_data[name] for name in known}
        return Entry(step=self.step, **facts)


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = line_field("原因", 300, "请写明原因")


class EndForm(DatedForm):
    """结束发展."""

    on = day_field("结束日期", "请填结束日期")
    why = forms.ChoiceField(label="结束原因", choices=[(one, one) for one in END_REASONS])
    more = line_field("原因补充", 60)

    def clean(self):
        cleaned = super().clean()
        why, more = cleaned.get("why", ""), cleaned.get("more", "")
        if why == "其他" and not more:
            self.add_error("more", "选“其他”的请写明原因")
        cleaned["reason"] = more if why == "其他" else f"{why}：{more}" if more else why
        return cleaned


class PlanForm(DatedForm):
    """报送年度计划."""

    year = number_field("年度", "请填年度，如 2027")
    targets = number_field("拟列发展对象（人）", "请填人数，没有填 0")
    admissions = number_field("拟接收预备党员（人）", "请填人数，没有填 0")
    filed_on = day_field("报送日期", "请填报送日期")
    note = line_field("备注", 300)

    def clean_year(self) -> int:
        year = self.cleaned_data["year"]
        if year is None or not _EARLIEST_YEAR <= year <= self.today.year + 1:
            raise forms.ValidationError(f"年度请填 {_EARLIEST_YEAR} 到 {self.today.year + 1}")
        return year

    def clean_filed_on(self) -> datetime.date:
        day = self.cleaned_data["filed_on"]
        if day and day > self.today:
            raise forms.ValidationError("报送日期在今天之后，报送后再登记")
        return day

    def _number(self, name: str) -> int:
        number = self.cleaned_data[name]
        if number is None or number > 999:
            raise forms.ValidationError("请填 0 到 999 的整数")
        return number

    def clean_targets(self) -> int:
        return self._number("targets")

    def clean_admissions(self) -> int:
        return self._number("admissions")


class ApprovalForm(DatedForm):
    """批准计划."""

    on = day_field("批准日期", "请填批准日期")
