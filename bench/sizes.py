"""How large the invented areas are, and on which day they are looked at."""

import datetime
from dataclasses import dataclass

# The day of judging; the records go back to the first of `FIRST_MONTH`, twelve months in all.
DAY = datetime.date(2026, 9, 20)
FIRST_MONTH = datetime.date(2025, 10, 1)
MONTHS = 12


@dataclass(frozen=True)
class Size:
    """One area: how many branches and members; everything else follows from these."""

    name: str
    branches: int
    members: int

    @property
    def committees(self) -> int:
        """Township committees between the county and its branches."""
        return max(2, self.branches // 33)


SIZES = {
    size.name: size
    for size in (
        Size("tiny", 24, 480),
        Size("s", 2_000, 50_000),
        Size("m", 20_000, 500_000),
    )
}
