"""A grid as its page and its answers show it: texts, addresses, what may be typed into."""

import datetime

from django.urls import reverse

from branches.links import link
from dues.grid import Grid, Row
from dues.standing import back_limit
from dues.words import money, month_key, sum_text


class Shown:
    """A grid as its template and its answers name it."""

    def __init__(self, grid: Grid, *, may_enter: bool):
        self.grid = grid
        self.may_enter = may_enter
        self.code = grid.organisation.code

    def rows(self) -> list[dict[str, object]]:
        """Every row of the table."""
        self.oldest = back_limit(self.grid.today)
        behind = self.grid.behind() if self.may_enter else {}
        return [
            self._row(row, number, behind.get(row.member.pk, 0))
            for number, row in enumerate(self.grid.rows, start=1)
        ]

    def _row(self, row: Row, number: int, behind: int) -> dict[str, object]:
        grid, member = self.grid, row.member
        several = ""
        if behind > 1 or (behind and not row.months[grid.focus].short):
            several = link("dues:several", member.pk, branch=self.code)
        return {
            "id": member.pk,
            "number": number,
            "name": member.name,
            "url": reverse("members:detail", args=[member.pk]),
            "category": row.approved.get_category_display() if row.approved else "",
            "standard": money(row.approved.amount) if row.approved else "",
            "paid": not row.months[grid.focus].short,
            "subtotal": money(row.subtotal),
            "remark": row.remark(grid.focus),
            "booklet": row.booklet,
            "booklet_to": f"{member.pk}:{0 if row.booklet == '1' else 1}",
            "several_url": several,
            "several": f"欠 {behind} 个月，一并补交" if behind > 1 else "补交",
            "entries_url": self._entries_url(row, grid.focus)
            if grid.focus <= grid.this_month
            else "",
            "cells": [self._cell(row, month) for month in grid.months],
        }

    def answer(self, row: Row, month: datetime.date) -> dict[str, str]:
        """One cell as an answer names it."""
        value = sum_text(row.months[month].paid)
        return {
            "member": str(row.member.pk),
            "month": month_key(month),
            "value": value,
            "version": value,
            "note": row.months[month].note,
        }

    def texts(self, row: Row) -> dict[str, str]:
        """What else changes in a row when one of its cells does."""
        return {
            "subtotal": money(row.subtotal),
            "booklet": row.booklet,
            "remark": row.remark(self.grid.focus),
        }

    def _entries_url(self, row: Row, month: datetime.date) -> str:
        return link("dues:entries", row.member.pk, branch=self.code, month=month_key(month))

    def _cell(self, row: Row, month: datetime.date) -> dict[str, object]:
        grid, state = self.grid, row.months[month]
        past = month < grid.this_month
        # A month that was paid is put right on a page of its own, which asks for the reason.
        open_still = not past or (
            month >= grid.kept_since and (not state.paid or bool(state.short))
        )
        reached = month >= self.oldest or row.may_pay_back(month)
        mine = self.may_enter and state.here and month <= grid.this_month
        editable = mine and open_still and reached
        entries = ""
        if not editable and (state.corrected or (self.may_enter and past and state.paid)):
            entries = self._entries_url(row, month)
        ask = ""
        if mine and open_still and not reached and state.short:
            ask = link(
                "dues:request_new", branch=self.code, member=row.member.pk, kind="back_payment"
            )
        return self.answer(row, month) | {
            "month_label": f"{month.month}月",
            "editable": editable,
            "due": sum_text(state.due),
            "corrected_url": entries,
            "corrected": state.corrected,
            "ask_url": ask,
            "now": month == grid.this_month,
            "focus": month == grid.focus,
        }
