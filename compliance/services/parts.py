"""The parts of a night: each tried by itself, timed, kept with what it did and why it failed."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from compliance.models import CheckRun, RunPart
from compliance.registry import RULES
from jobs.pulses import words_of

logger = logging.getLogger(__name__)

CHARGES, CASES, REMINDERS = "charges", "cases", "reminders"
_FORECAST = "forecast:"
# Between what could not be done and the reason.
_WHY = "："
_STEPS = {CHARGES: "应缴党费", CASES: "提请支委会研究的事项", REMINDERS: "到期提醒"}
_KEPT = ("started_at", "seconds", "judged", "written", "fault")


def forecast_part(code: str) -> str:
    """The part of a rule's forecast."""
    return f"{_FORECAST}{code}"


def title_of(part: str) -> str:
    """A part in words; one of a rule that is no more by its code."""
    if part in _STEPS:
        return _STEPS[part]
    code = part.removeprefix(_FORECAST)
    title = RULES[code].title if code in RULES else code
    return title if part == code else f"{title}的预报"


class Parts:
    """What a night did so far. The rows are written together when it ends; a part that failed is
    written at once, so that it can be read while the night goes on and if it is killed."""

    def __init__(self, run: CheckRun):
        self._run = run
        self._done: list[RunPart] = []

    @contextmanager
    def attempt(self, name: str) -> Iterator[RunPart]:
        """Do a part; what it raises is logged, kept as its fault and left behind."""
        part = RunPart(run=self._run, part=name, started_at=timezone.now())
        began = time.monotonic()
        try:
            yield part
        except Exception as fault:
            logger.exception("%s failed", name)
            blame(part, title_of(name), words_of(fault))
        part.seconds = time.monotonic() - began
        self._done.append(part)
        if part.fault:
            _store([part])

    def finish(self) -> CheckRun:
        """Write the rows, and the run as finished if its rules were judged.

        Its sums and faults are those of all its parts, also of ones done by an earlier attempt.
        """
        _store(self._done)
        run, parts = self._run, list(self._run.parts.all())
        if any(part.part in RULES for part in self._done):
            run.finished_at = timezone.now()
        run.judged = sum(part.judged for part in parts if part.part in RULES)
        run.written = sum(part.written for part in parts if part.part in RULES)
        run.faults = "、".join(
            line.split(_WHY)[0] for part in parts for line in part.fault.splitlines()
        )
        run.save(update_fields=["finished_at", "judged", "written", "faults"])
        return run


def blame(part: RunPart, what: str, why: str) -> None:
    """Add a fault to a part: what could not be done, and the reason."""
    part.fault = "\n".join(filter(None, [part.fault, f"{what}{_WHY}{why}"]))


def _store(parts: list[RunPart]) -> None:
    """A run of the same day before left rows; they give way."""
    RunPart.objects.bulk_create(
        [
            RunPart(**{name: getattr(part, name) for name in ("run", "part", *_KEPT)})
            for part in parts
        ],
        update_conflicts=True,
        unique_fields=["run", "part"],
        update_fields=_KEPT,
        batch_size=100,
    )
