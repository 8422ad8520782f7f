"""What is typed about a member: the record, the group, leaving and coming back."""

import datetime

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.models import Group
from branches.typed import Unreadable, read_birth
from branches.words import full_date
from members.enums import Gender, LeaveReason, MemberKind
from members.identity import born_on, gender_digit_is_male, read_id_number, read_phone

_NOT_YET = "这一天还没有到，请核对"


class RevealForm(forms.Form):
    """Why somebody wants to see the full numbers."""

    reason = forms.CharField(
        label="查看原因",
        max_length=100,
        error_messages={"required": "请写明为什么要看完整号码"},
        widget=forms.TextInput(attrs={"placeholder": "如：核对组织关系介绍信"}),
    )


def _line(label: str, longest: int, missing: str = "", **options) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        required=bool(missing),
        error_messages={"required": missing},
        **options,
    )


def _choice(label: str, choices, missing: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": missing},
    )


class GroupField(forms.ModelChoiceField):
    """One of a branch's standing groups."""

    def __init__(self, **options):
        options.setdefault("empty_label", "请选择")
        super().__init__(
            queryset=Group.objects.none(),
            label="党小组",
            error_messages={
                "required": "请选党小组",
                "invalid_choice": "请从列表里选一个党小组",
            },
            **options,
        )

    def offer(self, groups: list[Group]) -> None:
        """Give the field its groups."""
        self.queryset = Group.objects.filter(pk__in=[group.pk for group in groups])


class NumberField(TypedField):
    """An identity number or phone; the mask that stands in the field means no change."""

    def __init__(self, **options):
        self.mask = ""
        super().__init__(required=False, **options)

    def clean(self, value):
        """The number, "" for none, None where the mask was left as it is."""
        typed = forms.CharField.clean(self, value)
        if self.mask and typed == self.mask:
            return None
        if "*" in typed:
            raise forms.ValidationError("号码带星号，要更正请填写完整的号码，不改请照原样留着")
        return super().clean(value)


class _Record(DatedForm):
    """The facts of a member as they stand on one form."""

    name = _line("姓名", 40, "请填姓名")
    gender = _choice("性别", Gender.choices, "请选性别")
    born = forms.CharField(
        label="出生年月",
        max_length=30,
        error_messages={"required": "请填出生年月，如 1980年5月"},
        widget=forms.TextInput(attrs={"placeholder": "如：1980年5月，或 1980年5月17日"}),
    )
    kind = _choice("类别", MemberKind.choices, "请选类别")
    joined_on = DayField(
        label="入党日期",
        error_messages={"required": "请填入党日期，如 1999年7月1日"},
    )
    confirmed_on = DayField(label="转正日期", required=False)
    id_number = NumberField(label="公民身份号码", read=read_id_number, max_length=30)
    phone = NumberField(
        label="手机号码",
        read=read_phone,
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel"}),
    )
    ethnicity = _line("民族", 20)
    education = _line("学历", 20)
    occupation = _line("工作岗位", 40)

    # What differs from the identity number without being wrong for sure.
    doubts: list[str]

    def clean_name(self) -> str:
        """Without the blanks that spread a name of two characters over three."""
        name = self.cleaned_data["name"].strip()
        plain = "".join(name.split())
        return plain if not plain.isascii() else name

    def clean_joined_on(self):
        day = self.cleaned_data["joined_on"]
        if day and day > self.today:
            raise forms.ValidationError(_NOT_YET)
        return day

    def clean(self):
        cleaned = super().clean()
        number = cleaned.get("id_number") or ""
        self._read_birth(cleaned, number)
        self._check_confirmation(cleaned)
        self.doubts = list(self._doubts(cleaned, number))
        return cleaned

    def _read_birth(self, cleaned: dict, number: str) -> None:
        """A month alone is completed from the identity number."""
        typed = cleaned.pop("born", "")
        try:
            day = read_birth(typed, born_on(number) if number else None)
        except Unreadable as unreadable:
            self.add_error("born", str(unreadable))
            return
        if day and day > self.today:
            self.add_error("born", _NOT_YET)
        cleaned["born_on"] = day

    def _check_confirmation(self, cleaned: dict) -> None:
        kind, day = cleaned.get("kind"), cleaned.get("confirmed_on")
        if not kind or not day:
            return
        if kind == MemberKind.FORMAL and day > self.today:
            self.add_error("confirmed_on", "这一天还没有到，没有转正的请选预备党员")
        if kind == MemberKind.PROBATIONARY and day <= self.today:
            self.add_error("confirmed_on", "已经转正的请选正式党员；没有转正的，转正日期请空着")

    def _doubts(self, cleaned: dict, number: str):
        if not number:
            return
        born, gender = cleaned.get("born_on"), cleaned.get("gender")
        if born and born != born_on(number):
            yield f"身份证号上的出生日期是{full_date(born_on(number))}，已按填写的{full_date(born)}保存"
        if gender and gender_digit_is_male(number) != (gender == Gender.MALE):
            yield "身份证号第 17 位表示的性别与填写的不同，已按填写的保存"

    def facts(self) -> dict[str, object]:
        """The plain facts, as the services take them."""
        names = ("name", "gender", "born_on", "kind", "joined_on", "confirmed_on")
        more = ("ethnicity", "education", "occupation")
        return {name: self.cleaned_data[name] for name in (*names, *more)}

    def numbers(self) -> dict[str, str | None]:
        """Both numbers; None where the mask was left."""
        return {name: self.cleaned_data[name] for name in ("id_number", "phone")}


class NewMemberForm(_Record):
    """新增党员: six facts are needed, the rest can follow."""

    group = GroupField()
    starts_on = DayField(
        label="编入本支部日期",
        required=False,
        help_text="不填就从入党日期起算，以前各月的人数也会变；近期转来的请填转来那天",
    )
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = (
        *("name", "gender", "born", "kind", "joined_on", "group"),
        *("id_number", "phone", "confirmed_on", "starts_on"),
        *("ethnicity", "education", "occupation", "confirmed"),
    )

    def __init__(self, *args, groups: list[Group], **options):
        super().__init__(*args, **options)
        if groups:
            self.fields["group"].offer(groups)
        else:
            del self.fields["group"]

    def clean_starts_on(self):
        day = self.cleaned_data["starts_on"]
        if day and day > self.today:
            raise forms.ValidationError(_NOT_YET)
        return day


class EditMemberForm(_Record):
    """编辑: what was never known may stay unknown."""

    reason = _line("修改原因", 100)

    field_order = (
        *("name", "gender", "born", "kind", "joined_on", "confirmed_on"),
        *("id_number", "phone", "ethnicity", "education", "occupation", "reason"),
    )

    def __init__(self, *args, masks: dict[str, str], **options):
        super().__init__(*args, **options)
        for name in ("gender", "born", "joined_on"):
            self.fields[name].required = False
        for name, mask in masks.items():
            self.fields[name].mask = mask


class GroupForm(DatedForm):
    """调整党小组."""

    group = GroupField()
    on = DayField(label="自哪天起", error_messages={"required": "请填从哪天起"})

    def __init__(self, *args, groups: list[Group], **options):
        super().__init__(*args, **options)
        self.fields["group"].offer(groups)


class RegroupForm(DatedForm):
    """One group for everybody ticked in the list."""

    group = GroupField(empty_label="选党小组", widget=forms.Select(attrs={"class": "zb-input"}))
    on = DayField(
        label="自哪天起",
        required=False,
        widget=forms.TextInput(attrs={"class": "zb-input", "placeholder": "空着就是今天"}),
    )

    def __init__(self, *args, groups: list[Group], **options):
        super().__init__(*args, **options)
        self.fields["group"].offer(groups)


class LeaveForm(DatedForm):
    """登记离开: never a deletion."""

    on = DayField(label="离开日期", error_messages={"required": "请填离开的那一天"})
    why = forms.ChoiceField(
        label="离开原因",
        choices=[("", "请选择"), *LeaveReason.choices],
        error_messages={"required": "请选离开原因"},
    )
    note = _line("说明", 80, help_text="选“其他”时要写明")

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("why") == LeaveReason.OTHER and not cleaned.get("note", "").strip():
            self.add_error("note", "选“其他”要写明原因")
        return cleaned

    @property
    def reason_given(self) -> str:
        """The reason as it is stored: the label, and for 其他 what was written."""
        reason, note = LeaveReason(self.cleaned_data["why"]), self.cleaned_data["note"].strip()
        return f"{reason.label}：{note}" if reason == LeaveReason.OTHER else reason.label


class ReturnForm(DatedForm):
    """Who left is on the roster again: the entry was wrong, or he or she came back."""

    MISTAKE, CAME_BACK = "mistake", "back"

    how = _choice(
        "哪种情况",
        [(MISTAKE, "登记错了，没有离开"), (CAME_BACK, "离开后又回到本支部")],
        "请选一种情况",
    )
    on = DayField(label="回来的日期", required=False, help_text="登记错了的不用填")
    reason = _line("原因", 100, "请写明原因")

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("how") == self.CAME_BACK and not cleaned.get("on") and "on" in cleaned:
            self.add_error("on", "请填回来的那一天")
        return cleaned

    def clean_on(self) -> datetime.date | None:
        day = self.cleaned_data["on"]
        if day and day > self.today:
            raise forms.ValidationError(_NOT_YET)
        return day
