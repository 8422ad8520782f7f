"""A line of the year plan as it is typed."""

import datetime

from django import forms

from branches.forms import DatedForm, DayField, TypedField
from branches.periods import month_end
from branches.typed import read_time
from branches.words import full_date
from meetings.enums import Type
from meetings.models import PlanItem
from meetings.services.plans import LineFacts
from members.models import Member

# Suggestions for 授课方式; anything may be typed.
LECTURE_WAYS = ("集中授课", "专题辅导", "现场教学", "观看视频", "送学上门")


class PlanLineForm(DatedForm):
    """One line of a plan. An empty day means the month alone.

    A name of the roster is kept with its member, any other name as text: a plan takes no
    attendance, so two of one name are no matter here.
    """

    planned_on = DayField(label="日期", required=False)
    starts_at = TypedField(label="开始时间", required=False, read=read_time)
    ends_at = TypedField(label="结束时间", required=False, read=read_time)
    place = forms.CharField(label="地点", required=False, max_length=100)
    topic = forms.CharField(label="议题", required=False, max_length=300)
    group = forms.TypedChoiceField(label="党小组", required=False, coerce=int, empty_value=None)
    lecturer = forms.CharField(label="授课人", required=False, max_length=40)
    way = forms.CharField(label="授课方式", required=False, max_length=40)
    host = forms.CharField(label="主持人", required=False, max_length=40)
    responsible = forms.CharField(label="责任人", required=False, max_length=40)

    def __init__(self, *args, type: str, year: int, month: int, members, groups, **options):
        """`members` are those who may be named, `groups` those of the branch."""
        first = datetime.date(year, month, 1)
        super().__init__(*args, today=first, **options)
        self.type, self.first = type, first
        self.members: dict[str, list[Member]] = {}
        for member in members:
            self.members.setdefault(member.name, []).append(member)
        self.groups = {group.pk: group for group in groups}
        if type == Type.GROUP and groups:
            self.fields["group"].choices = [
                ("", "全体党小组"),
                *((pk, group.name) for pk, group in self.groups.items()),
            ]
        else:
            del self.fields["group"]
        if type != Type.LECTURE:
            del self.fields["lecturer"], self.fields["way"]
        for name, names in (("host", "plan-people"), ("lecturer", "plan-people")):
            if name in self.fields:
                self.fields[name].widget.attrs["list"] = names
        if "way" in self.fields:
            self.fields["way"].widget.attrs["list"] = "plan-ways"
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "zb-input")
            field.widget.attrs["autocomplete"] = "off"

    def facts(self) -> LineFacts:
        """The clean values as the service takes them."""
        cleaned = self.cleaned_data
        day = cleaned["planned_on"]
        host, lecturer = cleaned["host"], cleaned.get("lecturer", "")
        return LineFacts(
            type=self.type,
            planned_on=day or month_end(self.first),
            month_only=day is None,
            group=self.groups.get(cleaned.get("group")),
            starts_at=cleaned["starts_at"],
            ends_at=cleaned["ends_at"],
            place=cleaned["place"],
            topic=cleaned["topic"],
            host=self._member(host),
            host_name=host,
            lecturer=self._member(lecturer),
            lecturer_name=lecturer,
            way=cleaned.get("way", ""),
            responsible=cleaned["responsible"],
        )

    def _member(self, name: str) -> Member | None:
        known = self.members.get(name, [])
        return known[0] if len(known) == 1 else None


def initial_of(item: PlanItem) -> dict[str, str | int | None]:
    """A stored line as the form shows it."""
    return {
        "planned_on": "" if item.month_only else full_date(item.planned_on),
        "starts_at": f"{item.starts_at:%H:%M}" if item.starts_at else "",
        "ends_at": f"{item.ends_at:%H:%M}" if item.ends_at else "",
        "place": item.place,
        "topic": item.topic,
        "group": item.group_id,
        "host": item.host_name or (item.host.name if item.host else ""),
        "lecturer": item.lecturer_name or (item.lecturer.name if item.lecturer else ""),
        "way": item.way,
        "responsible": item.responsible,
    }
