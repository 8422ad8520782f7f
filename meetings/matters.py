"""四议两公开: how far a matter has come, what is missing, and the votes of its members' meeting.

Reads only. A stage that was passed over is named as missing (缺) and never blocks the way; nothing
here says that a matter may not go on.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Count, F, IntegerField, Max, Value, When

from branches.models import Organisation, Sector
from branches.words import full_date
from meetings.enums import DecisionKind, MatterStage, MeetingState, Type
from meetings.models import Matter, MatterStep, Meeting, Resolution
from meetings.votes import Outcome, outcome

# Villages and communities decide this way; source: 支部条例 Art. 11.
SECTORS = frozenset({Sector.VILLAGE, Sector.COMMUNITY})
STAGES = tuple(MatterStage)
PUBLICATIONS = frozenset({MatterStage.RESOLUTION_PUBLISHED, MatterStage.RESULT_PUBLISHED})
# Whose minutes may stand for a stage. The villagers' meeting is no meeting of the branch.
MEETING_TYPES = {
    MatterStage.PROPOSED: (Type.COMMITTEE, Type.MEMBERS_MEETING),
    MatterStage.DISCUSSED: (Type.COMMITTEE,),
    MatterStage.REVIEWED: (Type.MEMBERS_MEETING,),
}
# What the counts are of: those at the deliberations with a vote.
COUNTED = frozenset({MatterStage.REVIEWED, MatterStage.RESOLVED})
_SHORT = dict(zip(STAGES, ("提议", "商议", "审议", "决议", "决议公开", "结果公开"), strict=True))
# The same stages as a community calls them.
_OF_COMMUNITIES = (("村党组织", "社区党组织"), ("村“两委”", "社区“两委”"), ("村民", "居民"))


def decides_this_way(organisation: Organisation) -> bool:
    """Whether the branch is one of a village or community."""
    return organisation.is_branch and organisation.sector in SECTORS


def stage_name(stage: str, sector: str) -> str:
    """村民会议或村民代表会议决议, in a community 居民会议或居民代表会议决议."""
    name = MatterStage(stage).label
    if sector == Sector.COMMUNITY:
        for village, community in _OF_COMMUNITIES:
            name = name.replace(village, community)
    return name


def short_name(stage: str) -> str:
    """提议, 商议, 审议, 决议, 决议公开, 结果公开."""
    return _SHORT[MatterStage(stage)]


# --- How far -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How far one matter has come. `missing` are stages passed over by a later one."""

    done: frozenset[str]
    dropped_on: datetime.date | None
    published_until: datetime.date | None = None

    @property
    def furthest(self) -> int:
        """The number of the last stage done, 0 for none."""
        return max((STAGES.index(stage) + 1 for stage in self.done), default=0)

    @property
    def missing(self) -> list[MatterStage]:
        return [stage for stage in STAGES[: self.furthest] if stage not in self.done]

    @property
    def next_stage(self) -> MatterStage | None:
        return STAGES[self.furthest] if self.furthest < len(STAGES) else None

    @property
    def is_over(self) -> bool:
        return self.next_stage is None

    def mark(self, today: datetime.date) -> tuple[str, str]:
        """Kind of mark and words: 待党员大会审议, 缺 2 步, 已办结, 已终止."""
        if self.dropped_on:
            return "wait", "已终止"
        if self.missing:
            lacking = "、".join(short_name(stage) for stage in self.missing)
            return "soon", f"缺{lacking}"
        if self.published_until and self.published_until >= today:
            return "run", f"公开至{full_date(self.published_until)}"
        if self.is_over:
            return "done", "已办结"
        return ("run", f"待{short_name(self.next_stage)}") if self.done else ("todo", "还没有开始")


def standing_of(matter: Matter, steps: Iterable[MatterStep]) -> Standing:
    """How far the matter has come, from its steps."""
    steps = list(steps)
    last = max(steps, key=lambda step: STAGES.index(step.stage), default=None)
    return Standing(
        done=frozenset(step.stage for step in steps),
        dropped_on=matter.dropped_on,
        published_until=last.ends_on if last else None,
    )


def with_counts(matters):
    """Matters with `steps_done` and `furthest`, the number of the last stage done (0 for none)."""
    places = [
        When(steps__stage=stage, then=Value(number)) for number, stage in enumerate(STAGES, start=1)
    ]
    return matters.annotate(
        steps_done=Count("steps"),
        furthest=Max(Case(*places, default=Value(0), output_field=IntegerField())),
    )


# Chips of the list: key, words, condition on `with_counts`.
STATES = (
    ("open", "进行中", {"dropped_on": None, "furthest__lt": len(STAGES)}),
    ("gaps", "有缺环节", {"dropped_on": None, "steps_done__lt": F("furthest")}),
    ("done", "已走完", {"dropped_on": None, "furthest": len(STAGES)}),
    ("dropped", "已终止", {"dropped_on__isnull": False}),
)


# --- Meetings and votes --------------------------------------------------------------------


def meetings_for(matter: Matter, stage: str, today: datetime.date):
    """Recorded meetings of the branch that may stand for the stage, the latest first."""
    types = MEETING_TYPES.get(MatterStage(stage), ())
    return (
        Meeting.objects.held(datetime.date.min, today)
        .filter(organisation_id=matter.organisation_id, types__type__in=types)
        .distinct()
        .order_by("-held_on", "-pk")
    )


def fits(meeting: Meeting, matter: Matter, stage: str) -> bool:
    """Whether the meeting is one of the branch, was held and is of a type for the stage."""
    types = MEETING_TYPES.get(MatterStage(stage), ())
    return (
        meeting.organisation_id == matter.organisation_id
        and meeting.state == MeetingState.HELD
        and meeting.types.filter(type__in=types).exists()
    )


@dataclass(frozen=True)
class Numbers:
    """Heads at one stage; `is_recorded` when they are those of the minutes, not typed here."""

    should_attend: int | None
    present: int | None
    yes: int | None
    is_recorded: bool = False

    @property
    def words(self) -> str:
        """应到 30 人，实到 25 人，同意 24 人; "" for nothing known."""
        parts = (("应到", self.should_attend), ("实到", self.present), ("同意", self.yes))
        return "，".join(f"{label} {number} 人" for label, number in parts if number is not None)


def numbers_of(step: MatterStep, title: str) -> Numbers:
    """The numbers of a stage: those of the meeting's resolution on the matter, where there is one."""
    recorded = resolution_on(step.meeting, title) if step.meeting_id else None
    if recorded is not None and recorded.present is not None:
        return Numbers(recorded.should_attend, recorded.present, recorded.yes, is_recorded=True)
    return Numbers(step.should_attend, step.present, step.yes)


def resolution_on(meeting: Meeting, title: str) -> Resolution | None:
    """The resolution of the kind 村（社区）重要事项 that is about the matter: the only one, or of
    several the one that names it."""
    found = [one for one in meeting.resolutions.all() if one.kind == DecisionKind.VILLAGE]
    if len(found) == 1:
        return found[0]
    named = [one for one in found if title in one.text]
    return named[0] if len(named) == 1 else None


def review_outcome(numbers: Numbers) -> Outcome | None:
    """Whether the members' meeting passed the matter; None where the counts do not tell."""
    if numbers.should_attend is None or numbers.present is None:
        return None
    return outcome(
        DecisionKind.VILLAGE,
        should_attend=numbers.should_attend,
        present=numbers.present,
        yes=numbers.yes,
    )
