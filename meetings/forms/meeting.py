"""What is typed into the meeting form, read as people type it."""

import datetime
import re
from decimal import Decimal

from django import forms

from branches.forms import FilesField, TypedField
from branches.typed import Unreadable, read_date, read_hours, read_time
from branches.words import full_date, one_line
from meetings.enums import BRANCH_BUILDING, FOR_A_YEAR, AttendanceState, Type
from meetings.models import Attendance
from meetings.rosters import Roster
from meetings.services.facts import MeetingFacts, Presence
from meetings.services.files import Files
from meetings.services.resolutions import Decision

LONGEST_REASON = 100
_STORED_FILE = re.compile(r"file-([0-9]{1,18})-(remove|dated_on)")


def study_hours(
    starts_at: datetime.time | None, ends_at: datetime.time | None, minutes_per_hour: int
) -> Decimal | None:
    """The duration in study hours, down to halves; None when a time is missing."""
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        return None
    minutes = (ends_at.hour - starts_at.hour) * 60 + ends_at.minute - starts_at.minute
    return Decimal(minutes * 2 // minutes_per_hour) / 2


class MeetingForm(forms.Form):
    """A meeting as it is typed. The people are read by `presences_in`, as each is a choice."""

    held_on = forms.CharField(label="日期", error_messages={"required": "请填日期，如 3.28"})
    starts_at = TypedField(label="开始时间", required=False, read=read_time)
    ends_at = TypedField(label="结束时间", required=False, read=read_time)
    place = forms.CharField(label="地点", required=False, max_length=100)
    host = forms.TypedChoiceField(label="主持人", required=False, coerce=int, empty_value=None)
    host_name = forms.CharField(label="名册外的主持人", required=False, max_length=40)
    lecturer = forms.TypedChoiceField(label="授课人", required=False, coerce=int, empty_value=None)
    lecturer_name = forms.CharField(label="名册外的授课人", required=False, max_length=40)
    for_year = forms.CharField(label="所属年度", required=False, widget=forms.Select)
    topic = forms.CharField(label="议题", required=False, max_length=300)
    on_branch_building = forms.BooleanField(label=BRANCH_BUILDING, required=False)
    minutes = forms.CharField(
        label="会议记录", required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    hours = TypedField(label="计入学时", required=False, read=read_hours)
    guests = forms.CharField(label="列席人员", required=False, max_length=300)
    group = forms.TypedChoiceField(label="党小组", required=False, coerce=int, empty_value=None)
    kinds = forms.MultipleChoiceField(
        label="会议类型", choices=Type.choices, error_messages={"required": "请选会议类型"}
    )
    attachments = FilesField(label="附件", required=False)
    anyway = forms.BooleanField(required=False)
    version = forms.IntegerField(required=False)
    # The day that the papers chosen now are of; one for all, or one for each in their order.
    dated_on = forms.CharField(label="材料日期", required=False)

    def __init__(self, *args, roster: Roster, members, superiors, groups, today, **options):
        """`members` are all people that may be named: the roster and who is named already.

        `superiors` are (member, post in words) of those who may come from above to lecture.
        """
        super().__init__(*args, **options)
        self.roster = roster
        self.today = today
        self.members = {member.pk: member for member in members}
        self.groups = {group.pk: group for group in groups}
        people = [("", "请选择"), *((pk, member.name) for pk, member in self.members.items())]
        self.fields["host"].choices = people
        self.lecturers = self.members | {member.pk: member for member, _post in superiors}
        above = [(member.pk, f"{member.name}（{post}）") for member, post in superiors]
        self.fields["lecturer"].choices = [
            *people,
            *(choice for choice in above if choice[0] not in self.members),
        ]
        year = roster.held_on.year
        self.fields["for_year"].widget.choices = [
            (shown, f"{shown}年度") for shown in (year, year - 1)
        ]
        if groups:
            self.fields["group"].choices = [
                ("", "全体党小组"),
                *((pk, group.name) for pk, group in self.groups.items()),
            ]
        else:
            del self.fields["group"]

    def clean_held_on(self) -> datetime.date:
        try:
            day = read_date(self.cleaned_data["held_on"], year=self.today.year)
        except Unreadable as unreadable:
            raise forms.ValidationError(str(unreadable)) from None
        if day is None:
            raise forms.ValidationError("请填日期，如 3.28")
        return day

    def clean_for_year(self) -> int | None:
        """The year chosen; None for one that went with another day."""
        text = self.cleaned_data["for_year"]
        day = self.cleaned_data.get("held_on")
        fits = day is not None and text in (str(day.year), str(day.year - 1))
        return int(text) if fits else None

    def clean(self):
        cleaned = super().clean()
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", f"结束时间早于开始时间 {starts_at:%H:%M}，请改成之后的时间")
        return cleaned

    def facts(
        self,
        presences: dict[int, Presence],
        minutes_per_hour: int,
        decisions: tuple[Decision, ...] = (),
    ) -> MeetingFacts:
        """The clean values as the service takes them; hours follow the times when left empty."""
        cleaned = self.cleaned_data
        hours = cleaned["hours"]
        if hours is None:
            hours = study_hours(cleaned["starts_at"], cleaned["ends_at"], minutes_per_hour)
        types = [type for type in Type.values if type in cleaned["kinds"]]
        host = self.members.get(cleaned["host"])
        lecture = Type.LECTURE in types
        lecturer = self.lecturers.get(cleaned["lecturer"]) if lecture else None
        return MeetingFacts(
            types=tuple(types),
            held_on=cleaned["held_on"],
            starts_at=cleaned["starts_at"],
            ends_at=cleaned["ends_at"],
            place=cleaned["place"],
            host=host,
            host_name=host.name if host else cleaned["host_name"],
            lecturer=lecturer,
            lecturer_name=lecturer.name if lecturer else cleaned["lecturer_name"] * lecture,
            topic=cleaned["topic"],
            minutes=cleaned["minutes"],
            guests=cleaned["guests"],
            hours=hours if hours is not None else Decimal(0),
            group=self.groups.get(cleaned.get("group")) if Type.GROUP in types else None,
            for_year=cleaned["for_year"] if not FOR_A_YEAR.isdisjoint(types) else None,
            on_branch_building=cleaned["on_branch_building"],
            presences=presences,
            decisions=decisions,
        )


def day_typed(text: str, today: datetime.date) -> datetime.date | None:
    """The day typed, or None where it cannot be read."""
    try:
        return read_date(text or "", year=today.year)
    except Unreadable:
        return None


def presences_in(
    posted,
    roster: Roster,
    types: list[str],
    group_id: int | None,
    *,
    recorded: dict[int, Attendance],
    frozen: bool,
    voteless: frozenset[int] | None = None,
) -> dict[int, Presence]:
    """How each member stood to the meeting, from the fields `attendance-<key>`.

    Who is chosen counts; of the right circle everybody counts as present whose field was not
    sent. Without JavaScript the fields of a page made for another circle (`shown_kinds`) come
    along too: who is in or out only by that circle follows the right one. `recorded` are the
    people of a stored meeting; while it is `frozen` they are the circle. `voteless` are the formal
    members marked as having no vote; None where the page did not ask.
    """
    circle = frozenset(recorded) if frozen else roster.circle(types, group_id)
    shown = circle
    if "shown_kinds" in posted and not frozen:
        shown = roster.circle([kind for kind in posted["shown_kinds"].split(",") if kind], group_id)
    presences = {}
    for member_id in dict.fromkeys([*roster.by_key(), *recorded]):
        state = posted.get(f"attendance-{member_id}")
        inside = member_id in circle
        may_vote = None if voteless is None else member_id not in voteless
        if state in AttendanceState.values and (inside or member_id not in shown):
            reason = one_line(posted.get(f"reason-{member_id}"), LONGEST_REASON)
            presences[member_id] = Presence(
                state, "" if state == AttendanceState.PRESENT else reason, may_vote
            )
        elif inside and (state is None or member_id not in shown):
            presences[member_id] = Presence(AttendanceState.PRESENT, may_vote=may_vote)
    return presences


def voteless_in(posted) -> frozenset[int] | None:
    """Members ticked as having no vote; None where the page did not ask."""
    if "votes_asked" not in posted:
        return None
    return frozenset(int(key) for key in posted.getlist("no_vote") if is_key(key))


def is_key(text: str) -> bool:
    """Whether the text can be a row's key."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def files_in(posted, form: MeetingForm) -> Files:
    """What is done about files: uploads with the days of the papers, others taken away or dated.

    The fields of a stored file are `file-<key>-remove` and `file-<key>-dated_on`. Raises
    `Unreadable` for a day that cannot be read.
    """
    year = form.today.year
    uploads = tuple(form.cleaned_data["attachments"])
    typed = posted.getlist("dated_on")
    days = [read_date(text, year=year) for text in typed]
    if len(days) == 1:
        days *= len(uploads)
    removed, redated = set(), {}
    for name in posted:
        match = _STORED_FILE.fullmatch(name)
        if match and match[2] == "remove":
            removed.add(int(match[1]))
        elif match:
            redated[int(match[1])] = read_date(posted[name], year=year)
    return Files(uploads, tuple(days[: len(uploads)]), frozenset(removed), redated)


def typed_time(at: datetime.time | None) -> str:
    """A time as the form shows it."""
    return f"{at:%H:%M}" if at else ""


def initial_of(facts: MeetingFacts) -> dict[str, object]:
    """Stored facts as the form shows them."""
    return {
        "held_on": full_date(facts.held_on),
        "starts_at": typed_time(facts.starts_at),
        "ends_at": typed_time(facts.ends_at),
        "place": facts.place,
        "host": facts.host.pk if facts.host else "",
        "host_name": "" if facts.host else facts.host_name,
        "lecturer": facts.lecturer.pk if facts.lecturer else "",
        "lecturer_name": "" if facts.lecturer else facts.lecturer_name,
        "for_year": facts.for_year or "",
        "topic": facts.topic,
        "on_branch_building": facts.on_branch_building,
        "minutes": facts.minutes,
        "hours": f"{facts.hours:.1f}" if facts.hours else "",
        "guests": facts.guests,
        "group": facts.group.pk if facts.group else "",
        "kinds": list(facts.types),
    }


class CancelForm(forms.Form):
    """Why a meeting is taken back, on top of which version."""

    reason = forms.CharField(
        label="作废的原因",
        max_length=200,
        error_messages={"required": "请写明作废的原因，如 重复登记"},
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
