from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from branches.changes import note_change
from branches.values import Values
from compliance.judging import BEGINS
from compliance.models import Duty, DutyEvent, Exemption
from compliance.registry import RULES
from compliance.services import reconcile, run_night
from meetings.enums import Type
from meetings.models import Meeting
from meetings.services.recording import cancel_meeting
from tasks.models import Task
from tests import factories
from tests.compliance.counties import build_county
from tests.compliance.verdicts import county_value, judge_everything, period_on

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 9, 30)


@pytest.fixture(autouse=True)
def last_of_september(settings):
    settings.TODAY_OVERRIDE = AS_OF


@pytest.fixture
def county():
    return build_county(4)


def duty_in(branch, code="meetings.theme_day", day=AS_OF) -> Duty:
    period = period_on(code, day)
    reconcile(RULES[code], period, as_of=AS_OF, values=Values())
    return Duty.objects.get(rule=code, organisation=branch, period=str(period or ""))


def page_of(duty) -> str:
    return reverse("compliance:duty", args=[duty.pk])


LIST = "/duties/"


def as_role(client, role, organisation):
    client.force_login(factories.make_user(role, organisation))
    return client


# --- Who may look -----------------------------------------------------------------------


def test_nobody_is_sent_to_the_log_in_page(client, county):
    for address in (page_of(duty_in(county.branches[0])), LIST):
        response = client.get(address)
        assert response.status_code == 302
        assert response.url.startswith(reverse("login"))


@pytest.mark.parametrize("role", ["secretary", "organiser", "group_leader"])
def test_those_of_the_branch_may_look(client, county, role):
    branch = county.branches[0]
    as_role(client, role, branch)
    assert client.get(page_of(duty_in(branch))).status_code == 200
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize("role", ["county_officer", "inspector"])
def test_those_of_the_county_may_look(client, county, role):
    as_role(client, role, county.top)
    for branch in county.branches:
        assert client.get(page_of(duty_in(branch))).status_code == 200
    assert client.get(LIST).status_code == 200


def test_a_committee_sees_its_own_branches_only(client, county):
    as_role(client, "committee_officer", county.committees[0])
    assert client.get(page_of(duty_in(county.branches[1]))).status_code == 200
    assert client.get(page_of(duty_in(county.branches[2]))).status_code == 404


def test_the_neighbour_sees_nothing(client, county):
    branch, neighbour = county.branches[1], county.branches[3]
    duty = duty_in(branch)
    judge_everything(AS_OF)
    as_role(client, "secretary", neighbour)
    assert client.get(page_of(duty)).status_code == 404
    response = client.get(LIST)
    assert response.status_code == 200
    own = Duty.objects.filter(organisation=neighbour).unmet()
    assert response.context["page"].paginator.count == own.count() > 0
    content = response.content.decode()
    assert branch.name not in content
    assert page_of(duty) not in content
    for query in (f"branch={branch.code}", f"organisation={county.top.code}"):
        assert client.get(f"{LIST}?{query}").status_code == 404
    assert client.get(f"{LIST}?q={branch.name}").context["rows"] == []


@pytest.mark.parametrize("role", ["system_admin", "security_admin", "audit_admin"])
def test_administrators_see_no_duties(client, county, role):
    duty = duty_in(county.branches[0])
    as_role(client, role, county.top)
    assert client.get(page_of(duty)).status_code == 404
    assert client.get(LIST).context["rows"] == []


def test_a_page_that_is_not_there_is_404_and_posting_is_refused(client, county):
    as_role(client, "secretary", county.branches[0])
    duty = duty_in(county.branches[0])
    assert client.get(reverse("compliance:duty", args=[duty.pk + 99999])).status_code == 404
    assert client.post(page_of(duty)).status_code == 405
    assert client.post(LIST).status_code == 405


# --- The explanation --------------------------------------------------------------------


# Where a record is not one of what is counted: all units of a joint branch that has too many,
# one budget of so many yuan.
RECORDS = {
    "branches.joint_units": lambda duty: 6 * duty.actual,
    "branches.funds": lambda duty: int(duty.actual > 0),
}


@pytest.mark.parametrize("code", RULES)
def test_the_records_shown_add_up_to_the_verdict(client, county, code):
    as_role(client, "inspector", county.top)
    # The day on which funds are due lies inside the records then.
    county_value(BEGINS, "2026-01-01", date(2026, 1, 1))
    run_night(AS_OF)
    judged = [*county.branches[:2], county.committees[0]]
    duties = Duty.objects.filter(rule=code, organisation__in=judged).select_related("organisation")
    assert duties
    for duty in duties:
        page = client.get(page_of(duty)).context
        shown = page["duty"]
        assert (shown["required"], shown["actual"]) == (duty.required, duty.actual)
        records = RECORDS.get(code, lambda duty: duty.actual)(duty)
        assert (page["counted_total"], len(page["counted"])) == (records, records)
        if RULES[code].unit == "人" and not RULES[code].is_standing:
            assert page["missing_total"] == duty.required - duty.actual
        assert page["rule"]["wording"] == RULES[code].wording
        assert page["rule"]["counting"] == RULES[code].how


def test_a_meeting_that_counted_is_shown_with_its_day_and_link(client, county):
    branch = county.branches[0]
    as_role(client, "secretary", branch)
    meeting = Meeting.objects.get(organisation=branch)
    response = client.get(page_of(duty_in(branch)))
    assert response.context["counted"] == [
        {
            "date": "9月10日",
            "label": "主题党日",
            "url": reverse("meetings:detail", args=[meeting.pk]),
            "count": "主题党日",
            "text": "主题党日",
        }
    ]
    shown = response.context["duty"]
    assert shown["due_text"] == "2026年9月30日"
    assert shown["met_text"] == "2026年9月10日"
    assert shown["words"] == "已完成"
    assert shown["cure"] is None
    assert f'href="/meetings/{meeting.pk}/"' in response.content.decode()


def test_every_link_of_an_explanation_opens_for_who_reads_it(client, county):
    bad = county.branches[1]
    as_role(client, "secretary", bad)
    run_night(AS_OF)
    seen = set()
    for duty in Duty.objects.filter(organisation=bad):
        page = client.get(page_of(duty)).context
        links = {record["url"] for record in (*page["counted"], *page["missing"])}
        links |= {crumb["url"] for crumb in page["crumbs"] if crumb.get("url")}
        if page["duty"]["cure"]:
            links.add(page["duty"]["cure"]["url"])
        seen |= links - {""}
    assert len(seen) > 8
    assert {
        link: client.get(link, follow=True).status_code for link in sorted(seen)
    } == dict.fromkeys(sorted(seen), 200)


def test_unpaid_members_are_named_with_what_they_owe(client, county):
    bad = county.branches[1]
    as_role(client, "secretary", bad)
    one, two = county.members[bad.pk]
    factories.make_payment(one, date(2026, 9, 1), "5.00", paid_on=date(2026, 9, 12))
    page = client.get(page_of(duty_in(bad, "dues.paid"))).context
    assert page["counted"] == []
    assert [(record["label"], record["text"]) for record in page["missing"]] == [
        (one.name, "应缴 20.00，已缴 5.00"),
        (two.name, "应缴 20.00，已缴 0.00"),
    ]
    assert page["facts"] == [("应收", "¥40.00"), ("已收", "¥5.00")]


FIGURES = {
    "meetings.committee": [
        ("2026年9月30日正式党员", "7 人"),
        ("应设支委会的人数", "7 人起"),
    ],
    "meetings.study_hours": [
        ("每人每年", "32 学时"),
        ("人均", "1.7 学时"),
        ("按进度应到", "23.8 学时"),
    ],
    "dues.paid": [("应收", "¥140.00"), ("已收", "¥140.00")],
    "dues.arrears": [("提示线", "连续 6 个月")],
    "terms.election": [("选举日期", "2024年6月1日"), ("本届届满", "2027年5月31日")],
    "branches.too_small": [
        ("党员", "7 人"),
        ("其中正式党员", "7 人"),
        ("下限", "正式党员 3 人"),
    ],
    "branches.too_large": [
        ("党员", "7 人"),
        ("其中正式党员", "7 人"),
        ("上限", "党员 50 人"),
    ],
}


@pytest.mark.parametrize("code", FIGURES)
def test_an_explanation_knows_the_numbers_beside_the_records(client, county, code):
    good = county.branches[0]
    as_role(client, "secretary", good)
    assert client.get(page_of(duty_in(good, code))).context["facts"] == FIGURES[code]


@pytest.mark.parametrize("code", FIGURES)
def test_the_numbers_beside_the_records_are_printed(client, county, code):
    """Without them nobody could recompute why a committee is asked for, or what the pace is."""
    good = county.branches[0]
    as_role(client, "secretary", good)
    content = client.get(page_of(duty_in(good, code))).content.decode()
    assert [text for pair in FIGURES[code] for text in pair if text not in content] == []


def test_more_than_sixty_records_are_counted_and_said_to_be_more(client):
    branch = factories.make_branch()
    for person in factories.make_members(branch, 62):
        factories.make_charge(person, date(2026, 9, 1))
    as_role(client, "secretary", branch)
    page = client.get(page_of(duty_in(branch, "dues.paid"))).context
    assert (len(page["missing"]), page["missing_total"]) == (60, 62)
    assert page["missing_more"] == "另有 2 条未列出"


def test_only_who_may_act_is_offered_the_cure(client, county):
    bad = county.branches[1]
    duty = duty_in(bad)
    as_role(client, "secretary", bad)
    cure = client.get(page_of(duty)).context["duty"]["cure"]
    assert cure["label"] == "登记会议"
    assert cure["url"] == (
        "/meetings/new/?branch=C0-1&types=theme_day&source=duty%3Ameetings.theme_day%3A2026-09"
    )
    as_role(client, "inspector", county.top)
    assert client.get(page_of(duty)).context["duty"]["cure"] is None


def test_an_exemption_is_shown_with_its_reason_and_its_end(client, county):
    bad = county.branches[1]
    officer = factories.make_user("county_officer", county.top, name="沈知行")
    Exemption.objects.create(
        rule="meetings.theme_day",
        organisation=bad,
        starts_on=date(2026, 9, 1),
        ends_on=AS_OF,
        reason="全员参加防汛",
        approved_by=officer,
    )
    as_role(client, "secretary", bad)
    page = client.get(page_of(duty_in(bad))).context
    assert (page["duty"]["kind"], page["duty"]["words"]) == ("done", "免予")
    (exemption,) = page["exemptions"]
    assert exemption["reason"] == "全员参加防汛"
    assert exemption["period_text"] == "2026年9月1日—2026年9月30日"
    assert exemption["granted_text"].startswith("批准人")


def test_the_history_says_from_what_to_what(client, county):
    bad = county.branches[1]
    duty = duty_in(bad, "tasks.overdue")
    as_role(client, "secretary", bad)
    (event,) = client.get(page_of(duty)).context["events"]
    task = Task.objects.get(organisation=bad)
    assert event == {
        "at": "9月30日",
        "kind": "overdue",
        "words": "首次核对 → 逾期（1 项）",
        "record": f"出现：2026年8月31日 {task.number} {task.problem}",
        "record_url": reverse("tasks:detail", args=[task.pk]),
    }


# --- Evidence that goes -----------------------------------------------------------------


def test_cancelling_the_evidence_reopens_the_duty_on_the_next_view(client, county):
    branch = county.branches[0]
    secretary = factories.make_user("secretary", branch)
    client.force_login(secretary)
    duty = duty_in(branch)
    assert client.get(page_of(duty)).context["duty"]["words"] == "已完成"
    meeting = Meeting.objects.get(organisation=branch)
    cancel_meeting(meeting=meeting, version=meeting.version, by=secretary, reason="重复登记")
    page = client.get(page_of(duty)).context
    assert (page["duty"]["actual"], page["duty"]["words"]) == (0, "今天到期")
    assert page["counted"] == []
    assert page["duty"]["cure"]["label"] == "登记会议"
    duty.refresh_from_db()
    assert (duty.state, duty.actual, duty.met_on) == ("open", 0, None)
    assert DutyEvent.objects.get(duty=duty).after == "open"


def test_deleting_the_evidence_reopens_the_duty_on_the_next_view(client, county):
    branch = county.branches[0]
    as_role(client, "secretary", branch)
    duty = duty_in(branch)
    Meeting.objects.filter(organisation=branch).delete()
    note_change(branch.pk, "meetings", date(2026, 9, 10))
    page = client.get(page_of(duty)).context
    assert (page["duty"]["actual"], page["counted"]) == (0, [])


def test_a_duty_past_its_day_is_overdue_on_its_page_though_no_night_ran(client, county, settings):
    bad = county.branches[1]
    run_night(AS_OF)
    month, task = duty_in(bad), factories.make_task(bad, due_on=AS_OF)
    overdue = Duty.objects.get(rule="tasks.overdue", organisation=bad)
    as_role(client, "secretary", bad)
    settings.TODAY_OVERRIDE = date(2026, 10, 1)
    page = client.get(page_of(month)).context
    assert (page["duty"]["kind"], page["duty"]["words"]) == ("late", "逾期 1 天")
    page = client.get(page_of(overdue)).context
    assert page["duty"]["actual"] == page["counted_total"] == 2
    labels = [record["label"] for record in page["counted"]]
    assert f"{task.number} {task.problem}" in labels


def test_a_duty_that_is_asked_no_more_has_no_page(client, county):
    branch = county.branches[0]
    duty = duty_in(branch, "meetings.committee")
    as_role(client, "secretary", branch)
    seventh = county.members[branch.pk][6]
    seventh.memberships.update(ends_on=date(2026, 9, 12))
    note_change(branch.pk, "members", date(2026, 9, 12))
    assert client.get(page_of(duty)).status_code == 404


# --- The list ---------------------------------------------------------------------------


def test_the_list_shows_what_is_to_be_done_worst_first(client, county):
    bad = county.branches[1]
    judge_everything(AS_OF)
    as_role(client, "secretary", bad)
    response = client.get(LIST + "?period=")
    states = [row["kind"] for row in response.context["rows"]]
    assert states == sorted(states, key=["late", "soon", "run", "todo"].index)
    chips = {chip["label"]: chip["count"] for chip in response.context["chips"]}
    assert chips["要办"] == chips["逾期"] + chips["落后"] + chips["进行中"]
    assert chips["要办"] == Duty.objects.filter(organisation=bad).unmet().count()
    assert chips["已完成"] == Duty.objects.filter(organisation=bad, state="done").count()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("rule=tasks.overdue", 2),
        ("rule=tasks.overdue&state=done", 2),
        ("rule=tasks.overdue&branch=C0-1", 1),
        ("rule=tasks.overdue&organisation=C1", 1),
        ("rule=tasks.overdue&organisation=C&q=第1党支部", 1),
        ("rule=meetings.theme_day&period=2026-09", 2),
        ("rule=meetings.theme_day&period=2026-09&state=open", 2),
        ("rule=meetings.theme_day&period=2026-09&state=overdue", 0),
        ("group=meetings&period=2026-09", 4),
        ("rule=tasks.overdue&state=nonsense", 2),
    ],
)
def test_the_list_is_filtered_by_its_address(client, county, query, count):
    judge_everything(AS_OF)
    as_role(client, "inspector", county.top)
    response = client.get(f"{LIST}?{query}")
    assert len(response.context["rows"]) == count


def test_the_list_names_branches_to_whoever_sees_several(client, county):
    duty_in(county.branches[0])
    as_role(client, "secretary", county.branches[0])
    assert client.get(LIST).context["show_organisation"] is False
    as_role(client, "inspector", county.top)
    assert client.get(LIST).context["show_organisation"] is True
    named = client.get(f"{LIST}?branch={county.branches[0].code}")
    assert named.context["show_organisation"] is False


def test_each_row_leads_to_its_explanation(client, county):
    judge_everything(AS_OF)
    bad = county.branches[1]
    as_role(client, "inspector", county.top)
    response = client.get(f"{LIST}?rule=tasks.overdue&branch={bad.code}")
    (row,) = response.context["rows"]
    duty = Duty.objects.get(rule="tasks.overdue", organisation=bad)
    assert row["url"] == page_of(duty)
    assert (row["required"], row["actual"], row["due_text"]) == ("—", 1, "8月31日")
    assert f'href="{page_of(duty)}"' in response.content.decode()


def test_the_list_asks_no_more_for_three_rows_than_for_one(client, county):
    for branch in county.branches:
        factories.make_task(branch, due_on=date(2026, 8, 1))
    as_role(client, "inspector", county.top)
    client.get(LIST)
    judge_everything(AS_OF)
    keys = list(Duty.objects.filter(rule="tasks.overdue").values_list("pk", flat=True))
    counts = []
    for wanted in (1, 3):
        Duty.objects.update(state="done")
        Duty.objects.filter(pk__in=keys[:wanted]).update(state="overdue")
        with CaptureQueriesContext(connection) as queries:
            response = client.get(f"{LIST}?state=overdue")
        assert len(response.context["rows"]) == wanted
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("code", ["meetings.theme_day", "dues.paid", "meetings.study_hours"])
def test_an_explanation_asks_no_more_for_three_records_than_for_one(client, county, code):
    counts = []
    for wanted in (1, 3):
        branch = factories.make_branch(county.committees[0])
        people = factories.make_members(branch, wanted)
        for number, person in enumerate(people):
            factories.make_charge(person, date(2026, 9, 1))
            factories.make_meeting(
                branch, date(2026, 9, 2 + number), [Type.THEME_DAY], present=people, hours=2
            )
        duty = duty_in(branch, code)
        as_role(client, "secretary", branch)
        client.get(page_of(duty))
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(duty))
        counts.append(len(queries))
    assert counts[0] == counts[1]
