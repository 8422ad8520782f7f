"""Talks, visits, appraisals, decisions and village matters of an invented branch."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from branches.models import Sector
from meetings.enums import (
    AttendanceState,
    DecisionKind,
    Grade,
    MatterStage,
    TalkRelation,
    Type,
    VisitOccasion,
)
from meetings.models import (
    Appraisal,
    AppraisalResult,
    Matter,
    MatterStep,
    Resolution,
    Talk,
    TalkPerson,
    Visit,
)
from partybuild.demo.clock import at
from partybuild.demo.meetings import Gathering
from partybuild.demo.members import Person
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window

_DAY = datetime.timedelta(days=1)
_MATTERS = ("村（社区）环境整治项目", "集体资产出租方案", "活动场所修缮")


@dataclass
class Deliberations:
    """Rows to be, of one branch."""

    talks: list[Talk] = field(default_factory=list)
    talk_people: list[TalkPerson] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    appraisals: list[Appraisal] = field(default_factory=list)
    results: list[AppraisalResult] = field(default_factory=list)
    resolutions: list[Resolution] = field(default_factory=list)
    matters: list[Matter] = field(default_factory=list)
    matter_steps: list[MatterStep] = field(default_factory=list)


def deliberations_of(
    branch: Branch,
    people: list[Person],
    gatherings: list[Gathering],
    window: Window,
    rng: Random,
) -> Deliberations:
    """Everything of one branch; who is in order has talked with everybody by autumn."""
    made = Deliberations()
    here = [
        one
        for one in people
        if one.member.left_on is None and one.member.organisation is branch.organisation
    ]
    _talks(made, branch, here, window, rng)
    _visits(made, branch, here, window, rng)
    for gathering in gatherings:
        if Type.APPRAISAL in gathering.types and gathering.roster:
            _appraisal(made, branch, gathering, rng)
    _decisions(made, branch, gatherings)
    return made


def _talks(made, branch: Branch, here: list[Person], window: Window, rng: Random) -> None:
    officers = [one for one in here if one.officer]
    if not officers:
        return
    share = {Order.GOOD: 1.0, Order.FAIR: 0.9, Order.POOR: 0.4}[branch.order]
    if branch.is_shown:
        share = 0.8
    year_start = max(datetime.date(window.today.year, 1, 5), window.first)
    for number, person in enumerate(here):
        partner = officers[number % len(officers)]
        if partner is person:
            partner = officers[(number + 1) % len(officers)]
        if partner is person or rng.random() > share:
            continue
        start = max(year_start, person.stays[-1].starts_on, partner.stays[-1].starts_on)
        if start > window.today:
            continue
        day = start + rng.randint(0, (window.today - start).days) * _DAY
        talk = Talk(
            organisation=branch.organisation,
            held_on=day,
            relation=TalkRelation.AMONG_COMMITTEE
            if person.officer
            else TalkRelation.COMMITTEE_MEMBER,
            entered_at=at(day, 18),
        )
        made.talks.append(talk)
        made.talk_people += [
            TalkPerson(talk=talk, member=partner.member, is_initiator=True),
            TalkPerson(talk=talk, member=person.member),
        ]


def _visits(made, branch: Branch, here: list[Person], window: Window, rng: Random) -> None:
    """The two oldest before the Spring Festival and on 1 July."""
    officers = [one.member.name for one in here if one.officer]
    oldest = sorted(here, key=lambda one: one.member.born_on)[:2]
    year = window.today.year
    for occasion, day in (
        (VisitOccasion.NEW_YEAR, datetime.date(year, 2, 6)),
        (VisitOccasion.FOUNDING_DAY, datetime.date(year, 6, 28)),
    ):
        if not window.first <= day <= window.today or branch.order is Order.POOR or not officers:
            continue
        made.visits += [
            Visit(
                organisation=branch.organisation,
                visited_on=day,
                occasion=occasion,
                visitors="、".join(officers[:2]),
                member=person.member,
                person_name=person.member.name,
                amount=Decimal(rng.choice((300, 500))),
                goods=rng.choice(("", "米和油", "牛奶、水果")),
                entered_at=at(day, 18),
            )
            for person in oldest
            if person.stays[-1].starts_on <= day
        ]


def _appraisal(made, branch: Branch, gathering: Gathering, rng: Random) -> None:
    meeting = gathering.meeting
    present = sum(state == AttendanceState.PRESENT for _m, state, _r, _f in gathering.roster)
    appraisal = Appraisal(
        organisation=branch.organisation,
        year=meeting.for_year,
        meeting=meeting,
        self_on=meeting.held_on,
        mutual_on=meeting.held_on,
        ballot_on=meeting.held_on,
        opinion_on=meeting.held_on,
        ballots_sent=present,
        ballots_back=present,
        ballots_valid=present,
        closed_on=meeting.held_on,
    )
    made.appraisals.append(appraisal)
    graded = sum(formal for _m, _s, _r, formal in gathering.roster)
    best = set(rng.sample(range(len(gathering.roster)), graded // 4))
    for number, (member, state, reason, formal) in enumerate(gathering.roster):
        took_part = state == AttendanceState.PRESENT
        result = AppraisalResult(
            appraisal=appraisal,
            member=member,
            was_formal=formal,
            took_part=took_part,
            absence_note="" if took_part else reason,
        )
        if formal:
            excellent = present - rng.randint(0, present // 4) if number in best else present // 3
            result.excellent, result.qualified = excellent, present - excellent
            result.basic = result.unqualified = 0
            result.grade = Grade.EXCELLENT if number in best else Grade.QUALIFIED
        made.results.append(result)


def _decisions(made, branch: Branch, gatherings: list[Gathering]) -> None:
    """The first members' meeting decides on the plan; a village also on a matter of its own."""
    held = [one for one in gatherings if Type.MEMBERS_MEETING in one.types and one.roster]
    if not held:
        return
    made.resolutions.append(_resolution(held[0], "通过支部年度工作计划", DecisionKind.ORDINARY))
    if branch.sector not in (Sector.VILLAGE, Sector.COMMUNITY):
        return
    for number, title in enumerate(_MATTERS[: 2 if branch.is_shown else 1]):
        gathering = held[number % len(held)]
        made.resolutions.append(_resolution(gathering, f"同意{title}", DecisionKind.VILLAGE))
        _matter(made, branch, gathering, title, finished=number == 0)


def _resolution(gathering: Gathering, text: str, kind: str) -> Resolution:
    voters = [state for _m, state, _r, formal in gathering.roster if formal]
    present = voters.count(AttendanceState.PRESENT)
    return Resolution(
        meeting=gathering.meeting,
        kind=kind,
        text=text,
        should_attend=len(voters),
        present=present,
        yes=present,
        no=0,
        abstained=0,
    )


def _matter(made, branch: Branch, gathering: Gathering, title: str, *, finished: bool) -> None:
    meeting, vote = gathering.meeting, made.resolutions[-1]
    matter = Matter(
        organisation=branch.organisation,
        title=title,
        content=f"{title}，涉及村（居）民切身利益，按四议两公开办理",
        entered_at=at(meeting.held_on, 19),
    )
    made.matters.append(matter)
    made.matter_steps += [
        MatterStep(matter=matter, stage=MatterStage.PROPOSED, done_on=meeting.held_on - 6 * _DAY),
        MatterStep(matter=matter, stage=MatterStage.DISCUSSED, done_on=meeting.held_on - 3 * _DAY),
        MatterStep(
            matter=matter,
            stage=MatterStage.REVIEWED,
            done_on=meeting.held_on,
            meeting=meeting,
            should_attend=vote.should_attend,
            present=vote.present,
            yes=vote.yes,
        ),
    ]
    if not finished:
        return
    made.matter_steps += [
        MatterStep(
            matter=matter,
            stage=MatterStage.RESOLVED,
            done_on=meeting.held_on,
            should_attend=35,
            present=32,
            yes=31,
        ),
        MatterStep(
            matter=matter,
            stage=MatterStage.RESOLUTION_PUBLISHED,
            done_on=meeting.held_on,
            ends_on=meeting.held_on + 7 * _DAY,
        ),
    ]
