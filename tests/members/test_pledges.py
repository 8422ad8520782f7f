import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Form
from members.enums import PledgeGrade, PledgeKind
from members.models import Membership, Pledge
from members.pledges import pledges_of
from members.services import Refused
from members.services.pledges import (
    Line,
    LineRefused,
    Review,
    carry_forward,
    make_public,
    review,
    take_on,
)
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
TAKEN = datetime.date(2026, 2, 1)
POST, PROMISE = PledgeKind.POST, PledgeKind.PROMISE


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "许文桥")


def write(branch, by, *lines, year=2026):
    return take_on(organisation=branch, year=year, lines=lines, on=TAKEN, by=by, today=TODAY)


def here(name, branch, year=2026):
    return f"{reverse(name)}?branch={branch.code}&year={year}"


# --- Taking on ------------------------------------------------------------------------------


def test_a_table_is_written_at_once_and_the_same_again_changes_nothing(branch, secretary, member):
    other = factories.make_member(branch, "韩立平")
    lines = [
        Line(member.pk, POST, "政策宣传岗", "每月入户一次"),
        Line(member.pk, PROMISE, "代办事项"),
        Line(other.pk, POST, "政策宣传岗"),
        Line(other.pk, POST, ""),
    ]
    assert write(branch, secretary, *lines) == 3
    assert [(one.member, one.title, one.taken_on) for one in Pledge.objects.order_by("pk")] == [
        (member, "政策宣传岗", TAKEN),
        (member, "代办事项", TAKEN),
        (other, "政策宣传岗", TAKEN),
    ]
    line = TrailLine.objects.get(area="pledges")
    assert (line.action, line.label, line.organisation_id) == (
        "登记设岗承诺",
        "2026年设岗承诺",
        branch.pk,
    )
    assert line.after == {
        "许文桥": "设岗定责 政策宣传岗，内容 每月入户一次；承诺事项 代办事项",
        "韩立平": "设岗定责 政策宣传岗",
    }
    stored = [
        Line(one.member_id, one.kind, one.title, one.content, one.pk)
        for one in Pledge.objects.all()
    ]
    assert write(branch, secretary, *stored) == 0
    assert TrailLine.objects.filter(area="pledges").count() == 1


def test_a_line_is_changed_and_another_taken_back(branch, secretary, member):
    kept, gone = (factories.make_pledge(member, title) for title in ("政策宣传岗", "环境卫生岗"))
    lines = [
        Line(member.pk, POST, "矛盾调解岗", "", kept.pk),
        Line(member.pk, POST, "", "", gone.pk),
    ]
    assert write(branch, secretary, *lines) == 2
    assert Pledge.objects.get().title == "矛盾调解岗"
    line = TrailLine.objects.get(area="pledges")
    assert line.before == {"许文桥": "岗位或事项 政策宣传岗；设岗定责 环境卫生岗"}
    assert line.after == {"许文桥": "岗位或事项 矛盾调解岗"}


def test_two_lines_may_change_places(branch, secretary, member):
    first, second = (factories.make_pledge(member, title) for title in ("甲岗", "乙岗"))
    lines = [
        Line(member.pk, POST, "乙岗", "", first.pk),
        Line(member.pk, POST, "甲岗", "", second.pk),
    ]
    assert write(branch, secretary, *lines) == 2
    assert list(Pledge.objects.order_by("pk").values_list("title", flat=True)) == ["乙岗", "甲岗"]


def test_one_wrong_line_writes_nothing(branch, secretary, member):
    stranger = factories.make_member(factories.make_branch())
    left = factories.make_member(branch, ends_on=datetime.date(2026, 1, 5))
    for wrong in (stranger, left):
        with pytest.raises(LineRefused, match="不在本支部名册上") as refused:
            write(branch, secretary, Line(member.pk, POST, "甲岗"), Line(wrong.pk, POST, "乙岗"))
        assert refused.value.index == 1
    assert not Pledge.objects.exists()
    assert not TrailLine.objects.filter(area="pledges").exists()


def test_the_same_thing_twice_is_refused(branch, secretary, member):
    factories.make_pledge(member, "甲岗")
    with pytest.raises(LineRefused, match="已认领过") as refused:
        write(branch, secretary, Line(member.pk, POST, "甲岗"))
    assert refused.value.index == 0
    with pytest.raises(LineRefused, match="已认领过") as refused:
        write(branch, secretary, Line(member.pk, POST, "乙岗"), Line(member.pk, POST, "乙岗"))
    assert refused.value.index == 1
    # Of another kind or in another year it is another thing.
    assert write(branch, secretary, Line(member.pk, PROMISE, "甲岗")) == 1
    assert write(branch, secretary, Line(member.pk, POST, "甲岗"), year=2025) == 1


def test_what_was_made_public_is_not_taken_back(branch, secretary, member):
    pledge = factories.make_pledge(member, public_on=TODAY)
    with pytest.raises(LineRefused, match="不能撤回"):
        write(branch, secretary, Line(member.pk, POST, "", "", pledge.pk))
    assert Pledge.objects.exists()


def test_people_of_a_temporary_branch_take_on_posts_there(secretary):
    temporary = factories.make_branch(form=Form.TEMPORARY)
    guest = factories.make_member(factories.make_branch())
    Membership.objects.create(
        member=guest, organisation=temporary, is_attached=True, starts_on=TAKEN
    )
    assert write(temporary, secretary, Line(guest.pk, POST, "抗旱突击岗")) == 1


# --- Carrying forward, making public, reviewing ---------------------------------------------


def test_last_years_posts_are_carried_forward_without_promises_and_once(branch, secretary, member):
    left = factories.make_member(branch, ends_on=datetime.date(2026, 1, 5))
    factories.make_pledge(member, "甲岗", year=2025, content="每月一次", public_on=TAKEN)
    factories.make_pledge(member, "三号楼", kind=PledgeKind.AREA, year=2025, grade="good")
    factories.make_pledge(member, "代办", kind=PROMISE, year=2025)
    factories.make_pledge(left, "乙岗", year=2025)
    factories.make_pledge(member, "三号楼", kind=PledgeKind.AREA)
    carry = {"organisation": branch, "year": 2026, "on": TODAY, "by": secretary, "today": TODAY}
    assert carry_forward(**carry) == 1
    carried = Pledge.objects.get(year=2026, title="甲岗")
    assert (carried.content, carried.taken_on, carried.public_on) == ("每月一次", TODAY, None)
    assert TrailLine.objects.get(area="pledges").action == "沿用上年岗位"
    assert carry_forward(**carry) == 0
    assert TrailLine.objects.filter(area="pledges").count() == 1


def test_a_year_without_posts_has_nothing_to_carry(branch, secretary):
    with pytest.raises(Refused, match="2025年没有可以沿用的岗位"):
        carry_forward(organisation=branch, year=2026, on=TODAY, by=secretary, today=TODAY)


def test_what_waits_is_made_public_with_its_day(branch, secretary, member):
    earlier = factories.make_pledge(member, "甲岗", public_on=TAKEN)
    waiting = factories.make_pledge(member, "乙岗")
    publish = {"organisation": branch, "year": 2026, "by": secretary, "today": TODAY}
    with pytest.raises(Refused, match="在今天之后"):
        make_public(on=datetime.date(2026, 3, 19), **publish)
    assert make_public(on=datetime.date(2026, 3, 16), **publish) == 1
    earlier.refresh_from_db()
    waiting.refresh_from_db()
    assert (earlier.public_on, waiting.public_on) == (TAKEN, datetime.date(2026, 3, 16))
    line = TrailLine.objects.get(area="pledges")
    assert line.after == {"公开日期": "2026-03-16", "党员": "许文桥"}
    with pytest.raises(Refused, match="没有待公开"):
        make_public(on=TODAY, **publish)


def test_results_and_grades_keep_the_day_on_which_they_came(branch, secretary, member):
    pledge = factories.make_pledge(member)
    work = {"organisation": branch, "year": 2026, "by": secretary, "today": TODAY}
    assert review(reviews=[Review(pledge.pk, "入户 12 次")], on=TAKEN, **work) == 1
    both = [Review(pledge.pk, "入户 12 次", PledgeGrade.GOOD)]
    assert review(reviews=both, on=TODAY, **work) == 1
    pledge.refresh_from_db()
    assert (pledge.result_on, pledge.reviewed_on) == (TAKEN, TODAY)
    line = TrailLine.objects.filter(area="pledges").latest("pk")
    assert line.after == {"许文桥 政策宣传岗": "评议结果 好，评议日期 2026-03-18"}
    assert review(reviews=both, on=TODAY, **work) == 0
    assert review(reviews=[Review(pledge.pk)], on=TODAY, **work) == 1
    pledge.refresh_from_db()
    assert (pledge.result, pledge.result_on, pledge.grade, pledge.reviewed_on) == (
        "",
        None,
        "",
        None,
    )
    with pytest.raises(Refused, match="在今天之后"):
        review(reviews=both, on=datetime.date(2026, 3, 19), **work)
    elsewhere = factories.make_pledge(factories.make_member(factories.make_branch()))
    with pytest.raises(Refused, match="刷新页面"):
        review(reviews=[Review(elsewhere.pk, "x")], on=TODAY, **work)


def test_a_members_pledges_stand_newest_year_first(member):
    old = factories.make_pledge(member, year=2025)
    new = factories.make_pledge(member, year=2026)
    assert pledges_of(member) == [new, old]
    assert count_of(lambda: pledges_of(member)) == 1


# --- Pages ----------------------------------------------------------------------------------


def test_a_secretary_enters_the_whole_branch_in_one_table(client, branch, secretary, member):
    other = factories.make_member(branch, "韩立平")
    pledge = factories.make_pledge(member, "甲岗")
    client.force_login(secretary)
    url = here("members:pledge_enter", branch)
    body = client.get(url).content.decode()
    assert 'aria-label="韩立平 岗位或事项"' in body
    assert 'value="甲岗"' in body
    values = {
        "on": "2.3",
        f"p{pledge.pk}-kind": "post",
        f"p{pledge.pk}-title": "乙岗",
        f"n{member.pk}-kind": "promise",
        f"n{member.pk}-title": "代办",
        f"n{member.pk}-content": "每周一次",
        f"n{other.pk}-kind": "post",
    }
    response = client.post(url, values, follow=True)
    assert "已保存 2 项" in response.content.decode()
    assert [(row["title"], row["kind"]) for row in response.context["rows"]] == [
        ("乙岗", "设岗定责"),
        ("代办", "承诺事项"),
    ]
    assert Pledge.objects.get(title="代办").taken_on == datetime.date(2026, 2, 3)


def test_nothing_typed_is_lost_when_a_line_is_refused(client, branch, secretary, member):
    other = factories.make_member(branch, "韩立平")
    client.force_login(secretary)
    url = here("members:pledge_enter", branch)
    usual = {"on": "2.3", f"n{member.pk}-kind": "post", f"n{other.pk}-kind": "post"}
    values = usual | {f"n{member.pk}-content": "没写岗位", f"n{other.pk}-title": "乙岗"}
    body = client.post(url, values).content.decode()
    assert "有 1 行要改" in body
    assert "写了内容，请填岗位或事项" in body
    assert 'value="乙岗"' in body
    factories.make_pledge(other, "乙岗")
    body = client.post(url, usual | {f"n{other.pk}-title": "乙岗"}).content.decode()
    assert "这名党员今年已认领过这一项" in body
    # What came in between stands as it was entered.
    client.post(url, usual | {f"n{other.pk}-title": "丙岗"})
    client.post(here("members:pledge_review", branch), {"on": "3.1"})
    assert [*Pledge.objects.order_by("pk").values_list("title", flat=True)] == ["乙岗", "丙岗"]


def test_a_secretary_carries_forward_publishes_and_reviews(client, branch, secretary, member):
    factories.make_pledge(member, "甲岗", year=2025)
    client.force_login(secretary)
    body = client.post(here("members:pledge_carry", branch), follow=True).content.decode()
    assert "已沿用 1 项" in body
    pledge = Pledge.objects.get(year=2026)
    body = client.post(here("members:pledge_publish", branch), {"on": "3.19"}).content.decode()
    assert "公开日期在今天之后" in body
    client.post(here("members:pledge_publish", branch), {"on": "3.16"})
    client.post(
        here("members:pledge_review", branch),
        {"on": "3.17", f"p{pledge.pk}-result": "入户 12 次", f"p{pledge.pk}-grade": "fair"},
    )
    pledge.refresh_from_db()
    assert (pledge.public_on, pledge.result, pledge.grade, pledge.reviewed_on) == (
        datetime.date(2026, 3, 16),
        "入户 12 次",
        PledgeGrade.FAIR,
        datetime.date(2026, 3, 17),
    )


def test_the_board_carries_names_posts_and_promises_and_no_numbers(
    client, branch, secretary, member
):
    factories.make_pledge(member, "政策宣传岗", content="每月入户一次")
    factories.make_pledge(member, "三号楼", kind=PledgeKind.AREA)
    factories.make_pledge(member, "代办事项", kind=PROMISE)
    others = factories.make_members(branch, 20)
    for other in others:
        factories.make_pledge(other)
    client.force_login(secretary)
    body = client.get(here("members:pledge_board", branch)).content.decode()
    for words in (branch.name, "许文桥", "政策宣传岗：每月入户一次；党员责任区 三号楼", "代办事项"):
        assert words in body
    assert "第 2 页 共 2 页" in body
    assert member.id_number not in body
    assert member.id_number_mask not in body
    assert member.phone_mask not in body
    assert secretary.name not in body


def test_overseers_see_the_branches_with_most_members_without_one_first(
    client, branch, secretary, member
):
    factories.make_pledge(member, public_on=TODAY)
    factories.make_pledge(member, "乙岗", result="好", grade="good")
    bare = factories.make_branch(branch.parent, "没有的党支部")
    factories.make_members(bare, 2)
    officer = factories.make_user("committee_officer", branch.parent)
    client.force_login(officer)
    rows = client.get(reverse("members:pledges")).context["rows"]
    assert [(row["name"], row["without"]) for row in rows] == [(bare.name, 2), (branch.name, 0)]
    figures = [rows[1][name] for name in ("members", "total", "public", "kept", "reviewed")]
    assert figures == [1, 2, 1, 1, 1]


# --- Who may --------------------------------------------------------------------------------

READING = ("members:pledges", "members:pledge_board")
WRITING = ("members:pledge_enter", "members:pledge_review")
ACTS = ("members:pledge_carry", "members:pledge_publish")


@pytest.mark.parametrize(
    ("role", "writing"),
    [
        ("secretary", 200),
        ("organiser", 200),
        ("group_leader", 403),
        ("committee_officer", 403),
        ("inspector", 403),
    ],
)
def test_the_branch_writes_and_others_look(client, branch, member, role, writing):
    factories.make_pledge(member)
    place = branch.parent if role in ("committee_officer", "inspector") else branch
    client.force_login(factories.make_user(role, place))
    assert [client.get(here(name, branch)).status_code for name in READING] == [200, 200]
    assert [client.get(here(name, branch)).status_code for name in WRITING] == [writing] * 2
    if writing == 403:
        assert [client.post(here(name, branch)).status_code for name in WRITING + ACTS] == [403] * 4
        assert client.get(here("members:pledges", branch)).context["acts"] is None


def test_the_neighbour_and_a_stranger_find_nothing(client, branch, member):
    factories.make_pledge(member)
    neighbour = factories.make_user("secretary", factories.make_branch(branch.parent))
    for user in (neighbour, factories.make_user()):
        client.force_login(user)
        for name in READING + WRITING:
            assert client.get(here(name, branch)).status_code == 404
        for name in WRITING + ACTS:
            assert client.post(here(name, branch), {"on": "3.1"}).status_code == 404
    assert Pledge.objects.get().public_on is None


def test_the_pages_ask_as_often_for_three_as_for_one(client, branch, secretary, member):
    factories.make_pledge(member)
    client.force_login(secretary)
    names = READING + WRITING
    before = [count_of(lambda name=name: client.get(here(name, branch))) for name in names]
    for other in factories.make_members(branch, 2):
        factories.make_pledge(other)
    assert [count_of(lambda name=name: client.get(here(name, branch))) for name in names] == before


def test_the_overview_asks_as_often_for_many_branches_as_for_two(client, branch, member):
    factories.make_branch(branch.parent)
    factories.make_pledge(member)
    client.force_login(factories.make_user("committee_officer", branch.parent))
    url = reverse("members:pledges")
    before = count_of(lambda: client.get(url))
    for _ in range(2):
        factories.make_pledge(factories.make_member(factories.make_branch(branch.parent)))
    assert count_of(lambda: client.get(url)) == before
