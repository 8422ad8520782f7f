import datetime
import zipfile

from django import forms

from accounts.roles import Action
from branches.models import Kind, Organisation
from branches.periods import Period, add_months, month_of
from branches.scope import reaches
from ledgers.reading import LARGEST_FILE, MIB

_MONTHS_OFFERED = 24
# Above that a list of branches helps nobody; a branch is then chosen from its own page.
_ORGANISATIONS_OFFERED = 200
MOST_FILES = 20


class OrganisationField(forms.ModelChoiceField):
    """An organisation by its code, shown by its short name, deeper ones further in."""

    def __init__(self, **options):
        super().__init__(queryset=Organisation.objects.none(), to_field_name="code", **options)

    def label_from_instance(self, organisation):
        return "\u3000" * (len(organisation.path) // 6 - 1) + organisation.short_name


class ExportForm(forms.Form):
    """Which month's ledger of which organisation."""

    month = forms.ChoiceField(label="月份")
    organisation = OrganisationField(
        label="组织", error_messages={"invalid_choice": "请从列表里选一个组织"}
    )
    full_numbers = forms.BooleanField(
        label="显示完整的证件号和电话",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "zb-check"}),
    )
    reason = forms.CharField(
        label="用完整号码的理由", required=False, max_length=300, help_text="会记入操作记录"
    )

    def __init__(self, *args, user, today: datetime.date, chosen: Organisation | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        newest = today.replace(day=1)
        months = [month_of(f"{add_months(newest, -back):%Y-%m}") for back in range(_MONTHS_OFFERED)]
        self.fields["month"].choices = [(str(month), month.label) for month in months]
        # In the first days of a month people want the one that has just ended.
        self.fields["month"].initial = str(months[1] if today.day <= 10 else months[0])
        offered = self._offered(chosen)
        self.fields["organisation"].queryset = Organisation.objects.permitting(
            user, Action.EXPORT_LEDGER
        )
        self.fields["organisation"].widget.choices = [
            (organisation.code, self.fields["organisation"].label_from_instance(organisation))
            for organisation in offered
        ]
        self.fields["organisation"].initial = (chosen or offered[0]).code
        if not any(reaches(user, Action.REVEAL_NUMBER, one.path) for one in offered):
            del self.fields["full_numbers"], self.fields["reason"]

    def _offered(self, chosen: Organisation | None) -> list[Organisation]:
        """What the list shows, in the order of the tree: all, or all that oversee, and the chosen."""
        reached = Organisation.objects.permitting(self.user, Action.EXPORT_LEDGER).order_by("path")
        if reached.count() <= _ORGANISATIONS_OFFERED:
            return list(reached)
        offered = list(reached.exclude(kind=Kind.BRANCH)[:_ORGANISATIONS_OFFERED])
        if chosen and chosen not in offered:
            offered.insert(0, chosen)
        return offered

    def clean_month(self) -> Period:
        return month_of(self.cleaned_data["month"])

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("full_numbers"):
            organisation = cleaned.get("organisation")
            if organisation and not reaches(self.user, Action.REVEAL_NUMBER, organisation.path):
                self.add_error("full_numbers", "这个组织的完整号码你的账号看不到")
            if not cleaned.get("reason", "").strip():
                self.add_error("reason", "要用完整号码，请写明理由")
        return cleaned

    @property
    def reason_given(self) -> str:
        """The reason, where whole numbers are wanted; else ""."""
        return self.cleaned_data["reason"].strip() if self.cleaned_data.get("full_numbers") else ""


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class WorkbooksField(forms.FileField):
    """Several workbooks; each is checked by its name, size and that it is an archive."""

    widget = ManyFilesInput

    def clean(self, value, initial=None):
        files = value if isinstance(value, list | tuple) else [value]
        files = [super(WorkbooksField, self).clean(one, initial) for one in files if one]
        if not files:
            raise forms.ValidationError("请选择要导入的 .xlsx 文件")
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"一次最多 {MOST_FILES} 个文件，现在选了 {len(files)} 个")
        for one in files:
            _check_workbook(one)
        if sum(one.size for one in files) > LARGEST_FILE:
            raise forms.ValidationError(f"合起来超过 {LARGEST_FILE // MIB} MB，请分几次导入")
        return files


def _check_workbook(upload) -> None:
    name = upload.name
    if not name.lower().endswith(".xlsx"):
        raise forms.ValidationError(
            f"“{name}”不是 .xlsx。请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”后再选"
        )
    if upload.size > LARGEST_FILE:
        raise forms.ValidationError(f"“{name}”超过 {LARGEST_FILE // MIB} MB，请分成几个文件")
    if not zipfile.is_zipfile(upload):
        raise forms.ValidationError(f"“{name}”打不开，可能已损坏或设有密码，请另存为 .xlsx 后再选")
    upload.seek(0)


class ImportForm(forms.Form):
    """Workbooks to bring in, and the year for dues sheets that do not say it."""

    files = WorkbooksField(label="台账文件")
    year = forms.TypedChoiceField(
        label="年度", required=False, coerce=int, empty_value=None, help_text="表上写明年度的不用选"
    )

    def __init__(self, *args, today: datetime.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", "按表上写的"), *years(today)]


class YearForm(forms.Form):
    """The year of dues sheets, asked when the check found none."""

    year = forms.TypedChoiceField(label="年度", coerce=int)

    def __init__(self, *args, today: datetime.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = years(today)


def years(today: datetime.date) -> list[tuple[int, str]]:
    """Years that dues may be brought in for, newest first."""
    return [(year, f"{year} 年") for year in range(today.year + 1, today.year - 6, -1)]
