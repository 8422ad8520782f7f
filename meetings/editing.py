"""The page on which a meeting is recorded, prepared or changed: what was typed, what stands there."""

import datetime
import hashlib
import uuid
from dataclasses import dataclass, field, replace

from django.http import QueryDict
from django.utils.functional import cached_property

from accounts.drafts import KeptDraft, read_draft
from branches.models import Group, Organisation
from branches.periods import period_named
from branches.typed import Unreadable
from branches.values import Values
from meetings import plans
from meetings.enums import MeetingState, Type
from meetings.forms.decisions import DecisionLine, expected_votes, line_of, lines_typed, read_line
from meetings.forms.meeting import (
    MeetingForm,
    day_typed,
    files_in,
    initial_of,
    is_key,
    presences_in,
    study_hours,
    voteless_in,
)
from meetings.models import Attendance, JointInvitation, Meeting, PlanItem
from meetings.prefill import (
    Offer,
    from_invitation,
    from_last,
    from_plan,
    group_host,
    lead_of_last,
    led_group,
    superiors_on,
    usual_year,
    voteless_on,
)
from meetings.rosters import Roster, last_of_types, roster_on
from meetings.services import recording
from meetings.services.facts import MeetingFacts, Presence
from meetings.services.files import NO_FILES, Files
from meetings.values import MINUTES_PER_HOUR
from members.models import Member

DRAFT_AREA = "meetings"


@dataclass
class Editing:
    """One visit to the form: the branch, the meeting if it is stored, and who asked for it.

    A line of the plan (`line`) or an invitation opens it already filled in; `group_id` is the
    group whose duty led here.
    """

    organisation: Organisation
    user: object
    today: datetime.date
    meeting: Meeting | None = None
    types: list[str] = field(default_factory=list)
    source: str = ""
    group_id: int | None = None
    line: PlanItem | None = None
    invitation: JointInvitation | None = None
    # The duty to study the branch's building led here: its box is ticked.
    on_branch_building: bool = False

    def __post_init__(self):
        self.recorded: dict[int, Attendance] = {}
        self.stored: MeetingFacts | None = None
        self.offer: Offer | None = None
        if self.meeting is not None:
            rows = self.meeting.attendances.select_related("member")
            self.recorded = {row.member_id: row for row in rows}
            self.stored = recording.facts_of(self.meeting, self.recorded.values())
            self.types = list(self.stored.types)
        else:
            self.draft_key = self._new_draft_key()
            self._take_offer()
        self.minutes_per_hour = Values().on(MINUTES_PER_HOUR, self.today)
        self.version = self.meeting.version if self.meeting else ""
        self.form_key = str(uuid.uuid4())
        self.notice = ""
        self.duplicate: dict[str, str] | None = None
        self.files: Files = NO_FILES
        self.decision_lines: list[DecisionLine] = []

    def _new_draft_key(self) -> str:
        asked = f"{','.join(self.types)}:{self.source}"
        if self.line or self.invitation:
            asked += f":{self.line and self.line.pk}:{self.invitation and self.invitation.pk}"
        return f"new:{self.organisation.pk}:{hashlib.sha256(asked.encode()).hexdigest()[:16]}"

    def _take_offer(self) -> None:
        """An invitation, the plan's line asked for, or the open one nearest to a duty's day."""
        line, asked = self.line, self.line is not None
        if line is None and self.invitation is None and self.types:
            line = plans.line_for(self.organisation, self.types, self._day_asked())
        if self.invitation is not None:
            self.offer = from_invitation(self.invitation)
        elif line is not None:
            self.offer = from_plan(line, self.today, asked=asked)
        if self.offer is not None:
            offered = [type for type in self.offer.facts.types if type in self.types_allowed]
            self.types = [type for type in Type.values if type in {*offered, *self.types}]

    # --- What the form starts with ---

    @cached_property
    def draft_key(self) -> str:
        return f"change:{self.meeting.pk}"

    def read_draft(self) -> KeptDraft | None:
        return read_draft(user=self.user, area=DRAFT_AREA, key=self.draft_key)

    def load(self, typed: QueryDict | None = None) -> None:
        """Fill the page from what is stored or was last the case, or from what was typed."""
        day = self._first_day()
        if typed is not None:
            day = day_typed(typed.get("held_on", ""), self.today) or day
        self.roster = roster_on(self.organisation, day, leaving_out=self.meeting)
        self.last = last_of_types(
            self.organisation, self.types or Type.values, day, leaving_out=self.meeting
        )
        self.groups = list(Group.objects.standing(day, day).filter(organisation=self.organisation))
        self.superiors = superiors_on(self.organisation, day)
        if typed is None:
            self.shown_types = list(self.types)
            self.voteless = self._first_voteless()
            initial = self._first_values()
            self.presences = self._first_presences()
            self.decision_lines = self._stored_lines()
        else:
            self._take_typed(typed)
            initial = {name: typed.get(name, "") for name in MeetingForm.base_fields}
        self.form = self._form(initial=initial)

    def _take_typed(self, typed: QueryDict) -> None:
        # What was typed was typed on top of that version, however old the draft is.
        self.version = typed.get("version") or self.version
        self.form_key = typed.get("form_key") or self.form_key
        self.shown_types = [kind for kind in typed.getlist("kinds") if kind in Type.values]
        voteless = voteless_in(typed)
        self.voteless = self._first_voteless() if voteless is None else voteless
        self.presences = self.presences_typed(typed)
        self.decision_lines = lines_typed(typed)

    def _first_day(self) -> datetime.date:
        if self.stored is not None:
            return self.stored.held_on
        return self.offer.facts.held_on if self.offer else self._day_asked()

    def _day_asked(self) -> datetime.date:
        """Today, or the last day of the past period whose duty led here."""
        period = period_named(self.source.rpartition(":")[2])
        return min(period.ends_on, self.today) if period else self.today

    def _first_values(self) -> dict[str, object]:
        if self.stored is not None and self.meeting.state != MeetingState.PLANNED:
            return initial_of(self.stored)
        usual = from_last(self.last, self.roster.by_key(), self._first_day())
        group = self._first_group()
        year = usual_year(self.organisation, usual.held_on)
        usual = replace(usual, types=tuple(self.types), group=group, for_year=year)
        if usual.host is None and not usual.host_name and Type.GROUP in self.types:
            usual = replace(usual, host=group_host(group, usual.held_on))
        initial = initial_of(usual)
        known = self.stored or (self.offer.facts if self.offer else None)
        if known is not None:
            initial |= self._known_values(known)
        if self.on_branch_building:
            initial["on_branch_building"] = True
        return initial

    def _known_values(self, known: MeetingFacts) -> dict[str, object]:
        """What the plan or an invitation says, with the hours that its times make."""
        said = initial_of(known) | {"kinds": list(self.types)}
        values = {name: value for name, value in said.items() if value not in ("", None)}
        if known.host_name or known.host:
            values |= {"host": said["host"], "host_name": said["host_name"]}
        if known.host and known.host.pk not in self.roster.by_key():
            values |= {"host": "", "host_name": known.host.name}
        hours = study_hours(known.starts_at, known.ends_at, self.minutes_per_hour)
        if hours and not known.hours:
            values["hours"] = f"{hours:.1f}"
        return values

    def _first_group(self) -> Group | None:
        """The group asked for, that of the plan, or the one the user leads."""
        asked = next((group for group in self.groups if group.pk == self.group_id), None)
        if asked is not None or Type.GROUP not in self.types:
            return asked
        if self.stored is not None:
            return self.stored.group
        if self.offer is not None and self.offer.facts.group is not None:
            return self.offer.facts.group
        return led_group(self.user, self.organisation, self.groups)

    def _first_presences(self) -> dict[int, Presence]:
        if self.recorded:
            return dict(self.stored.presences)
        group = self._first_group()
        return recording.expected_presences(self.roster, self.types, group.pk if group else None)

    def _first_voteless(self) -> frozenset[int]:
        """Formal members without a vote: as stored, or as at the last meeting."""
        if self.recorded:
            return frozenset(
                row.member_id
                for row in self.recorded.values()
                if row.was_formal and not row.may_vote
            )
        return voteless_on(self.organisation, self.roster.held_on, leaving_out=self.meeting)

    def _stored_lines(self) -> list[DecisionLine]:
        if self.stored is None:
            return []
        votes = self.votes()
        return [
            line_of(
                decision,
                index,
                expected_votes(
                    decision.kind,
                    votes,
                    self.committee,
                    [member_id for member_id, _reason in decision.exclusions],
                ),
            )
            for index, decision in enumerate(self.stored.decisions)
        ]

    # --- People ---

    @property
    def committee(self) -> frozenset[int]:
        """Keys of the members of the branch committee."""
        return frozenset(person.member_id for person in self.roster.people if person.in_committee)

    def was_formal(self, member_id: int) -> bool:
        """Whether somebody on the page counts as a formal member on the day shown."""
        row = self.recorded.get(member_id)
        if row is not None and self.roster.held_on == self.stored.held_on:
            return row.was_formal
        person = self.roster.by_key().get(member_id)
        return person.was_formal if person else bool(row and row.was_formal)

    def votes(self) -> dict[int, Presence]:
        """The roll call with who may vote filled in."""
        return {
            member_id: replace(
                presence,
                may_vote=self.was_formal(member_id) and member_id not in self.voteless,
            )
            for member_id, presence in self.presences.items()
        }

    # --- What was typed ---

    def bind(self, posted: QueryDict, files) -> None:
        """Take what was sent; `form` is bound, nothing is stored yet."""
        self.load(posted)
        self.form = self._form(posted, files)
        votes = self.votes()
        for line in self.decision_lines:
            read_line(line, votes, self.committee)
        if any(line.errors for line in self.decision_lines):
            self.form.add_error(None, "决议里有要改的地方，请看“决议和表决”")
        if self.form.is_valid():
            try:
                self.files = files_in(posted, self.form)
            except Unreadable as unreadable:
                self.form.add_error("dated_on", str(unreadable))

    def facts(self) -> MeetingFacts:
        """What was typed, as the service takes it; only after a valid `bind`."""
        decisions = tuple(line.decision for line in self.decision_lines if line.decision)
        facts = self.form.facts(self.presences, self.minutes_per_hour, decisions)
        if facts.for_year is None:
            return replace(facts, for_year=usual_year(self.organisation, facts.held_on))
        return facts

    def presences_typed(self, typed: QueryDict) -> dict[int, Presence]:
        types = [kind for kind in typed.getlist("kinds") if kind in Type.values]
        group = typed.get("group", "")
        group_id = int(group) if is_key(group) else None
        same_group = self.stored is None or group_id == (
            self.stored.group.pk if self.stored.group else None
        )
        return presences_in(
            typed,
            self.roster,
            types,
            group_id,
            recorded=self.recorded,
            frozen=same_group and self.is_frozen(types),
            voteless=voteless_in(typed),
        )

    def is_frozen(self, types: list[str]) -> bool:
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
            superiors=self.superiors,
            groups=self.groups,
            today=self.today,
        )

    @property
    def lead(self) -> str:
        """Where the values on an untouched form come from."""
        if self.meeting is not None:
            planned = self.meeting.state == MeetingState.PLANNED
            return "已按准备时填好，改动不同的地方即可" if planned else ""
        if self.offer is not None:
            return self.offer.lead
        return lead_of_last(self.last, self.today) if self.last is not None else ""

    @property
    def types_allowed(self) -> list[Type]:
        """What this user may register here: a group leader the meetings of a group."""
        return recording.types_allowed(self.user, self.organisation)


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
