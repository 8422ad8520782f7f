"""What is typed about 党建+: an item, its result, the notice, the answer in the review, a comment."""

from django import forms

from branches.forms import DatedForm, DayField
from tasks.enums import PlusPart
from tasks.services.projects import ItemFacts


def _area(label: str, missing: str, *, longest: int = 2000, rows: int = 4, **options):
    return forms.CharField(
        label=label,
        max_length=longest,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing},
        **options,
    )


def _line(label: str, longest: int, missing: str = "", **options):
    return forms.CharField(
        label=label,
        max_length=longest,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": missing} if missing else None,
        **options,
    )


def _version():
    return forms.IntegerField(required=False, widget=forms.HiddenInput)


class ItemForm(DatedForm):
    """One item of the year; `people` are (key, name) of who may lead it."""

    part = forms.ChoiceField(
        label="类别", choices=PlusPart.choices, error_messages={"required": "请选类别"}
    )
    title = _line("项目名称", 120, "请填项目名称", help_text="如 党建+老旧小区改造")
    means = _area("做法", "请填做法", help_text="用什么办法、分几步做")
    lead = forms.TypedChoiceField(
        label="牵头人",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="从本支部党员里选；名册里没有的，在下面填姓名",
    )
    lead_name = _line("牵头人姓名", 40, required=False, help_text="不是本支部党员的填姓名")
    aim = _area("目标", "请填目标", longest=300, rows=2)
    due_on = DayField(label="完成时限", required=False)
    version = _version()

    def __init__(self, *args, people, **options):
        super().__init__(*args, **options)
        self.fields["lead"].choices = [("", "请选择"), *people]

    def facts(self) -> ItemFacts:
        """The clean values as the service takes them; who is chosen goes before a name."""
        cleaned = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        return ItemFacts(**cleaned)


class ResultForm(DatedForm):
    """What came of an item."""

    result = _area("成效", "请写明做成了什么")
    finished_on = DayField(
        label="完成日期", required=False, help_text="还没有做完就空着，成效可以先记"
    )
    version = _version()


class DropForm(forms.Form):
    """Why an item is taken out of the plan."""

    reason = _line("取消原因", 200, "请写明取消的原因")
    version = _version()


class PublishForm(DatedForm):
    """Where and when the plan was shown."""

    on = DayField(label="公示日期", error_messages={"required": "请填公示日期，如 3.28"})
    where = _line("公示地点", 60, "请填公示地点，如 支部公示栏")
    version = _version()


class ReviewForm(DatedForm):
    """The answer in the secretary's yearly review."""

    on = DayField(label="述职日期", error_messages={"required": "请填述职日期，如 12.20"})
    text = _area("述职中的回答", "请写述职中怎样回答党建+，这是必答内容", longest=4000, rows=8)
    version = _version()


class CommentForm(forms.Form):
    """What the superior says to it."""

    text = _area("点评意见", "请写点评意见", longest=500)
    version = _version()
