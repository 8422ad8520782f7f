"""What is typed about talks and visits. What was said, and how somebody was found, is asked only of
those who work in the branch itself."""

from decimal import Decimal

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.typed import read_amount, read_names
from meetings.enums import TalkRelation, VisitOccasion
from meetings.services.talks import TalkFacts
from meetings.services.visits import VisitFacts

SEPARATELY = "separately"
_MANNERS = ((SEPARATELY, "分别谈（每人记一次）"), ("together", "一起谈（记一次）"))
_RELATIONS = [("", "按班子职务判断"), *TalkRelation.choices]
_LONGEST_CONTENT = 2000


class PeopleField(forms.TypedMultipleChoiceField):
    """Members ticked on a list, by key."""

    def __init__(self, label: str):
        super().__init__(
            label=label,
            required=False,
            coerce=int,
            error_messages={"invalid_choice": "勾选的人不在名单里，请重新勾选"},
        )


def _text(label: str, longest: int, **options) -> forms.CharField:
    options.setdefault("required", False)
    return forms.CharField(
        label=label,
        max_length=longest,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        **options,
    )


def _private(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=_LONGEST_CONTENT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="只有本支部书记、支部委员看得到，上级和导出里都没有；不写病情、信仰和涉案情况",
    )


class TalkForm(DatedForm):
    """A talk, or several on one day. `people` are (key, name) of who may be named."""

    held_on = DayField(label="日期", error_messages={"required": "请填谈话日期，如 3.28"})
    initiators = PeopleField("谈话人")
    outsider = _text("上级谈话人", 40, help_text="上级来谈的填姓名，如 柳汀街道 沈知行")
    members = PeopleField("谈话对象")
    manner = forms.ChoiceField(
        label="怎样记", required=False, choices=_MANNERS, widget=forms.RadioSelect
    )
    relation = forms.ChoiceField(label="谈话关系", required=False, choices=_RELATIONS)
    content = _private("谈话内容")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, people, private: bool, **options):
        super().__init__(*args, **options)
        for name in ("initiators", "members"):
            self.fields[name].choices = people
        if not private:
            del self.fields["content"]

    @property
    def separately(self) -> bool:
        return self.cleaned_data["manner"] == SEPARATELY

    def facts(self, content: str = "") -> TalkFacts:
        """The clean values as the service takes them; `content` is what stands where it may not be
        read by who is typing."""
        cleaned = self.cleaned_data
        return TalkFacts(
            held_on=cleaned["held_on"],
            members=tuple(dict.fromkeys(cleaned["members"])),
            initiators=tuple(dict.fromkeys(cleaned["initiators"])),
            outsider=cleaned["outsider"],
            relation=cleaned["relation"],
            content=cleaned.get("content", content),
        )


class CancelForm(forms.Form):
    """Why a talk or a visit is taken back."""

    reason = _text("作废原因", 200, required=True, error_messages={"required": "请写明作废的原因"})
    version = forms.IntegerField(widget=forms.HiddenInput)


class _VisitFields(DatedForm):
    visited_on = DayField(label="日期", error_messages={"required": "请填走访日期，如 3.28"})
    occasion = forms.ChoiceField(
        label="时机", choices=VisitOccasion.choices, error_messages={"required": "请选时机"}
    )
    visitors = _text("走访人", 100, required=True, error_messages={"required": "请填走访人"})
    amount = TypedField(
        label="慰问金（元）",
        read=read_amount,
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    goods = _text("慰问品", 100)
    note = _private("情况")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, private: bool, **options):
        super().__init__(*args, **options)
        if not private:
            del self.fields["note"]

    def clean_amount(self) -> Decimal | None:
        amount = self.cleaned_data["amount"]
        if amount is not None and amount < 0:
            raise forms.ValidationError("慰问金不能是负数，请核对")
        # Nothing given is no sum at all.
        return amount or None

    def facts(self, note: str = "") -> VisitFacts:
        """The clean values as the service takes them."""
        cleaned = self.cleaned_data
        return VisitFacts(
            visited_on=cleaned["visited_on"],
            occasion=cleaned["occasion"],
            visitors=cleaned["visitors"],
            amount=cleaned["amount"],
            goods=cleaned["goods"],
            note=cleaned.get("note", note),
        )


class VisitForm(_VisitFields):
    """Visits on one day by the same people; sum and goods are for each person."""

    members = PeopleField("走访的党员")
    others = TypedField(
        label="其他走访对象",
        read=read_names,
        required=False,
        max_length=300,
        help_text="不是本支部党员的填姓名，几个人用顿号隔开",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args, people, **options):
        super().__init__(*args, **options)
        self.fields["members"].choices = people

    def clean_others(self) -> list[str]:
        names = self.cleaned_data["others"]
        for name in names:
            if len(name) > 40:
                raise forms.ValidationError(f"“{name[:20]}…”太长，姓名最多 40 个字")
        return names


class VisitChangeForm(_VisitFields):
    """One visit put right; a member's name comes from the roster and is not typed."""

    person_name = _text(
        "走访对象", 40, required=True, error_messages={"required": "请填走访对象的姓名"}
    )

    def __init__(self, *args, is_member: bool, **options):
        super().__init__(*args, **options)
        if is_member:
            del self.fields["person_name"]
