"""The resolutions of a meeting: checked and stored with it, in its transaction and trail line."""

from collections.abc import Iterable
from dataclasses import dataclass

from meetings.enums import DecisionKind, ExclusionReason
from meetings.models import Exclusion, Meeting, Resolution
from meetings.services import Refused
from meetings.votes import impossible, outcome

MOST = 30


@dataclass(frozen=True)
class Decision:
    """One resolution as a person says it. `key` is that of the stored row it changes, if any.

    `exclusions` are (member key, reason) of those left out of `should_attend`.
    """

    kind: str
    text: str
    should_attend: int | None = None
    present: int | None = None
    yes: int | None = None
    no: int | None = None
    abstained: int | None = None
    written: int = 0
    is_secret: bool = False
    exclusions: tuple[tuple[int, str], ...] = ()
    key: int | None = None

    def outcome(self):
        """Whether it could be voted on and passed, in words."""
        return outcome(
            self.kind,
            should_attend=self.should_attend,
            present=self.present,
            yes=self.yes,
            written=self.written,
            is_secret=self.is_secret,
        )


_COUNTS = ("should_attend", "present", "yes", "no", "abstained", "written")
_PLAIN = ("kind", "text", *_COUNTS, "is_secret")


def decisions_of(meeting: Meeting) -> tuple[Decision, ...]:
    """The stored resolutions of a meeting, in the shape in which a person says them."""
    return tuple(
        Decision(
            key=row.pk,
            exclusions=tuple((left.member_id, left.reason) for left in row.exclusions.all()),
            **{name: getattr(row, name) for name in _PLAIN},
        )
        for row in meeting.resolutions.prefetch_related("exclusions")
    )


def check_decisions(decisions: Iterable[Decision], roster: Iterable[int]) -> None:
    """Refuse what cannot be: no text, impossible counts, somebody left out who was not there.

    A missed quorum or majority is no reason to refuse: it is recorded and said.
    """
    decisions, roster = list(decisions), frozenset(roster)
    if len(decisions) > MOST:
        raise Refused(f"一次会议最多记 {MOST} 项决议，请分开登记", "resolutions")
    for number, decision in enumerate(decisions, 1):
        if not decision.text.strip():
            raise Refused(f"第 {number} 项决议没有写内容，请写明决定了什么", "resolutions")
        fault = impossible(**{name: getattr(decision, name) for name in (*_COUNTS[:5], "written")})
        if fault:
            raise Refused(f"第 {number} 项决议：{fault}", "resolutions")
        left_out = [member_id for member_id, _reason in decision.exclusions]
        if not roster.issuperset(left_out):
            raise Refused(f"第 {number} 项决议：不计入应到会的人不在名单里，请核对", "resolutions")
        if len(left_out) != len(set(left_out)):
            raise Refused(f"第 {number} 项决议：同一个人不能两次不计入应到会", "resolutions")


def store_decisions(meeting: Meeting, decisions: Iterable[Decision]) -> None:
    """Make the stored resolutions equal to these; what is no longer said is deleted.

    Called inside the transaction of the meeting's service, which checks and writes the trail line.
    """
    stored = {row.pk: row for row in meeting.resolutions.prefetch_related("exclusions")}
    kept: set[int] = set()
    for decision in decisions:
        row = stored.get(decision.key) if decision.key not in kept else None
        values = {name: getattr(decision, name) for name in _PLAIN}
        if row is None:
            row = Resolution.objects.create(meeting=meeting, **values)
            old: set[tuple[int, str]] = set()
        else:
            kept.add(row.pk)
            old = {(left.member_id, left.reason) for left in row.exclusions.all()}
            differing = [name for name, value in values.items() if getattr(row, name) != value]
            if differing:
                for name in differing:
                    setattr(row, name, values[name])
                row.save(update_fields=differing)
        if old != set(decision.exclusions):
            row.exclusions.all().delete()
            Exclusion.objects.bulk_create(
                [
                    Exclusion(resolution=row, member_id=member_id, reason=reason)
                    for member_id, reason in decision.exclusions
                ]
            )
    gone = stored.keys() - kept
    if gone:
        Resolution.objects.filter(pk__in=gone).delete()


def decisions_in_words(decisions: Iterable[Decision], names: dict[int, str]) -> str:
    """The resolutions in one line of the trail."""
    return "；".join(_in_words(decision, names) for decision in decisions)


def _in_words(decision: Decision, names: dict[int, str]) -> str:
    said = f"{DecisionKind(decision.kind).label}：{decision.text}"
    numbers = [
        f"{label} {number}"
        for label, number in (
            ("应到", decision.should_attend),
            ("实到", decision.present),
            ("赞成", decision.yes),
            ("不赞成", decision.no),
            ("弃权", decision.abstained),
            ("书面", decision.written or None),
        )
        if number is not None
    ]
    if decision.is_secret:
        numbers.append("无记名")
    numbers += [
        f"{names.get(member_id, '')}不计入应到（{ExclusionReason(reason).label}）"
        for member_id, reason in decision.exclusions
    ]
    return f"{said}（{'，'.join(numbers)}）" if numbers else said
