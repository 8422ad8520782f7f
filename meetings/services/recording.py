"""What happens to meetings: recorded, prepared, changed, taken back."""

import datetime
from collections.abc import Iterable
from dataclasses import replace

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import trail
from accounts.models import TrailLine
from branches.models import Organisation
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType
from meetings.rosters import Roster, roster_on, was_formal
from meetings.services import AREA, Refused
from meetings.services.checks import (
    AlreadyRegistered,
    ChangedMeanwhile,
    check_facts,
    check_resting,
    check_right,
    check_single,
    types_allowed,
    year_meant,
)
from meetings.services.facts import PLAIN, MeetingFacts, Presence, described, facts_of
from meetings.services.files import NO_FILES, Files, store_files
from meetings.services.resolutions import store_decisions
from meetings.study import note_study
from meetings.uses import resting_on

# The whole of recording is reached through this module.
__all__ = [
    "AlreadyRegistered",
    "ChangedMeanwhile",
    "Files",
    "MeetingFacts",
    "Presence",
    "Refused",
    "cancel_meeting",
    "change_meeting",
    "expected_presences",
    "facts_of",
    "register_meeting",
    "types_allowed",
]


@transaction.atomic
def register_meeting(
    *,
    organisation: Organisation,
    facts: MeetingFacts,
    by,
    today: datetime.date,
    state: str = MeetingState.HELD,
    files: Files = NO_FILES,
    anyway: bool = False,
    reason: str = "",
    form_key: str = "",
) -> Meeting:
    """Store a meeting with its types, its resolutions and the frozen roster of its day.

    The same form (`form_key`) sent again gives back the first meeting and writes nothing. Refuses
    a day to come for a meeting said to be held, days on which the branch did not exist, a group of
    another branch, people who were not on the roster, votes that cannot be, and, unless `anyway`,
    a second meeting of the same type on the same day. A day long past is never refused, nor is a
    missed quorum.
    """
    # Locked, so that two people cannot pass the check for a second meeting at once.
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    roster = roster_on(organisation, facts.held_on)
    facts = _completed(facts, {key: person.was_formal for key, person in roster.by_key().items()})
    if first := _sent_before(organisation, form_key, facts):
        return first
    check_right(by, organisation, facts.types, [facts.group])
    check_facts(organisation, facts, roster, state=state, today=today)
    if not anyway:
        check_single(organisation, facts)
    meeting = _created(organisation, facts, state, by, form_key)
    if meeting is None:
        return Meeting.objects.get(form_key=form_key)
    people = roster.by_key()
    Attendance.objects.bulk_create(
        _attendance(meeting, member_id, presence, people[member_id].was_formal)
        for member_id, presence in facts.presences.items()
    )
    store_decisions(meeting, facts.decisions)
    _before, attached = store_files(meeting, files, by=by, today=today)
    names = {member_id: people[member_id].name for member_id in facts.presences}
    after = described(facts, names, _formal(people))
    _write_line(
        meeting,
        by=by,
        action="登记会议" if state == MeetingState.HELD else "准备会议",
        types=facts.types,
        after=after | ({"附件": attached} if attached else {}),
        reason=reason,
    )
    _note(organisation.pk, facts)
    return meeting


@transaction.atomic
def change_meeting(
    *,
    meeting: Meeting,
    version: int,
    facts: MeetingFacts,
    by,
    today: datetime.date,
    state: str = MeetingState.HELD,
    files: Files = NO_FILES,
    anyway: bool = False,
    reason: str = "",
    form_key: str = "",
) -> Meeting:
    """Change a stored meeting, or turn a planned one into a held one.

    Refuses what `register_meeting` refuses, and a change of a version that is not the newest; the
    same form sent again (`form_key`) changes nothing. The people recorded earlier stay on the
    frozen roster whatever the roster says today. An appraisal or a step of 四议两公开 that rests on
    it keeps its types and year, a step its day too.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(
        pk=meeting.organisation_id
    )
    meeting = Meeting.objects.select_related("host", "lecturer", "group").get(pk=meeting.pk)
    sent_again = form_key and meeting.form_key == form_key and meeting.version == version + 1
    if meeting.version != version and not sent_again:
        raise ChangedMeanwhile(meeting, _last_line(meeting))
    if meeting.state == MeetingState.CANCELLED:
        raise Refused("这次会议已作废，不能再改")
    if meeting.state == MeetingState.HELD and state != MeetingState.HELD:
        raise Refused("已经登记的会议不能改回准备")
    old_types = [row.type for row in meeting.types.all()]
    # What it was counts as well: nobody makes somebody else's meeting his own by renaming it.
    check_right(by, organisation, {*old_types, *facts.types}, [meeting.group, facts.group])
    recorded = {row.member_id: row for row in meeting.attendances.select_related("member")}
    roster = roster_on(organisation, facts.held_on, leaving_out=meeting)
    formal = _formal_then(roster, recorded, facts.held_on, moved=meeting.held_on != facts.held_on)
    votes = {key: row.may_vote for key, row in recorded.items() if row.was_formal}
    facts = _completed(facts, formal, votes)
    old = facts_of(meeting, recorded.values())
    if sent_again:
        if _without_keys(old) != _without_keys(facts):
            raise ChangedMeanwhile(meeting, _last_line(meeting))
        return meeting
    check_facts(organisation, facts, roster, state=state, today=today, known=recorded)
    check_resting(meeting, old, facts)
    first_held = meeting.state == MeetingState.PLANNED and state == MeetingState.HELD
    moved = old.held_on != facts.held_on or not set(facts.types) <= set(old.types)
    if not anyway and (moved or first_held):
        check_single(organisation, facts, leaving_out=meeting)
    values = {name: getattr(facts, name) for name in PLAIN} | {"state": state}
    if first_held:
        values |= {"entered_at": timezone.now(), "entered_by": by}
    if form_key and not Meeting.objects.filter(form_key=form_key).exists():
        values["form_key"] = form_key
    changed = Meeting.objects.filter(pk=meeting.pk, version=version).update(
        version=F("version") + 1, **values
    )
    if not changed:
        raise ChangedMeanwhile(meeting, _last_line(meeting))
    _store_types(meeting, old.types, facts.types)
    _store_presences(meeting, facts, recorded, formal)
    store_decisions(meeting, facts.decisions)
    meeting.refresh_from_db()
    file_words = store_files(meeting, files, by=by, today=today)
    before, after = _differing(old, facts, roster, recorded, formal, file_words)
    _write_line(
        meeting,
        by=by,
        action="登记会议" if first_held else "修改会议",
        types=facts.types,
        before=before,
        after=after,
        reason=reason,
    )
    _note(organisation.pk, old, facts)
    return meeting


@transaction.atomic
def cancel_meeting(*, meeting: Meeting, version: int, by, reason: str) -> Meeting:
    """Take a meeting back: it stays readable, counts for nothing and gives no hours.

    Refuses without a reason, twice, on a version that is not the newest, and while an appraisal
    or a step of 四议两公开 rests on it. Make-ups, resolutions and files stay with it.
    """
    if not reason.strip():
        raise Refused("请写明作废的原因", "reason")
    meeting = Meeting.objects.select_for_update().get(pk=meeting.pk)
    types = [row.type for row in meeting.types.all()]
    check_right(by, meeting.organisation, types, [meeting.group])
    if rests := resting_on(meeting):
        raise Refused(f"{rests[0].text}，{rests[0].way_out}")
    changed = (
        Meeting.objects.filter(pk=meeting.pk, version=version)
        .exclude(state=MeetingState.CANCELLED)
        .update(state=MeetingState.CANCELLED, version=F("version") + 1)
    )
    if not changed:
        raise ChangedMeanwhile(meeting, _last_line(meeting))
    _write_line(
        meeting,
        by=by,
        action="作废会议",
        types=types,
        before={"状态": meeting.get_state_display()},
        after={"状态": MeetingState.CANCELLED.label},
        reason=reason,
    )
    _note(meeting.organisation_id, facts_of(meeting, meeting.attendances.all()))
    meeting.refresh_from_db()
    return meeting


def expected_presences(
    roster: Roster, types: Iterable[str], group_id: int | None = None
) -> dict[int, Presence]:
    """Everybody of the right circle, all present."""
    circle = roster.circle(types, group_id)
    return {
        person.member_id: Presence(AttendanceState.PRESENT)
        for person in roster.people
        if person.member_id in circle
    }


def _note(organisation_id: int, *said: MeetingFacts) -> None:
    """The branch and, where hours are earned, wherever the hours of these people count."""
    earning = [facts for facts in said if facts.hours]
    people = {member_id for facts in earning for member_id in facts.presences}
    note_study(people, organisation_id, days=[facts.held_on for facts in said])


# --- The same form again ---------------------------------------------------------------------


def _sent_before(organisation: Organisation, form_key: str, facts: MeetingFacts) -> Meeting | None:
    """The meeting this very form has made; refuses when it says something else by now."""
    if not form_key:
        return None
    first = (
        Meeting.objects.filter(form_key=form_key, organisation=organisation)
        .select_related("host", "lecturer", "group")
        .first()
    )
    if first is None:
        return None
    stored = facts_of(first, first.attendances.all())
    if _without_keys(stored) != _without_keys(facts):
        raise AlreadyRegistered(first, next(iter(stored.types), Type.MEMBERS_MEETING))
    return first


def _without_keys(facts: MeetingFacts) -> MeetingFacts:
    return replace(
        facts,
        types=tuple(sorted(facts.types)),
        decisions=tuple(replace(decision, key=None) for decision in facts.decisions),
    )


def _created(organisation, facts: MeetingFacts, state: str, by, form_key: str) -> Meeting | None:
    """The new meeting with its types, or None when the same form got there first."""
    values = {name: getattr(facts, name) for name in PLAIN}
    # A key used in another branch says nothing here.
    taken = Meeting.objects.exclude(organisation=organisation).filter(form_key=form_key)
    own_key = None if not form_key or taken.exists() else form_key
    try:
        with transaction.atomic():
            meeting = Meeting.objects.create(
                organisation=organisation, state=state, entered_by=by, form_key=own_key, **values
            )
    except IntegrityError:
        if Meeting.objects.filter(form_key=own_key, organisation=organisation).exists():
            return None
        raise
    MeetingType.objects.bulk_create(
        [MeetingType(meeting=meeting, type=type) for type in facts.types]
    )
    return meeting


# --- Types and people -------------------------------------------------------------------------


def _completed(
    facts: MeetingFacts, formal: dict[int, bool], votes: dict[int, bool] | None = None
) -> MeetingFacts:
    """The facts with what nobody need say: the year meant, and who may vote.

    A formal member may vote unless it is said, or stored in `votes`, that he may not.
    """
    votes = votes or {}
    presences = {}
    for member_id, presence in facts.presences.items():
        said = presence.may_vote
        wanted = votes.get(member_id, True) if said is None else said
        presences[member_id] = replace(presence, may_vote=formal.get(member_id, False) and wanted)
    year = year_meant(facts.types, facts.held_on, facts.for_year)
    return replace(facts, for_year=year, presences=presences)


def _formal(people) -> set[int]:
    return {member_id for member_id, person in people.items() if person.was_formal}


def _formal_then(
    roster: Roster, recorded: dict[int, Attendance], day: datetime.date, *, moved: bool
) -> dict[int, bool]:
    """Who was a formal member: frozen for those on record unless the day itself moved."""
    formal = {key: person.was_formal for key, person in roster.by_key().items()}
    for member_id, row in recorded.items():
        formal[member_id] = was_formal(row.member, day) if moved else row.was_formal
    return formal


def _attendance(meeting: Meeting, member_id: int, presence: Presence, formal: bool) -> Attendance:
    return Attendance(
        meeting=meeting,
        member_id=member_id,
        state=presence.state,
        reason=presence.reason,
        was_formal=formal,
        may_vote=presence.may_vote,
    )


def _store_types(meeting: Meeting, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    meeting.types.exclude(type__in=new).delete()
    MeetingType.objects.bulk_create(
        [MeetingType(meeting=meeting, type=type) for type in new if type not in old]
    )


_KEPT = ("state", "reason", "was_formal", "may_vote")


def _store_presences(
    meeting: Meeting,
    facts: MeetingFacts,
    recorded: dict[int, Attendance],
    formal: dict[int, bool],
) -> None:
    """Write only what differs."""
    gone = [row.pk for member_id, row in recorded.items() if member_id not in facts.presences]
    if gone:
        Attendance.objects.filter(pk__in=gone).delete()
    added, changed = [], []
    for member_id, presence in facts.presences.items():
        wanted = _attendance(meeting, member_id, presence, formal[member_id])
        row = recorded.get(member_id)
        if row is None:
            added.append(wanted)
        elif any(getattr(row, name) != getattr(wanted, name) for name in _KEPT):
            wanted.pk = row.pk
            changed.append(wanted)
    Attendance.objects.bulk_create(added)
    Attendance.objects.bulk_update(changed, _KEPT, batch_size=200)


# --- The trail --------------------------------------------------------------------------------


def _differing(
    old: MeetingFacts,
    new: MeetingFacts,
    roster: Roster,
    recorded: dict[int, Attendance],
    formal: dict[int, bool],
    files: tuple[str, str],
) -> tuple[dict[str, str], dict[str, str]]:
    """What a change changed, before and after, in words."""
    names = {row.member_id: row.member.name for row in recorded.values()}
    names |= {person.member_id: person.name for person in roster.people}
    formal_before = [row.member_id for row in recorded.values() if row.was_formal]
    formal_after = [member_id for member_id, is_formal in formal.items() if is_formal]
    before = described(old, names, formal_before)
    after = described(new, names, formal_after)
    if old.minutes != new.minutes:
        after["会议记录"] = f"{len(new.minutes)} 字，有改动"
    before["附件"], after["附件"] = files
    differing = [key for key in after | before if before.get(key, "") != after.get(key, "")]
    return (
        {key: before.get(key, "") for key in differing},
        {key: after.get(key, "") for key in differing},
    )


def _write_line(meeting: Meeting, *, types, **facts) -> None:
    kinds = "、".join(Type(type).label for type in types)
    trail.record(
        area=AREA,
        object_id=meeting.pk,
        label=f"{meeting.held_on:%Y-%m-%d} {kinds}",
        organisation_id=meeting.organisation_id,
        **facts,
    )


def _last_line(meeting: Meeting) -> TrailLine | None:
    return TrailLine.objects.about(AREA, meeting.pk).first()
