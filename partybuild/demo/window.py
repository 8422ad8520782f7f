"""Which days the invented county covers. No Django."""

import datetime
from dataclasses import dataclass

from branches.periods import add_months, month_end, months_between


@dataclass(frozen=True)
class Window:
    """The months with facts; `today` is the last day on which anything has happened."""

    months: tuple[datetime.date, ...]
    today: datetime.date

    @classmethod
    def ending(cls, until: datetime.date, count: int, today: datetime.date) -> "Window":
        """`count` months up to that of `until`; the running month only up to `today`."""
        last = until.replace(day=1)
        months = months_between(add_months(last, 1 - count), last)
        return cls(tuple(months), min(month_end(last), today))

    @property
    def first(self) -> datetime.date:
        return self.months[0]

    @property
    def running(self) -> datetime.date | None:
        """The month that is not over on `today`, if there is one."""
        last = self.months[-1]
        return last if self.today < month_end(last) else None

    def end_of(self, month: datetime.date) -> datetime.date:
        """The last day of the month that has come."""
        return min(month_end(month), self.today)
