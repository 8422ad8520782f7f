"""Judging and storing. Whatever runs twice changes nothing the second time."""

from compliance.services.nights import catch_up, run_night, whole_night
from compliance.services.reconciling import Tally, judge_again, reconcile
from compliance.services.refreshing import refresh, refresh_everybody, refresh_next

__all__ = [
    "Tally",
    "catch_up",
    "judge_again",
    "reconcile",
    "refresh",
    "refresh_everybody",
    "refresh_next",
    "run_night",
    "whole_night",
]
