"""What is typed about rooms, funds and alliances."""

from decimal import Decimal

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.models import FundKind, Organisation
from branches.typed import Unreadable, folded, read_amount, read_count
from branches.words import one_line

_DAY_HINT = "如 3.28"
MOST_UPLIFT = 300


def read_area(text: str) -> Decimal | None:
    """Square metres with one place: 45, "45.5 平方米", "60㎡"; None for blank."""
    typed = folded(text).replace("平方米", "").replace("平米", "").replace("m2", "").strip()
    try:
        area = read_amount(typed)
    except Unreadable:
        area = Decimal(-1)
    if area is None:
        return None
    if not 0 < area < 100_000:
        raise Unreadable(f"“{text}”读不出面积，请只写数字，如 45.5")
    return area.quantize(Decimal("0.1"))


def read_uplift(text: str) -> int:
    """A share in whole per cent: 30 or 30%; 0 for blank."""
    share = read_count(folded(text).removesuffix("%")) or 0
    if share > MOST_UPLIFT:
        raise Unreadable(f"上浮比例应在 0 到 {MOST_UPLIFT} 之间，请重新填写")
    return share


class RoomForm(DatedForm):
    """A room: what it is, which items of the county's standard it has, since when, until when."""

    name = forms.CharField(
        label="名称",
        max_length=60,
        error_messages={"required": "请填名称，如 二楼党员活动室"},
    )
    address = forms.CharField(label="地址", required=False, max_length=120)
    area = TypedField(
        label="面积（平方米）",
        required=False,
        read=read_area,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    shared_with = forms.CharField(label="合用单位", required=False, max_length=120)
    opened_on = DayField(label="启用日期", required=False)
    closed_on = DayField(label="停用日期", required=False)
    met = forms.MultipleChoiceField(
        label="已达到的项目",
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "zb-check"}),
    )
    checked_on = DayField(label="核对日期", required=False)
    note = forms.CharField(
        label="差在哪里、怎样补",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, standard: tuple[str, ...], **options):
        super().__init__(*args, **options)
        self.fields["met"].choices = [(item, item) for item in standard]


class BudgetForm(forms.Form):
    """The sum in the unit's budget, and what is added for a rated branch."""

    amount = TypedField(
        label="列入预算（元）",
        read=read_amount,
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"required": "请填列入预算的金额，如 2300"},
    )
    uplift_percent = TypedField(
        label="上浮比例（%）",
        required=False,
        read=read_uplift,
        max_length=6,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text="评定为先进等次而增加的，按本县的决定填；没有就空着",
    )
    note = forms.CharField(
        label="依据", required=False, max_length=300, help_text="有上浮时必填，如评定等次和文件"
    )

    def clean_amount(self):
        if self.cleaned_data["amount"] is None:
            raise forms.ValidationError("请填列入预算的金额，如 2300")
        return self.cleaned_data["amount"]


class SumForm(DatedForm):
    """A sum that came in or was spent."""

    kind = forms.ChoiceField(
        label="类别",
        choices=[("", "请选择"), *FundKind.choices],
        error_messages={"required": "请选类别"},
    )
    on = DayField(label="日期", error_messages={"required": f"请填日期，{_DAY_HINT}"})
    amount = TypedField(
        label="金额（元）",
        read=read_amount,
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"required": "请填金额，如 260.00"},
    )
    purpose = forms.CharField(
        label="用途或来源", max_length=120, error_messages={"required": "请写明用途或来源"}
    )

    def clean_amount(self):
        if self.cleaned_data["amount"] is None:
            raise forms.ValidationError("请填金额，如 260.00")
        return self.cleaned_data["amount"]


class ReversalForm(forms.Form):
    """Why a sum is taken back."""

    reason = forms.CharField(
        label="冲正原因", max_length=100, error_messages={"required": "请写明为什么冲正"}
    )


class AllianceForm(DatedForm):
    """An alliance; it ends on its last day."""

    name = forms.CharField(
        label="名称", max_length=60, error_messages={"required": "请填联合体的名称"}
    )
    aim = forms.CharField(
        label="共建内容",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    starts_on = DayField(
        label="成立日期", error_messages={"required": f"请填成立日期，{_DAY_HINT}"}
    )
    ends_on = DayField(label="结束日期", required=False)


class JoinForm(DatedForm):
    """Which organisation joins, by its code or its full name, and since when."""

    code = forms.CharField(
        label="组织编码或全称",
        max_length=120,
        error_messages={"required": "请填要加入的组织的编码"},
    )
    starts_on = DayField(
        label="加入日期", error_messages={"required": f"请填加入日期，{_DAY_HINT}"}
    )
    # The code whose name was shown and found right.
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def clean_code(self) -> Organisation:
        typed = one_line(self.cleaned_data["code"], 120)
        found = Organisation.objects.select_related("parent").filter(code=typed).first()
        if found is None:
            named = list(Organisation.objects.select_related("parent").filter(name=typed)[:2])
            if len(named) > 1:
                raise forms.ValidationError(f"有几个组织叫“{typed}”，请填组织编码")
            found = named[0] if named else None
        if found is None:
            raise forms.ValidationError(f"没有找到“{typed}”，请向对方问清组织编码")
        return found


class LeavingForm(DatedForm):
    """The last day of an organisation in an alliance."""

    ends_on = DayField(label="退出日期", error_messages={"required": f"请填退出日期，{_DAY_HINT}"})
