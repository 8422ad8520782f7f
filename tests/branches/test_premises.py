import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import ActivityRoom, Budget, Changed, Form, FundEntry, FundKind
from branches.premises import (
    ROOM_STANDARD,
    PremisesFault,
    add_room,
    change_room,
    enter_sum,
    gaps,
    required_funds,
    reverse_sum,
    set_budget,
)
from branches.premises_forms import read_area, read_uplift
from branches.services import set_value
from branches.typed import Unreadable
from branches.values import Values
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
STANDARD = ROOM_STANDARD.default


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


@pytest.fixture
def neighbour(committee):
    return factories.make_user("secretary", factories.make_branch(committee))


def here(name, branch, **query):
    return (
        reverse(name)
        + "?"
        + "&".join(f"{key}={value}" for key, value in {"branch": branch.code, **query}.items())
    )


# --- Rooms: services ------------------------------------------------------------------------


def test_a_room_is_registered_with_what_it_has(branch, secretary):
    room = add_room(
        organisation=branch,
        name="二楼党员活动室",
        met=["党旗", "桌椅"],
        checked_on=TODAY,
        by=secretary,
        today=TODAY,
    )
    assert gaps(room, STANDARD) == ["固定场所", "标牌", "学习资料", "制度上墙"]
    line = TrailLine.objects.get(area="rooms", object_id=room.pk)
    assert (line.action, line.label, line.organisation_id) == ("登记阵地", room.name, branch.pk)
    assert line.after == {
        "名称": "二楼党员活动室",
        "已达到": "党旗、桌椅",
        "核对日期": "2026-03-18",
    }


def test_a_check_changes_only_what_differs_and_the_same_again_changes_nothing(branch, secretary):
    room = factories.make_room(branch, met=["党旗"], checked_on=datetime.date(2026, 1, 5))
    found = {"met": ["党旗", "标牌"], "checked_on": TODAY}
    assert change_room(room=room, by=secretary, today=TODAY, **found)
    line = TrailLine.objects.get(area="rooms")
    assert line.before == {"已达到": "党旗", "核对日期": "2026-01-05"}
    assert line.after == {"已达到": "党旗、标牌", "核对日期": "2026-03-18"}
    assert not change_room(room=room, by=secretary, today=TODAY, **found)
    assert TrailLine.objects.filter(area="rooms").count() == 1


def test_a_closed_room_keeps_its_row_and_makes_room_for_another_of_its_name(branch, secretary):
    room = factories.make_room(branch, "活动室", opened_on=datetime.date(2019, 1, 1))
    with pytest.raises(PremisesFault, match="已登记过"):
        add_room(organisation=branch, name="活动室", by=secretary, today=TODAY)
    change_room(room=room, by=secretary, today=TODAY, closed_on=datetime.date(2026, 2, 28))
    assert TrailLine.objects.get(area="rooms").action == "停用阵地"
    add_room(organisation=branch, name="活动室", by=secretary, today=TODAY)
    assert branch.rooms.count() == 2


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (
            {"opened_on": datetime.date(2026, 2, 2), "closed_on": datetime.date(2026, 2, 1)},
            "closed_on",
        ),
        ({"checked_on": datetime.date(2026, 3, 19)}, "checked_on"),
        ({"met": ["党旗"]}, "checked_on"),
    ],
)
def test_a_room_that_cannot_be_is_refused(branch, secretary, facts, field):
    with pytest.raises(PremisesFault) as refused:
        add_room(organisation=branch, name="活动室", by=secretary, today=TODAY, **facts)
    assert refused.value.field == field
    assert not ActivityRoom.objects.exists()
    assert not TrailLine.objects.filter(area="rooms").exists()


def test_the_county_sets_its_own_standard_from_a_day_on(branch, secretary):
    day = datetime.date(2026, 3, 1)
    set_value(ROOM_STANDARD, "党旗、 标牌\n急救箱、党旗", by=secretary, on=day, reason="县标准")
    values = Values()
    assert values.on(ROOM_STANDARD, day) == ("党旗", "标牌", "急救箱")
    assert values.on(ROOM_STANDARD, datetime.date(2026, 2, 28)) == STANDARD
    line = TrailLine.objects.get(area="settings")
    assert line.after == {"值": "党旗、标牌、急救箱", "自": "2026-03-01"}
    with pytest.raises(ValueError, match="至少要有一项"):
        set_value(ROOM_STANDARD, " 、", by=secretary, on=day, reason="县标准")


# --- Rooms: pages ---------------------------------------------------------------------------


def test_a_secretary_registers_and_checks_a_room(client, branch, secretary):
    client.force_login(secretary)
    url = here("branches:room_add", branch)
    values = {"name": "二楼党员活动室", "area": "62.5平方米", "met": ["党旗"], "checked_on": "3.12"}
    response = client.post(url, values, follow=True)
    assert "二楼党员活动室" in response.content.decode()
    room = ActivityRoom.objects.get()
    assert (room.organisation, room.area, room.met) == (branch, Decimal("62.5"), ["党旗"])
    assert room.checked_on == datetime.date(2026, 3, 12)
    url = reverse("branches:room_change", args=[room.pk])
    assert "2026年3月12日" in client.get(url).content.decode()
    client.post(url, values | {"closed_on": "2026-03-17"})
    room.refresh_from_db()
    assert room.closed_on == datetime.date(2026, 3, 17)
    assert "还没有登记阵地" in client.get(reverse("branches:rooms")).content.decode()


def test_nothing_is_lost_when_a_room_is_refused(client, branch, secretary):
    client.force_login(secretary)
    values = {"name": "活动室", "address": "望春路 18 号", "met": ["党旗"], "checked_on": "3.40"}
    body = client.post(here("branches:room_add", branch), values).content.decode()
    assert "没有这一天" in body
    assert "望春路 18 号" in body
    assert 'value="党旗" class="zb-check" id="id_met_2" checked' in body
    assert not ActivityRoom.objects.exists()


def test_the_list_names_the_branches_that_lack_most_first(client, committee, officer):
    none, gap, whole = (
        factories.make_branch(committee, f"{name}党支部") for name in ("无阵地", "有差距", "齐全")
    )
    factories.make_room(gap, met=["党旗"], checked_on=TODAY, note="标牌已订做")
    # Two rooms are taken together.
    factories.make_room(whole, met=list(STANDARD[:3]), checked_on=TODAY)
    factories.make_room(whole, "二号", met=list(STANDARD[3:]), checked_on=TODAY)
    unchecked = factories.make_branch(committee, "没核对党支部")
    factories.make_room(unchecked)
    client.force_login(officer)
    rows = client.get(reverse("branches:rooms")).context["rows"]
    assert [(row["name"], row["words"]) for row in rows] == [
        (none.name, "没有阵地"),
        (gap.name, "缺 5 项"),
        (unchecked.name, "没有核对"),
        (whole.name, "达到标准"),
    ]
    assert (rows[1]["missing"], rows[1]["notes"]) == (
        "固定场所、标牌、桌椅、学习资料、制度上墙",
        "标牌已订做",
    )
    only = client.get(reverse("branches:rooms") + "?state=gaps").context["rows"]
    assert [row["name"] for row in only] == [gap.name]
    assert (
        "没有符合条件的支部"
        in client.get(reverse("branches:rooms") + "?q=无此支部").content.decode()
    )


def test_the_lists_ask_as_often_for_many_branches_as_for_two(client, committee, officer):
    client.force_login(officer)
    # With one branch alone an officer sees the page of that branch.
    factories.make_branch(committee)
    for name in ("branches:rooms", "branches:funds"):
        branch = factories.make_branch(committee)
        factories.make_room(branch)
        factories.make_member(branch)
        one = count_of(lambda name=name: client.get(reverse(name)))
        for _ in range(2):
            other = factories.make_branch(committee)
            factories.make_room(other)
            factories.make_member(other)
            factories.make_budget(other, "100")
        assert count_of(lambda name=name: client.get(reverse(name))) == one


# --- Funds: services ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "value", "uplift", "required"),
    [(23, 100, 0, "2300.00"), (23, 100, 30, "2990.00"), (7, 33, 5, "242.55"), (0, 100, 0, "0.00")],
)
def test_what_is_asked_grows_with_members_and_uplift(members, value, uplift, required):
    assert required_funds(members, value, uplift) == Decimal(required)


def test_a_budget_is_set_and_replaced_with_both_sums_in_the_trail(branch, secretary):
    set_budget(organisation=branch, year=2026, amount=Decimal("2000"), by=secretary)
    set_budget(organisation=branch, year=2026, amount=Decimal("2600"), by=secretary)
    # The same again is no change.
    set_budget(organisation=branch, year=2026, amount=Decimal("2600.00"), by=secretary)
    assert Budget.objects.get(organisation=branch, year=2026).amount == Decimal("2600")
    second, first = TrailLine.objects.filter(area="funds").order_by("-pk")
    assert (first.action, first.label) == ("填写经费预算", "2026年工作经费")
    assert (second.before, second.after) == ({"列入预算": "2000.00"}, {"列入预算": "2600"})
    note = Changed.objects.first()
    assert (note.organisation, note.area, note.from_on, note.to_on) == (
        branch,
        "branches",
        datetime.date(2026, 1, 1),
        datetime.date(2026, 12, 31),
    )


def test_a_budget_that_cannot_be_is_refused(branch, secretary):
    with pytest.raises(PremisesFault, match="不能是负数"):
        set_budget(organisation=branch, year=2026, amount=Decimal(-1), by=secretary)
    with pytest.raises(PremisesFault, match="依据"):
        set_budget(
            organisation=branch, year=2026, amount=Decimal(1), uplift_percent=30, by=secretary
        )
    branch.form = Form.TEMPORARY
    with pytest.raises(PremisesFault, match="原支部"):
        set_budget(organisation=branch, year=2026, amount=Decimal(1), by=secretary)
    assert not Budget.objects.exists()


def _spent(branch, by, amount="1200"):
    return enter_sum(
        organisation=branch,
        kind=FundKind.SPENDING,
        on=datetime.date(2026, 2, 2),
        amount=Decimal(amount),
        purpose="学习资料",
        by=by,
        today=TODAY,
    )


def test_a_wrong_sum_is_reversed_and_never_edited(branch, secretary):
    entry = _spent(branch, secretary)
    reversal = reverse_sum(entry=entry, reason="多写一个零", by=secretary)
    entry.refresh_from_db()
    assert (entry.amount, reversal.amount) == (Decimal("1200"), Decimal("-1200"))
    assert (reversal.reverses, reversal.on, reversal.kind) == (entry, entry.on, entry.kind)
    assert sum(FundEntry.objects.values_list("amount", flat=True)) == 0
    line = TrailLine.objects.get(action="冲正经费收支")
    assert (line.reason, line.after["金额"]) == ("多写一个零", "-1200.00")
    with pytest.raises(PremisesFault, match="已经冲正过"):
        reverse_sum(entry=entry, reason="再来", by=secretary)
    with pytest.raises(PremisesFault, match="本身是冲正"):
        reverse_sum(entry=reversal, reason="恢复", by=secretary)
    assert FundEntry.objects.count() == 2


def test_a_reversal_says_why(branch, secretary):
    entry = _spent(branch, secretary)
    with pytest.raises(PremisesFault, match="为什么"):
        reverse_sum(entry=entry, reason=" ", by=secretary)
    assert FundEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal(-5)}, "amount"),
        ({"on": datetime.date(2026, 3, 19)}, "on"),
        ({"purpose": " "}, "purpose"),
    ],
)
def test_a_sum_that_cannot_be_is_refused(branch, secretary, facts, field):
    usual = {"kind": FundKind.REFUND, "on": TODAY, "amount": Decimal(5), "purpose": "返还"}
    with pytest.raises(PremisesFault) as refused:
        enter_sum(organisation=branch, by=secretary, today=TODAY, **(usual | facts))
    assert refused.value.field == field
    assert not FundEntry.objects.exists()


# --- Funds: pages ---------------------------------------------------------------------------


def test_a_secretary_keeps_the_funds_of_a_year(client, branch, secretary):
    factories.make_members(branch, 3)
    client.force_login(secretary)
    page = client.get(reverse("branches:funds"))
    assert page.context["figures"]["words"] == "没有预算"
    client.post(
        here("branches:budget", branch, year=2026),
        {"amount": "３９０元", "uplift_percent": "30%", "note": "先进党支部"},
    )
    usual = {"on": "3.2", "purpose": "返还", "kind": "refund", "amount": "60"}
    client.post(here("branches:fund_enter", branch, year=2026), usual)
    client.post(
        here("branches:fund_enter", branch, year=2026),
        usual | {"kind": "spending", "amount": "500.5", "purpose": "走访慰问"},
    )
    figures = client.get(reverse("branches:funds")).context["figures"]
    shown = [figures[name] for name in ("members", "required", "budget", "per_member", "words")]
    assert shown == [3, "390.00", "390.00", "130.00", "达到"]
    assert [figures[name] for name in ("came", "spent", "balance", "overspent")] == [
        "60.00",
        "500.50",
        "-50.50",
        True,
    ]
    entry = FundEntry.objects.get(kind=FundKind.SPENDING)
    url = reverse("branches:fund_reverse", args=[entry.pk])
    assert "走访慰问" in client.get(url).content.decode()
    client.post(url, {"reason": "记到别的支部了"})
    page = client.get(reverse("branches:funds"))
    assert page.context["figures"]["balance"] == "450.00"
    assert [row["mark"] for row in page.context["rows"]] == ["冲正", "已冲正", ""]
    # The second time is told and changes nothing.
    assert "已经冲正过" in client.post(url, {"reason": "再来"}).content.decode()
    assert FundEntry.objects.count() == 3


def test_nothing_is_lost_when_a_sum_is_refused(client, branch, secretary):
    client.force_login(secretary)
    values = {"kind": "spending", "on": "4.2", "amount": "12", "purpose": "买书"}
    body = client.post(here("branches:fund_enter", branch), values).content.decode()
    assert "日期在今天之后" in body
    assert 'value="买书"' in body
    body = client.post(
        here("branches:budget", branch), {"amount": "100", "uplift_percent": "20"}
    ).content.decode()
    assert "上浮要写明依据" in body


def test_a_budget_given_as_a_dash_is_not_a_sum(client, branch, secretary):
    client.force_login(secretary)
    body = client.post(here("branches:budget", branch), {"amount": "—"}).content.decode()
    assert "请填列入预算的金额" in body
    assert not Budget.objects.exists()


def test_the_duty_leads_to_its_year(client, branch, secretary):
    client.force_login(secretary)
    url = reverse("branches:funds") + "?source=duty:branches.funds:2025"
    assert client.get(url).context["title_year"] == "2025年"


def test_branches_of_which_nothing_is_asked_come_last(client, committee, officer):
    asked = factories.make_branch(committee, "要求的党支部")
    factories.make_members(asked, 2)
    late = factories.make_branch(committee, founded_on=datetime.date(2026, 1, 2))
    factories.make_members(late, 2)
    temporary = factories.make_branch(committee, form=Form.TEMPORARY)
    factories.make_members(temporary, 2)
    empty = factories.make_branch(committee)
    client.force_login(officer)
    rows = client.get(reverse("branches:funds")).context["rows"]
    assert [(row["name"], row["words"]) for row in rows] == [
        (asked.name, "没有预算"),
        *[(one.short_name, "不要求") for one in (late, temporary, empty)],
    ]


# --- Who may --------------------------------------------------------------------------------


def addresses(branch, room, entry):
    """Every page of this area about a branch, reading first."""
    return (
        [here("branches:rooms", branch), here("branches:funds", branch)],
        [
            here("branches:room_add", branch),
            reverse("branches:room_change", args=[room.pk]),
            here("branches:budget", branch),
            here("branches:fund_enter", branch),
            reverse("branches:fund_reverse", args=[entry.pk]),
        ],
    )


@pytest.mark.parametrize(
    ("role", "reading", "writing"),
    [
        ("secretary", 200, 200),
        ("organiser", 200, 200),
        ("group_leader", 200, 403),
        ("committee_officer", 200, 200),
        ("inspector", 200, 403),
        ("audit_admin", 404, 404),
    ],
)
def test_who_keeps_and_who_looks(client, branch, secretary, role, reading, writing):
    room, entry = factories.make_room(branch), _spent(branch, secretary)
    places = {"committee_officer": branch.parent, "inspector": branch.parent}
    place = branch.parent.parent if role == "audit_admin" else places.get(role, branch)
    client.force_login(factories.make_user(role, place))
    look, keep = addresses(branch, room, entry)
    assert {client.get(url).status_code for url in look} == {reading}
    assert {client.get(url).status_code for url in keep} == {writing}
    assert {client.post(url).status_code for url in keep} == {writing}


def test_the_neighbour_and_a_stranger_find_nothing(client, branch, secretary, neighbour):
    room, entry = factories.make_room(branch), _spent(branch, secretary)
    for user in (neighbour, factories.make_user()):
        client.force_login(user)
        for url in [url for urls in addresses(branch, room, entry) for url in urls]:
            assert client.get(url).status_code == 404, url
            if "/rooms/?" not in url and "/funds/?" not in url:
                assert client.post(url, {"reason": "x", "name": "x"}).status_code == 404, url
    assert ActivityRoom.objects.get().name == "二楼党员活动室"
    assert FundEntry.objects.count() == 1


# --- Reading --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [("45", "45.0"), ("45.55 平方米", "45.6"), ("６０㎡", "60.0"), ("", None)],
)
def test_areas_are_read_as_typed(typed, read):
    assert read_area(typed) == (read and Decimal(read))


@pytest.mark.parametrize("typed", ["很大", "-5", "0", "1000000"])
def test_an_area_that_is_none_is_refused(typed):
    with pytest.raises(Unreadable, match="读不出面积"):
        read_area(typed)


def test_an_uplift_is_read_in_per_cent():
    assert [read_uplift(typed) for typed in ("30", "30％", "", "0")] == [30, 30, 0, 0]
    with pytest.raises(Unreadable):
        read_uplift("301")


def test_the_county_types_its_standard_in_the_admin_site(client, committee):
    client.force_login(factories.make_user("county_officer", committee.parent))
    url = reverse("admin:branches_setting_add")
    page = client.get(url).content.decode()
    assert "固定场所、标牌、党旗、桌椅、学习资料、制度上墙" in page
    values = {"key": ROOM_STANDARD.name, "starts_on": "2026-03-01", "reason": "县标准"}
    client.post(url, values | {"value": "党旗、标牌"})
    assert Values().on(ROOM_STANDARD, TODAY) == ("党旗", "标牌")
    too_long = client.post(url, values | {"value": "长" * 41}).content.decode()
    assert "每项不超过 40 个字" in too_long
