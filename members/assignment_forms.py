"""What is typed about an assignment: who, from where, since when, until when."""

from django import forms

from branches.forms import DatedForm, DayField
from branches.words import one_line
from members.enums import AssignmentRole
from members.models import Member


class AssignmentForm(DatedForm):
    """Somebody assigned to an organisation. With the last digits of the identity number the name is
    looked up among the members in the writer's reach; without them it stays a name."""

    role = forms.ChoiceField(
        label="类别", choices=AssignmentRole.choices, error_messages={"required": "请选类别"}
    )
    person_name = forms.CharField(
        label="姓名", max_length=40, error_messages={"required": "请填姓名"}
    )
    last_digits = forms.CharField(
        label="身份证号后四位",
        required=False,
        max_length=4,
        help_text="是本县名册上的党员时填，用来认人；不在名册上的只填姓名",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    from_unit = forms.CharField(label="单位及职务", required=False, max_length=120)
    starts_on = DayField(label="选派日期", error_messages={"required": "请填选派日期，如 3.28"})
    ends_on = DayField(label="结束日期", required=False)

    def __init__(self, *args, reader, known: Member | None = None, **options):
        """`known` is the member on record, who stays while the name stays."""
        super().__init__(*args, **options)
        self.reader = reader
        self.known = known

    def clean(self):
        cleaned = super().clean()
        name = one_line(cleaned.get("person_name"), 40)
        digits = one_line(cleaned.pop("last_digits", ""), 4).upper()
        cleaned["member"] = self.known if self.known and self.known.name == name else None
        if digits and name:
            found = list(
                Member.objects.visible_to(self.reader).filter(
                    name=name, id_number_mask__endswith=digits
                )[:2]
            )
            if len(found) == 1:
                cleaned["member"] = found[0]
            elif found:
                self.add_error("last_digits", f"名册上有几个{name}后四位相同，请只填姓名")
            else:
                self.add_error(
                    "last_digits", f"名册上没有后四位是 {digits} 的{name}，请核对，或只填姓名"
                )
        return cleaned
