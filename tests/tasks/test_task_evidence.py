"""Evidence with its own day and its versions."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import TrailLine
from branches.models import Attachment
from tasks.models import TaskState
from tasks.services import Refused, evidence, ledger
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
DUE = datetime.date(2026, 3, 16)
LATER = datetime.date(2026, 4, 30)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


def pdf(name="签到表.pdf", more=b"x"):
    return SimpleUploadedFile(name, b"%PDF-1.7\n" + more * 50)


def in_state(branch, state, **changes):
    closed_on = TODAY if state == TaskState.CLOSED else None
    return factories.make_task(branch, state=state, closed_on=closed_on, **changes)


def line_of(task):
    return TrailLine.objects.about("tasks", task.pk).first()


# --- Evidence ----------------------------------------------------------------------------------


def test_a_paper_of_30_june_uploaded_on_8_july_is_of_30_june(branch, secretary):
    june, july = datetime.date(2026, 6, 30), datetime.date(2026, 7, 8)
    task = in_state(branch, TaskState.WORKING)
    ledger.report_progress(
        task=task,
        text="补传材料",
        progress=50,
        by=secretary,
        on=july,
        uploads=[pdf()],
        dates=[june],
    )
    file = evidence.files_of(task).get()
    assert (file.dated_on, file.organisation, len(file.sha256)) == (june, branch, 64)


def test_a_paper_of_a_day_to_come_is_refused_with_its_progress(branch):
    task = in_state(branch, TaskState.WORKING)
    with pytest.raises(Refused, match="材料日期还没有到"):
        ledger.report_progress(
            task=task, text="在办", progress=50, by=None, on=TODAY, uploads=[pdf()], dates=[LATER]
        )
    assert not Attachment.objects.exists()
    assert task.events.count() == 1


def test_a_newer_version_stands_beside_the_older(branch, secretary):
    task = in_state(branch, TaskState.WORKING)
    ledger.report_progress(
        task=task, text="在办", progress=5, by=None, on=TODAY, uploads=[pdf()], dates=[DUE]
    )
    old = evidence.files_of(task).get()
    doing = {"task": task, "file": old, "by": secretary, "on": TODAY, "dated_on": TODAY}
    with pytest.raises(Refused, match="完全相同"):
        evidence.replace_file(upload=pdf(), **doing)
    new = evidence.replace_file(upload=pdf("签到表（补签）.pdf", b"y"), **doing)
    assert new.replaces == old
    assert line_of(task).before == {"材料": "签到表.pdf（2026年3月16日）"}
    assert line_of(task).after == {"材料": "签到表（补签）.pdf（2026年3月18日）"}
    with pytest.raises(Refused, match="已经换过新版"):
        evidence.replace_file(upload=pdf("三.pdf", b"z"), **doing)


def test_a_file_of_another_task_is_not_replaced(branch):
    task, other = in_state(branch, TaskState.WORKING), in_state(branch, TaskState.WORKING)
    ledger.report_progress(
        task=other, text="在办", progress=5, by=None, on=TODAY, uploads=[pdf()], dates=[DUE]
    )
    with pytest.raises(Refused, match="不在这项任务里"):
        evidence.replace_file(
            task=task,
            file=evidence.files_of(other).get(),
            upload=pdf("二.pdf", b"y"),
            dated_on=TODAY,
            by=None,
            on=TODAY,
        )
