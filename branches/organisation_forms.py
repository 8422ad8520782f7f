"""What is typed about an organisation: founding, changes from a day on, moves, groups, units."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join

from branches.codes import CODE
from branches.forms import DatedForm, DayField, TypedField
from branches.models import Form, Kind, Organisation, Sector, UnitKind, shortened
from branches.typed import folded, read_names

_SHOWN = 3
# The top of a tree is founded by command, not on a page.
KINDS = [choice for choice in Kind.choices if choice[0] != Kind.COUNTY]


class SuggestingInput(forms.TextInput):
    """A text field with suggestions below it; anything else may be typed too."""

    suggestions: tuple[tuple[str, str], ...] = ()

    def render(self, name, value, attrs=None, renderer=None):
        attrs = dict(attrs or {})
        listed = f"{attrs.get('id', name)}_list"
        attrs |= {"list": listed, "autocomplete": "off"}
        options = format_html_join(
            "", '<option value="{}">{}</option>', ((code, text) for code, text in self.suggestions)
        )
        field = super().render(name, value, attrs, renderer)
        return format_html('{}<datalist id="{}">{}</datalist>', field, listed, options)


class OrganisationField(forms.CharField):
    """An organisation by code or name, out of `organisations`; set that in the form."""

    widget = SuggestingInput
    organisations = Organisation.objects.none()

    def __init__(self, **options):
        super().__init__(max_length=120, **options)

    def offer(self, organisations, suggested=()) -> None:
        """Which organisations may be named, and which are suggested while one types."""
        self.organisations = organisations
        self.widget.suggestions = tuple((one.code, one.short_name) for one in suggested)

    def clean(self, value) -> Organisation | None:
        text = folded(super().clean(value))
        if not text:
            return None
        rows = list(self.organisations.order_by("code").values_list("pk", "code", "name"))
        exact = [row for row in rows if text in (row[1], row[2], shortened(row[2]))]
        found = exact or [row for row in rows if text in row[2] or text in shortened(row[2])]
        if not found:
            raise ValidationError(f"没有找到“{text}”，请填组织编码或名称")
        if len(found) > 1:
            names = "、".join(f"{shortened(name)}（{code}）" for _pk, code, name in found[:_SHOWN])
            more = f"等 {len(found)} 个" if len(found) > _SHOWN else ""
            raise ValidationError(f"“{text}”有{names}{more}，请填编码")
        return self.organisations.get(pk=found[0][0])


def day_field(label: str, missing: str, **options) -> DayField:
    """A day with an example of how it may be typed."""
    widget = forms.TextInput(attrs={"placeholder": "如 2026年7月1日 或 7.1"})
    return DayField(label=label, widget=widget, error_messages={"required": missing}, **options)


def reason_field(label: str = "依据") -> forms.CharField:
    """Why: the resolution or reply on which an act rests."""
    return forms.CharField(
        label=label,
        max_length=300,
        error_messages={"required": "请写明依据，如批复文号"},
        widget=forms.TextInput(attrs={"placeholder": "如：县委组织部批复"}),
    )


def name_field(label: str, longest: int, missing: str) -> forms.CharField:
    """A name without control characters; the length is that of the column."""
    return forms.CharField(label=label, max_length=longest, error_messages={"required": missing})


class FoundingForm(DatedForm):
    """设立组织."""

    parent = OrganisationField(
        label="上级组织", error_messages={"required": "请填上级组织的编码或名称"}
    )
    name = name_field("组织名称", 120, "请填组织全称")
    code = name_field("组织编码", 40, "请填组织编码")
    kind = forms.ChoiceField(label="组织类别", choices=KINDS, initial=Kind.BRANCH)
    form = forms.ChoiceField(
        label="设置形式", choices=Form.choices, initial=Form.SINGLE, help_text="只对党支部有意义"
    )
    sector = forms.ChoiceField(
        label="所属领域", required=False, choices=[("", "不填"), *Sector.choices]
    )
    on = day_field("成立日期", "请填成立日期")
    groups = TypedField(
        label="党小组",
        required=False,
        read=read_names,
        max_length=300,
        help_text="几个党小组之间用顿号隔开，如：第一党小组、第二党小组",
    )
    units = TypedField(
        label="所辖单位",
        required=False,
        read=read_names,
        max_length=600,
        help_text="联合党支部填各单位名称，用顿号隔开",
    )

    def __init__(self, *args, parents, **options):
        super().__init__(*args, **options)
        self.fields["parent"].offer(parents, parents.order_by("path")[:200])

    def clean_code(self):
        code = folded(self.cleaned_data["code"])
        if not re.fullmatch(CODE, code):
            raise ValidationError("编码里不能有斜线、引号等符号，请只用汉字、字母、数字、点和横线")
        if Organisation.objects.filter(code=code).exists():
            raise ValidationError(f"编码 {code} 已有组织在用，请换一个")
        return code

    def clean(self):
        values = super().clean()
        if values.get("kind") and values["kind"] != Kind.BRANCH:
            for name in ("groups", "units"):
                if values.get(name):
                    self.add_error(name, "只有党支部设党小组、登记所辖单位，请清空")
            values["form"] = Form.SINGLE
        for name, longest in (("groups", 40), ("units", 120)):
            if any(len(one) > longest for one in values.get(name) or ()):
                self.add_error(name, f"有一个名称超过 {longest} 个字，请核对顿号")
        return values


class ChangeForm(DatedForm):
    """更名、变更形式、领域或类别, from a day on."""

    name = name_field("组织名称", 120, "请填组织全称")
    kind = forms.ChoiceField(label="组织类别", choices=KINDS)
    form = forms.ChoiceField(label="设置形式", choices=Form.choices)
    sector = forms.ChoiceField(
        label="所属领域", required=False, choices=[("", "不填"), *Sector.choices]
    )
    on = day_field(
        "从哪天起",
        "请填从哪天起",
        help_text="以前各月仍按原来的；只是更正写错的，填原来起算的那天",
    )
    reason = reason_field()

    def __init__(self, *args, organisation, **options):
        super().__init__(*args, **options)
        if organisation.kind == Kind.COUNTY:
            del self.fields["kind"]
        if not organisation.is_branch:
            del self.fields["form"]


class MoveForm(DatedForm):
    """调整隶属."""

    to = OrganisationField(
        label="划归哪个上级", error_messages={"required": "请填新上级的编码或名称"}
    )
    on = day_field("从哪天起", "请填从哪天起", help_text="以前各月仍归原上级")
    reason = reason_field()

    def __init__(self, *args, targets, **options):
        super().__init__(*args, **options)
        self.fields["to"].offer(targets, targets.order_by("path")[:200])


class GroupForm(DatedForm):
    """设立党小组."""

    name = name_field("党小组名称", 40, "请填党小组名称")
    on = day_field("从哪天起", "请填从哪天起")


class GroupNameForm(forms.Form):
    """党小组更名."""

    name = name_field("党小组名称", 40, "请填党小组名称")


class UnitForm(DatedForm):
    """登记所辖单位: a new unit, or one known by its credit code."""

    name = name_field("单位名称", 120, "请填单位名称")
    kind = forms.ChoiceField(label="单位类别", choices=UnitKind.choices)
    credit_code = TypedField(
        label="统一社会信用代码",
        required=False,
        read=lambda text: folded(text).upper().replace(" ", ""),
        max_length=40,
        help_text="别的支部登记过的单位，填了代码就认得出来",
    )
    on = day_field("从哪天起", "请填从哪天起")


class UnitEndForm(DatedForm):
    """不再管辖."""

    on = day_field("从哪天起不再管辖", "请填日期")
