"""The page on which a meeting is recorded, prepared or changed: what it shows, what it reads."""

import datetime
import hashlib
from dataclasses import dataclass, field

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.drafts import KeptDraft, read_draft
from branches.attachments import ACCEPT
from branches.links import link
from branches.models import Attachment, Group, Organisation
from branches.periods import period_named
from branches.values import Values
from branches.words import full_date, short_date
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.forms.meeting import (
    MeetingForm,
    day_typed,
    initial_of,
    presences_in,
    study_hours,
)
from meetings.models import Attendance, Meeting
from meetings.rosters import CIRCLES, Circle, Roster, last_of_types, roster_on
from meetings.services import AREA, Refused, recording
from meetings.services.recording import MeetingFacts, Presence
from meetings.values import MINUTES_PER_HOUR
from members.models import Member

DRAFT_AREA = "meetings"
# In the bar of the form; the others stand under 更多.
_MAIN = (Type.MEMBERS_MEETING, Type.COMMITTEE, Type.GROUP, Type.LECTURE, Type.THEME_DAY)


@dataclass
class Editing:
    """One visit to the form: the branch, the meeting if it is stored, and who asked for it."""

    organisation: Organisation
    user: object
    today: datetime.date
    meeting: Meeting | None = None
    types: list[str] = field(default_factory=list)
    source: str = ""

    def __post_init__(self):
        self.recorded: dict[int, Attendance] = {}
        self.stored: MeetingFacts | None = None
        if self.meeting is not None:
            rows = self.meeting.attendances.select_related("member")
            self.recorded = {row.member_id: row for row in rows}
            self.stored = recording.facts_of(self.meeting, self.recorded.values())
            self.types = list(self.stored.types)
        self.minutes_per_hour = Values().on(MINUTES_PER_HOUR, self.today)
        self.version = self.meeting.version if self.meeting else ""
        self.notice = ""
        self.duplicate: dict[str, str] | None = None

    # --- What the form starts with ---

    @property
    def draft_key(self) -> str:
        if self.meeting is not None:
            return f"change:{self.meeting.pk}"
        asked = f"{','.join(self.types)}:{self.source}"
        return f"new:{self.organisation.pk}:{hashlib.sha256(asked.encode()).hexdigest()[:16]}"

    def read_draft(self) -> KeptDraft | None:
        return read_draft(user=self.user, area=DRAFT_AREA, key=self.draft_key)

    def load(self, typed: QueryDict | None = None) -> None:
        """Fill the page from what is stored or was last the case, or from what was typed."""
        day = self.stored.held_on if self.stored else self._day_asked()
        if typed is not None:
            day = day_typed(typed.get("held_on", ""), self.today) or day
        self.roster = roster_on(self.organisation, day, leaving_out=self.meeting)
        self.last = last_of_types(
            self.organisation, self.types or Type.values, day, leaving_out=self.meeting
        )
        self.groups = list(Group.objects.standing(day, day).filter(organisation=self.organisation))
        if typed is None:
            initial = self._first_values()
            self.shown_types = list(self.types)
            self.presences = self._first_presences()
        else:
            initial = {name: typed.get(name, "") for name in MeetingForm.base_fields}
            # What was typed was typed on top of that version, however old the draft is.
            self.version = typed.get("version") or self.version
            self.shown_types = [kind for kind in typed.getlist("kinds") if kind in Type.values]
            self.presences = self.presences_typed(typed)
        self.form = self._form(initial=initial)

    def _day_asked(self) -> datetime.date:
        """Today, or the last day of the past period whose duty led here."""
        period = period_named(self.source.rpartition(":")[2])
        return min(period.ends_on, self.today) if period else self.today

    def _first_values(self) -> dict[str, object]:
        if self.stored is not None and self.meeting.state != MeetingState.PLANNED:
            return initial_of(self.stored)
        last = self.last
        usual = MeetingFacts(
            types=tuple(self.types),
            held_on=self._day_asked(),
            starts_at=last.starts_at if last else None,
            ends_at=last.ends_at if last else None,
            place=last.place if last else "",
            host=last.host if last and self._may_host(last.host_id) else None,
            host_name=last.host_name if last and not last.host_id else "",
            hours=last.hours if last else 0,
        )
        initial = initial_of(usual)
        if self.stored is not None:
            planned = initial_of(self.stored)
            initial |= {name: value for name, value in planned.items() if value not in ("", None)}
            planned_hours = study_hours(
                self.stored.starts_at, self.stored.ends_at, self.minutes_per_hour
            )
            if planned_hours and not self.stored.hours:
                initial["hours"] = f"{planned_hours:.1f}"
        return initial

    def _may_host(self, member_id: int | None) -> bool:
        return member_id in self.roster.by_key()

    def _first_presences(self) -> dict[int, Presence]:
        if self.recorded:
            return dict(self.stored.presences)
        group_id = self.stored.group.pk if self.stored and self.stored.group else None
        return recording.expected_presences(self.roster, self.types, group_id)

    # --- What was typed ---

    def bind(self, posted: QueryDict, files) -> None:
        """Take what was sent; `form` is bound, nothing is stored yet."""
        self.load(posted)
        self.form = self._form(posted, files)

    def presences_typed(self, typed: QueryDict) -> dict[int, Presence]:
        types = [kind for kind in typed.getlist("kinds") if kind in Type.values]
        group = typed.get("group", "")
        group_id = int(group) if group.isdecimal() and len(group) < 19 else None
        same_group = self.stored is None or group_id == (
            self.stored.group.pk if self.stored.group else None
        )
        return presences_in(
            typed,
            self.roster,
            types,
            group_id,
            recorded=self.recorded,
            frozen=same_group and self._is_frozen(types),
        )

    def _is_frozen(self, types: list[str]) -> bool:
        """Whether the people of the stored meeting are the circle: the same types and day."""
        return (
            bool(self.recorded)
            and set(types) == set(self.stored.types)
            and self.roster.held_on == self.stored.held_on
        )

    def roster_moved(self, posted: QueryDict) -> str:
        """Who came and went when the page showed the roster of another day; "" for nobody."""
        shown_on = day_typed(posted.get("roster_on", ""), self.today)
        if shown_on is None or shown_on == self.roster.held_on:
            return ""
        shown = roster_on(self.organisation, shown_on, leaving_out=self.meeting)
        return _difference(shown, self.roster)

    def _form(self, posted=None, files=None, initial=None) -> MeetingForm:
        named = {person.member_id for person in self.roster.people}
        if self.stored is not None:
            named |= {member.pk for member in (self.stored.host, self.stored.lecturer) if member}
        return MeetingForm(
            posted,
            files,
            initial=initial,
            roster=self.roster,
            members=Member.objects.filter(pk__in=named).order_by("pk"),
            groups=self.groups,
            today=self.today,
        )

    # --- What the page shows ---

    def context(self) -> dict[str, object]:
        """Everything `meetings/meeting_form.html` asks for."""
        draft = self.read_draft()
        draft_query = {"branch": self.organisation.code, "form": self.draft_key}
        tally = [presence.state for presence in self.presences.values()]
        planned = self.meeting is not None and self.meeting.state == MeetingState.PLANNED
        return {
            "form": self.form,
            "title": "登记会议" if self.meeting is None or planned else "修改会议",
            "lead": self._lead(planned),
            "organisation": self.organisation,
            "kinds": self._kinds(),
            "kinds_errors": self.form.errors.get("kinds", []) if self.form.is_bound else [],
            "people": self._people(),
            "counts": {
                "due": len(tally),
                **{state.value: tally.count(state) for state in AttendanceState},
            },
            "has_last": self.last is not None,
            "frozen": self._is_frozen(self.shown_types),
            "roster_on": full_date(self.roster.held_on),
            "shown_kinds": ",".join(self.shown_types),
            "version": self.version,
            "list_url": link("meetings:list", branch=self.organisation.code),
            "source": self.source,
            "year": self.today.year,
            "minutes_per_hour": self.minutes_per_hour,
            "draft_url": link("meetings:draft", **draft_query),
            "draft_saved_at": f"{timezone.localtime(draft.saved_at):%H:%M}" if draft else "",
            "discard_url": link("meetings:draft", **draft_query, discard=1) if draft else "",
            "notice": self.notice,
            "duplicate": self.duplicate,
            "accept": ACCEPT,
            "prepare": self.roster.held_on > self.today,
            "files": self._files(),
        }

    def _lead(self, planned: bool) -> str:
        if planned:
            return "已按年度计划填好，改动不同的地方即可"
        if self.meeting is None and self.last is not None:
            return (
                f"已按上次（{short_date(self.last.held_on, self.today)}）填好，改动不同的地方即可"
            )
        return ""

    @property
    def types_allowed(self) -> list[Type]:
        """What this user may register here: a group leader the meetings of a group."""
        return recording.types_allowed(self.user, self.organisation)

    def _kinds(self) -> list[dict[str, object]]:
        return [
            {
                "code": type.value,
                "label": type.label,
                "checked": type in self.shown_types,
                "circle": CIRCLES.get(type, Circle.EVERYBODY).value,
                "votes": type == Type.MEMBERS_MEETING,
                "lecture": type == Type.LECTURE,
                "main": type in _MAIN,
            }
            for type in self.types_allowed
        ]

    def _people(self) -> list[dict[str, object]]:
        last = {}
        if self.last is not None:
            last = dict(
                Attendance.objects.filter(meeting=self.last).values_list("member_id", "state")
            )
        known = self.roster.by_key()
        people = []
        for member_id in dict.fromkeys([*known, *self.recorded]):
            person, row = known.get(member_id), self.recorded.get(member_id)
            formal = row.was_formal if row else person.was_formal
            presence = self.presences.get(member_id)
            people.append(
                {
                    "id": member_id,
                    "name": row.member.name if row else person.name,
                    "note": "" if formal else "预备",
                    "votes": formal,
                    "committee": person.in_committee if person else False,
                    "group_id": person.group_id if person else None,
                    "state": presence.state if presence else "",
                    "reason": presence.reason if presence else "",
                    "last": last.get(member_id, ""),
                }
            )
        return people

    def refuse(self, refused: Refused) -> None:
        """Show why the service did not store the meeting, with everything typed kept."""
        if isinstance(refused, recording.AlreadyRegistered):
            self.duplicate = {
                "text": str(refused).removesuffix("，要打开它吗？"),
                "url": reverse("meetings:detail", args=[refused.meeting.pk]),
            }
            self.form.add_error("held_on", "同一天已有同类会议，确实是另一次就勾选“仍要登记”")
        elif isinstance(refused, recording.ChangedMeanwhile):
            # The next save is made knowingly, on top of the other's change.
            self.version = refused.meeting.version
            self.notice = _who_changed_what(refused, self.today)
            self.form.add_error(None, "先看看上面别人改了什么，再点一次保存")
        else:
            known = refused.field if refused.field in self.form.fields else None
            self.form.add_error(known, str(refused))

    def _files(self) -> list[dict[str, str]]:
        if self.meeting is None:
            return []
        attachments = Attachment.objects.filter(area=AREA, object_id=self.meeting.pk)
        return [
            {"name": file.name, "url": reverse("branches:attachment", args=[file.pk])}
            for file in attachments
        ]


def draft_as_typed(draft: KeptDraft) -> QueryDict:
    """A draft in the shape of what a form sends."""
    typed = QueryDict(mutable=True)
    for name, values in draft.fields.items():
        typed.setlist(name, values)
    return typed


def _difference(shown: Roster, right: Roster) -> str:
    before, after = shown.by_key(), right.by_key()
    come = "、".join(person.name for key, person in after.items() if key not in before)
    gone = "、".join(person.name for key, person in before.items() if key not in after)
    parts = [f"多了{come}"] if come else []
    parts += [f"少了{gone}"] if gone else []
    return "，".join(parts)


def _who_changed_what(refused: recording.ChangedMeanwhile, today: datetime.date) -> str:
    last = refused.last
    if last is None:
        return "这次会议刚被别人改过"
    at = timezone.localtime(last.at)
    what = "，".join(
        f"{key}：{last.before.get(key) or '空'} → {text or '空'}"
        for key, text in last.after.items()
    )
    return f"{last.by_name} {at:%H:%M} 已改过这次会议。{what}。你填的还在下面"
