"""Whether the checks run: the last run of each part, how long it took, what failed and why, the
pulse of the schedule, and what waits."""

import datetime

from django.db.models import Count, Max, Min
from django.utils import timezone

from branches.models import Changed
from branches.words import full_date, recent
from compliance.models import CheckRun, RunPart
from compliance.registry import RULES
from compliance.services.nights import LONGEST_NIGHT
from compliance.services.parts import CASES, CHARGES, REMINDERS, forecast_part, title_of
from jobs.models import Job, JobState
from jobs.pulses import pulses
from notices.models import Delivery, DeliveryState

# After this long without a night something is wrong.
STALE = datetime.timedelta(hours=26)
_NIGHTS_SHOWN = 14
# A note is judged within a minute or two; one that waits longer is not being judged.
_WAITS = datetime.timedelta(minutes=5)


def running(now: datetime.datetime) -> dict:
    """The page of running; `now` is aware. A constant number of queries."""
    runs = list(CheckRun.objects.all()[:_NIGHTS_SHOWN])
    parts = _newest_parts()
    rows = [_rule_row(code, parts, now) for code in RULES]
    steps = [_row(title_of(name), [parts.get(name)], now) for name in (CHARGES, CASES, REMINDERS)]
    broken = [row for row in steps + rows if row["kind"] == "late"]
    return {
        "last": _night(runs[0], now) if runs else None,
        "broken": broken,
        "fine": [row for row in steps + rows if row not in broken],
        "pulses": [_pulse(one, now) for one in pulses(now)],
        "backlog": _backlog(now),
        "nights": [_night(run, now) for run in runs],
    }


def _newest_parts() -> dict[str, RunPart]:
    """The newest run of each part."""
    newest = RunPart.objects.values("part").annotate(run=Max("run__day")).values_list("part", "run")
    days = dict(newest)
    found = RunPart.objects.filter(run__day__in=set(days.values())).select_related("run")
    return {part.part: part for part in found if part.run.day == days[part.part]}


def _rule_row(code: str, parts: dict[str, RunPart], now) -> dict:
    """A rule with its forecast: two attempts of a night, one line."""
    judged, foreseen = parts.get(code), parts.get(forecast_part(code))
    return _row(RULES[code].title, [judged, foreseen], now) | {
        "ahead": _seconds(foreseen.seconds) if foreseen else "",
    }


def _row(title: str, attempts: list[RunPart | None], now) -> dict:
    done = [part for part in attempts if part]
    faults = [line for part in done for line in part.fault.splitlines()]
    row = {
        "title": title,
        "faults": faults,
        "at": _moment(done[0].started_at, now) if done else "",
        "took": _seconds(done[0].seconds) if done else "",
        "judged": f"{done[0].judged:,}" if done else "",
        "written": f"{done[0].written:,}" if done else "",
        "ahead": "",
    }
    if not done:
        return row | {"kind": "todo", "words": "还没有运行过"}
    if faults:
        return row | {"kind": "late", "words": "没有做成"}
    if now - done[0].started_at > STALE:
        return row | {"kind": "late", "words": "没有按时运行"}
    return row | {"kind": "done", "words": "正常"}


def _night(run: CheckRun, now) -> dict:
    row = {
        "day": full_date(run.day),
        "started": _moment(run.started_at, now),
        "took": "",
        "judged": f"{run.judged:,}",
        "written": f"{run.written:,}",
        "faults": run.faults.split("、") if run.faults else [],
    }
    if run.finished_at is None:
        broken_off = now - run.started_at > LONGEST_NIGHT
        return row | (
            {"kind": "late", "words": "没有做完"}
            if broken_off
            else {"kind": "run", "words": "正在核对"}
        )
    if run.finished_at >= run.started_at:
        row["took"] = _seconds((run.finished_at - run.started_at).total_seconds())
    if row["faults"]:
        return row | {"kind": "late", "words": f"{len(row['faults'])} 项没有做成"}
    return row | {"kind": "done", "words": "正常"}


def _pulse(one, now) -> dict:
    if one.fault:
        kind, words = "late", "出错"
    elif one.is_silent:
        kind, words = "late", "没有运行"
    else:
        kind, words = "done", "正常"
    return {
        "title": one.title,
        "kind": kind,
        "words": words,
        "at": _moment(one.ended_at, now) if one.ended_at else "从来没有",
        "took": _seconds(one.seconds) if one.ended_at else "",
        "fault": one.fault,
    }


def _backlog(now) -> list[dict]:
    """What waits to be done: label, count, mark, and what it means."""
    notes = Changed.objects.aggregate(count=Count("pk"), first=Min("at"))
    old = notes["first"] is not None and now - notes["first"] > _WAITS
    jobs = Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING))
    states = Delivery.objects.values("state").annotate(count=Count("pk"))
    sent = dict(states.values_list("state", "count"))
    waiting = sent.get(DeliveryState.WAITING, 0) + sent.get(DeliveryState.SENDING, 0)
    failed = sent.get(DeliveryState.FAILED, 0) + sent.get(DeliveryState.UNSURE, 0)
    return [
        _heap(
            "改动等着重新核对",
            notes["count"],
            late=old,
            note=f"最早的从{_moment(notes['first'], now)}等到现在" if old else "",
        ),
        _heap("后台任务排队或进行中", jobs.count()),
        _heap("对外提醒等着发送", waiting),
        _heap("对外提醒没有送到或不能确定", failed, late=failed > 0),
    ]


def _heap(label: str, count: int, *, late: bool = False, note: str = "") -> dict:
    kind = "late" if late else "run" if count else "done"
    return {"label": label, "count": f"{count:,}", "kind": kind, "note": note}


def _moment(at: datetime.datetime, now: datetime.datetime) -> str:
    return recent(timezone.localtime(at), timezone.localtime(now).date())


def _seconds(seconds: float) -> str:
    """0.4 秒, 12 秒, 3 分 20 秒."""
    if seconds < 10:
        return f"{seconds:.1f} 秒"
    whole = round(seconds)
    return f"{whole} 秒" if whole < 60 else f"{whole // 60} 分 {whole % 60} 秒"
