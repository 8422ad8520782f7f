"""Which function does which kind of long work. Each app registers its own in `<app>/jobs.py`."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import autodiscover_modules

_RUNNERS: dict[str, "Runner"] = {}
_SWEEPERS: list[Callable] = []


@dataclass(frozen=True)
class Runner:
    """The function that does one kind of job, and what its progress counts."""

    run: Callable
    unit: str


def runner(kind: str, *, unit: str = "行"):
    """Register `run(job, progress)` for jobs of that kind.

    It returns a `jobs.services.Result`, or raises `jobs.services.Refused` with the reason. It may
    run again from the start after a breakdown, so it must do no harm the second time.
    """

    def register(run):
        if kind in _RUNNERS and _RUNNERS[kind].run is not run:
            raise ValueError(f"{kind} is registered twice")
        _RUNNERS[kind] = Runner(run, unit)
        return run

    return register


def sweeper(tidy):
    """Register `tidy(now)` to be called with every sweep, about once a minute."""
    if tidy not in _SWEEPERS:
        _SWEEPERS.append(tidy)
    return tidy


def runner_for(kind: str) -> Runner:
    """The runner of that kind; KeyError when no app has one."""
    autodiscover_modules("jobs")
    return _RUNNERS[kind]


def sweepers() -> list[Callable]:
    """All functions that tidy up with a sweep."""
    autodiscover_modules("jobs")
    return list(_SWEEPERS)
