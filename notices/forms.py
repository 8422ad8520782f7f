"""What is typed about notices."""

from uuid import uuid4

from django import forms

from branches.attachments import ACCEPT
from branches.forms import DatedForm, DayField, FilesField
from branches.models import COMMITTEE_KINDS, Organisation
from notices.messages import KEYWORD
from notices.models import ChannelKind

_LONGEST = 5000


class ReplyForm(forms.Form):
    """回执: that the notice has arrived, with a few words if somebody wants."""

    reply = forms.CharField(
        label="回复",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class OrderForm(DatedForm):
    """上级通知 to organisations below; `below` are those the sender reaches.

    `key` makes a form that was sent twice one notice.
    """

    BRANCHES, COMMITTEES, CHOSEN = "branches", "committees", "chosen"

    to = forms.ChoiceField(label="发给", widget=forms.RadioSelect)
    organisations = forms.ModelMultipleChoiceField(
        label="选定的组织",
        queryset=Organisation.objects.none(),
        required=False,
        error_messages={"invalid_choice": "选的组织不在下级里，请重新勾选"},
    )
    title = forms.CharField(
        label="标题",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "请写通知的标题"},
    )
    text = forms.CharField(
        label="内容", required=False, max_length=_LONGEST, widget=forms.Textarea(attrs={"rows": 6})
    )
    files = FilesField(label="附件", required=False)
    wants_receipt = forms.BooleanField(label="要求回执", required=False)
    receipt_by = DayField(label="回执截止", required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, below, **options):
        super().__init__(*args, **options)
        self.below = below
        self.counts = {
            self.BRANCHES: sum(one.is_branch for one in below),
            self.COMMITTEES: sum(one.kind in COMMITTEE_KINDS for one in below),
        }
        self.fields["organisations"].queryset = Organisation.objects.filter(
            pk__in=[one.pk for one in below]
        )
        self.fields["to"].choices = [
            *[(self.BRANCHES, "下面所有支部")] * bool(self.counts[self.BRANCHES]),
            *[(self.COMMITTEES, "下面所有党委、党工委")] * bool(self.counts[self.COMMITTEES]),
            (self.CHOSEN, "选定的组织"),
        ]
        self.fields["to"].error_messages["required"] = "请选发给谁"
        self.fields["files"].widget.attrs["accept"] = ACCEPT
        self.fields["wants_receipt"].widget.attrs["class"] = "zb-check"
        self.initial.setdefault("key", uuid4())
        self.initial.setdefault("to", self.fields["to"].choices[0][0])

    def clean(self):
        cleaned = super().clean()
        nobody = not cleaned.get("organisations") and "organisations" not in self.errors
        if cleaned.get("to") == self.CHOSEN and nobody:
            self.add_error("organisations", "请勾选收通知的组织")
        # A tick beside "all branches" would otherwise go to everybody.
        if cleaned.get("to") not in (None, self.CHOSEN) and cleaned.get("organisations"):
            self.add_error("to", "勾选了组织，请改选“选定的组织”，或去掉下面的勾选")
        if cleaned.get("receipt_by") and not cleaned.get("wants_receipt"):
            self.add_error("wants_receipt", "填了回执截止，请同时勾选“要求回执”")
        return cleaned

    def recipients(self) -> list[Organisation]:
        """The organisations meant."""
        match self.cleaned_data["to"]:
            case OrderForm.BRANCHES:
                return [one for one in self.below if one.is_branch]
            case OrderForm.COMMITTEES:
                return [one for one in self.below if one.kind in COMMITTEE_KINDS]
        chosen = {one.pk for one in self.cleaned_data["organisations"]}
        return [one for one in self.below if one.pk in chosen]


class _ChannelForm(forms.Form):
    """What every way of delivery asks: for which organisation, where there is more than one."""

    organisation = forms.ModelChoiceField(
        label="组织",
        queryset=Organisation.objects.none(),
        empty_label=None,
        error_messages={"required": "请选组织", "invalid_choice": "请选自己所在的组织"},
    )

    def __init__(self, *args, own, **options):
        super().__init__(*args, **options)
        field = self.fields["organisation"]
        field.queryset = own
        field.label_from_instance = lambda one: one.short_name
        own = list(own)
        self.initial.setdefault("organisation", own[0].pk if own else None)
        if len(own) == 1:
            # Nothing to choose: what is sent for it is not looked at.
            field.disabled = True
            field.widget = forms.HiddenInput()


class RobotForm(_ChannelForm):
    """添加群机器人: its kind, its secret address and, where the chat asks for it, the key to sign."""

    kind = forms.ChoiceField(
        label="哪一种群",
        choices=[one for one in ChannelKind.choices if one[0] != ChannelKind.MAIL],
        initial=ChannelKind.WECOM,
        widget=forms.RadioSelect,
        error_messages={"required": "请选哪一种群"},
    )
    name = forms.CharField(
        label="群名称",
        max_length=40,
        required=False,
        help_text="便于区分，如 支部工作群",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    address = forms.CharField(
        label="机器人地址（Webhook）",
        max_length=500,
        help_text="在群设置的“群机器人”里新建后整个复制；知道地址的人都能往群里发消息，保存后不再完整显示",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "请填机器人地址"},
    )
    secret = forms.CharField(
        label="签名密钥",
        max_length=200,
        required=False,
        help_text=f"钉钉选“加签”、飞书选“签名校验”时填；选“自定义关键词”时，关键词填 {KEYWORD}",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class MailForm(_ChannelForm):
    """添加邮箱: one's own."""

    address = forms.EmailField(
        label="我的邮箱",
        max_length=200,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "请填邮箱地址",
            "invalid": "邮箱地址不完整，如 name@example.cn",
        },
    )
