"""The pulse of the schedule: each job that runs by the clock says that it ran, and how it ended.

Whoever looks at the page of running sees by it that a worker is gone; nothing else depends on it.
"""

import datetime
import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from jobs.models import Pulse

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Expected:
    """A job of the schedule: what it does, in plain words, and how long it may stay silent."""

    title: str
    within: datetime.timedelta


# What runs every minute may miss some: a long night's work, a restart.
EXPECTED = {
    "refresh": Expected("改动之后重新核对", datetime.timedelta(minutes=15)),
    "sweep": Expected("接续中断的后台任务", datetime.timedelta(minutes=15)),
    "deliver": Expected("对外发送提醒", datetime.timedelta(minutes=15)),
    "close_due": Expected("到期自动封账", datetime.timedelta(hours=26)),
}


@dataclass
class Beat:
    """One run of a job; it may name what it could not do."""

    fault: str = ""


@contextmanager
def pulse(name: str) -> Iterator[Beat]:
    """Note that the job `name` began and ended, and its fault: one it names, or one it raises,
    which then goes on upwards.

    A database that does not take the note is no reason not to do the work.
    """
    started_at, began, beat = timezone.now(), time.monotonic(), Beat()
    _note(name, started_at=started_at)
    try:
        yield beat
    except Exception as fault:
        beat.fault = words_of(fault)
        raise
    finally:
        facts = {"seconds": time.monotonic() - began, "fault": beat.fault[:300]}
        if not beat.fault:
            facts["ended_at"] = timezone.now()
        _note(name, **facts)


def words_of(fault: BaseException) -> str:
    """The kind of a fault and the line of ours it came from.

    Its message may quote what was being read, names and numbers of people, so it is left out.
    """
    home = Path(settings.BASE_DIR)
    for frame in reversed(traceback.extract_tb(fault.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(home) and ".venv" not in path.parts:
            return f"{type(fault).__name__}（{path.relative_to(home)} 第 {frame.lineno} 行）"
    return type(fault).__name__


def _note(name: str, **facts) -> None:
    try:
        if not Pulse.objects.filter(name=name).update(**facts):
            Pulse.objects.get_or_create(name=name, defaults=facts)
    except (DatabaseError, InterfaceError):
        logger.exception("pulse of %s not noted", name)


@dataclass(frozen=True)
class Heard:
    """What is known of an expected job: when it last began and last ended well, what was wrong."""

    title: str
    ended_at: datetime.datetime | None
    seconds: float
    fault: str
    # Not begun for longer than it may be.
    is_silent: bool


def pulses(now: datetime.datetime) -> list[Heard]:
    """Every expected job as it stands; one that never ran is silent. One query."""
    known = {one.name: one for one in Pulse.objects.filter(name__in=EXPECTED)}
    heard = []
    for name, expected in EXPECTED.items():
        one = known.get(name)
        heard.append(
            Heard(
                expected.title,
                one and one.ended_at,
                one.seconds if one else 0,
                one.fault if one else "",
                one is None or now - one.started_at > expected.within,
            )
        )
    return heard


def silence(name: str, now: datetime.datetime) -> datetime.timedelta | None:
    """For how long a job that used to run has not begun, where that is too long; else None."""
    one = Pulse.objects.filter(name=name, started_at__lt=now - EXPECTED[name].within).first()
    return now - one.started_at if one else None
