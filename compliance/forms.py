"""What is typed about exemptions and county values."""

from django import forms

from branches.forms import DatedForm, DayField
from branches.typed import folded
from branches.values import Key


def _reason(label: str, missing: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": missing},
    )


class ExemptionForm(DatedForm):
    """免予: from when to when, and why."""

    starts_on = DayField(label="自", error_messages={"required": "请填开始日期，如 9.1"})
    ends_on = DayField(
        label="至",
        error_messages={"required": "请填截止日期，如 9.30"},
        help_text="到期自动恢复",
    )
    reason = _reason("理由", "请写明免予的理由")


class WithdrawForm(forms.Form):
    """撤回免予: why."""

    reason = _reason("撤回理由", "请写明撤回的理由")


def reason_field() -> forms.CharField:
    """依据: the document on which a value rests."""
    return forms.CharField(
        label="依据",
        max_length=300,
        error_messages={"required": "请写明依据，如文件名和文号"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def starts_field() -> DayField:
    return DayField(
        label="从哪天起",
        error_messages={"required": "请填从哪天起，如 2027.1.1"},
        help_text="这一天以前的期次仍按原来的要求",
    )


def scope_field(choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label="范围",
        choices=choices,
        required=False,
        help_text="同时属于几个范围的，先看方案，再看领域，最后看全县",
    )


class RequirementForm(DatedForm):
    """要求设置: a county value from a day on; which values fit is known to its key.

    `scopes` are the parts of the county for which it may be given; with them a departure may be
    ended instead of given a value.
    """

    scope = forms.ChoiceField(required=False)
    back = forms.BooleanField(
        label="从这一天起改回按全县",
        required=False,
        help_text="只在选了领域或方案时用",
        widget=forms.CheckboxInput(attrs={"class": "zb-check"}),
    )
    value = forms.CharField(
        label="新的值", max_length=2000, error_messages={"required": "请填新的值"}
    )
    starts_on = starts_field()
    reason = reason_field()

    def __init__(self, *args, key: Key, scopes: list[tuple[str, str]] = (), **options):
        super().__init__(*args, **options)
        self.key = key
        self.fields["value"] = value_field(key, f"新的值{f'（{key.unit}）' if key.unit else ''}")
        if scopes:
            self.fields["scope"] = scope_field(scopes)
        else:
            del self.fields["scope"], self.fields["back"]
        if "back" in self.fields and self._wants_back():
            self.fields["value"].required = False

    def _wants_back(self) -> bool:
        return bool(self.data.get("back") and self.data.get("scope"))

    def clean_value(self):
        if "back" in self.fields and self._wants_back():
            return None
        try:
            return self.key.cleaned(meant(self.key, self.cleaned_data["value"]))
        except ValueError as unfit:
            raise forms.ValidationError(str(unfit)) from None

    def clean(self):
        typed = super().clean()
        if typed.get("back") and not typed.get("scope") and "scope" in self.fields:
            self.add_error("back", "请先选领域或方案；全县的值请直接填新的值")
        return typed


class AdoptForm(DatedForm):
    """采用: which lines of a set, for whom, from when on, by which document."""

    names = forms.MultipleChoiceField(
        label="要采用的项", error_messages={"required": "请至少勾选一项"}
    )
    scope = forms.ChoiceField(required=False)
    starts_on = starts_field()
    reason = reason_field()

    def __init__(self, *args, names: list[str], scopes: list[tuple[str, str]], **options):
        super().__init__(*args, **options)
        self.fields["names"].choices = [(name, name) for name in names]
        self.fields["scope"] = scope_field(scopes)


class StandardForm(forms.Form):
    """A set of the county's own: its name and source, and one field for each line.

    A field that is emptied takes its line out; a further line is chosen from `others`. What was
    typed for the lines stands in `cleaned_data["values"]`, by key.
    """

    title = forms.CharField(
        label="名称", max_length=100, error_messages={"required": "请填这一套的名称"}
    )
    source = forms.CharField(
        label="出处", max_length=300, error_messages={"required": "请写明出处，如文件名和文号"}
    )
    note = forms.CharField(
        label="说明",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    add_key = forms.ChoiceField(label="增加一项", required=False)
    add_value = forms.CharField(
        label="增加的一项要求多少",
        required=False,
        max_length=2000,
        help_text="数字直接填；是非题填“是”或“否”；清单各项之间用顿号隔开",
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, keys: dict[Key, str], others: list[Key], **options):
        super().__init__(*args, **options)
        self.keys, self.others = keys, {key.name: key for key in others}
        for key, text in keys.items():
            unit = f"（{key.unit}）" if key.unit else ""
            self.fields[key.name] = value_field(key, f"{key.label}{unit}", required=False)
            self.initial[key.name] = text
        self.fields["add_key"].choices = [
            ("", "不增加"),
            *((one.name, one.label) for one in others),
        ]

    def lines(self):
        """The bound fields of the lines."""
        return [self[key.name] for key in self.keys]

    def clean(self):
        typed = super().clean()
        values = {}
        for key in self.keys:
            self._take(values, key, key.name, typed.get(key.name, ""))
        if key := self.others.get(typed.get("add_key", "")):
            if typed.get("add_value"):
                self._take(values, key, "add_value", typed["add_value"])
            else:
                self.add_error("add_value", "请填这一项要求多少")
        typed["values"] = values
        return typed

    def _take(self, values: dict, key: Key, field: str, text: str) -> None:
        if not text.strip():
            return
        in_a_row = field == "add_value" and isinstance(key.default, tuple)
        try:
            values[key] = key.cleaned(text if in_a_row else meant(key, text))
        except ValueError as unfit:
            self.add_error(field, str(unfit))


def value_field(key: Key, label: str, *, required: bool = True) -> forms.Field:
    """The field that fits the values of a key."""
    options = {
        "label": label,
        "required": required,
        "help_text": _limits(key),
        "error_messages": {"required": "请填新的值"},
    }
    nothing = [] if required else [("", "不列入")]
    if isinstance(key.default, bool):
        widget = forms.RadioSelect if required else forms.Select
        choices = [*nothing, ("true", "是"), ("false", "否")]
        return forms.ChoiceField(choices=choices, widget=widget, **options)
    if key.choices:
        choices = [*nothing, *((one, f"{one}") for one in key.choices)]
        return forms.ChoiceField(choices=choices, **options)
    if isinstance(key.default, tuple):
        widget = forms.Textarea(attrs={"rows": 8})
        return forms.CharField(max_length=2000, widget=widget, **options)
    return forms.CharField(
        max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}), **options
    )


def text_of(key: Key, value) -> str:
    """A stored value as it is typed."""
    if isinstance(key.default, bool):
        return "true" if value else "false"
    return "\n".join(value) if isinstance(value, list | tuple) else f"{value}"


def _limits(key: Key) -> str:
    if isinstance(key.default, tuple):
        return "一行一项"
    if key.minimum is None or key.maximum is None:
        return ""
    return f"{key.minimum} 到 {key.maximum}"


def meant(key: Key, typed: str):
    """The typed text as the kind of value the key holds."""
    if isinstance(key.default, bool):
        return {"是": True, "true": True, "否": False, "false": False}.get(typed.strip())
    if isinstance(key.default, tuple):
        return [line.strip() for line in typed.splitlines() if line.strip()]
    return folded(typed).strip()
