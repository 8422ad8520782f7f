"""Long work: begun, claimed by one worker, reported, finished, given back when a worker dies.

A job is claimed by compare-and-set, and the number of the attempt is the worker's token: whoever
holds an older one can no longer report, finish or fail the job.
"""

import datetime
import logging
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.core.files import File
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from jobs.models import Job, JobState
from jobs.registry import runner_for, sweepers
from jobs.sealed import seal, unseal

logger = logging.getLogger(__name__)

LEASE = datetime.timedelta(minutes=2)
# A message not taken by then is sent again; a long queue makes this harmless repetition.
RESEND_AFTER = datetime.timedelta(minutes=2)
MAX_ATTEMPTS = 3
RESULTS_KEPT = datetime.timedelta(days=30)
WORK_FOLDERS_KEPT = datetime.timedelta(days=1)
SECONDS_BETWEEN_REPORTS = 0.5

STOPPED_TEXT = "已停止，没有产生文件，也没有写入任何内容"
WORN_OUT_TEXT = "试了 3 次都中途断开，没有做完。可以再试一次；仍不行请告诉技术支持编号 {number}"
FAULT_TEXT = "没有做完，什么也没有写入。可以再试一次；仍不行请告诉技术支持编号 {number}"


class Refused(Exception):
    """The job cannot be done; the message is for the person who asked for it."""


class Stopped(Exception):
    """The job was stopped, or given to another worker; what was begun must be left undone."""


@dataclass(frozen=True)
class Result:
    """What a job ends with: a sentence, and maybe a file in its work folder to be kept."""

    message: str = ""
    path: Path | None = None
    name: str = ""


class Progress:
    """How a runner reports. Every report extends the lease and learns whether to go on."""

    def __init__(self, job: Job, folder: Path):
        self.folder = folder
        self._job = job
        self._reported_at = time.monotonic()
        self._finished = False

    def __call__(self, done: int, total: int | None = None, phase: str | None = None) -> None:
        """Report how far it is, at most twice a second; raises Stopped when it must end."""
        if time.monotonic() - self._reported_at < SECONDS_BETWEEN_REPORTS:
            return
        facts = {"done": done}
        if total is not None:
            facts["total"] = total
        if phase is not None:
            facts["phase"] = phase
        self._report(**facts)

    def begin(self, phase: str, total: int = 0, lease: datetime.timedelta = LEASE) -> None:
        """Name the next step at once. `lease` covers a step that reports nothing meanwhile."""
        self._report(phase=phase, done=0, total=total, lease=lease)

    def finish(self, message: str) -> None:
        """End the job as done; inside the transaction that writes, so that both hold or neither.

        Raises Stopped, and with that undoes the transaction, when the job is no longer ours.
        """
        _end(self._job, JobState.DONE, message)
        self._finished = True

    @property
    def is_finished(self) -> bool:
        return self._finished

    def _report(self, lease: datetime.timedelta = LEASE, **facts) -> None:
        self._reported_at = time.monotonic()
        if not _held(self._job).update(lease_until=timezone.now() + lease, **facts):
            raise Stopped


@transaction.atomic
def start_job(*, kind: str, title: str, by, organisation=None, parameters: dict) -> Job:
    """Put long work into the queue. Without a broker it waits for the next sweep."""
    job = Job.objects.create(
        kind=kind,
        title=title[:200],
        created_by=by,
        organisation=organisation,
        parameters=parameters,
        lease_until=timezone.now() + RESEND_AFTER,
    )
    transaction.on_commit(lambda: send(job.pk))
    return job


def send(job_id: int) -> None:
    """Tell the workers. The row is the truth and this only a hint, so a fault is no error."""
    try:
        current_app.send_task("jobs.jobs.run_job", args=[job_id])
    except Exception as fault:  # whatever the transport raises, the sweeper sends again
        logger.warning("job %s not sent: %s", job_id, type(fault).__name__)


def stop_job(job: Job) -> bool:
    """Stop a job that waits or runs; False when it was over already."""
    stopped = Job.objects.filter(pk=job.pk, state__in=(JobState.QUEUED, JobState.RUNNING)).update(
        state=JobState.STOPPED, message=STOPPED_TEXT, finished_at=timezone.now()
    )
    return bool(stopped)


@transaction.atomic
def restart_job(job: Job) -> bool:
    """Put a failed or stopped job into the queue again; False when it is neither."""
    restarted = Job.objects.filter(pk=job.pk, state__in=(JobState.FAILED, JobState.STOPPED)).update(
        state=JobState.QUEUED,
        attempts=0,
        done=0,
        total=0,
        phase="",
        message="",
        started_at=None,
        finished_at=None,
        lease_until=timezone.now() + RESEND_AFTER,
    )
    if restarted:
        transaction.on_commit(lambda: send(job.pk))
    return bool(restarted)


def run(job_id: int) -> None:
    """Do a job if nobody else has it and it may still be tried; otherwise nothing happens."""
    job = _claim(job_id)
    if job is None:
        return
    try:
        with _work_folder(job) as folder:
            progress = Progress(job, folder)
            result = runner_for(job.kind).run(job, progress)
            if not progress.is_finished:
                _finish(job, result or Result())
    except Stopped:
        logger.info("job %s ended: stopped or given to another worker", job.pk)
    except Refused as refusal:
        _give_up(job, str(refusal))
    except (OperationalError, InterfaceError) as fault:
        _log(job, fault)
        if job.attempts < MAX_ATTEMPTS:
            _put_back(job)
        else:
            _give_up(job, FAULT_TEXT.format(number=job.pk))
    except Exception as fault:  # whatever it is, the person must be told
        _log(job, fault)
        _give_up(job, FAULT_TEXT.format(number=job.pk))


def sweep() -> None:
    """Send abandoned jobs again, fail those tried often enough, remove what is old."""
    now = timezone.now()
    for job in Job.objects.abandoned(now):
        unchanged = Job.objects.filter(
            pk=job.pk, state=job.state, attempts=job.attempts, lease_until=job.lease_until
        )
        if job.state == JobState.RUNNING and job.attempts >= MAX_ATTEMPTS:
            unchanged.update(
                state=JobState.FAILED,
                message=WORN_OUT_TEXT.format(number=job.pk),
                finished_at=now,
            )
        elif unchanged.update(state=JobState.QUEUED, lease_until=now + RESEND_AFTER):
            send(job.pk)
    _remove_old_results(now)
    _remove_old_folders(now)
    for tidy in sweepers():
        try:
            tidy(now)
        except Exception as fault:  # one broken sweeper does not stop the others
            logger.error("sweeper %s: %s", tidy.__qualname__, type(fault).__name__)


def open_result(job: Job) -> Iterator[bytes]:
    """The finished file in the clear, piece by piece; FileNotFoundError when it is gone."""
    source = job.result.open("rb")

    def pieces():
        with source:
            yield from unseal(source, _context(job))

    return pieces()


def _claim(job_id: int) -> Job | None:
    """The job, marked as running with a lease of ours; None when it is not to be had."""
    job = Job.objects.filter(pk=job_id, attempts__lt=MAX_ATTEMPTS).first()
    now = timezone.now()
    if job is None or job.is_over or (job.state == JobState.RUNNING and job.lease_until >= now):
        return None
    claimed = Job.objects.filter(
        pk=job.pk, state=job.state, attempts=job.attempts, lease_until=job.lease_until
    ).update(
        state=JobState.RUNNING,
        attempts=F("attempts") + 1,
        lease_until=now + LEASE,
        started_at=now,
        done=0,
        total=0,
    )
    if not claimed:
        return None
    job.refresh_from_db()
    return job


def _held(job: Job):
    """The row, while this attempt still owns it."""
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts)


def _end(job: Job, state: str, message: str, **facts) -> None:
    if not _held(job).update(state=state, message=message, finished_at=timezone.now(), **facts):
        raise Stopped


def _finish(job: Job, result: Result) -> None:
    stored = ""
    if result.path:
        stored = _store(job, result.path)
    try:
        _end(job, JobState.DONE, result.message, result=stored, result_name=result.name[:200])
    except Stopped:
        if stored:
            job.result.storage.delete(stored)
        raise


def _store(job: Job, path: Path) -> str:
    """Keep the file sealed; the name under which the storage has it."""
    sealed = path.with_name(path.name + ".sealed")
    with path.open("rb") as source, sealed.open("wb") as target:
        seal(source, target, _context(job))
    field = job.result.field
    with sealed.open("rb") as content:
        return field.storage.save(field.generate_filename(job, f"{job.pk}.sealed"), File(content))


def _context(job: Job) -> str:
    return f"Job.result:{job.pk}"


def _put_back(job: Job) -> None:
    """A database that did not answer may do so in a moment; the sweeper sends again."""
    _held(job).update(state=JobState.QUEUED, lease_until=timezone.now())


def _give_up(job: Job, message: str) -> None:
    _held(job).update(state=JobState.FAILED, message=message, finished_at=timezone.now())


def _log(job: Job, fault: Exception) -> None:
    # The message of a fault may quote what was being read, so only its kind and place are kept.
    place = "".join(traceback.format_tb(fault.__traceback__))
    logger.error("job %s (%s) failed: %s\n%s", job.pk, job.kind, type(fault).__name__, place)


def _work_root() -> Path:
    return Path(settings.MEDIA_ROOT) / "work"


@contextmanager
def _work_folder(job: Job) -> Iterator[Path]:
    """A private folder for unfinished files, gone with the end of the attempt."""
    root = _work_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=f"{job.pk}-") as folder:
        yield Path(folder)


def _remove_old_results(now: datetime.datetime) -> None:
    for job in Job.objects.exclude(result="").filter(finished_at__lt=now - RESULTS_KEPT):
        job.result.delete(save=False)
        Job.objects.filter(pk=job.pk).update(result="")


def _remove_old_folders(now: datetime.datetime) -> None:
    """Folders of workers that were killed: their files are not sealed yet."""
    if not _work_root().is_dir():
        return
    for folder in _work_root().iterdir():
        if folder.stat().st_mtime < (now - WORK_FOLDERS_KEPT).timestamp():
            shutil.rmtree(folder, ignore_errors=True)
