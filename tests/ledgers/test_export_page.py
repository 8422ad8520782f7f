"""资料报表: ask for a ledger, fetch it when it is ready."""

import datetime
import io

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Grant
from jobs import services as jobs
from jobs.models import Job, JobState
from tests import factories as make

pytestmark = pytest.mark.django_db

URL = "/ledgers/"


@pytest.fixture(autouse=True)
def today(settings):
    settings.TODAY_OVERRIDE = datetime.date(2026, 4, 2)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda job_id: None)


@pytest.fixture
def branch():
    branch = make.make_branch(name="中共望春社区第一支部委员会", code="YX01-001")
    make.make_member(branch, "林守正", id_number="000000198005170018")
    return branch


@pytest.fixture
def secretary(branch, client):
    user = make.make_user(Role.SECRETARY, branch)
    client.force_login(user)
    return user


def ask(client, **more):
    return client.post(URL, {"month": "2026-03", "organisation": "YX01-001", **more})


def fetch(client, job):
    content = client.get(reverse("jobs:result", args=[job.pk])).getvalue()
    return openpyxl.load_workbook(io.BytesIO(content))


def test_a_ledger_is_asked_for_made_and_fetched(client, secretary):
    assert ask(client).url == URL
    job = Job.objects.get()
    assert client.get(URL).context["job"]["state"] == JobState.QUEUED
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result_name) == (
        JobState.DONE,
        "望春社区第一党支部2026年3月台账.xlsx",
    )
    page = client.get(URL)
    assert page.context["job"] is None
    (ledger,) = page.context["ledgers"]
    assert (ledger["name"], ledger["month_text"], ledger["url"]) == (
        "望春社区第一党支部2026年3月台账",
        "2026年3月",
        reverse("jobs:result", args=[job.pk]),
    )
    assert ledger["size"]
    book = fetch(client, job)
    assert book["党员"]["B2"].value == "000000********0018"
    line = TrailLine.objects.get(area="ledgers")
    assert (line.by, line.after["号码"]) == (secretary, "部分隐藏")
    assert line.after["内容校验码"] in job.message


def test_a_double_click_makes_one_job(client, secretary):
    ask(client)
    ask(client)
    assert Job.objects.count() == 1
    ask(client, month="2026-02")
    assert Job.objects.count() == 2


def test_whole_numbers_need_a_reason_and_are_trailed(client, secretary):
    refused = ask(client, full_numbers="on")
    assert "请写明理由" in str(refused.context["form"].errors["reason"])
    assert not Job.objects.exists()
    ask(client, full_numbers="on", reason="核对档案")
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    with job.result.open("rb") as stored:
        assert stored.read(2) != b"PK"
    assert fetch(client, job)["党员"]["B2"].value == "000000198005170018"
    assert TrailLine.objects.get(area="ledgers").reason == "核对档案"


def test_who_may_not_see_numbers_is_not_offered_them(client, branch):
    client.force_login(make.make_user(Role.ORGANISER, branch))
    assert "full_numbers" not in client.get(URL).context["form"].fields
    ask(client, full_numbers="on", reason="核对档案")
    assert Job.objects.get().parameters["reason"] == ""


def test_the_page_offers_what_is_in_reach_and_starts_with_the_one_named(client, branch):
    client.force_login(make.make_user(Role.COUNTY_OFFICER, branch.parent.parent))
    form = client.get(URL + "?organisation=YX01-001").context["form"]
    codes = [code for code, _label in form.fields["organisation"].widget.choices]
    assert codes == [branch.parent.parent.code, branch.parent.code, "YX01-001"]
    assert form["organisation"].initial == "YX01-001"
    assert "选择" not in str(form["month"])
    assert form["month"].initial == "2026-03"


def test_a_neighbours_organisation_is_not_found(client, secretary):
    other = make.make_branch(code="YX02-001")
    assert client.get(URL + f"?organisation={other.code}").status_code == 404
    assert ask(client, organisation=other.code).status_code == 404
    assert not Job.objects.exists()


def test_ledgers_of_others_are_not_listed_and_not_found(client, secretary, branch):
    ask(client)
    job = Job.objects.get()
    jobs.run(job.pk)
    for other in (
        make.make_user(Role.SECRETARY, make.make_branch()),
        make.make_user(Role.SECRETARY, branch),
    ):
        client.force_login(other)
        assert client.get(URL).context["ledgers"] == []
        assert client.get(reverse("jobs:result", args=[job.pk])).status_code == 404


def test_exporting_needs_its_right(client, branch):
    client.force_login(make.make_user(Role.GROUP_LEADER, branch))
    assert client.get(URL).status_code == 403
    assert ask(client).status_code == 403


def test_a_right_withdrawn_while_the_job_waits_is_noticed(client, secretary):
    ask(client)
    Grant.objects.update(withdrawn_at=timezone.now())
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, bool(job.result)) == (JobState.FAILED, False)
    assert "不能导出" in job.message


def test_a_failure_is_shown_with_its_reason_for_a_day(client, secretary):
    ask(client)
    Job.objects.update(state=JobState.FAILED, message="没有做完", finished_at=timezone.now())
    assert client.get(URL).context["job"]["reason"] == "没有做完"
    Job.objects.update(finished_at=timezone.now() - datetime.timedelta(days=2))
    assert client.get(URL).context["job"] is None


def test_a_ledger_older_than_thirty_days_is_not_listed(client, secretary):
    ask(client)
    jobs.run(Job.objects.get().pk)
    Job.objects.update(finished_at=timezone.now() - datetime.timedelta(days=31))
    assert client.get(URL).context["ledgers"] == []


def test_queries_of_the_page_do_not_grow_with_ledgers(
    client, secretary, branch, django_assert_max_num_queries
):
    def add(month):
        ask(client, month=month)
        jobs.run(Job.objects.first().pk)

    add("2026-01")
    client.get(URL)
    with django_assert_max_num_queries(30) as one:
        client.get(URL)
    most = len(one)
    add("2026-02")
    add("2026-03")
    with django_assert_max_num_queries(most):
        client.get(URL)
