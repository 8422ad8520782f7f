import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Form
from branches.periods import Span, period_of
from members.checks import checks_notice, hints_for
from members.enums import AbsenceKind, MemberKind, TransferState
from members.models import FileCheck, Member, Membership, Transfer
from members.services import Refused
from members.services import checks as services
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 9, 18)
DAY = datetime.timedelta(days=1)
HALF = period_of(Span.HALF, TODAY)
TICKED = {"relation_ok": True, "file_ok": True, "contact_ok": True}


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部")


@pytest.fixture
def people(branch):
    return [factories.make_member(branch, name) for name in ("龚丽华", "陶立平", "苏桂兰")]


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, name="林守正")


@pytest.fixture
def check(branch, people):
    return start(branch)


def start(branch, **more):
    told = {"period": HALF, "on": TODAY, "by": None, "today": TODAY, **more}
    return services.start_check(organisation=branch, **told)


def ticks(line):
    line.refresh_from_db()
    return line.relation_ok, line.file_ok, line.contact_ok


# --- Starting -------------------------------------------------------------------------------


def test_a_check_begins_with_a_line_for_each_member_of_that_day(branch, people, secretary):
    factories.make_member(branch, ends_on=datetime.date(2026, 9, 17))
    check = start(branch, by=secretary)
    assert [line.member for line in check.lines.all()] == people
    assert {ticks(line) for line in check.lines.all()} == {(None, None, None)}
    line = TrailLine.objects.get(area="checks")
    assert (line.action, line.after["人数"], line.by) == ("开始清查", "3 人", secretary)


def test_the_same_half_is_not_begun_twice(branch, check):
    with pytest.raises(Refused, match="已经开始"):
        start(branch)
    assert FileCheck.objects.count() == 1


def test_a_half_that_is_over_can_still_be_checked(branch, people):
    check = start(branch, period=HALF.previous, on=datetime.date(2026, 6, 20))
    assert (check.period, check.lines.count()) == ("2026-H1", 3)


@pytest.mark.parametrize(
    ("on", "words"),
    [(TODAY + DAY, "还没有到"), (datetime.date(2026, 6, 30), "早于2026年下半年")],
)
def test_a_day_that_cannot_be_is_refused(branch, people, on, words):
    with pytest.raises(Refused, match=words):
        start(branch, on=on)


def test_an_empty_roster_and_a_temporary_branch_are_refused(committee, branch):
    with pytest.raises(Refused, match="名册是空的"):
        start(branch)
    assert not FileCheck.objects.exists()
    with pytest.raises(Refused, match="不管组织关系"):
        start(factories.make_branch(committee, form=Form.TEMPORARY))


# --- What the system sees -------------------------------------------------------------------


def hints_of(member, day=TODAY):
    memberships = list(
        Membership.objects.filter(organisation=member.organisation).select_related("member")
    )
    return hints_for(member.organisation, memberships, day).get(member.pk, [])


def test_a_member_in_order_has_no_hint(people):
    assert hints_of(people[0]) == []


def test_an_open_transfer_and_its_expired_letter_are_seen(committee, branch, people):
    Transfer.objects.create(
        member=people[0],
        name=people[0].name,
        from_organisation=branch,
        to_outside="松涧市某某党支部",
        state=TransferState.LETTER_OUT,
        started_on=datetime.date(2026, 5, 1),
        letter_on=datetime.date(2026, 5, 2),
        valid_days=90,
    )
    running = "组织关系：正在转往“松涧市某某党支部”，还没有接收"
    expired = hints_of(people[0])[1]
    assert hints_of(people[0])[0] == running
    assert expired.startswith("组织关系：介绍信 2026年")
    assert expired.endswith("已过有效期")
    assert hints_of(people[0], datetime.date(2026, 6, 1)) == [running]


@pytest.mark.parametrize(("paid_months", "months"), [((), 5), ((3,), 5), ((5,), 3), ((6,), 0)])
def test_three_unpaid_months_in_a_row_are_seen(people, paid_months, months):
    """April to September are charged; September is not over on the 18th."""
    for month in range(4, 10):
        factories.make_charge(people[0], datetime.date(2026, month, 1))
    for month in paid_months:
        factories.make_payment(people[0], datetime.date(2026, month, 1))
    said = [f"组织关系：连续 {months} 个月没有交纳党费"] if months else []
    assert hints_of(people[0]) == said


def test_months_that_are_exempt_are_no_hint(people):
    for month in range(4, 10):
        factories.make_charge(people[0], datetime.date(2026, month, 1), "0.00")
    assert hints_of(people[0]) == []


def test_who_was_expected_and_did_not_come_is_seen(branch, people):
    factories.make_meeting(branch, datetime.date(2026, 6, 17), present=[people[1]])
    factories.make_meeting(branch, datetime.date(2026, 8, 5), absent=people[:2])
    assert hints_of(people[0]) == ["组织关系：3 个月没有参加组织生活（应到 1 次）"]
    assert hints_of(people[1]) == [
        "组织关系：3 个月没有参加组织生活（应到 1 次，最近一次 2026年6月17日）"
    ]
    assert hints_of(people[2]) == []
    factories.make_meeting(branch, datetime.date(2026, 6, 18), present=[people[0]])
    assert hints_of(people[0]) == []


def test_missing_numbers_are_seen(branch):
    bare = factories.make_member(branch, id_number="", phone="")
    assert hints_of(bare) == ["档案：没有公民身份号码", "联系方式：没有手机号码"]


def test_a_floating_member_without_contact_this_quarter_is_seen(people):
    factories.make_absence(people[0], AbsenceKind.FLOATING, datetime.date(2026, 1, 5))
    factories.make_contact(people[0], datetime.date(2026, 6, 30))
    assert hints_of(people[0]) == ["联系方式：流动党员，本季度还没有联系"]
    factories.make_contact(people[0], datetime.date(2026, 7, 1))
    assert hints_of(people[0]) == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"joined_on": None, "confirmed_on": datetime.date(2017, 7, 1)}, "没有入党日期"),
        ({"joined_on": datetime.date(2026, 12, 1), "confirmed_on": None}, "入党日期在核对日以后"),
        ({"joined_on": datetime.date(1998, 5, 16)}, "按出生日期，入党时不满 18 周岁"),
        ({"confirmed_on": None}, "正式党员没有转正日期"),
        (
            {"kind": MemberKind.PROBATIONARY, "confirmed_on": datetime.date(2026, 1, 1)},
            "预备党员填了转正日期",
        ),
        ({"born_on": datetime.date(1980, 5, 18)}, "出生日期与身份证号码不一致"),
    ],
)
def test_days_that_cannot_all_be_right_are_seen(branch, facts, said):
    member = factories.make_member(branch)
    Member.objects.filter(pk=member.pk).update(**facts)
    member.refresh_from_db()
    assert f"档案：{said}" in hints_of(member)


def test_eighteen_on_the_day_of_joining_is_old_enough(branch):
    joined_on = datetime.date(1998, 5, 17)
    assert hints_of(factories.make_member(branch, joined_on=joined_on)) == []


def test_hints_are_written_into_the_line_when_it_is_made(branch):
    factories.make_member(branch, phone="")
    line = start(branch).lines.get()
    assert line.hints == "联系方式：没有手机号码"


def test_hints_of_sixty_take_as_many_queries_as_of_one(branch):
    factories.make_member(branch, phone="")

    def look():
        memberships = list(Membership.objects.filter(organisation=branch).select_related("member"))
        return hints_for(branch, memberships, TODAY)

    one = count_of(look)
    factories.make_members(branch, 59)
    assert count_of(look) == one


# --- Going through --------------------------------------------------------------------------


def test_a_tick_changes_only_itself_and_leaves_a_line(check, secretary):
    line = check.lines.first()
    services.record_line(line=line, by=secretary, on=TODAY, relation_ok=True)
    assert ticks(line) == (True, None, None)
    assert line.checked_on == TODAY
    written = TrailLine.objects.latest("pk")
    assert (written.action, written.label) == ("清查核对", "龚丽华 2026-H2")
    assert (written.before, written.after) == ({"组织关系": "未核对"}, {"组织关系": "正常"})


def test_two_people_keep_each_others_ticks(check, secretary):
    first, second = (check.lines.get(member__name="龚丽华") for _ in range(2))
    services.record_line(line=first, by=secretary, on=TODAY, relation_ok=True)
    services.record_line(line=second, by=None, on=TODAY, file_ok=False, note="缺入党志愿书")
    assert ticks(first) == (True, False, None)
    assert first.note == "缺入党志愿书"


def test_the_same_tick_again_leaves_no_line(check):
    line = check.lines.first()
    services.record_line(line=line, by=None, on=TODAY, relation_ok=True)
    lines = TrailLine.objects.count()
    services.record_line(line=line, by=None, on=TODAY, relation_ok=True, note="")
    assert TrailLine.objects.count() == lines


def test_the_rest_is_in_order_in_one_act_and_taken_back_in_one(check):
    hinted, wrong, plain = check.lines.order_by("pk")
    check.lines.filter(pk=hinted.pk).update(hints="联系方式：没有手机号码")
    services.record_line(line=wrong, by=None, on=TODAY, file_ok=False)
    services.record_line(line=plain, by=None, on=TODAY, file_ok=True)
    done = services.tick_rest(check=check, by=None, on=TODAY)
    assert (ticks(hinted), ticks(wrong), ticks(plain)) == (
        (None, None, None),
        (None, False, None),
        (True, True, True),
    )
    assert services.tick_rest(check=check, by=None, on=TODAY) == {
        "relation_ok": [],
        "file_ok": [],
        "contact_ok": [],
    }
    # Somebody has found something meanwhile.
    services.record_line(line=plain, by=None, on=TODAY, contact_ok=False)
    assert services.untick_rest(check=check, done=done, by=None) == 1
    assert ticks(plain) == (None, True, False)
    assert [line.action for line in TrailLine.objects.order_by("-pk")[:1]] == ["撤销其余正常"]


def test_who_joins_after_the_start_is_added_once(branch, check):
    factories.make_member(branch, "孟庆余", starts_on=TODAY + DAY)
    assert services.add_newcomers(check=check, today=TODAY, by=None) == 0
    assert services.add_newcomers(check=check, today=TODAY + DAY, by=None) == 1
    assert services.add_newcomers(check=check, today=TODAY + DAY, by=None) == 0
    assert check.lines.count() == 4


# --- Finishing ------------------------------------------------------------------------------


def finish(check, on=TODAY, by=None, today=TODAY):
    return services.finish_check(check=check, on=on, by=by, today=today)


def test_finishing_says_who_is_missing(check):
    services.record_line(line=check.lines.first(), by=None, on=TODAY, **TICKED)
    services.record_line(line=check.lines.last(), by=None, on=TODAY, relation_ok=True)
    with pytest.raises(Refused, match="还有 2 人没有核对完：陶立平、苏桂兰"):
        finish(check)


def test_a_check_is_finished_when_all_are_gone_through(check, secretary):
    check.lines.update(**TICKED | {"file_ok": False})
    Changed.objects.all().delete()
    finish(check, by=secretary)
    check.refresh_from_db()
    assert (check.finished_on, check.finished_by) == (TODAY, secretary)
    assert TrailLine.objects.latest("pk").after == {"完成日期": "2026年9月18日"}
    assert Changed.objects.get().from_on == HALF.starts_on


def test_who_has_left_the_branch_holds_nobody_up(check):
    check.lines.exclude(member__name="陶立平").update(**TICKED)
    Membership.objects.filter(member__name="陶立平").update(ends_on=TODAY - DAY)
    assert finish(check).finished_on == TODAY


@pytest.mark.parametrize(
    ("on", "words"), [(TODAY + DAY, "还没有到"), (TODAY - DAY, "早于开始日期")]
)
def test_a_day_of_finishing_that_cannot_be_is_refused(check, on, words):
    check.lines.update(**TICKED)
    with pytest.raises(Refused, match=words):
        finish(check, on=on)


def test_a_finished_check_stays_as_it_is_until_it_is_reopened(branch, check):
    check.lines.update(**TICKED)
    finish(check)
    factories.make_member(branch)
    assert services.add_newcomers(check=check, today=TODAY, by=None) == 0
    for act in (
        lambda: finish(check),
        lambda: services.record_line(line=check.lines.first(), by=None, on=TODAY, file_ok=False),
        lambda: services.tick_rest(check=check, by=None, on=TODAY),
        lambda: services.untick_rest(check=check, done={}, by=None),
    ):
        with pytest.raises(Refused, match="要改请先重开"):
            act()
    with pytest.raises(Refused, match="为什么重开"):
        services.reopen_check(check=check, reason=" ", by=None)
    services.reopen_check(check=check, reason="漏了一人", by=None)
    check.refresh_from_db()
    assert (check.finished_on, check.finished_by) == (None, None)
    assert TrailLine.objects.latest("pk").reason == "漏了一人"
    with pytest.raises(Refused, match="还没有完成"):
        services.reopen_check(check=check, reason="再来", by=None)


# --- The strip on the roster ----------------------------------------------------------------


def test_the_roster_says_until_when_the_check_is_due(branch, people):
    assert checks_notice(branch, TODAY) == {
        "text": "下半年组织关系清查请在 2026年12月31日前完成。逐人核对组织关系、档案、联系方式。",
        "url": reverse("members:checks") + f"?branch={branch.code}",
    }
    check = start(branch)
    services.record_line(line=check.lines.first(), by=None, on=TODAY, **TICKED)
    assert checks_notice(branch, TODAY) == {
        "text": "下半年组织关系清查请在 2026年12月31日前完成。已核对 1 人，还有 2 人。",
        "url": reverse("members:check_detail", args=[check.pk]),
    }
    check.lines.update(**TICKED)
    finish(check)
    assert checks_notice(branch, TODAY) is None
    assert checks_notice(branch, datetime.date(2027, 1, 1))["text"].startswith("上半年")


def test_a_branch_founded_inside_the_half_is_not_reminded(committee):
    new = factories.make_branch(committee, founded_on=datetime.date(2026, 7, 2))
    assert checks_notice(new, TODAY) is None
    assert checks_notice(new, datetime.date(2027, 1, 1)) is not None


# --- Pages ----------------------------------------------------------------------------------


def addresses(check):
    return {
        "list": reverse("members:checks") + f"?branch={check.organisation.code}",
        "detail": reverse("members:check_detail", args=[check.pk]),
        "sheet": reverse("members:check_sheet", args=[check.pk]),
    }


def acts(check):
    line = check.lines.first()
    return {
        "start": (reverse("members:check_start"), {"branch": check.organisation.code}),
        "line": (reverse("members:check_line", args=[line.pk]), {"relation": "y"}),
        **{
            name: (reverse(f"members:check_{name}", args=[check.pk]), {f"relation-{line.pk}": "y"})
            for name in ("save", "rest", "rest_undo", "finish", "reopen")
        },
    }


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ORGANISER])
def test_who_keeps_the_roster_goes_through_it(client, branch, check, role):
    client.force_login(factories.make_user(role, branch))
    page = client.get(addresses(check)["detail"])
    assert page.context["editable"]
    assert [row["name"] for row in page.context["rows"]] == ["龚丽华", "陶立平", "苏桂兰"]
    assert client.get(addresses(check)["list"]).context["rows"][0]["words"] == "已核对 0/3"


@pytest.mark.parametrize(
    ("role", "of_committee"),
    [(Role.GROUP_LEADER, False), (Role.COMMITTEE_OFFICER, True), (Role.INSPECTOR, True)],
)
def test_who_only_looks_changes_nothing(client, committee, branch, check, role, of_committee):
    client.force_login(factories.make_user(role, committee if of_committee else branch))
    factories.make_member(branch)
    for url in addresses(check).values():
        assert client.get(url).status_code == 200
    assert not client.get(addresses(check)["detail"]).context["editable"]
    assert check.lines.count() == 3
    for name, (url, values) in acts(check).items():
        assert client.post(url, values).status_code == 403, name
    assert {ticks(line) for line in check.lines.all()} == {(None, None, None)}


def test_the_neighbours_secretary_finds_nothing(client, committee, check):
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch(committee)))
    for name, url in addresses(check).items():
        assert client.get(url).status_code == 404, name
    for name, (url, values) in acts(check).items():
        assert client.post(url, values).status_code == 404, name


def test_nobody_is_sent_to_the_login(client, check):
    for url in addresses(check).values():
        assert reverse("login") in client.get(url)["Location"]


def test_a_check_is_started_from_the_page(client, branch, people, secretary):
    client.force_login(secretary)
    page = client.get(reverse("members:checks"))
    assert page.context["due_text"] == "2026年12月31日"
    url = reverse("members:check_start") + f"?branch={branch.code}"
    refused = client.post(url, {"period": "2026-H2", "started_on": "2026-12-01"})
    assert refused.context["form"].errors == {"started_on": ["开始日期还没有到，请核对"]}
    response = client.post(url, {"period": "2026-H2", "started_on": "9.18"})
    check = FileCheck.objects.get()
    assert response["Location"] == reverse("members:check_detail", args=[check.pk])
    again = client.get(reverse("members:checks")).context["form"]
    assert [key for key, _label in again.fields["period"].choices] == ["2026-H1"]


def test_a_line_is_saved_by_itself_and_answers_how_it_stands(client, check, secretary):
    client.force_login(secretary)
    first = check.lines.first()
    services.record_line(line=first, by=None, on=TODAY, file_ok=False)
    url = reverse("members:check_line", args=[first.pk])
    answer = client.post(url, {"relation": "y", "contact": "x"}).json()
    saved_at = answer.pop("saved_at")
    assert len(saved_at) == 5
    assert answer == {
        "relation": "y",
        "file": "n",
        "contact": "",
        "note": "",
        "totals": {"total": 3, "done": 0, "unfinished": 3, "problems": 1, "hints": 0, "rest": 2},
    }
    answer = client.post(url, {"contact": "y", "note": " 缺入党志愿书 "}).json()
    assert (answer["note"], answer["totals"]["done"]) == ("缺入党志愿书", 1)
    assert ticks(first) == (True, False, True)


def test_a_line_of_a_finished_check_says_why_not(client, check, secretary):
    check.lines.update(**TICKED)
    finish(check)
    client.force_login(secretary)
    response = client.post(
        reverse("members:check_line", args=[check.lines.first().pk]), {"file": "n"}
    )
    assert (response.status_code, response.json()["error"]) == (
        400,
        "这次清查已于 2026年9月18日完成，要改请先重开",
    )


def test_without_script_the_sheet_writes_only_what_was_changed(client, check, secretary):
    client.force_login(secretary)
    first, second, _third = check.lines.order_by("pk")
    # Ticked by a colleague after this page was opened.
    services.record_line(line=second, by=None, on=TODAY, relation_ok=False)
    sent = {f"note-{line.pk}": "" for line in (first, second)}
    sent |= {f"{name}-{first.pk}": "y" for name in ("relation", "file", "contact")}
    client.post(reverse("members:check_save", args=[check.pk]), sent)
    assert ticks(first) == (True, True, True)
    assert ticks(second) == (False, None, None)


def test_a_note_is_kept_as_one_line(client, check, secretary):
    client.force_login(secretary)
    line = check.lines.first()
    client.post(
        reverse("members:check_save", args=[check.pk]), {f"note-{line.pk}": "档案\x00在\r\n县里"}
    )
    line.refresh_from_db()
    assert line.note == "档案在县里"


def test_the_rest_is_undone_from_the_message(client, check, secretary):
    client.force_login(secretary)
    response = client.post(reverse("members:check_rest", args=[check.pk]), follow=True)
    (message,) = response.context["messages"]
    undo = reverse("members:check_rest_undo", args=[check.pk])
    assert (str(message), message.extra_tags) == ("已把 3 人记为正常", f"undo={undo}")
    assert {ticks(line) for line in check.lines.all()} == {(True, True, True)}
    client.post(undo)
    assert {ticks(line) for line in check.lines.all()} == {(None, None, None)}
    response = client.post(undo, follow=True)
    assert [str(one) for one in response.context["messages"]][-1] == "没有可以撤销的"


def test_opening_the_page_adds_who_came_since(client, branch, check, secretary):
    factories.make_member(branch, "孟庆余")
    client.force_login(secretary)
    rows = client.get(addresses(check)["detail"]).context["rows"]
    assert [row["name"] for row in rows][-1] == "孟庆余"


def test_who_is_gone_is_marked_in_the_worklist(client, check, secretary):
    Membership.objects.filter(member__name="陶立平").update(ends_on=TODAY - DAY)
    client.force_login(secretary)
    rows = client.get(addresses(check)["detail"]).context["rows"]
    assert [row["gone"] for row in rows] == [False, True, False]


def test_the_worklist_is_narrowed_to_what_is_left(client, check, secretary):
    services.record_line(line=check.lines.first(), by=None, on=TODAY, **TICKED)
    services.record_line(line=check.lines.last(), by=None, on=TODAY, contact_ok=False)
    client.force_login(secretary)
    url = addresses(check)["detail"]
    shown = {
        show: [row["name"] for row in client.get(url, {"show": show}).context["rows"]]
        for show in ("unfinished", "problems", "hints")
    }
    assert shown == {"unfinished": ["陶立平", "苏桂兰"], "problems": ["苏桂兰"], "hints": []}


def test_finishing_from_the_page_says_who_is_missing_and_then_is_done(client, check, secretary):
    client.force_login(secretary)
    url = reverse("members:check_finish", args=[check.pk])
    refused = client.post(url, {"finished_on": "9.18"})
    assert "还有 3 人没有核对完：龚丽华、陶立平、苏桂兰" in refused.content.decode()
    check.lines.update(**TICKED)
    assert client.post(url, {"finished_on": "9.18"}).status_code == 302
    page = client.get(addresses(check)["detail"])
    assert (page.context["words"], page.context["editable"]) == ("9月18日完成", False)
    reopen = reverse("members:check_reopen", args=[check.pk])
    assert "请写明为什么重开" in client.post(reopen, {}).content.decode()
    client.post(reopen, {"reason": "漏了一人"})
    check.refresh_from_db()
    assert check.finished_on is None


def test_the_result_sheet_holds_everybody_and_no_numbers(client, check, people, secretary):
    services.record_line(
        line=check.lines.first(), by=None, on=TODAY, **TICKED | {"file_ok": False}, note="补材料"
    )
    client.force_login(secretary)
    text = client.get(addresses(check)["sheet"]).content.decode()
    assert "2026年下半年组织关系清查结果表" in text
    assert text.index("龚丽华") < text.index("有问题") < text.index("补材料")
    assert "尚未完成" in text
    assert people[0].phone_mask not in text
    assert people[0].id_number_mask not in text


def test_the_committee_sees_its_branches_those_not_begun_first(client, committee, branch, check):
    none, done = (factories.make_branch(committee, name) for name in ("松涧里党支部", "北苑党支部"))
    factories.make_member(none)
    factories.make_member(done)
    factories.make_branch(committee, "没有党员的支部")
    factories.make_branch(committee, form=Form.TEMPORARY)
    factories.make_check(done, "2026-H2", TODAY - DAY, finished_on=TODAY, **TICKED)
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, committee))
    page = client.get(reverse("members:checks"))
    assert [(row["name"], row["kind"], row["words"]) for row in page.context["rows"]] == [
        ("松涧里党支部", "todo", "未开始"),
        ("望春社区第一党支部", "run", "已核对 0/3"),
        ("北苑党支部", "done", "9月18日完成"),
    ]
    late = client.get(reverse("members:checks"), {"half": "2026-H1"})
    assert {row["words"] for row in late.context["rows"]} == {"逾期，未开始"}
    finished = client.get(reverse("members:checks"), {"state": "done"})
    assert [row["name"] for row in finished.context["rows"]] == ["北苑党支部"]


def test_the_county_sees_as_much_for_three_branches_with_as_many_queries(
    client, committee, branch, check
):
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, committee.parent))
    other = factories.make_branch(committee)
    factories.make_member(other)
    one = count_of(lambda: client.get(reverse("members:checks")))
    for _number in range(2):
        more = factories.make_branch(committee)
        factories.make_member(more)
        start(more)
    assert count_of(lambda: client.get(reverse("members:checks"))) == one


def test_sixty_members_take_as_many_queries_as_three(client, branch, check, secretary):
    client.force_login(secretary)
    url = addresses(check)["detail"]
    three = count_of(lambda: client.get(url))
    factories.make_members(branch, 57)
    assert count_of(lambda: client.get(url)) == three
    assert check.lines.count() == 60
