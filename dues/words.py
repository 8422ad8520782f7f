"""How months and sums are written."""

import datetime
from decimal import Decimal

NOTHING = Decimal("0.00")


def month_label(month: datetime.date) -> str:
    return f"{month.year}年{month.month}月"


def sum_text(amount: Decimal | None) -> str:
    """A sum as it stands in the trail and as a cell's version; "" for nothing paid."""
    return f"{amount:.2f}" if amount else ""


def money(amount: Decimal | None) -> str:
    """1,234.50; 0.00 for nothing."""
    return f"{amount or NOTHING:,.2f}"


def month_key(month: datetime.date) -> str:
    """2026-03, as pages and their answers name a month."""
    return f"{month:%Y-%m}"
