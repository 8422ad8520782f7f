"""What the pages about members away say of each: whose time is near, who is due."""

import datetime
from dataclasses import dataclass

from branches.models import Sector
from branches.periods import Period, add_months, period_of
from branches.words import full_date
from members.contacts import (
    LOST_HINT_MONTHS,
    LOST_MONTHS,
    SPANS,
    SUSPENDED_HINT_MONTHS,
    cases_due,
    lost_since,
)
from members.enums import AbsenceKind, CaseKind
from members.models import Absence, Case, Member

_SPAN_WORDS = {AbsenceKind.FLOATING: "本季度", AbsenceKind.ABROAD: "本半年"}
_SOON = datetime.timedelta(days=7)


def urgency(kind: str) -> str:
    """The mark of an undecided case: over five years abroad is only 一般, and so only amber."""
    return "soon" if kind == CaseKind.ABROAD_5Y else "late"


def misses_person(member: Member, kind: str, contact_person: str) -> bool:
    """Whether a village branch has not named who keeps contact with a floating member.

    Source: 党员教育管理工作条例 (2019) Art. 33.
    """
    return (
        kind == AbsenceKind.FLOATING
        and member.organisation.sector == Sector.VILLAGE
        and not contact_person
    )


@dataclass(frozen=True)
class Watch:
    """What a list says about its people: who is due for the committee, whose time is near."""

    today: datetime.date
    due: dict[int, list[str]]
    lost: dict[int, datetime.date]
    suspended: dict[int, datetime.date]

    @classmethod
    def on(cls, today: datetime.date, organisations: set[int]) -> "Watch":
        due: dict[int, list[str]] = {}
        for one in cases_due(organisations, today):
            due.setdefault(one.member_id, []).append(one.kind)
        lost = lost_since(organisations, today)
        suspended = dict(
            Case.objects.filter(member__in=list(lost), suspended_on__isnull=False)
            .order_by("suspended_on")
            .values_list("member_id", "suspended_on")
        )
        return cls(today, due, lost, suspended)

    def marks(self, member: Member, absences: list[Absence], last_on) -> list[dict[str, str]]:
        """Marks of one member: kind and words."""
        marks = [
            {"kind": urgency(kind), "text": f"{CaseKind(kind).label}，待研究"}
            for kind in self.due.get(member.pk, [])
        ]
        if member.pk in self.lost:
            return marks or [self._lost_mark(member.pk)]
        kinds = {AbsenceKind(absence.kind) for absence in absences}
        if member.is_floating:
            kinds.add(AbsenceKind.FLOATING)
        for kind in AbsenceKind:
            if kind in kinds:
                marks.append(self._contact_mark(kind, last_on))
        return marks

    def _contact_mark(self, kind: AbsenceKind, last_on) -> dict[str, str]:
        period: Period = period_of(SPANS[kind], self.today)
        if last_on and last_on >= period.starts_on:
            return {"kind": "done", "text": f"{_SPAN_WORDS[kind]}已联系"}
        soon = period.ends_on - self.today < _SOON
        return {"kind": "soon" if soon else "todo", "text": f"{_SPAN_WORDS[kind]}还没联系"}

    def _lost_mark(self, key: int) -> dict[str, str]:
        since, suspended_on = self.lost[key], self.suspended.get(key)
        if suspended_on:
            near = add_months(suspended_on, SUSPENDED_HINT_MONTHS) <= self.today
            return {
                "kind": "soon" if near else "run",
                "text": f"{full_date(suspended_on)}停止党籍" + ("，快满 2 年" if near else ""),
            }
        if add_months(since, LOST_MONTHS) <= self.today:
            return {"kind": "run", "text": "支委会已研究"}
        near = add_months(since, LOST_HINT_MONTHS) <= self.today
        words = "失联满 5 个月，快到期" if near else f"失联 {(self.today - since).days} 天"
        return {"kind": "soon" if near else "run", "text": words}
