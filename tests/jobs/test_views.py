import datetime

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from branches.models import Grant
from jobs import registry, services
from jobs.models import Job, JobState
from tests.factories import make_branch, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kind():
    registry._RUNNERS["test"] = registry.Runner(write_file, "行")
    yield
    registry._RUNNERS.pop("test")


def write_file(job, progress):
    path = progress.folder / "ledger.xlsx"
    path.write_bytes(b"workbook")
    return services.Result("已导出", path, "望春社区2026年3月台账.xlsx")


@pytest.fixture
def branch():
    return make_branch()


@pytest.fixture
def maker(branch, client):
    user = make_user(Role.SECRETARY, branch)
    client.force_login(user)
    return user


def make_job(maker, branch, **facts):
    facts.setdefault("lease_until", timezone.now() + services.RESEND_AFTER)
    return Job.objects.create(
        kind="test", title="2026年3月台账", created_by=maker, organisation=branch, **facts
    )


def test_progress_asks_again_until_the_job_is_over(client, maker, branch):
    job = make_job(maker, branch)
    url = reverse("jobs:progress", args=[job.pk])
    waiting = client.get(url)
    assert waiting.status_code == 200
    assert 'hx-trigger="every 2s"' in waiting.text
    services.run(job.pk)
    done = client.get(url)
    assert done.status_code == 286
    assert "hx-trigger" not in done.text
    assert reverse("jobs:result", args=[job.pk]) in done.text


def test_progress_gives_figures_and_after_three_seconds_the_time_left(client, maker, branch):
    started_at = timezone.now() - datetime.timedelta(seconds=20)
    job = make_job(
        maker,
        branch,
        state=JobState.RUNNING,
        attempts=1,
        done=1240,
        total=3720,
        started_at=started_at,
    )
    text = client.get(reverse("jobs:progress", args=[job.pk])).text
    assert "1,240 / 3,720 行" in text
    assert 'value="33"' in text
    assert "约还需 4" in text


def test_a_job_that_leads_to_a_page_sends_the_browser_there(client, maker, branch):
    job = make_job(maker, branch, parameters={"page": "/ledgers/import/1/"})
    url = reverse("jobs:progress", args=[job.pk])
    assert "HX-Redirect" not in client.get(url).headers
    services.run(job.pk)
    assert client.get(url).headers["HX-Redirect"] == "/ledgers/import/1/"


def test_the_file_comes_as_an_attachment_with_its_chinese_name(client, maker, branch):
    job = make_job(maker, branch)
    services.run(job.pk)
    response = client.get(reverse("jobs:result", args=[job.pk]))
    assert response.getvalue() == b"workbook"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=utf-8''%E6%9C%9B%E6%98%A5%E7%A4%BE%E5%8C%BA"
        "2026%E5%B9%B43%E6%9C%88%E5%8F%B0%E8%B4%A6.xlsx"
    )
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, no-store"


def test_a_file_that_is_gone_is_not_found(client, maker, branch):
    job = make_job(maker, branch, state=JobState.DONE, result="results/2026/01/none.sealed")
    assert client.get(reverse("jobs:result", args=[job.pk])).status_code == 404
    assert client.get(reverse("jobs:progress", args=[job.pk])).status_code == 286


def test_stopping_is_a_post_and_leads_back(client, maker, branch):
    job = make_job(maker, branch)
    url = reverse("jobs:stop", args=[job.pk])
    assert client.get(url).status_code == 405
    response = client.post(url, headers={"referer": "http://testserver/ledgers/"})
    assert response.url == "http://testserver/ledgers/"
    job.refresh_from_db()
    assert job.state == JobState.STOPPED
    assert client.post(url, headers={"referer": "http://evil.example/"}).url == "/"


def test_a_stopped_job_can_be_tried_again(client, maker, branch):
    job = make_job(maker, branch, state=JobState.STOPPED)
    assert client.post(reverse("jobs:restart", args=[job.pk])).status_code == 302
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


@pytest.fixture
def done_job(maker, branch):
    job = make_job(maker, branch, state=JobState.DONE, result_name="x.xlsx")
    job.result.save("x.sealed", ContentFile(b""))
    return job


WAYS = [("progress", "get"), ("stop", "post"), ("restart", "post"), ("result", "get")]


@pytest.mark.parametrize(("name", "method"), WAYS)
def test_nobody_else_finds_a_job(client, branch, done_job, name, method):
    url = reverse(f"jobs:{name}", args=[done_job.pk])
    for other in (make_user(Role.SECRETARY, make_branch()), make_user(Role.SECRETARY, branch)):
        client.force_login(other)
        assert getattr(client, method)(url).status_code == 404
    client.logout()
    response = getattr(client, method)(url)
    assert response.status_code == 302
    assert response.url.startswith(reverse("login"))


@pytest.mark.parametrize(("name", "method"), WAYS)
def test_whoever_lost_the_branch_lost_the_job(client, done_job, maker, name, method):
    Grant.objects.filter(user=maker).update(withdrawn_at=timezone.now())
    url = reverse(f"jobs:{name}", args=[done_job.pk])
    assert getattr(client, method)(url).status_code == 404
