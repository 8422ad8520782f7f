"""The pages of weak branches: who may, who may look, what is refused and what stays typed."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from branches.models import Attachment, Sector
from compliance.models import Duty
from tasks.enums import TaskState, WeakState
from tasks.models import Task, WeakBranch
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 6, 18)
DECIDED = datetime.date(2026, 3, 20)
FILED = datetime.date(2026, 4, 10)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(), "上荻村党支部", code="SHANGDI")


@pytest.fixture
def working(branch):
    return factories.make_weak(branch, decided_on=DECIDED, plan_filed_on=FILED)


def enter(client, role, organisation):
    user = factories.make_user(role, organisation)
    client.force_login(user)
    return user


def url(case, name="weak_case", *args):
    return reverse(f"tasks:{name}", args=[case.pk, *args])


def step(case, code, **data):
    return url(case, "weak_step", code), {"version": case.version, **data}


# --- The walls ------------------------------------------------------------------------------


def test_a_proposal_is_no_page_of_the_branch_it_is_about(client, branch):
    case = factories.make_weak(branch)
    enter(client, "secretary", branch)
    assert client.get(url(case)).status_code == 404
    assert client.post(*step(case, "plan", plan="自己写")).status_code == 404
    assert (
        "上荻村党支部" not in client.get(reverse("tasks:weak")).content.decode().split("<main")[1]
    )
    enter(client, "committee_officer", branch.parent)
    assert client.get(url(case)).status_code == 200


def test_the_neighbour_sees_nothing_of_a_case(client, branch, working):
    neighbour = factories.make_branch(branch.parent)
    link = working.links.create(kind="county_leader", name="邵启平", starts_on=DECIDED)
    survey = factories.make_weak_survey(working, TODAY)
    enter(client, "secretary", neighbour)
    for address in (
        url(working),
        url(working, "weak_paper"),
        url(working, "weak_measure"),
        url(working, "weak_report", "2026-05"),
        reverse("tasks:weak_link_end", args=[link.pk]),
        reverse("tasks:weak_survey_withdraw", args=[survey.pk]),
    ):
        assert client.get(address).status_code == 404, address
    for name in ("weak_link_add", "weak_checks", "weak_survey_add"):
        assert client.post(url(working, name)).status_code == 404, name
    assert "上荻村" not in client.get(reverse("tasks:weak_list_paper")).content.decode()


@pytest.mark.parametrize("code", ["decide", "decline", "ask", "accept", "redo", "look-back", "end"])
def test_the_branch_makes_no_step_of_its_overseers(client, branch, working, code):
    enter(client, "secretary", branch)
    assert client.post(*step(working, code, text="x")).status_code == 403
    working.refresh_from_db()
    assert working.state == "working"


@pytest.mark.parametrize("code", ["decide", "decline", "accept", "redo", "end"])
def test_the_committee_decides_nothing_for_the_county(client, branch, working, code):
    enter(client, "committee_officer", branch.parent)
    assert client.post(*step(working, code, text="x")).status_code == 403


def test_an_organiser_looks_and_files_nothing(client, branch, working):
    enter(client, "organiser", branch)
    page = client.get(url(working))
    assert page.status_code == 200
    assert page.context["offered"] == [] and page.context["checks_form"] is None
    assert client.post(*step(working, "plan", plan="x")).status_code == 403
    report = url(working, "weak_report", "2026-05")
    assert client.get(report).status_code == 404
    assert client.post(report, {"text": "x"}).status_code == 403
    assert client.get(reverse("tasks:weak_new")).status_code == 403
    assert client.get(reverse("weak_hints")).status_code == 403


def test_what_is_no_step_and_no_month_is_no_page(client, branch, working):
    enter(client, "county_officer", branch.parent.parent)
    assert client.post(url(working, "weak_step", "nonsense")).status_code == 404
    assert client.get(url(working, "weak_report", "2026-13")).status_code == 404


# --- Proposal and decision ------------------------------------------------------------------


def test_a_hint_fills_in_the_proposal_which_the_committee_sends(client, branch):
    enter(client, "committee_officer", branch.parent)
    address = reverse("tasks:weak_new") + "?branch=SHANGDI&situation=班子配备不齐&problems=缺委员"
    form = client.get(address).context["form"]
    assert (form["organisation"].value(), form["situations"].value(), form["problems"].value()) == (
        "SHANGDI",
        ["班子配备不齐"],
        "缺委员",
    )
    data = {
        "organisation": "SHANGDI",
        "situations": ["班子配备不齐", "组织生活不正常"],
        "problems": "缺委员",
        "proposed_on": "6.18",
    }
    page = client.post(reverse("tasks:weak_new"), {**data, "problems": ""})
    assert page.context["form"].errors == {"problems": ["请写明主要问题"]}
    assert page.context["form"]["situations"].value() == data["situations"]
    response = client.post(reverse("tasks:weak_new"), data)
    case = WeakBranch.objects.get()
    assert response.url == url(case)
    assert (case.situations, case.proposed_on) == (data["situations"], TODAY)


def test_a_committee_proposes_nobody_elses_branch(client, branch):
    other = factories.make_branch(factories.make_committee(branch.parent.parent), code="OTHER")
    enter(client, "committee_officer", branch.parent)
    assert client.get(reverse("tasks:weak_new") + "?branch=OTHER").status_code == 404
    page = client.post(
        reverse("tasks:weak_new"),
        {
            "organisation": "OTHER",
            "situations": "班子配备不齐",
            "problems": "x",
            "proposed_on": "6.18",
        },
    )
    assert page.context["form"].errors == {"organisation": ["请选党支部"]}
    assert not WeakBranch.objects.filter(organisation=other).exists()


def test_the_county_decides_and_what_it_typed_stays_when_refused(client, branch):
    case = factories.make_weak(branch)
    enter(client, "county_officer", branch.parent.parent)
    data = {
        "decided_on": "3.20",
        "decided_by": "县委常委会",
        "list_name": "云组发〔2026〕8号",
        "plan_due_on": "3.1",
        "due_on": "9.30",
    }
    page = client.post(*step(case, "decide", **data))
    form = next(one["form"] for one in page.context["offered"] if one["code"] == "decide")
    assert form.errors == {"plan_due_on": ["方案报备截止早于认定日期，请核对"]}
    assert form["list_name"].value() == "云组发〔2026〕8号"
    response = client.post(*step(case, "decide", **{**data, "plan_due_on": "4.20"}))
    assert response.url == url(case)
    case.refresh_from_db()
    assert (case.state, case.decided_on, case.due_on) == (
        "decided",
        DECIDED,
        datetime.date(2026, 9, 30),
    )


def test_a_step_that_was_made_meanwhile_shows_how_things_stand(client, branch):
    case = factories.make_weak(branch)
    enter(client, "county_officer", branch.parent.parent)
    WeakBranch.objects.filter(pk=case.pk).update(state=WeakState.ENDED, ended_on=TODAY)
    response = client.post(*step(case, "decline", text="不列入"), follow=True)
    assert "现在是“已结束”，不能不予认定" in response.content.decode()


def test_an_old_version_is_refused_and_the_text_stays_for_the_next_try(client, branch, working):
    enter(client, "secretary", branch)
    WeakBranch.objects.filter(pk=working.pk).update(version=2)
    page = client.post(*step(working, "plan", plan="我写的方案"))
    (one,) = [one for one in page.context["offered"] if one["code"] == "plan"]
    assert "刚被别人改过" in str(one["form"].errors)
    assert one["form"]["plan"].value() == "我写的方案"
    assert page.context["version"] == 2


# --- The case -------------------------------------------------------------------------------


def test_the_branch_files_its_plan_with_a_paper(client, branch):
    case = factories.make_weak(branch, decided_on=DECIDED)
    enter(client, "secretary", branch)
    upload = SimpleUploadedFile("方案.pdf", b"%PDF-1.4 plan")
    client.post(*step(case, "plan", plan="选好书记", uploads=upload))
    case.refresh_from_db()
    assert (case.state, case.plan, case.plan_filed_on) == ("working", "选好书记", TODAY)
    file = Attachment.objects.get(area="weak", object_id=case.pk)
    assert file.name in client.get(url(case)).content.decode()


def test_the_page_says_why_acceptance_cannot_be_asked_for(client, branch, working):
    factories.make_task(branch, weak=working, state=TaskState.CLOSED, closed_on=FILED)
    survey = factories.make_weak_survey(working, TODAY, satisfied=76)
    enter(client, "committee_officer", branch.parent)
    body = client.get(url(working)).content.decode()
    assert "暂不能销号：满意度 76%，不足 80%" in body
    assert "zb-w-76" in body and "zb-w-80" in body
    # By address too.
    page = client.post(*step(working, "ask", text="已整改"))
    assert "暂不能销号：满意度 76%，不足 80%" in page.content.decode()
    client.post(
        reverse("tasks:weak_survey_withdraw", args=[survey.pk]), {"reason": "填错", "version": 1}
    )
    client.post(
        url(working, "weak_survey_add"),
        {"held_on": "6.18", "asked": "100", "satisfied": "80", "aware": "80"},
    )
    client.post(*step(working, "ask", text="已整改"))
    working.refresh_from_db()
    assert working.state == "acceptance"


def test_a_survey_with_too_many_heads_says_so_beside_the_field(client, branch, working):
    enter(client, "committee_officer", branch.parent)
    data = {"held_on": "6.18", "asked": "50", "satisfied": "51", "aware": "40"}
    form = client.post(url(working, "weak_survey_add"), data).context["survey_form"]
    assert form.errors == {"satisfied": ["满意人数 51 多于参加测评的 50 人，请核对"]}
    assert not working.surveys.exists()


def test_a_measure_of_the_plan_is_a_task_of_the_ledger(client, branch, working):
    enter(client, "secretary", branch)
    address = url(working, "weak_measure")
    form = client.get(address).context["form"]
    assert form["due_on"].value() == "2026年9月16日"
    data = {
        "problem": "支委会不按月开",
        "measures": "每月 5 日前开会",
        "responsible_leader": "沈知行",
        "responsible_unit": "上荻村党支部",
        "responsible_person": "林守正",
        "due_on": "8.31",
    }
    client.post(address, data)
    task = Task.objects.get()
    assert (task.weak, task.organisation, task.due_on) == (
        working,
        branch,
        datetime.date(2026, 8, 31),
    )
    assert "支委会不按月开" in client.get(url(working, "weak_paper")).content.decode()
    page = client.post(address, {**data, "problem": "没有书记", "due_on": "12.31"})
    assert page.context["form"].errors == {"due_on": ["晚于整顿时限 2026年9月16日，请提前"]}


def test_the_monthly_report_is_filed_put_right_and_read(client, branch, working):
    enter(client, "secretary", branch)
    address = url(working, "weak_report", "2026-05")
    client.post(address, {"text": "走访 30 户", "next_steps": "继续", "version": 0})
    page = client.post(address, {"text": "别的", "version": 0})
    assert "刚被别人改过" in str(page.context["form"].errors)
    client.post(address, {"text": "走访 31 户", "version": 1})
    report = working.reports.get()
    assert (report.text, report.version, report.reported_on) == ("走访 31 户", 2, TODAY)
    months = client.get(url(working)).context["months"]
    assert [(one["label"], one["kind"], one["words"]) for one in months] == [
        ("3月", "todo", "可不报"),
        ("4月", "late", "逾期 49 天"),
        ("5月", "done", "6月18日报"),
        ("6月", "todo", "6月30日前报"),
    ]
    enter(client, "inspector", branch.parent.parent)
    assert "走访 31 户" in client.get(address).content.decode()


def test_checklists_are_saved_by_the_branch(client, branch, working):
    check = working.checks.create(list_name="六大责任", position=1, text="第一项责任")
    enter(client, "secretary", branch)
    form = client.get(url(working)).context["checks_form"]
    data = {
        "stamp": form["stamp"].value(),
        f"text_{check.pk}": "镇街党委责任",
        f"done_on_{check.pk}": "6.1",
        f"note_{check.pk}": "",
    }
    client.post(url(working, "weak_checks"), data)
    check.refresh_from_db()
    assert (check.text, check.done_on) == ("镇街党委责任", datetime.date(2026, 6, 1))
    page = client.post(url(working, "weak_checks"), {**data, f"text_{check.pk}": "旧页面"})
    assert "刚被别人改过" in page.content.decode() and "旧页面" in page.content.decode()


def test_links_are_added_and_ended(client, branch, working):
    enter(client, "committee_officer", branch.parent)
    data = {"kind": "county_leader", "name": "邵启平", "office": "县委常委", "starts_on": "3.20"}
    client.post(url(working, "weak_link_add"), data)
    link = working.links.get()
    page = client.post(url(working, "weak_link_add"), data)
    assert page.context["link_form"].errors == {"name": ["邵启平已经登记"]}
    client.post(reverse("tasks:weak_link_end", args=[link.pk]), {"ends_on": "6.1"})
    link.refresh_from_db()
    assert link.ends_on == datetime.date(2026, 6, 1)


# --- The list -------------------------------------------------------------------------------


def test_the_list_narrows_by_state_and_year_and_asks_as_often_for_three(client, branch):
    county = branch.parent.parent
    enter(client, "county_officer", county)
    factories.make_weak(branch, decided_on=DECIDED, plan_filed_on=FILED)

    def look():
        return client.get(reverse("tasks:weak"))

    with_one = count_of(look)
    for number in range(2):
        case = factories.make_weak(
            factories.make_branch(branch.parent, f"下荻{number}村党支部"),
            decided_on=datetime.date(2025, 3, 20),
            state=WeakState.FOLLOW_UP,
        )
        factories.make_weak_survey(case, TODAY)
    assert count_of(look) == with_one
    rows = look().context["rows"]
    assert (rows[0]["name"], rows[0]["words"]) == ("上荻村党支部", "整顿中")
    assert len(client.get(reverse("tasks:weak") + "?year=2025").context["rows"]) == 2
    assert len(client.get(reverse("tasks:weak") + "?state=follow_up").context["rows"]) == 2
    paper = client.get(reverse("tasks:weak_list_paper") + "?year=2025").content.decode()
    assert "2025年软弱涣散基层党组织名单" in paper and "上荻村" not in paper


@pytest.mark.parametrize(
    ("facts", "mark"),
    [
        ({"plan_due_on": TODAY}, ("run", "已认定")),
        ({"plan_due_on": datetime.date(2026, 6, 17)}, ("late", "方案逾期 1 天")),
        ({"plan_filed_on": FILED, "due_on": datetime.date(2026, 6, 26)}, ("run", "整顿中")),
        ({"plan_filed_on": FILED, "due_on": datetime.date(2026, 6, 25)}, ("soon", "还剩 7 天")),
        ({"plan_filed_on": FILED, "due_on": TODAY}, ("soon", "今天到期")),
        ({"plan_filed_on": FILED, "due_on": datetime.date(2026, 6, 17)}, ("late", "逾期 1 天")),
        ({"state": WeakState.ACCEPTANCE, "due_on": FILED}, ("wait", "待验收")),
    ],
)
def test_the_mark_says_how_far_a_deadline_is(client, branch, facts, mark):
    factories.make_weak(branch, decided_on=DECIDED, **facts)
    enter(client, "secretary", branch)
    (row,) = client.get(reverse("tasks:weak")).context["rows"]
    assert (row["kind"], row["words"]) == mark


# --- Hints ----------------------------------------------------------------------------------


def test_hints_name_the_number_and_leave_out_who_is_a_case_already(client, branch):
    county = branch.parent.parent
    village = factories.make_branch(branch.parent, "中荻村党支部", sector=Sector.VILLAGE)
    for target in (branch, village):
        for month in (3, 4, 5):
            Duty.objects.create(
                rule="meetings.theme_day",
                organisation=target,
                period=f"2026-{month:02d}",
                starts_on=datetime.date(2026, month, 1),
                ends_on=datetime.date(2026, month, 28),
                required=1,
                actual=0,
                state="overdue",
            )
    Duty.objects.create(
        rule="branches.no_secretary",
        organisation=village,
        required=0,
        actual=1,
        state="overdue",
        open_since=datetime.date(2026, 3, 18),
    )
    factories.make_weak(branch, decided_on=DECIDED)
    enter(client, "county_officer", county)
    page = client.get(reverse("weak_hints"))
    (row,) = page.context["rows"]
    assert row["name"] == "中荻村党支部"
    assert [(one.code, one.words) for one in row["criteria"]] == [
        ("secretary", "书记空缺 3 个月零 1 天，超过 3 个月"),
        ("life", "近一年组织生活缺 3 期（主题党日 3 期）"),
        ("development", "2 年以上没有发展对象（登记里没有）"),
    ]
    form = client.get(row["propose_url"]).context["form"]
    assert form["situations"].value() == [
        "书记空缺时间较长",
        "组织生活不正常",
        "两年以上没有发展对象",
    ]
    enter(client, "committee_officer", factories.make_committee(county))
    assert client.get(reverse("weak_hints")).context["rows"] == []
