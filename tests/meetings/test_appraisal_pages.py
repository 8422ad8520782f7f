"""民主评议: the pages as those who may, who may look, and who may not."""

from datetime import date

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from meetings.enums import Grade, Type
from meetings.models import Appraisal, AppraisalResult
from members.enums import AbsenceKind, MemberKind
from tests import factories
from tests.queries import count_of

TODAY = date(2026, 12, 20)
HELD = date(2026, 12, 18)
LIST = "meetings:appraisals"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def town():
    return factories.make_committee()


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部")


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, name="林守正")


@pytest.fixture
def appraisal(branch):
    return begun(branch)


def begun(branch, *, formal=2, year=2026, **facts):
    """An appraisal with formal members and one probationary member on its list."""
    appraisal = factories.make_appraisal(branch, year, **facts)
    for member in factories.make_members(branch, formal):
        factories.make_appraisal_result(appraisal, member)
    novice = factories.make_member(
        branch, "陶桂兰", kind=MemberKind.PROBATIONARY, joined_on=date(2026, 3, 1)
    )
    factories.make_appraisal_result(appraisal, novice)
    return appraisal


def formal_of(appraisal):
    return list(appraisal.results.filter(was_formal=True).order_by("pk"))


def page(appraisal, name="appraisal"):
    return reverse(f"meetings:{name}", args=[appraisal.pk])


# --- The list of a branch -------------------------------------------------------------------


def test_a_branch_sees_its_years_and_starts_the_one_worked_on(client, branch, secretary):
    begun(branch, year=2025, closed_on=date(2026, 2, 27))
    client.force_login(secretary)
    context = client.get(reverse(LIST)).context
    assert [(row["year"], row["words"], row["people"]) for row in context["rows"]] == [
        (2026, "未开始", 0),
        (2025, "已办结", 3),
    ]
    assert context["start"]["year"] == 2026
    start = reverse("meetings:appraisal_start")
    assert context["start"]["start_url"] == f"{start}?branch={branch.code}&year=2026"


def test_until_march_the_year_before_is_the_one_worked_on(client, branch, secretary):
    client.force_login(secretary)
    with override_settings(TODAY_OVERRIDE=date(2027, 3, 31)):
        assert client.get(reverse(LIST)).context["start"]["year"] == 2026
    with override_settings(TODAY_OVERRIDE=date(2027, 4, 1)):
        assert client.get(reverse(LIST)).context["start"]["year"] == 2027


def test_the_life_meeting_is_shown_with_its_form_and_the_talks_before(client, branch, secretary):
    group = factories.make_group(branch, "一组")
    factories.make_meeting(
        branch, date(2026, 2, 10), [Type.LIFE_MEETING], for_year=2025, group=group
    )
    factories.make_meeting(
        branch, HELD, [Type.LIFE_MEETING, Type.APPRAISAL, Type.MEMBERS_MEETING], for_year=2026
    )
    for day in (date(2025, 12, 1), date(2026, 12, 17), HELD, date(2026, 12, 19)):
        branch.talks.create(held_on=day, relation="among_members")
    branch.talks.create(
        held_on=HELD, relation="among_members", cancelled_at="2026-12-19T00:00:00+08:00"
    )
    client.force_login(secretary)
    life = client.get(reverse(LIST)).context["life"]
    assert [(row["year"], row["meetings"][0]["form"], row["talks"]) for row in life] == [
        (2026, "以支部党员大会形式召开，同时开展民主评议", 2),
        (2025, "以一组党小组会形式召开", 1),
    ]
    assert [row["register_url"] for row in life] == ["", ""]


# --- The list of an overseer ----------------------------------------------------------------


def test_an_officer_sees_who_has_not_begun_first_with_sums(client, town, branch):
    appraisal = begun(branch, formal=3)
    for result, grade in zip(formal_of(appraisal), ("excellent", "qualified", ""), strict=True):
        AppraisalResult.objects.filter(pk=result.pk).update(grade=grade)
    closed = begun(factories.make_branch(town), closed_on=HELD)
    late = factories.make_branch(town)
    factories.make_branch(town, founded_on=date(2027, 1, 1))
    factories.make_branch(town, form="temporary")
    factories.make_branch(town, dissolved_on=date(2026, 6, 1))
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, town))
    context = client.get(reverse(LIST)).context
    assert [(row["name"], row["state"]) for row in context["rows"]] == [
        (late.short_name, "none"),
        (branch.short_name, "running"),
        (closed.organisation.short_name, "closed"),
    ]
    assert context["rows"][1]["words"] == "进行中，个人自评"
    assert context["rows"][1]["graded"] == [1, 1, 0, 0]
    assert (context["people"], context["sums"]) == (7, [1, 1, 0, 0])
    assert [chip["count"] for chip in context["chips"]] == [1, 1, 1]
    filtered = client.get(reverse(LIST), {"state": "closed", "year": 2026}).context
    assert [row["name"] for row in filtered["rows"]] == [closed.organisation.short_name]


def test_the_overview_asks_as_often_for_three_branches_as_for_one(client, town, branch):
    begun(branch)
    factories.make_meeting(branch, HELD, [Type.LIFE_MEETING], for_year=2026)
    factories.make_branch(town)
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, town))
    one = count_of(lambda: client.get(reverse(LIST)))
    for _ in range(2):
        other = factories.make_branch(town)
        begun(other)
        factories.make_meeting(other, HELD, [Type.LIFE_MEETING], for_year=2026)
    assert count_of(lambda: client.get(reverse(LIST))) == one


def test_a_page_of_one_appraisal_asks_as_often_for_three_members(client, branch, secretary):
    appraisal = begun(branch, formal=1)
    client.force_login(secretary)
    for name in ("appraisal", "appraisal_ballots", "appraisal_grades", "appraisal_people"):
        address = page(appraisal, name)
        one = count_of(lambda address=address: client.get(address))
        for member in factories.make_members(branch, 2):
            factories.make_appraisal_result(appraisal, member)
        assert count_of(lambda address=address: client.get(address)) == one, name


# --- Who may --------------------------------------------------------------------------------

WRITING = ("people", "ballots", "grades")
POSTED = ("steps", "close", "reopen", "withdraw")


def test_the_neighbour_sees_nothing(client, town, appraisal):
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch(town)))
    for name in ("appraisal", "appraisal_paper", "appraisal_ballot_paper"):
        assert client.get(page(appraisal, name)).status_code == 404
    for name in WRITING:
        assert client.get(page(appraisal, f"appraisal_{name}")).status_code == 404
    for name in POSTED:
        assert client.post(page(appraisal, f"appraisal_{name}")).status_code == 404
    listed = client.get(reverse(LIST), {"branch": appraisal.organisation.code})
    assert listed.status_code == 404


@pytest.mark.parametrize("role", [Role.COMMITTEE_OFFICER, Role.INSPECTOR, Role.GROUP_LEADER])
def test_who_only_looks_sees_the_ballots_and_changes_nothing(client, appraisal, role):
    branch = appraisal.organisation
    place = branch if role == Role.GROUP_LEADER else branch.parent
    client.force_login(factories.make_user(role, place))
    context = client.get(page(appraisal)).context
    assert len(context["rows"]) == 3
    assert context["editable"] is False
    for name in WRITING:
        assert client.get(page(appraisal, f"appraisal_{name}")).status_code == 403
    for name in POSTED:
        assert client.post(page(appraisal, f"appraisal_{name}")).status_code == 403
    started = client.get(reverse("meetings:appraisal_start"), {"branch": branch.code})
    assert started.status_code == 403


def test_an_organiser_may(client, appraisal):
    client.force_login(factories.make_user(Role.ORGANISER, appraisal.organisation))
    assert client.get(page(appraisal)).context["editable"] is True


# --- Begun ----------------------------------------------------------------------------------


def start_page(branch, **query):
    return client_url("meetings:appraisal_start", branch=branch.code, **query)


def client_url(name, **query):
    return reverse(name) + "?" + "&".join(f"{key}={value}" for key, value in query.items())


def test_the_list_proposes_the_roster_and_names_those_away(client, branch, secretary):
    member = factories.make_member(branch, "许文桥")
    factories.make_absence(member, AbsenceKind.FLOATING, date(2026, 5, 1))
    client.force_login(secretary)
    context = client.get(start_page(branch, year=2026)).context
    row = context["rows"][0]
    assert (row["name"], row["hint"], row["chosen"]) == ("许文桥", "流动党员", "here")
    assert "out" not in dict(context["choices"])


def test_a_year_is_begun_with_one_click(client, branch, secretary):
    there, away, _here = factories.make_members(branch, 3)
    client.force_login(secretary)
    sent = {
        "branch": branch.code,
        "year": "2026",
        "on": "12.19",
        f"part-{there.pk}": "elsewhere",
        f"part-{away.pk}": "absent",
        f"reason-{away.pk}": "外出务工",
    }
    response = client.post(reverse("meetings:appraisal_start"), sent)
    appraisal = Appraisal.objects.get()
    assert response.url == page(appraisal)
    assert appraisal.results.filter(took_part=True).count() == 1
    again = client.post(reverse("meetings:appraisal_start"), sent)
    assert again.url == page(appraisal)
    assert Appraisal.objects.count() == 1


def test_a_missing_reason_stands_at_its_row_and_nothing_typed_is_lost(client, branch, secretary):
    first, second = factories.make_members(branch, 2)
    client.force_login(secretary)
    sent = {"branch": branch.code, "year": "2026", "on": "12.19", f"part-{first.pk}": "absent"}
    sent |= {f"part-{second.pk}": "absent", f"reason-{second.pk}": "外出务工"}
    response = client.post(reverse("meetings:appraisal_start"), sent)
    rows = {row["pk"]: row for row in response.context["rows"]}
    assert "为什么没有参加" in rows[first.pk]["fault"]
    assert (rows[second.pk]["chosen"], rows[second.pk]["reason"]) == ("absent", "外出务工")
    assert not Appraisal.objects.exists()


def test_the_list_is_put_right(client, appraisal, secretary):
    client.force_login(secretary)
    gone = formal_of(appraisal)[0]
    new = factories.make_member(appraisal.organisation, "贺建云")
    rows = client.get(page(appraisal, "appraisal_people")).context["rows"]
    assert (rows[-1]["name"], rows[-1]["chosen"]) == ("贺建云", "out")
    sent = {"version": "1", f"part-{gone.member_id}": "out", f"part-{new.pk}": "here"}
    response = client.post(page(appraisal, "appraisal_people"), sent)
    assert response.url == page(appraisal)
    assert appraisal.results.filter(member=new).exists()
    assert not appraisal.results.filter(pk=gone.pk).exists()


# --- Ballots --------------------------------------------------------------------------------


def typed_ballots(appraisal, counts, **more):
    sent = {"version": "1", "ballot_on": "12.18", "sent": "20", "back": "19", "valid": "18"}
    for result, numbers in zip(formal_of(appraisal), counts, strict=True):
        for grade, number in zip(Grade.values, numbers, strict=True):
            sent[f"{grade}-{result.pk}"] = number
    return sent | more


def test_a_ballot_is_entered_in_one_form(client, appraisal, secretary):
    client.force_login(secretary)
    address = page(appraisal, "appraisal_ballots")
    sent = typed_ballots(appraisal, [("１０", "8", "", ""), ("9", "7", "1", "0")])
    assert client.post(address, sent).url == page(appraisal)
    first, second = formal_of(appraisal)
    assert (first.excellent, first.qualified, first.basic) == (10, 8, None)
    assert (second.excellent, second.unqualified) == (9, 0)
    rows = client.get(page(appraisal)).context["rows"]
    assert [row["abstained"] for row in rows] == [0, 1, None]


def test_too_many_sheets_are_said_at_the_row_and_what_was_typed_stays(client, appraisal, secretary):
    client.force_login(secretary)
    address = page(appraisal, "appraisal_ballots")
    sent = typed_ballots(appraisal, [("12", "7", "", ""), ("9", "三", "1", "0")])
    response = client.post(address, sent)
    first, second = response.context["rows"]
    assert first["faults"] == ["12 + 7 = 19 票，比有效票 18 多 1 票，请核对"]
    assert second["faults"] == ["“三”应是整数，如 3"]
    assert [cell.value() for cell in first["cells"]] == ["12", "7", "", ""]
    assert formal_of(appraisal)[0].excellent is None


def test_a_grid_of_an_old_version_is_refused_and_saved_knowingly(client, appraisal, secretary):
    client.force_login(secretary)
    address = page(appraisal, "appraisal_ballots")
    sent = typed_ballots(appraisal, [("1", "", "", "")] * 2)
    client.post(address, sent)
    other = typed_ballots(appraisal, [("2", "", "", "")] * 2)
    response = client.post(address, other)
    fault = response.context["form"].non_field_errors()[0]
    assert fault.startswith("林守正 ")
    assert "录入测评票（发出、收回、有效" in fault
    assert fault.endswith("你填的内容还在，核对后再保存一次")
    assert response.context["version"] == 2
    assert formal_of(appraisal)[0].excellent == 1
    client.post(address, other | {"version": "2"})
    assert formal_of(appraisal)[0].excellent == 2


# --- Grades and conclusion ------------------------------------------------------------------


def test_grades_and_conclusion_with_the_meeting(client, appraisal, secretary):
    branch = appraisal.organisation
    client.force_login(secretary)
    context = client.get(page(appraisal)).context
    assert context["close_form"] is None
    assert len(context["missing"]) == 2
    assert "types=appraisal%2Clife_meeting" in context["register_url"]
    meeting = factories.make_meeting(branch, HELD, [Type.APPRAISAL], for_year=2026)
    form = client.get(page(appraisal)).context["steps_form"]
    assert form["meeting"].value() == meeting.pk
    assert form["ballot_on"].value() == "2026年12月18日"

    steps = {"version": "1", "self_on": "12.10", "ballot_on": "12.18", "meeting": meeting.pk}
    assert client.post(page(appraisal, "appraisal_steps"), steps).url == page(appraisal)
    grades = {f"grade-{one.pk}": "excellent" for one in formal_of(appraisal)}
    grades |= {"version": "2", "opinion_on": "12.18"}
    assert client.post(page(appraisal, "appraisal_grades"), grades).url == page(appraisal)
    context = client.get(page(appraisal)).context
    assert "评为优秀 2 人，超过" in context["notes"][0]
    assert context["missing"] == []
    closed = client.post(
        page(appraisal, "appraisal_close"), {"version": "3", "closed_on": "2026年12月20日"}
    )
    assert closed.url == page(appraisal)
    context = client.get(page(appraisal)).context
    assert (context["words"], context["editable"]) == ("2026年12月20日办结", False)
    assert client.get(page(appraisal, "appraisal_grades")).url == page(appraisal)
    detail = client.get(reverse("members:detail", args=[formal_of(appraisal)[0].member_id]))
    assert detail.context["appraisals"][0].words == "优秀"


def test_a_step_in_the_future_is_said_at_its_field(client, appraisal, secretary):
    client.force_login(secretary)
    sent = {"version": "1", "self_on": "12.21"}
    response = client.post(page(appraisal, "appraisal_steps"), sent)
    form = response.context["steps_form"]
    assert form.errors["self_on"] == ["个人自评还没有到，请填做完的那一天"]
    assert form["self_on"].value() == "12.21"


def test_steps_out_of_order_are_said_and_saved(client, appraisal, secretary):
    client.force_login(secretary)
    sent = {"version": "1", "self_on": "12.10", "mutual_on": "12.3"}
    client.post(page(appraisal, "appraisal_steps"), sent)
    notes = client.get(page(appraisal)).context["notes"]
    assert notes == ["党员互评（2026年12月3日）早于个人自评（2026年12月10日），请核对"]


def test_it_is_reopened_with_a_reason_only(client, branch, secretary):
    appraisal = begun(branch, closed_on=HELD)
    client.force_login(secretary)
    address = page(appraisal, "appraisal_reopen")
    refused = client.post(address, {"version": "1", "reason": ""})
    assert refused.context["reopen_form"].errors["reason"] == ["请写明原因"]
    assert client.post(address, {"version": "1", "reason": "票数有误"}).url == page(appraisal)
    appraisal.refresh_from_db()
    assert appraisal.closed_on is None


def test_one_begun_by_mistake_is_taken_back(client, appraisal, secretary):
    client.force_login(secretary)
    sent = {"version": "1", "reason": "年度选错"}
    response = client.post(page(appraisal, "appraisal_withdraw"), sent)
    assert response.url == f"{reverse(LIST)}?branch={appraisal.organisation.code}"
    assert not Appraisal.objects.exists()


def test_closing_what_is_not_ready_says_what_is_missing(client, appraisal, secretary):
    client.force_login(secretary)
    sent = {"version": "1", "closed_on": "12.20"}
    response = client.post(page(appraisal, "appraisal_close"), sent)
    assert "还没有选本年度的民主评议会议" in response.content.decode()
    appraisal.refresh_from_db()
    assert appraisal.closed_on is None


# --- Paper ----------------------------------------------------------------------------------


def test_the_table_of_results_has_ballots_only_when_asked(client, appraisal, secretary):
    result = formal_of(appraisal)[0]
    AppraisalResult.objects.filter(pk=result.pk).update(grade="qualified", excellent=7)
    client.force_login(secretary)
    plain = client.get(page(appraisal, "appraisal_paper")).content.decode()
    assert "2026年民主评议党员结果表" in plain
    assert "尚未办结" in plain
    assert "优秀票" not in plain
    assert "陶桂兰" in plain
    counted = client.get(page(appraisal, "appraisal_paper"), {"ballots": "1"}).content.decode()
    assert '<td class="zb-num">7</td>' in counted


def test_the_blank_ballot_names_formal_members_only(client, appraisal, secretary):
    client.force_login(secretary)
    response = client.get(page(appraisal, "appraisal_ballot_paper"))
    names = [line["name"] for sheet in response.context["sheets"] for line in sheet]
    assert names == [one.member.name for one in formal_of(appraisal)]
    assert "陶桂兰" not in response.content.decode()


def test_a_long_list_is_cut_into_sheets(client, appraisal, secretary):
    for member in factories.make_members(appraisal.organisation, 30):
        factories.make_appraisal_result(appraisal, member)
    client.force_login(secretary)
    sheets = client.get(page(appraisal, "appraisal_paper")).context["sheets"]
    assert [len(lines) for lines in sheets] == [26, 7]
