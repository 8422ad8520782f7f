"""What the year plan of a branch says about the duties on its desk. Queries, no facts of its own."""

import datetime
from dataclasses import dataclass, field

from branches.models import Organisation
from branches.periods import month_end
from branches.words import times
from compliance.models import Duty
from compliance.wording import day_text
from meetings.enums import Type
from meetings.models import PlanItem
from meetings.plans import open_lines

# Which lines of the plan fulfil which rule.
_TYPES = {
    "meetings.members_meeting": Type.MEMBERS_MEETING,
    "meetings.committee": Type.COMMITTEE,
    "meetings.group": Type.GROUP,
    "meetings.lecture": Type.LECTURE,
    "meetings.theme_day": Type.THEME_DAY,
    "meetings.life_meeting": Type.LIFE_MEETING,
    "meetings.appraisal": Type.APPRAISAL,
}


@dataclass
class PlanDates:
    """The open lines of a branch, read once for each year that a duty asks for."""

    branch: Organisation
    today: datetime.date
    _open: dict[int, list[PlanItem]] = field(default_factory=dict)

    def line_of(self, duty: Duty) -> PlanItem | None:
        """The open line that would fulfil the duty, the one nearest to today."""
        if duty.rule not in _TYPES or duty.starts_on is None:
            return None
        year = duty.starts_on.year
        if year not in self._open:
            self._open[year] = open_lines(self.branch, year)
        return min(
            (
                line
                for line in self._open[year]
                if line.type == _TYPES[duty.rule]
                and duty.starts_on <= line.planned_on <= duty.ends_on
            ),
            key=lambda line: (abs(line.planned_on - self.today), line.pk),
            default=None,
        )

    def is_near(self, duty: Duty, soon_days: int) -> bool:
        """Whether the plan says this month, or within the days that count as soon."""
        line = self.line_of(duty)
        horizon = max(month_end(self.today), self.today + datetime.timedelta(days=soon_days))
        return line is not None and line.planned_on <= horizon


def words_of(line: PlanItem, today: datetime.date) -> str:
    """计划 3月20日 15:00; 计划日 3月10日已过; 计划 3月 where no day was fixed."""
    if line.month_only:
        return f"计划 {line.planned_on.month}月"
    day = day_text(line.planned_on, today)
    if line.planned_on < today:
        return f"计划日 {day}已过"
    return " ".join(filter(None, ["计划", day, times(line.starts_at, None)]))
