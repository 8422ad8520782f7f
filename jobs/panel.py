"""What the job panel shows; the template piece is `partials/zb_job.html`."""

import datetime

from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from jobs.models import Job, JobState
from jobs.registry import runner_for

# Before that the speed is guesswork.
_MEASURED_AFTER = datetime.timedelta(seconds=3)


def panel(job: Job, now: datetime.datetime) -> dict:
    """The job in words for its maker."""
    shown = {
        "id": job.pk,
        "name": job.title,
        "state": job.state,
        "phase": job.phase,
        "done": f"{job.done:,}",
        "total": f"{job.total:,}" if job.total else "",
        "unit": runner_for(job.kind).unit,
        "percent": min(100, job.done * 100 // job.total) if job.total else 0,
        "url": reverse("jobs:progress", args=[job.pk]),
    }
    match job.state:
        case JobState.QUEUED:
            shown["ahead"] = _ahead(job)
            shown["stop_url"] = reverse("jobs:stop", args=[job.pk])
        case JobState.RUNNING:
            shown["eta"] = _remaining(job, now) or (
                # What leads on to a page is not fetched here.
                "正在处理" if "page" in job.parameters else ""
            )
            shown["note"] = job.phase
            shown["stop_url"] = reverse("jobs:stop", args=[job.pk])
        case JobState.DONE:
            shown["note"] = job.message
            if job.result:
                shown["size"] = _size(job)
                shown["download_url"] = reverse("jobs:result", args=[job.pk])
        case _:
            shown["reason"] = job.message
            shown["retry_url"] = reverse("jobs:restart", args=[job.pk])
    return shown


def _ahead(job: Job) -> int:
    """How many will be taken before this one."""
    return Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING), pk__lt=job.pk).count()


def _remaining(job: Job, now: datetime.datetime) -> str:
    """约还需 40 秒, once the speed has been measured."""
    if not job.total or not job.done or job.started_at is None:
        return ""
    elapsed = now - job.started_at
    if elapsed < _MEASURED_AFTER:
        return ""
    seconds = round(elapsed.total_seconds() * (job.total - job.done) / job.done)
    if seconds < 60:
        return f"约还需 {max(seconds, 1)} 秒"
    return f"约还需 {round(seconds / 60)} 分钟"


def _size(job: Job) -> str:
    try:
        return filesizeformat(job.result.size)
    except FileNotFoundError:
        return ""
