"""What is typed about a posted sheet and about large sums."""

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.typed import read_amount

_DAY_HINT = "如 3.28"


class PostingForm(DatedForm):
    """From when to when a sheet is posted, and who takes objections."""

    posted_on = DayField(
        label="公示日期", error_messages={"required": f"请填哪天张贴，{_DAY_HINT}"}
    )
    posted_until = DayField(
        label="公示至", error_messages={"required": f"请填公示到哪天，{_DAY_HINT}"}
    )
    person = forms.CharField(
        label="联系人",
        max_length=20,
        error_messages={"required": "请填向谁反映，如 支部组织委员"},
    )
    phone = forms.CharField(
        label="联系电话",
        required=False,
        max_length=30,
        help_text="印在公示表上，空着就留一道横线",
    )
    posted_anew = forms.BooleanField(label="已按现在的数字重新张贴", required=False)

    def __init__(self, *args, changed: bool = False, **options):
        super().__init__(*args, **options)
        if not changed:
            del self.fields["posted_anew"]


class TakeBackForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(
        label="原因", max_length=200, error_messages={"required": "请写明原因"}
    )


class ContributionForm(DatedForm):
    """Who gave how much and when."""

    member = forms.TypedChoiceField(
        label="党员",
        coerce=int,
        error_messages={"required": "请选党员", "invalid_choice": "名册里没有这个人，请重新选"},
    )
    amount = TypedField(
        label="金额（元）",
        read=read_amount,
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"required": "请填金额，如 5000"},
    )
    paid_on = DayField(
        label="交纳日期", error_messages={"required": f"请填哪天交来的，{_DAY_HINT}"}
    )
    note = forms.CharField(
        label="党员简要情况",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="转交上级时要用，如 年龄、党龄、原工作单位",
    )

    def __init__(self, *args, members, **options):
        super().__init__(*args, **options)
        self.members = {member.pk: member for member in members}
        self.fields["member"].choices = [
            ("", "请选择"),
            *((pk, member.name) for pk, member in self.members.items()),
        ]

    def clean_member(self):
        return self.members[self.cleaned_data["member"]]

    def clean_amount(self):
        if self.cleaned_data["amount"] is None:
            raise forms.ValidationError("请填金额，如 5000")
        return self.cleaned_data["amount"]


class ForwardForm(DatedForm):
    """On which day a large sum went up, and a few words about the member."""

    forwarded_on = DayField(
        label="转交上级日期", error_messages={"required": f"请填哪天转交，{_DAY_HINT}"}
    )
    note = forms.CharField(
        label="党员简要情况",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "转交时要附党员的简要情况，请写几句"},
    )


class ReceiptForm(DatedForm):
    """The receipt that came back."""

    receipt_number = forms.CharField(
        label="收据号", max_length=40, error_messages={"required": "请填收据号"}
    )
    receipt_on = DayField(
        label="收据日期", error_messages={"required": f"请填收据上的日期，{_DAY_HINT}"}
    )
