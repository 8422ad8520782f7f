import datetime
import io
import re

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import OperationalError, transaction
from django.utils import timezone

from jobs import registry, services
from jobs.models import Job, JobState
from jobs.sealed import PIECE, Damaged, seal, unseal
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs_as():
    """Register a function as the runner of the kind "test" for one test."""

    def register(function, unit="行"):
        registry._RUNNERS["test"] = registry.Runner(function, unit)

    yield register
    registry._RUNNERS.pop("test", None)


@pytest.fixture
def sent(monkeypatch):
    """The numbers of the jobs of which the workers were told."""
    numbers = []
    monkeypatch.setattr(
        services.current_app, "send_task", lambda name, args: numbers.append((name, args))
    )
    return numbers


def make_job(**facts):
    facts.setdefault("lease_until", timezone.now() + services.RESEND_AFTER)
    facts.setdefault("created_by", make_user())
    return Job.objects.create(kind="test", title="导出台账", **facts)


def let_the_lease_run_out(job):
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))


def result_of(job):
    job.refresh_from_db()
    return b"".join(services.open_result(job))


# --- Begin ------------------------------------------------------------------------------


def test_workers_are_told_only_when_the_row_is_stored(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        job = services.start_job(
            kind="test", title="导出台账", by=make_user(), parameters={"month": "2026-03"}
        )
        assert sent == []
    assert sent == [("jobs.jobs.run_job", [job.pk])]
    assert job.state == JobState.QUEUED
    assert job.parameters == {"month": "2026-03"}


def test_a_broker_that_does_not_answer_leaves_the_job_waiting(
    monkeypatch, django_capture_on_commit_callbacks
):
    def unreachable(name, args):
        raise ConnectionRefusedError

    monkeypatch.setattr(services.current_app, "send_task", unreachable)
    with django_capture_on_commit_callbacks(execute=True):
        job = services.start_job(kind="test", title="导出台账", by=make_user(), parameters={})
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


# --- Run --------------------------------------------------------------------------------


def test_a_job_keeps_its_file_encrypted_and_gives_it_back_whole(runs_as):
    def write(job, progress):
        path = progress.folder / "ledger.xlsx"
        path.write_bytes(b"000000198005170018" * 100)
        return services.Result("完成", path, "云溪县2026年3月台账.xlsx")

    runs_as(write)
    job = make_job()
    services.run(job.pk)
    assert result_of(job) == b"000000198005170018" * 100
    assert (job.state, job.message, job.attempts) == (JobState.DONE, "完成", 1)
    assert job.result_name == "云溪县2026年3月台账.xlsx"
    with job.result.open("rb") as stored:
        assert b"000000198005170018" not in stored.read()
    assert not any((services._work_root()).iterdir())


def test_a_job_that_is_over_is_not_run_again(runs_as):
    runs = []
    runs_as(lambda job, progress: runs.append(job.pk))
    job = make_job()
    services.run(job.pk)
    services.run(job.pk)
    assert runs == [job.pk]


def test_a_job_held_by_a_living_worker_is_left_alone(runs_as):
    runs = []
    runs_as(lambda job, progress: runs.append(job.pk))
    job = make_job(state=JobState.RUNNING, attempts=1, lease_until=timezone.now() + services.LEASE)
    services.run(job.pk)
    assert runs == []


def test_of_two_messages_for_one_job_the_second_finds_it_taken(runs_as):
    runs = []

    def run(job, progress):
        runs.append(job.pk)
        services.run(job.pk)

    runs_as(run)
    job = make_job()
    services.run(job.pk)
    assert runs == [job.pk]


def test_a_refusal_is_told_in_its_own_words(runs_as):
    def refuse(job, progress):
        raise services.Refused("这个组织已撤销")

    runs_as(refuse)
    job = make_job()
    services.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.FAILED, "这个组织已撤销")


def test_a_fault_is_told_with_a_number_and_logged_without_its_words(runs_as, caplog):
    def break_down(job, progress):
        raise ValueError(job.parameters["typed"])

    runs_as(break_down)
    job = make_job(parameters={"typed": "000000198005170018"})
    services.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.message.endswith(f"技术支持编号 {job.pk}")
    assert f"job {job.pk} (test) failed: ValueError" in caplog.text
    assert "000000198005170018" not in caplog.text


def test_an_unknown_kind_fails_in_the_same_way():
    job = make_job()
    services.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_a_database_that_does_not_answer_is_tried_three_times(runs_as, sent):
    def locked(job, progress):
        raise OperationalError

    runs_as(locked)
    job = make_job()
    states = []
    for _ in range(3):
        services.run(job.pk)
        job.refresh_from_db()
        states.append((job.attempts, job.state))
    assert states == [(1, JobState.QUEUED), (2, JobState.QUEUED), (3, JobState.FAILED)]


# --- Progress ---------------------------------------------------------------------------


def test_progress_is_written_at_most_twice_a_second(runs_as, monkeypatch):
    clock = iter(n / 8 for n in range(1000))
    monkeypatch.setattr(services.time, "monotonic", lambda: next(clock))
    seen = []

    def run(job, progress):
        for done in range(30):
            progress(done, 30, "正在写表")
            seen.append(Job.objects.get(pk=job.pk).done)

    runs_as(run)
    services.run(make_job().pk)
    # Half a second is four ticks of this clock, and every report that writes takes one itself.
    assert sorted(set(seen)) == [0, 3, 7, 11, 15, 19, 23, 27]


def test_progress_extends_the_lease(runs_as, time_machine):
    start = datetime.datetime(2026, 3, 18, 2, 0, tzinfo=datetime.UTC)
    time_machine.move_to(start, tick=False)
    leases = []

    def run(job, progress):
        time_machine.move_to(start + datetime.timedelta(minutes=1), tick=False)
        progress.begin("正在写表", 10)
        leases.append(Job.objects.get(pk=job.pk).lease_until)
        progress.begin("正在写入", lease=datetime.timedelta(minutes=20))
        leases.append(Job.objects.get(pk=job.pk).lease_until)

    runs_as(run)
    services.run(make_job().pk)
    assert leases == [
        start + datetime.timedelta(minutes=3),
        start + datetime.timedelta(minutes=21),
    ]


# --- Stop -------------------------------------------------------------------------------


def test_a_waiting_job_that_is_stopped_never_runs(runs_as):
    runs = []
    runs_as(lambda job, progress: runs.append(job.pk))
    job = make_job()
    assert services.stop_job(job)
    services.run(job.pk)
    job.refresh_from_db()
    assert runs == []
    assert (job.state, job.message) == (JobState.STOPPED, services.STOPPED_TEXT)


def test_a_running_job_learns_that_it_was_stopped_and_keeps_no_file(runs_as):
    def run(job, progress):
        services.stop_job(job)
        path = progress.folder / "ledger.xlsx"
        path.write_bytes(b"x")
        return services.Result("完成", path, "ledger.xlsx")

    runs_as(run)
    job = make_job()
    services.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.STOPPED
    assert not job.result


def test_what_was_written_with_the_end_of_a_stopped_job_is_undone(runs_as):
    def run(job, progress):
        with transaction.atomic():
            make_user(username="half")
            services.stop_job(job)
            progress.finish("已导入")

    runs_as(run)
    job = make_job()
    services.run(job.pk)
    assert not type(job.created_by).objects.filter(username="half").exists()


def test_what_is_over_cannot_be_stopped():
    assert not services.stop_job(make_job(state=JobState.DONE))


def test_a_failed_job_can_be_tried_again_and_a_done_one_not(runs_as):
    runs = []
    runs_as(lambda job, progress: runs.append(job.pk))
    job = make_job(state=JobState.FAILED, attempts=3, message="没有做完")
    assert services.restart_job(job)
    services.run(job.pk)
    job.refresh_from_db()
    assert (job.state, runs) == (JobState.DONE, [job.pk])
    assert not services.restart_job(job)


# --- Sweep ------------------------------------------------------------------------------


def test_the_job_of_a_killed_worker_is_sent_again_and_done_once(runs_as, sent):
    runs = []
    runs_as(lambda job, progress: runs.append(job.pk))
    job = make_job(state=JobState.RUNNING, attempts=1)
    services.sweep()
    assert sent == []
    let_the_lease_run_out(job)
    services.sweep()
    services.sweep()
    assert sent == [("jobs.jobs.run_job", [job.pk])]
    services.run(job.pk)
    services.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, runs) == (JobState.DONE, 2, [job.pk])


def test_a_worker_thought_dead_can_neither_report_nor_finish(runs_as, sent):
    def run(job, progress):
        let_the_lease_run_out(job)
        services.sweep()
        path = progress.folder / "late.xlsx"
        path.write_bytes(b"late")
        return services.Result("晚到", path, "late.xlsx")

    runs_as(run)
    job = make_job()
    services.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.QUEUED, "")
    assert not job.result


def test_a_job_nobody_was_told_of_is_sent_by_the_sweep(sent):
    job = make_job(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    services.sweep()
    assert sent == [("jobs.jobs.run_job", [job.pk])]


def test_a_job_that_broke_down_three_times_is_given_up(sent):
    job = make_job(
        state=JobState.RUNNING,
        attempts=3,
        lease_until=timezone.now() - datetime.timedelta(seconds=1),
    )
    services.sweep()
    job.refresh_from_db()
    assert sent == []
    assert job.state == JobState.FAILED
    assert re.search(rf"试了 3 次.*技术支持编号 {job.pk}$", job.message)


def test_a_result_is_removed_after_thirty_days_and_not_before(sent):
    now = timezone.now()
    kept, removed = (
        make_job(state=JobState.DONE, finished_at=now - datetime.timedelta(days=days))
        for days in (29, 31)
    )
    for job in (kept, removed):
        job.result.save("ledger.sealed", ContentFile(b"sealed"))
    path = removed.result.path
    services.sweep()
    kept.refresh_from_db()
    removed.refresh_from_db()
    assert kept.result
    assert not removed.result
    assert not services.Path(path).exists()
    assert services.Path(kept.result.path).exists()


def test_a_broken_sweeper_does_not_stop_the_others(sent, monkeypatch):
    called = []

    def broken(now):
        raise ValueError

    monkeypatch.setattr(registry, "_SWEEPERS", [broken, called.append])
    services.sweep()
    assert len(called) == 1


# --- Sealed files -----------------------------------------------------------------------


def sealed(content):
    target = io.BytesIO()
    seal(io.BytesIO(content), target, "test")
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, PIECE, 2 * PIECE + 7])
def test_a_sealed_file_is_read_back_piece_by_piece(size):
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    pieces = list(unseal(io.BytesIO(sealed(content)), "test"))
    assert b"".join(pieces) == content
    assert all(len(piece) <= PIECE for piece in pieces)


def test_a_sealed_file_that_was_cut_off_is_damaged():
    whole = sealed(bytes(2 * PIECE))
    for end in (0, 3, 100, PIECE + 60, len(whole) - 1):
        with pytest.raises(Damaged):
            list(unseal(io.BytesIO(whole[:end]), "test"))


def test_results_lie_below_the_folder_that_is_not_served():
    assert not settings.MEDIA_URL.startswith("/media")
