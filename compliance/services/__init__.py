"""Judging and storing. Whatever runs twice changes nothing the second time."""

from compliance.services.nights import catch_up, foresee, run_night
from compliance.services.reconciling import Tally, judge_again, reconcile
from compliance.services.refreshing import refresh, refresh_everybody

__all__ = [
    "Tally",
    "catch_up",
    "foresee",
    "judge_again",
    "reconcile",
    "refresh",
    "refresh_everybody",
    "run_night",
]
