"""Judging and storing. Whatever runs twice changes nothing the second time."""

from compliance.services.nights import catch_up, is_under_way, run_night, whole_night
from compliance.services.reconciling import (
    Asked,
    Tally,
    judge_again,
    reconcile,
    reconcile_together,
)
from compliance.services.refreshing import refresh, refresh_everybody, refresh_next

__all__ = [
    "Asked",
    "Tally",
    "catch_up",
    "is_under_way",
    "judge_again",
    "reconcile",
    "reconcile_together",
    "refresh",
    "refresh_everybody",
    "refresh_next",
    "run_night",
    "whole_night",
]
