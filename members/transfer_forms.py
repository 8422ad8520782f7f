"""What is typed about a transfer: where to, the letter, the reception, why it ends."""

import datetime

from django import forms
from django.db.models import Q

from branches.dated import standing_on
from branches.forms import DatedForm, DayField, TypedField
from branches.models import WITHOUT_RELATIONS, Group, Organisation
from branches.typed import read_count
from members.enums import MemberKind
from members.identity import read_id_number, read_phone
from members.letters import read_month
from members.models import Member

INSIDE, OUTSIDE = "inside", "outside"
# Why a relation moves (党员教育管理工作条例 2019, article 25); other words may be written beside it.
REASONS = (
    "工作单位变动",
    "经常居住地变动",
    "外出地点或工作单位固定，外出 6 个月以上",
    "其他",
)
# Branches offered where a typed name fits several.
_OFFERED = 5
_MOST_DAYS = 183


def _line(label: str, longest: int, missing: str = "", **options) -> forms.CharField:
    options.setdefault("required", bool(missing))
    return forms.CharField(
        label=label, max_length=longest, error_messages={"required": missing}, **options
    )


def _day(label: str, missing: str) -> DayField:
    return DayField(label=label, error_messages={"required": missing})


def _reason_fields() -> dict[str, forms.Field]:
    return {
        "why": forms.ChoiceField(label="转接原因", choices=[(one, one) for one in REASONS]),
        "more": _line("原因补充", 60),
    }


class _Dated(DatedForm):
    """A form with days that have come already."""

    def not_to_come(self, name: str) -> datetime.date | None:
        """The day of that field; refused when it has not come yet."""
        day = self.cleaned_data[name]
        if day and day > self.today:
            raise forms.ValidationError("这一天还没有到，请核对")
        return day

    def reason(self) -> str:
        """The reason chosen, and what was written beside it."""
        why, more = self.cleaned_data["why"], self.cleaned_data["more"].strip()
        return f"{why}：{more}" if more else why


def branch_typed(text: str, own: Organisation | None = None) -> Organisation:
    """The one branch meant by a code or a name; ValidationError that offers the ones that fit."""
    branches = Organisation.objects.branches().filter(dissolved_on__isnull=True)
    branches = branches.exclude(form__in=WITHOUT_RELATIONS)
    if own:
        branches = branches.exclude(pk=own.pk)
    exact = list(branches.filter(Q(code__iexact=text) | Q(name=text))[:2])
    if len(exact) == 1:
        return exact[0]
    # 党支部 and 支部委员会 are two ways of saying it.
    core = text.removeprefix("中共")
    for ending in ("支部委员会", "党支部", "支部"):
        core = core.removesuffix(ending)
    found = list(branches.filter(name__icontains=core or text).order_by("code")[: _OFFERED + 1])
    if len(found) == 1:
        return found[0]
    if not found:
        raise forms.ValidationError("没有找到这个支部，请核对名称，或填组织编码")
    names = "、".join(f"{one.short_name}（{one.code}）" for one in found[:_OFFERED])
    more = "等" if len(found) > _OFFERED else ""
    raise forms.ValidationError(f"有几个支部相符：{names}{more}。请填其中一个的编码")


class BranchForm(forms.Form):
    """Which branch a transfer is about, for those who look after several."""

    branch = forms.ModelChoiceField(
        label="党支部",
        queryset=Organisation.objects.none(),
        to_field_name="code",
        empty_label="请选择",
    )

    def __init__(self, *args, branches, label: str, **options):
        super().__init__(*args, **options)
        self.fields["branch"].queryset = branches
        self.fields["branch"].label = label


class _MemberField(forms.ModelChoiceField):
    def label_from_instance(self, member):
        """Two of one name are told apart by the last four digits."""
        ending = member.id_number_mask[-4:]
        return f"{member.name}（尾号 {ending}）" if ending else member.name


class MemberForm(forms.Form):
    """Which member of the branch is to be transferred."""

    member = _MemberField(
        label="转接哪名党员", queryset=Member.objects.none(), empty_label="请选择"
    )

    def __init__(self, *args, members, **options):
        super().__init__(*args, **options)
        self.fields["member"].queryset = members


class StartForm(_Dated):
    """发起转接."""

    where = forms.ChoiceField(
        label="转到哪里",
        choices=((INSIDE, "本县的支部"), (OUTSIDE, "县外")),
        initial=INSIDE,
        widget=forms.RadioSelect,
    )
    to_branch = _line("转入党支部", 120, help_text="转到本县时填，名称或组织编码都可以")
    to_outside = _line("县外接收组织", 120, help_text="转到县外时填，写到县级党组织部门或基层党委")
    why, more = _reason_fields().values()
    dues_paid_until = TypedField(
        label="党费缴至",
        read=read_month,
        max_length=20,
        required=False,
        help_text="按党费台账预填，如 2026年8月",
    )
    on = _day("办理日期", "请填办理日期")

    def __init__(self, *args, branch: Organisation, **options):
        super().__init__(*args, **options)
        self.branch = branch

    def clean_on(self):
        return self.not_to_come("on")

    def clean(self):
        cleaned = super().clean()
        inside = cleaned.get("where") == INSIDE
        name = "to_branch" if inside else "to_outside"
        typed = cleaned.get(name, "").strip()
        cleaned["to"] = None
        if not typed:
            self.add_error(name, "请填转入的支部" if inside else "请填县外的接收组织")
        elif inside:
            try:
                cleaned["to"] = branch_typed(typed, self.branch)
            except forms.ValidationError as fault:
                self.add_error(name, fault)
        return cleaned


class NewcomerForm(_Dated):
    """登记县外转入."""

    name = _line("姓名", 40, "请填姓名")
    id_number = TypedField(
        label="公民身份号码",
        read=read_id_number,
        max_length=30,
        error_messages={"required": "请填 18 位身份证号，系统按它认人"},
    )
    phone = TypedField(label="手机号码", read=read_phone, max_length=30, required=False)
    from_outside = _line("转出组织（县外）", 120, "请填介绍信上的转出组织")
    letter_number = _line("介绍信编号", 40)
    letter_on = _day("介绍信开具日期", "请填介绍信上的日期")
    valid_days = TypedField(
        label="有效天数",
        read=read_count,
        max_length=4,
        error_messages={"required": "请填介绍信上写的天数"},
    )
    why, more = _reason_fields().values()
    dues_paid_until = TypedField(label="党费缴至", read=read_month, max_length=20, required=False)
    on = _day("登记日期", "请填登记日期")

    def clean_on(self):
        return self.not_to_come("on")

    def clean_letter_on(self):
        return self.not_to_come("letter_on")

    def clean_valid_days(self):
        return _fitting_days(self.cleaned_data["valid_days"])


class LetterForm(_Dated):
    """开介绍信."""

    number = _line("介绍信编号", 40, "请填介绍信编号")
    addressee = _line("介绍信抬头", 120, "请填介绍信抬头")
    on = _day("开具日期", "请填开具日期")
    valid_days = TypedField(
        label="有效天数",
        read=read_count,
        max_length=4,
        error_messages={"required": "请填有效天数，如 90"},
        help_text="一般不超过 3 个月，可按路程改短；跨省的期限各地说法不一，待核实",
    )

    def clean_on(self):
        return self.not_to_come("on")

    def clean_valid_days(self):
        return _fitting_days(self.cleaned_data["valid_days"])


def _fitting_days(days: int | None) -> int:
    if not days or days > _MOST_DAYS:
        raise forms.ValidationError(f"有效天数应在 1 到 {_MOST_DAYS} 之间，请核对")
    return days


class ReceiveForm(_Dated):
    """接收 inside the county: the day, and the group where the branch has some."""

    on = _day("接收日期", "请填接收日期")
    group = forms.ModelChoiceField(
        label="党小组", queryset=Group.objects.none(), required=False, empty_label="不编组"
    )

    def __init__(self, *args, branch: Organisation | None, **options):
        super().__init__(*args, **options)
        groups = Group.objects.none()
        if branch:
            groups = branch.groups.filter(standing_on(self.today))
        self.fields["group"].queryset = groups
        if branch is None or not groups.exists():
            del self.fields["group"]
        if branch is None:
            self.fields["on"].label = "回执日期"

    def clean_on(self):
        return self.not_to_come("on")

    @property
    def chosen_group(self) -> Group | None:
        return self.cleaned_data.get("group")


class AdmitForm(ReceiveForm):
    """接收 of somebody from outside: what the roster needs to know."""

    kind = forms.ChoiceField(label="人员类别", choices=MemberKind.choices)
    joined_on = _day("入党日期", "请填入党日期")
    confirmed_on = DayField(label="转正日期", required=False, help_text="预备党员空着")

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("kind") == MemberKind.PROBATIONARY and cleaned.get("confirmed_on"):
            self.add_error("confirmed_on", "预备党员还没有转正，请空着，或把类别改成正式党员")
        return cleaned


class EndForm(forms.Form):
    """退回 and 撤回."""

    reason = _line("理由", 300, "请写明理由，让对方知道为什么")


class RevealForm(forms.Form):
    """Why the printed letter shows the full number."""

    reason = _line("查看原因", 100, "请写明为什么要看完整号码")
