"""How ways and steps are shown: marks, spans, sources, warnings in words."""

import datetime

from django.urls import reverse

from accounts.roles import Action
from branches.scope import reaches
from branches.words import full_date
from branches.workdays import calendar_of
from members.development import Taken, Way, faults, missing_before, revision_on, windows_of
from members.development_limits import LIMITS, Nature, Revision
from members.development_reading import SOON_DAYS, Standing
from members.development_stages import LEADS_TO, STAGE_OF, SUPERIOR_STEPS, VOTED, stage_reached
from members.enums import Stage, Step
from members.models import Development, DevelopmentStep
from members.models.development import REPEATING
from members.services.development_entry import action_for

NOTHING_DUE = {"next": "", "due": "", "kind": "", "words": ""}
# Steps of which the text of 2014 says nothing.
_ONLY_NEW = {limit.step for limit in LIMITS} - {limit.step for limit in LIMITS if limit.in_2014}
# Taken in special cases only.
_WHERE_NEEDED = frozenset({Step.EXTENSION, Step.APPROVAL_DELAYED})


def distance(due_on: datetime.date, today: datetime.date) -> tuple[str, str]:
    """(kind of mark, words) of a last day: late, soon, or so many days left."""
    days = (due_on - today).days
    if days < 0:
        return "late", f"逾期 {-days} 天"
    if days == 0:
        return "soon", "今天到期"
    return ("soon" if days <= SOON_DAYS else "todo"), f"还剩 {days} 天"


def next_words(standing: Standing, today: datetime.date) -> dict[str, str]:
    """What is due next on a way, as the list shows it."""
    due = standing.next
    if due is None:
        return NOTHING_DUE
    kind, words = distance(due.due_on, today)
    if not due.alarms:
        kind, words = "todo", due.limit.nature.value
    return {
        "next": due.step.label,
        "due": full_date(due.due_on),
        "kind": kind,
        "words": words,
    }


def stage_steps(stage: str) -> list[dict[str, str]]:
    """The five stages, and which of them is reached."""
    stages = list(Stage)
    reached = stages.index(Stage(stage))
    return [
        {
            "name": one.label,
            "state": "done"
            if index < reached or one == Stage.CONFIRMED == stage
            else "current"
            if index == reached
            else "todo",
        }
        for index, one in enumerate(stages)
    ]


class Timeline:
    """The whole way of one person as groups of steps, one group for each stage."""

    def __init__(
        self,
        development: Development,
        rows: list[DevelopmentStep],
        user,
        today: datetime.date,
        from_2026: datetime.date,
    ):
        self.development, self.today, self.from_2026 = development, today, from_2026
        self.rows: dict[str, list[DevelopmentStep]] = {}
        for row in sorted(rows, key=lambda one: (one.on, one.pk)):
            self.rows.setdefault(row.step, []).append(row)
        self.way = Way(
            tuple(Taken(row.step, row.on, row.until_on, row.hours) for row in rows),
            development.born_on,
        )
        path = development.organisation.path
        self.open = development.ended_on is None
        self.approves = self.open and reaches(user, Action.APPROVE, path)
        self.may = {step: self.open and reaches(user, action_for(step), path) for step in Step}
        days = [day for row in rows for day in (row.on, row.until_on) if day] or [today]
        self.calendar = calendar_of(min(days), max(*days, today))

    def url_of_next(self, standing: Standing) -> str:
        """Where what is due next is written down, by who may."""
        due = standing.next
        if due is None or not due.alarms or not self.may[due.step]:
            return ""
        return self._register_url(due.step)

    def groups(self) -> list[dict[str, object]]:
        """Stages in order, each with its steps; those not reached yet without links."""
        groups = []
        for stage in Stage:
            steps = [step for step in Step if STAGE_OF[step] == stage]
            reached = stage_reached(self.development.stage, stage)
            groups.append(
                {
                    "name": stage.label,
                    "current": stage == self.development.stage,
                    "reached": reached,
                    "steps": [self.step(step, reached) for step in steps if self._shown(step)],
                }
            )
        return groups

    def _shown(self, step: Step) -> bool:
        """An extension or a special case is shown where there is one, or where it can be."""
        if step in _WHERE_NEEDED:
            at_hand = self.development.stage == Stage.PROBATIONARY and self._possible(step)
            return step in self.rows or at_hand
        return True

    def step(self, step: Step, reached: bool) -> dict[str, object]:
        """One step with its dates, its span, its sources and what does not fit."""
        rows = self.rows.get(step, [])
        windows = windows_of(step, self.way, self.from_2026, self.calendar)
        again = step in REPEATING and not self.way.passed(step)
        kind, words = self._mark(step, rows, windows, reached, again)
        may = self.may[step] and reached and (again or not rows)
        return {
            "name": step.label,
            "superior": step in SUPERIOR_STEPS,
            "kind": kind,
            "words": words,
            "taken": [self._taken(row) for row in rows],
            "spans": [
                {
                    "words": one.span_words,
                    "asks": one.limit.asks,
                    "source": one.source_words,
                    "plain": bool(rows and not again) or one.limit.nature == Nature.LOCAL,
                }
                for one in sorted(windows, key=lambda one: one.limit.nature == Nature.LOCAL)
            ],
            "asks": self._undated(step, rows),
            "missing": self._missing(step, rows, reached),
            "register_url": self._register_url(step) if may and self._possible(step) else "",
            "override_url": self._register_url(step)
            if not may and self._excepts(step, rows, reached)
            else "",
            "main": step in LEADS_TO,
        }

    def _register_url(self, step: Step) -> str:
        return reverse("members:development_register", args=[self.development.pk, step])

    def _possible(self, step: Step) -> bool:
        if step == Step.CONVERSION_DECISION:
            return self.way.has(Step.CONVERSION_MEETING)
        if step == Step.EXTENSION:
            return not self.way.has(Step.CONVERSION_MEETING)
        if step == Step.APPROVAL_DELAYED:
            return not self.way.has(Step.APPROVAL)
        return True

    def _excepts(self, step: Step, rows, reached: bool) -> bool:
        """Whether the superior may write down this step of the branch as an exception."""
        blocked = step in VOTED or any(one.blocks for one in LIMITS if one.step == step)
        fits = reached and not rows and not self.way.passed(step)
        return self.approves and blocked and fits and self._possible(step) and step != Step.APPLIED

    def _mark(self, step, rows, windows, reached: bool, again: bool) -> tuple[str, str]:
        last = min((one.latest for one in windows if one.latest and one.limit.rule), default=None)
        if rows and not again:
            return "done", "已办"
        if not reached:
            return "todo", "未到"
        if step in _WHERE_NEEDED:
            return "todo", "需要时办"
        if self.way.passed(step):
            return "todo", "没有登记"
        if last and self.open:
            kind, words = distance(last, self.today)
            if kind != "todo":
                return kind, words
        if step in SUPERIOR_STEPS and self._possible(step):
            return "wait", "待办" if self.may[step] else "等上级"
        if again and rows:
            return "run", f"已办 {len(rows)} 次"
        return "todo", "未办"

    def _undated(self, step: Step, rows) -> list[dict[str, str]]:
        """What the text asks beside days."""
        text = revision_on(rows[-1].on if rows else self.today, self.from_2026)
        return [
            {"asks": limit.asks, "source": limit.source_words(text)}
            for limit in LIMITS
            if limit.step == step and not limit.is_dated and limit.source(text)
        ] + [
            {"asks": "没有期限", "source": limit.source_words(Revision.OF_2014)}
            for limit in LIMITS
            if limit.step == step and step in _ONLY_NEW and self._is_older(limit)
        ]

    def _is_older(self, limit) -> bool:
        """Whether a limit counts from a day on which the text of 2014 was in force."""
        base_on = self.way.base_day(limit)
        return bool(base_on) and revision_on(base_on, self.from_2026) is Revision.OF_2014

    def _missing(self, step: Step, rows, reached: bool) -> str:
        if not reached:
            return ""
        on = rows[-1].on if rows else self.today
        missing = missing_before(step, self.way, on, self.from_2026)
        return "、".join(one.label for one in missing)

    def _taken(self, row: DevelopmentStep) -> dict[str, object]:
        taken = Taken(row.step, row.on, row.until_on, row.hours)
        others = tuple(one for one in self.way.steps if one != taken)
        found = faults(taken, Way(others, self.way.born_on), self.from_2026, self.calendar)
        return {
            "date": full_date(row.on) + (f"—{full_date(row.until_on)}" if row.until_on else ""),
            "facts": list(_facts(row)),
            "note": row.note,
            "override": row.override_reason,
            "warnings": [fault.words for fault in found if not fault.hint],
            "hints": [fault.words for fault in found if fault.hint],
            "correct_url": reverse("members:development_correct", args=[row.pk])
            if self.may[row.step]
            else "",
        }


def _facts(row: DevelopmentStep):
    if row.hours is not None:
        yield {"kind": "", "words": f"{row.hours} 学时"}
    if None in (row.should_vote, row.present, row.approved):
        return
    attended, passed = 2 * row.present > row.should_vote, 2 * row.approved > row.should_vote
    yield {
        "kind": "done" if attended else "late",
        "words": f"应到 {row.should_vote} 人，实到 {row.present} 人，"
        + ("已过半数" if attended else "未过半数"),
    }
    written = f"（含书面意见 {row.written} 票）" if row.written else ""
    yield {
        "kind": "done" if passed else "late",
        "words": f"赞成 {row.approved} 票{written}，" + ("已过半数" if passed else "未过半数"),
    }
