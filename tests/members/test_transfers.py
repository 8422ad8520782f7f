"""Transfers of the formal relation: both sides, the letter, the day on which the membership moves."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Form, Setting
from branches.typed import Unreadable
from members.enums import MemberKind, PostTitle, Stage, TransferState
from members.letters import read_month, valid_until
from members.models import Development, Member, Membership, Transfer
from members.roster import roster
from members.services import Refused
from members.services import transfers as services
from members.transfer_forms import branch_typed
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 18)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def town():
    return factories.make_committee(name="柳汀街道党工委")


@pytest.fixture
def old(town):
    return factories.make_branch(town, "望春社区党支部", code="WC")


@pytest.fixture
def other_town(town):
    return factories.make_committee(town.parent, "荻浦镇党委")


@pytest.fixture
def new(other_town):
    return factories.make_branch(other_town, "上荻村党支部", code="SD")


@pytest.fixture
def member(old):
    return factories.make_member(old, "许文桥")


@pytest.fixture
def secretary(old):
    return factories.make_user(Role.SECRETARY, old, "laoshuji")


@pytest.fixture
def officer(town):
    return factories.make_user(Role.COMMITTEE_OFFICER, town, "jiedao")


@pytest.fixture
def receiver(new):
    return factories.make_user(Role.SECRETARY, new, "xinshuji")


def start(member, to=None, **facts):
    facts.setdefault("on", date(2026, 3, 1))
    return services.start_transfer(member=member, to=to, by=None, **facts)


def letter(transfer, **facts):
    defaults = {"number": "2026-3", "addressee": "荻浦镇党委", "on": date(2026, 3, 2)}
    return services.issue_letter(
        transfer=transfer, by=None, **(defaults | {"valid_days": 30} | facts)
    )


def on_the_way(member, to=None, **facts):
    """A transfer with its letter out."""
    return letter(start(member, to, **facts))


def names_on(branch, day):
    return set(roster([branch], day).values_list("member__name", flat=True))


# --- Letters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "days", "last"),
    [
        (date(2026, 3, 2), 90, date(2026, 5, 31)),
        (date(2026, 12, 2), 30, date(2027, 1, 1)),
        (date(2028, 1, 30), 30, date(2028, 2, 29)),
        (None, 90, None),
        (date(2026, 3, 2), None, None),
    ],
)
def test_a_letter_holds_for_so_many_days_after_its_own(on, days, last):
    assert valid_until(on, days) == last


@pytest.mark.parametrize(
    "typed", ["2026年8月", "2026-08", "2026.8", "202608", "2026/8", "２０２６年８月", "2026-08-15"]
)
def test_a_month_is_read_as_people_type_it(typed):
    assert read_month(typed) == date(2026, 8, 1)


def test_no_month_is_made_of_what_is_none():
    assert read_month("") is None
    with pytest.raises(Unreadable, match="读不出年月"):
        read_month("去年底")


@pytest.mark.parametrize("day", [date(2026, 4, 1), date(2026, 4, 2)])
def test_the_database_counts_the_last_valid_day_as_we_do(member, new, day):
    transfer = on_the_way(member, new)
    stored = Transfer.objects.with_validity().get()
    assert stored.last_valid_day == transfer.valid_until == date(2026, 4, 1)
    assert Transfer.objects.overdue(day).exists() == (day == date(2026, 4, 2))


# --- Inside the county --------------------------------------------------------------------


def test_the_member_stays_with_the_old_branch_until_received(member, old, new):
    transfer = on_the_way(member, new)
    assert transfer.state == TransferState.LETTER_OUT
    assert names_on(old, TODAY) == {"许文桥"}
    assert names_on(new, TODAY) == set()


def test_the_membership_moves_on_the_day_of_reception(member, old, new, receiver):
    group = factories.make_group(new)
    transfer = on_the_way(member, new)
    services.receive_member(transfer=transfer, on=date(2026, 3, 10), by=receiver, group=group)
    transfer.refresh_from_db()
    assert (transfer.state, transfer.received_on, transfer.receipt_on) == (
        TransferState.RECEIVED,
        date(2026, 3, 10),
        date(2026, 3, 10),
    )
    assert names_on(old, date(2026, 3, 9)) == {"许文桥"}
    assert names_on(old, date(2026, 3, 10)) == set()
    assert names_on(new, date(2026, 3, 9)) == set()
    assert names_on(new, date(2026, 3, 10)) == {"许文桥"}
    member.refresh_from_db()
    assert (member.organisation, member.group, member.left_on) == (new, group, None)


def test_posts_in_the_old_branch_end_with_the_move(member, old, new):
    post = factories.make_post(old, PostTitle.ORGANISATION, member=member)
    services.receive_member(transfer=on_the_way(member, new), on=date(2026, 3, 10), by=None)
    post.refresh_from_db()
    assert post.ends_on == date(2026, 3, 9)


def test_dues_of_the_months_before_stay_with_the_old_branch(member, old, new):
    charge = factories.make_charge(member, date(2026, 2, 1))
    payment = factories.make_payment(member, date(2026, 2, 1))
    services.receive_member(transfer=on_the_way(member, new), on=date(2026, 3, 10), by=None)
    for row in (charge, payment):
        row.refresh_from_db()
        assert row.organisation == old


def test_somebody_on_probation_is_brought_up_by_the_new_branch(old, new):
    member = factories.make_member(
        old, "郁青禾", kind=MemberKind.PROBATIONARY, joined_on=date(2025, 9, 1)
    )
    way = Development.objects.create(
        name="郁青禾", organisation=old, member=member, stage=Stage.PROBATIONARY
    )
    services.receive_member(transfer=on_the_way(member, new), on=date(2026, 3, 10), by=None)
    way.refresh_from_db()
    member.refresh_from_db()
    assert (way.organisation, member.organisation) == (new, new)
    assert member.kind == MemberKind.PROBATIONARY


def test_every_step_leaves_a_line_and_asks_for_judging(member, old, new, secretary, officer):
    transfer = services.start_transfer(
        member=member,
        to=new,
        reason="工作单位变动",
        dues_paid_until=date(2026, 2, 1),
        on=date(2026, 3, 1),
        by=secretary,
    )
    services.issue_letter(
        transfer=transfer,
        number="2026-3",
        addressee="荻浦镇党委",
        on=date(2026, 3, 2),
        valid_days=30,
        by=officer,
    )
    Changed.objects.all().delete()
    services.receive_member(transfer=transfer, on=date(2026, 3, 10), by=officer)
    lines = TrailLine.objects.filter(area="transfers").order_by("pk")
    assert [(line.action, line.organisation_id) for line in lines] == [
        ("发起转接", old.pk),
        ("开介绍信", old.pk),
        ("接收组织关系", new.pk),
    ]
    assert lines[0].after == {"转入": "上荻村党支部", "党费缴至": "2026年2月"}
    assert lines[0].reason == "工作单位变动"
    assert lines[1].after == {
        "状态": "介绍信已开",
        "介绍信": "2026-3，2026年3月2日开具，有效 30 天",
    }
    assert lines[2].label == "许文桥：望春社区党支部 → 上荻村党支部"
    assert set(Changed.objects.values_list("organisation_id", flat=True)) == {old.pk, new.pk}


def test_a_second_open_transfer_of_one_member_is_refused(member, new):
    start(member, new)
    with pytest.raises(Refused, match="已有一份在办的转接"):
        start(member, to_outside="外县某党委")
    assert Transfer.objects.count() == 1


def test_a_transfer_after_the_first_was_withdrawn_is_taken(member, new):
    services.withdraw_transfer(transfer=start(member, new), reason="选错了", on=TODAY, by=None)
    assert start(member, new).state == TransferState.STARTED


@pytest.mark.parametrize("form", [Form.TEMPORARY, Form.FUNCTIONAL])
def test_temporary_and_functional_branches_receive_no_relation(member, town, form):
    branch = factories.make_branch(town, form=form)
    with pytest.raises(Refused, match="组织关系不转入"):
        start(member, branch)


def test_what_cannot_be_is_refused(member, old, new, town):
    with pytest.raises(Refused, match="请写明转到哪里"):
        start(member)
    with pytest.raises(Refused, match="已在“望春社区党支部”"):
        start(member, old)
    with pytest.raises(Refused, match="不是党支部"):
        start(member, town)
    new.dissolved_on = date(2026, 2, 1)
    new.save()
    with pytest.raises(Refused, match="撤销"):
        start(member, new)
    gone = factories.make_member(old, "柏兰", ends_on=date(2026, 1, 5))
    with pytest.raises(Refused, match="柏兰已于2026年1月5日离开"):
        start(gone, to_outside="外县某党委")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"number": " "}, "编号和抬头"),
        ({"addressee": ""}, "编号和抬头"),
        ({"valid_days": 0}, "至少是 1 天"),
        ({"on": date(2026, 2, 28)}, "早于办理日期2026年3月1日"),
    ],
)
def test_a_letter_without_what_it_needs_is_refused(member, new, facts, words):
    transfer = start(member, new)
    with pytest.raises(Refused, match=words):
        letter(transfer, **facts)
    assert Transfer.objects.get().state == TransferState.STARTED


def test_a_letter_that_has_run_out_is_issued_anew(member, new):
    transfer = on_the_way(member, new)
    again = letter(transfer, number="2026-9", on=date(2026, 5, 1), valid_days=60)
    assert (again.letter_number, again.valid_until) == ("2026-9", date(2026, 6, 30))
    line = TrailLine.objects.filter(action="换开介绍信").get()
    assert line.before["介绍信"] == "2026-3，2026年3月2日开具，有效 30 天"


def test_a_reception_before_the_letter_or_without_one_is_refused(member, new):
    transfer = start(member, new)
    with pytest.raises(services.StateMoved, match="已发起"):
        services.receive_member(transfer=transfer, on=TODAY, by=None)
    letter(transfer)
    with pytest.raises(Refused, match="早于介绍信开具日期2026年3月2日"):
        services.receive_member(transfer=transfer, on=date(2026, 3, 1), by=None)
    assert Membership.objects.get().ends_on is None


def test_the_second_of_two_who_receive_is_refused(member, new):
    stale = on_the_way(member, new)
    services.receive_member(transfer=stale, on=date(2026, 3, 10), by=None)
    with pytest.raises(services.StateMoved, match="已接收"):
        services.receive_member(transfer=stale, on=date(2026, 3, 10), by=None)
    assert Membership.objects.count() == 2


@pytest.mark.parametrize(
    ("service", "state", "action"),
    [
        (services.refuse_transfer, TransferState.REFUSED, "退回转接"),
        (services.withdraw_transfer, TransferState.WITHDRAWN, "撤回转接"),
    ],
)
def test_a_transfer_ends_with_a_reason_and_the_member_stays(member, new, service, state, action):
    transfer = on_the_way(member, new)
    with pytest.raises(Refused, match="请写明理由"):
        service(transfer=transfer, reason=" ", on=TODAY, by=None)
    service(transfer=transfer, reason="介绍信抬头写错", on=TODAY, by=None)
    transfer.refresh_from_db()
    assert (transfer.state, transfer.ended_on, transfer.end_reason) == (
        state,
        TODAY,
        "介绍信抬头写错",
    )
    assert TrailLine.objects.get(action=action).reason == "介绍信抬头写错"
    assert Membership.objects.get().ends_on is None


# --- Over the border ----------------------------------------------------------------------


def test_a_receipt_from_outside_closes_the_transfer_and_the_member_leaves(member, old):
    transfer = on_the_way(member, to_outside="邻县某镇党委")
    services.receive_member(transfer=transfer, on=date(2026, 3, 10), by=None)
    member.refresh_from_db()
    assert (member.left_on, member.left_reason) == (date(2026, 3, 10), "组织关系转往县外")
    assert Transfer.objects.get().state == TransferState.RECEIVED
    assert names_on(old, date(2026, 3, 9)) == {"许文桥"}
    assert names_on(old, date(2026, 3, 10)) == set()


def test_probation_ends_in_the_books_of_the_county_when_somebody_leaves_it(old):
    member = factories.make_member(old, kind=MemberKind.PROBATIONARY, joined_on=date(2025, 9, 1))
    way = Development.objects.create(name="甲", organisation=old, member=member)
    transfer = on_the_way(member, to_outside="邻县某镇党委")
    services.receive_member(transfer=transfer, on=date(2026, 3, 10), by=None)
    way.refresh_from_db()
    assert (way.ended_on, way.end_reason) == (date(2026, 3, 10), "组织关系转往县外")


def newcomer(to, **facts):
    defaults = {
        "name": "柏兰",
        "id_number": factories.make_id_number(date(1990, 2, 3), 24),
        "from_outside": "邻县某镇党委",
        "letter_on": date(2026, 3, 1),
        "valid_days": 60,
        "letter_number": "L-7",
        "on": date(2026, 3, 5),
    }
    return services.register_newcomer(to=to, by=None, **(defaults | facts))


ADMITTED = {
    "kind": MemberKind.FORMAL,
    "joined_on": date(2015, 7, 1),
    "confirmed_on": date(2016, 7, 1),
}


def test_who_comes_from_outside_is_on_the_roster_from_the_day_received(new):
    transfer = newcomer(new)
    assert not Member.objects.exists()
    services.receive_newcomer(transfer=transfer, on=date(2026, 3, 10), by=None, **ADMITTED)
    member = Member.objects.get()
    assert (member.name, member.kind, member.born_on, member.get_gender_display()) == (
        "柏兰",
        MemberKind.FORMAL,
        date(1990, 2, 3),
        "女",
    )
    assert names_on(new, date(2026, 3, 9)) == set()
    assert names_on(new, date(2026, 3, 10)) == {"柏兰"}
    transfer = Transfer.objects.get()
    assert (transfer.member, transfer.id_number, transfer.id_number_hash) == (member, "", None)


def test_who_left_once_comes_back_on_the_row_kept_since(old, new):
    number = factories.make_id_number(date(1990, 2, 3), 24)
    former = factories.make_member(old, "柏兰", id_number=number, ends_on=date(2024, 5, 1))
    transfer = newcomer(new, id_number=number)
    services.receive_newcomer(transfer=transfer, on=date(2026, 3, 10), by=None, **ADMITTED)
    former.refresh_from_db()
    assert Member.objects.count() == 1
    assert (former.organisation, former.left_on) == (new, None)


def test_a_number_on_the_roster_or_on_its_way_is_refused(old, new):
    number = factories.make_id_number(date(1990, 2, 3), 24)
    newcomer(new, id_number=number)
    with pytest.raises(Refused, match="已有一份在办的转入"):
        newcomer(new, id_number=number)
    factories.make_member(old, "郁青禾", id_number=factories.make_id_number(number=77))
    with pytest.raises(Refused, match="已在本县名册里") as refused:
        newcomer(new, id_number=factories.make_id_number(number=77))
    assert "望春" not in str(refused.value)


def test_a_letter_of_outside_is_not_issued_here_and_no_member_is_admitted_twice(member, new):
    with pytest.raises(Refused, match="县外的原党组织"):
        letter(newcomer(new))
    with pytest.raises(Refused, match="不是从县外转入"):
        services.receive_newcomer(transfer=on_the_way(member, new), on=TODAY, by=None, **ADMITTED)
    with pytest.raises(Refused, match="填写人员类别"):
        services.receive_member(transfer=Transfer.objects.first(), on=TODAY, by=None)


def test_dues_are_prefilled_up_to_the_last_month_paid_in_full(member):
    for month in (1, 2, 3):
        factories.make_charge(member, date(2026, month, 1), "20.00")
    factories.make_payment(member, date(2026, 1, 1), "20.00")
    factories.make_payment(member, date(2026, 2, 1), "5.00")
    assert services.paid_until(member.pk, TODAY) == date(2026, 1, 1)
    factories.make_payment(member, date(2026, 2, 1), "15.00")
    assert services.paid_until(member.pk, TODAY) == date(2026, 2, 1)
    assert member.payments.count() == 3
    assert sum(payment.amount for payment in member.payments.all()) == Decimal("40.00")


def test_the_full_number_is_shown_for_a_reason_that_is_trailed(member, new, secretary):
    transfer = on_the_way(member, new)
    with pytest.raises(Refused):
        services.reveal_for_letter(transfer=transfer, by=secretary, reason=" ")
    numbers = services.reveal_for_letter(transfer=transfer, by=secretary, reason="开介绍信")
    assert numbers.id_number == member.id_number
    line = TrailLine.objects.get(action="查看完整号码")
    assert (line.reason, line.after["公民身份号码"]) == ("开介绍信", member.id_number_mask)


# --- Names typed ---------------------------------------------------------------------------


def test_a_branch_is_meant_by_code_or_by_a_name_that_fits_one(old, new, town):
    factories.make_branch(town, "望春社区临时党支部", form=Form.TEMPORARY)
    assert branch_typed("sd") == new
    assert branch_typed("上荻村党支部") == new
    assert branch_typed("上荻村支部") == new
    assert branch_typed("望春社区") == old
    for text, words in (("没有这个", "没有找到"), ("村", "没有找到")):
        if text == "村":
            factories.make_branch(town, "下荻村党支部", code="XD")
            words = "有几个支部相符：上荻村党支部（SD）、下荻村党支部（XD）"
        with pytest.raises(Exception, match=words):
            branch_typed(text)


# --- Pages ----------------------------------------------------------------------------------


def address(name, *args, **query):
    url = reverse(f"members:{name}", args=args)
    return url + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


@pytest.fixture
def transfer(member, new):
    return on_the_way(member, new)


STEPS = [
    ("transfer_issue", {"number": "N9", "addressee": "某党委", "on": "3.18", "valid_days": "30"}),
    ("transfer_receive", {"on": "2026-03-10"}),
    ("transfer_refuse", {"reason": "抬头不符"}),
    ("transfer_withdraw", {"reason": "选错了"}),
]


def test_nobody_is_sent_to_the_login(client, transfer):
    for name in ("transfers", "transfer_start", "transfer_register"):
        assert client.get(address(name)).status_code == 302
    for name in ("transfer", "transfer_letter"):
        assert client.get(address(name, transfer.pk)).status_code == 302
    for name, body in STEPS:
        assert client.post(address(name, transfer.pk), body).status_code == 302
    transfer.refresh_from_db()
    assert transfer.state == TransferState.LETTER_OUT


def test_a_stranger_gets_404_and_finds_nothing(client, transfer, town):
    stranger = factories.make_user(Role.SECRETARY, factories.make_branch(town))
    client.force_login(stranger)
    assert client.get(address("transfer", transfer.pk)).status_code == 404
    assert client.get(address("transfer_letter", transfer.pk)).status_code == 404
    assert client.get(address("transfers", branch="WC")).status_code == 404
    assert client.get(address("transfer_start", branch="WC")).status_code == 404
    for name, body in STEPS:
        assert client.post(address(name, transfer.pk), body).status_code == 404
    assert "许文桥" not in client.get(address("transfers")).content.decode()


def test_both_sides_see_it_and_each_may_do_its_own(client, transfer, secretary, officer, receiver):
    may = {
        "laoshuji": {"transfer_withdraw"},
        "jiedao": {"transfer_issue", "transfer_withdraw"},
        "xinshuji": {"transfer_receive", "transfer_refuse"},
    }
    for user in (secretary, officer, receiver):
        client.force_login(user)
        page = client.get(address("transfer", transfer.pk))
        assert page.status_code == 200
        offered = {
            f"transfer_{name}"
            for name in ("issue", "receive", "refuse", "withdraw")
            if page.context[name]
        }
        assert offered == may[user.username]
        for name, _body in STEPS:
            refused = client.post(address(name, transfer.pk), {})
            assert refused.status_code == (200 if name in offered else 403), (user, name)


def test_who_may_only_look_starts_nothing(client, old, member):
    client.force_login(factories.make_user(Role.ORGANISER, old))
    page = client.get(address("transfers"))
    assert (page.context["new_url"], page.context["newcomer_url"]) == ("", "")
    assert client.get(address("transfer_start", member=member.pk)).status_code == 403
    assert client.get(address("transfer_register")).status_code == 403


def test_the_secretary_starts_and_finds_dues_filled_in(client, member, new, secretary):
    factories.make_charge(member, date(2026, 2, 1))
    factories.make_payment(member, date(2026, 2, 1))
    client.force_login(secretary)
    assert "许文桥" in client.get(address("transfer_start")).content.decode()
    url = address("transfer_start", member=member.pk)
    assert client.get(url).context["form"].initial["dues_paid_until"] == "2026年2月"
    body = {
        "where": "inside",
        "to_branch": "上荻村",
        "why": "工作单位变动",
        "more": "到镇里上班",
        "dues_paid_until": "2026年2月",
        "on": "2026.3.18",
    }
    refused = client.post(url, body | {"to_branch": "", "on": "2026-03-19"})
    assert refused.context["form"].errors == {
        "on": ["这一天还没有到，请核对"],
        "to_branch": ["请填转入的支部"],
    }
    assert client.post(url, body).status_code == 302
    transfer = Transfer.objects.get()
    assert (transfer.to_organisation, transfer.reason, transfer.dues_paid_until) == (
        new,
        "工作单位变动：到镇里上班",
        date(2026, 2, 1),
    )
    assert transfer.started_by == secretary


def test_a_member_of_another_branch_is_not_offered(client, secretary, new):
    other = factories.make_member(new, "柏兰")
    client.force_login(secretary)
    page = client.get(address("transfer_start", member=other.pk))
    assert "柏兰" not in page.content.decode()
    assert page.templates[0].name == "members/transfer_choose.html"


def test_the_officer_opens_the_letter_with_the_days_of_the_county(client, member, new, officer):
    Setting.objects.create(key="members.letter_days", value=60, starts_on=date(2026, 1, 1))
    transfer = start(member, new)
    client.force_login(officer)
    page = client.get(address("transfer", transfer.pk))
    initial = page.context["issue"]["form"].initial
    assert (initial["valid_days"], initial["addressee"]) == (60, "荻浦镇党委")
    body = {"number": "7", "addressee": "荻浦镇党委", "on": "2026-03-17", "valid_days": "10"}
    url = address("transfer_issue", transfer.pk)
    assert "应在 1 到 183" in client.post(url, body | {"valid_days": "400"}).content.decode()
    assert client.post(url, body).status_code == 302
    transfer.refresh_from_db()
    assert (transfer.state, transfer.valid_until) == (TransferState.LETTER_OUT, date(2026, 3, 27))


def test_a_late_reception_says_that_the_letter_had_run_out(client, member, new, receiver):
    transfer = letter(start(member, new), valid_days=5)
    client.force_login(receiver)
    url = address("transfer_receive", transfer.pk)
    page = client.post(url, {"on": "2026-03-18"}, follow=True)
    assert "介绍信到2026年3月7日已过期" in page.content.decode()
    member.refresh_from_db()
    assert member.organisation == new


def test_a_step_from_another_state_shows_how_it_stands_now(client, transfer, receiver):
    services.withdraw_transfer(transfer=transfer, reason="选错了", on=TODAY, by=None)
    client.force_login(receiver)
    page = client.post(address("transfer_receive", transfer.pk), {"on": "3月10日"}, follow=True)
    assert "这份转接现在是“已撤回”" in page.content.decode()


def test_the_new_branch_registers_and_admits_somebody_from_outside(client, new, receiver):
    client.force_login(receiver)
    body = {
        "name": "柏兰",
        "id_number": factories.make_id_number(date(1990, 2, 3), 24),
        "from_outside": "邻县某镇党委",
        "letter_number": "L-7",
        "letter_on": "2026-03-01",
        "valid_days": "60",
        "why": "工作单位变动",
        "on": "2026-03-18",
    }
    assert client.post(address("transfer_register"), body).status_code == 302
    transfer = Transfer.objects.get()
    page = client.get(address("transfer", transfer.pk)).content.decode()
    assert body["id_number"] not in page
    assert transfer.id_number_mask in page
    url = address("transfer_receive", transfer.pk)
    facts = {"on": "2026-03-18", "kind": "probationary", "joined_on": "2025-12-01"}
    refused = client.post(url, facts | {"confirmed_on": "2026-01-01"})
    assert "预备党员还没有转正" in refused.content.decode()
    assert client.post(url, facts).status_code == 302
    assert Member.objects.get().kind == MemberKind.PROBATIONARY


def test_the_letter_is_printed_masked_and_in_full_for_a_reason(
    client, transfer, member, secretary, receiver
):
    url = address("transfer_letter", transfer.pk)
    client.force_login(receiver)
    page = client.get(url).content.decode()
    assert member.id_number_mask in page
    assert "有效 30 天，至2026年4月1日止" in page
    assert client.post(url, {"reason": "核对"}).status_code == 403
    client.force_login(secretary)
    assert member.id_number not in client.post(url, {"reason": ""}).content.decode()
    page = client.post(url, {"reason": "开介绍信"})
    assert member.id_number in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert TrailLine.objects.filter(action="查看完整号码", reason="开介绍信").count() == 1


def test_the_number_of_who_has_gone_is_for_the_new_side(
    client, transfer, member, secretary, receiver
):
    services.receive_member(transfer=transfer, on=TODAY, by=None)
    url = address("transfer_letter", transfer.pk)
    client.force_login(secretary)
    assert client.get(url).context["reveal_form"] is None
    assert client.post(url, {"reason": "核对"}).status_code == 403
    client.force_login(receiver)
    assert member.id_number in client.post(url, {"reason": "核对"}).content.decode()


def test_there_is_no_letter_to_print_before_it_is_opened(client, member, new, secretary):
    client.force_login(secretary)
    assert client.get(address("transfer_letter", start(member, new).pk)).status_code == 404


def test_the_list_shows_both_directions_and_the_worst_first(client, old, new, secretary):
    far = letter(start(factories.make_member(old, "甲一"), new), valid_days=60)
    late = letter(start(factories.make_member(old, "甲二"), new), valid_days=5)
    soon = letter(start(factories.make_member(old, "甲三"), new), valid_days=20)
    started = start(factories.make_member(old, "甲四"), new)
    coming = letter(start(factories.make_member(new, "甲五"), old), valid_days=90)
    over = start(factories.make_member(old, "甲六"), new)
    services.withdraw_transfer(transfer=over, reason="选错了", on=TODAY, by=None)
    client.force_login(secretary)
    page = client.get(address("transfers"))
    rows = page.context["rows"]
    ordered = [late, soon, far, coming, started, over]
    assert [row["name"] for row in rows] == [one.name for one in ordered]
    assert [(row["kind"], row["words"]) for row in rows] == [
        ("late", "逾期 11 天"),
        ("soon", "还剩 4 天"),
        ("run", "还剩 44 天"),
        ("run", "还剩 74 天"),
        ("todo", "待开介绍信"),
        ("wait", "已撤回"),
    ]
    chips = {chip["label"]: chip["count"] for chip in page.context["chips"]}
    assert chips == {"转出": 5, "转入": 1, "待接收": 1, "逾期": 1}
    assert page.context["context_text"] == "在办 5 份，逾期 1 份"
    for state, expected in (("in", ["甲五"]), ("overdue", ["甲二"]), ("waiting", ["甲五"])):
        shown = client.get(address("transfers", state=state)).context["rows"]
        assert [row["name"] for row in shown] == expected
    found = client.get(address("transfers", q="甲四")).context["rows"]
    assert [row["name"] for row in found] == ["甲四"]


@pytest.mark.parametrize(
    ("days", "mark"),
    [
        (9, ("late", "逾期 7 天")),
        (16, ("soon", "今天到期")),
        (23, ("soon", "还剩 7 天")),
        (24, ("run", "还剩 8 天")),
    ],
)
def test_a_letter_is_amber_within_seven_days_and_red_after(
    client, member, new, officer, days, mark
):
    letter(start(member, new), valid_days=days)
    client.force_login(officer)
    row = client.get(address("transfers")).context["rows"][0]
    assert (row["kind"], row["words"]) == mark


def test_the_committee_and_the_county_see_what_is_below_them(client, transfer, town, other_town):
    for organisation in (town, other_town):
        client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, organisation))
        assert len(client.get(address("transfers")).context["rows"]) == 1
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, town.parent))
    page = client.get(address("transfers", organisation=other_town.code))
    chips = {chip["label"]: chip["count"] for chip in page.context["chips"]}
    assert (chips["转出"], chips["转入"]) == (0, 1)
    newcomer(transfer.to_organisation)
    page = client.get(address("transfers"))
    assert {chip["label"]: chip["count"] for chip in page.context["chips"]} == {
        "转出": 1,
        "转入": 2,
        "待接收": 2,
        "逾期": 0,
    }
    choose = client.get(address("transfer_start"))
    assert choose.templates[0].name == "members/transfer_choose.html"


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, old, new, officer):
    client.force_login(officer)
    on_the_way(factories.make_member(old), new)
    one = count_of(lambda: client.get(address("transfers")))
    for _ in range(2):
        on_the_way(factories.make_member(old), new)
    assert count_of(lambda: client.get(address("transfers"))) == one
