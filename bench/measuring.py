"""Taking times, and printing and keeping what came out."""

import json
import os
import platform
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

from django.conf import settings


def timed(act: Callable, *arguments) -> tuple[float, object]:
    """Seconds that a call took, and its result."""
    began = time.perf_counter()
    result = act(*arguments)
    return time.perf_counter() - began, result


class Series:
    """Several measurements of one thing, in seconds."""

    def __init__(self, name: str):
        self.name = name
        self.seconds: list[float] = []

    def add(self, seconds: float) -> None:
        self.seconds.append(seconds)

    @property
    def least(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def p95(self) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]

    def figures(self) -> dict:
        return {
            "n": len(self.seconds),
            "min": self.least,
            "median": self.median,
            "p95": self.p95,
            "seconds": self.seconds,
        }


def ratio(one: Series, other: Series) -> float:
    """How many times the other takes, by the least of each: what a busy machine spoils least."""
    return one.least / other.least


def peak_memory() -> float:
    """MiB this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(bench: str, size: str, series: list[Series], facts: dict) -> dict:
    """Print the table and keep everything as JSON in var/bench/; returns what was kept."""
    print(f"\n{bench}, size {size}")
    width = max(len(one.name) for one in series)
    print(f"{'':{width}}  {'n':>3} {'min':>10} {'median':>10} {'p95':>10}   ms")
    for one in series:
        times = (one.least, one.median, one.p95)
        listed = " ".join(f"{seconds * 1000:10.1f}" for seconds in times)
        print(f"{one.name:{width}}  {len(one.seconds):3} {listed}")
    load = os.getloadavg()
    facts = facts | {
        "load average": [round(one, 2) for one in load],
        "peak memory, MiB": round(peak_memory(), 1),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }
    for name, value in facts.items():
        print(f"{name}: {value}")
    now = datetime.now(UTC)
    kept = {
        "bench": bench,
        "size": size,
        "at": now.isoformat(timespec="seconds"),
        "series": {one.name: one.figures() for one in series},
        "facts": facts,
    }
    folder = settings.VAR / "bench"
    folder.mkdir(exist_ok=True)
    path = folder / f"{bench}-{size}-{now:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, default=str))
    print(f"kept in {path.relative_to(settings.BASE_DIR)}")
    return kept
