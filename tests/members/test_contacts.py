import datetime

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Sector
from members import facts
from members.contacts import cases_due, lost_since
from members.enums import AbsenceKind, CaseKind, ContactWay
from members.models import Absence, Case, Contact
from members.services import Refused
from members.services import contacts as services
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 9, 18)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部", sector=Sector.VILLAGE)


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "龚丽华")


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, name="林守正")


def day(month, number, year=2026):
    return datetime.date(year, month, number)


def register(member, kind=AbsenceKind.FLOATING, starts_on=None, **more):
    return services.register_absence(
        member=member, kind=kind, starts_on=starts_on or day(1, 10), by=None, today=TODAY, **more
    )


def noted():
    return set(Changed.objects.values_list("organisation_id", "area", "from_on"))


# --- Absences -------------------------------------------------------------------------------


def test_registering_floating_marks_the_member_and_leaves_a_line(branch, member, secretary):
    absence = services.register_absence(
        member=member,
        kind=AbsenceKind.FLOATING,
        starts_on=day(1, 10),
        place="松涧市",
        contact_person="林守正",
        by=secretary,
        today=TODAY,
    )
    member.refresh_from_db()
    assert member.is_floating
    assert (absence.place, absence.ends_on) == ("松涧市", None)
    line = TrailLine.objects.get(area="members", object_id=member.pk)
    assert (line.action, line.by, line.organisation_id) == ("登记外出失联", secretary, branch.pk)
    assert line.after == {
        "类别": "流动党员",
        "自": "2026年1月10日",
        "至": "",
        "去向": "松涧市",
        "事由": "",
        "联系人": "林守正",
    }
    assert noted() == {(branch.pk, "members", day(1, 10))}


def test_the_start_of_a_marked_member_changes_every_earlier_period(branch):
    marked = factories.make_member(branch, is_floating=True)
    register(marked)
    assert noted() == {(branch.pk, "members", datetime.date.min)}


@pytest.mark.parametrize("kind", [AbsenceKind.ABROAD, AbsenceKind.LOST])
def test_other_kinds_do_not_mark_anybody_as_floating(member, kind):
    register(member, kind)
    member.refresh_from_db()
    assert not member.is_floating


def test_ending_takes_the_mark_away_and_reopening_puts_it_back(member):
    absence = register(member)
    services.end_absence(absence=absence, on=day(9, 1), by=None, today=TODAY)
    member.refresh_from_db()
    assert not member.is_floating
    services.change_absence(absence=absence, by=None, today=TODAY, ends_on=None)
    member.refresh_from_db()
    assert member.is_floating
    actions = TrailLine.objects.filter(object_id=member.pk).order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "登记外出失联",
        "结束外出失联",
        "修改外出失联",
    ]


def test_a_correction_names_only_what_changed_and_the_same_again_changes_nothing(member):
    absence = register(member, place="松涧市")
    assert services.change_absence(absence=absence, by=None, today=TODAY, place="青禾市", reason="")
    line = TrailLine.objects.latest("pk")
    assert (line.before, line.after) == ({"去向": "松涧市"}, {"去向": "青禾市"})
    assert not services.change_absence(absence=absence, by=None, today=TODAY, place="青禾市")


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "words"),
    [
        (TODAY + DAY, None, "开始日期还没有到"),
        (TODAY, TODAY + DAY, "结束日期还没有到"),
        (day(3, 1), day(2, 1), "结束日期早于开始日期"),
    ],
)
def test_days_that_cannot_be_are_refused(member, starts_on, ends_on, words):
    absence = register(member, starts_on=day(1, 10))
    with pytest.raises(Refused, match=words):
        services.change_absence(
            absence=absence, by=None, today=TODAY, starts_on=starts_on, ends_on=ends_on
        )


def test_today_is_neither_too_late_to_begin_nor_to_end(member):
    absence = register(member, starts_on=TODAY)
    assert services.end_absence(absence=absence, on=TODAY, by=None, today=TODAY)


def test_a_second_time_of_the_same_kind_must_not_overlap(member):
    absence = register(member)
    with pytest.raises(Refused, match="还没有结束"):
        register(member, starts_on=day(5, 1))
    services.end_absence(absence=absence, on=day(5, 1), by=None, today=TODAY)
    with pytest.raises(Refused, match="到 2026年5月1日"):
        register(member, starts_on=day(5, 1))
    register(member, starts_on=day(5, 2))
    assert Absence.objects.count() == 2


def test_who_has_left_is_not_registered(branch):
    gone = factories.make_member(branch, ends_on=day(3, 1))
    with pytest.raises(Refused, match="已于 2026年3月1日离开"):
        register(gone)


def test_an_absence_that_never_was_is_removed_with_a_reason(member):
    absence = register(member)
    with pytest.raises(Refused, match="为什么删除"):
        services.remove_absence(absence=absence, by=None, reason=" ")
    services.remove_absence(absence=absence, by=None, reason="登记错了人")
    member.refresh_from_db()
    assert (member.is_floating, Absence.objects.count()) == (False, 0)
    line = TrailLine.objects.latest("pk")
    assert (line.action, line.reason, line.before["自"]) == (
        "删除外出失联",
        "登记错了人",
        "2026年1月10日",
    )


def test_the_reason_of_a_removal_is_kept_as_one_line(client, member, secretary):
    absence = register(member)
    client.force_login(secretary)
    url = reverse("members:absence_remove", args=[absence.pk])
    client.post(url, {"reason": "登记\x00错了\r\n人"})
    assert TrailLine.objects.latest("pk").reason == "登记错了人"


# --- Contacts -------------------------------------------------------------------------------


def contact(members, on=TODAY, **more):
    told = {"by_name": "林守正", "way": ContactWay.PHONE, "by": None, "today": TODAY, **more}
    return services.record_contacts(members=members, on=on, **told)


def test_five_members_are_contacted_in_one_act_and_each_has_a_line(branch):
    people = factories.make_members(branch, 5)
    assert contact(people, note="都好") == 5
    assert Contact.objects.filter(on=TODAY, by_name="林守正", note="都好").count() == 5
    lines = TrailLine.objects.filter(action="登记联系")
    assert {line.object_id for line in lines} == {person.pk for person in people}
    assert noted() == {(branch.pk, "members", TODAY)}


def test_the_same_contact_sent_twice_is_one(member):
    assert contact([member]) == 1
    assert contact([member]) == 0
    assert contact([member], way=ContactWay.VISIT) == 1
    assert Contact.objects.count() == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [({"on": TODAY + DAY}, "还没有到"), ({"by_name": " "}, "谁联系的")],
)
def test_a_contact_to_come_or_by_nobody_is_refused(member, more, words):
    with pytest.raises(Refused, match=words):
        contact([member], **more)
    assert not Contact.objects.exists()


def test_a_contact_with_nobody_is_refused():
    with pytest.raises(Refused, match="勾选"):
        contact([])


def test_a_removed_contact_stays_in_the_trail(member):
    contact([member])
    services.remove_contact(contact=Contact.objects.get(), by=None)
    assert not Contact.objects.exists()
    line = TrailLine.objects.latest("pk")
    assert (line.action, line.before["联系日期"]) == ("删除联系记录", "2026年9月18日")


# --- Cases ----------------------------------------------------------------------------------


def test_the_nightly_run_opens_a_case_once(branch, member):
    factories.make_absence(member, AbsenceKind.LOST, day(3, 18))
    assert services.open_cases(today=day(9, 17)) == 0
    assert services.open_cases(today=day(9, 18)) == 1
    assert services.open_cases(today=day(9, 18)) == 0
    assert services.open_cases(today=day(12, 31)) == 0
    case = Case.objects.get()
    assert (case.kind, case.organisation, case.since, case.opened_on, case.decided_on) == (
        CaseKind.LOST_6M,
        branch,
        day(3, 18),
        day(9, 18),
        None,
    )
    line = TrailLine.objects.get(action="提请研究")
    assert (line.by_name, line.object_id) == ("系统", member.pk)


def test_registering_a_loss_of_half_a_year_opens_the_case_at_once(member):
    register(member, AbsenceKind.LOST, day(3, 18))
    assert Case.objects.get().since == day(3, 18)
    member.refresh_from_db()
    assert (member.left_on, member.kind) == (None, "formal")


def decide(case, **more):
    told = {"decision": "派人查找", "on": TODAY, "by": None, "today": TODAY, **more}
    services.decide_case(case=case, **told)


@pytest.fixture
def case(member):
    register(member, AbsenceKind.LOST, day(3, 10))
    return Case.objects.get()


def test_a_decision_is_kept_and_opens_nothing_new(member, case, secretary):
    decide(case, by=secretary, on=day(9, 15))
    case.refresh_from_db()
    assert (case.decision, case.decided_on, case.decided_by) == ("派人查找", day(9, 15), secretary)
    assert services.open_cases(today=day(12, 31)) == 0
    line = TrailLine.objects.latest("pk")
    assert (line.action, line.after["意见"]) == ("记录研究意见", "派人查找")
    member.refresh_from_db()
    assert member.left_on is None


def test_a_decision_is_corrected_by_who_has_seen_it(case):
    decide(case)
    with pytest.raises(Refused, match="刚有人写了意见：派人查找"):
        decide(case, decision="再查找")
    decide(case, decision="再查找", seen="派人查找")
    line = TrailLine.objects.latest("pk")
    assert (line.action, line.before["意见"], line.after["意见"]) == (
        "更正研究意见",
        "派人查找",
        "再查找",
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"decision": "  "}, "请写明支委会的意见"),
        ({"on": TODAY + DAY}, "还没有到"),
        ({"on": day(3, 9)}, "早于起算日期"),
        ({"suspended_on": TODAY + DAY}, "停止党籍日期"),
        ({"suspended_on": day(3, 9)}, "停止党籍日期"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(case, more, words):
    with pytest.raises(Refused, match=words):
        decide(case, **more)
    case.refresh_from_db()
    assert (case.decision, case.decided_on) == ("", None)


def test_two_years_after_the_suspension_a_second_case_is_opened(member, case):
    decide(case, suspended_on=day(9, 16))
    assert services.open_cases(today=day(9, 15, 2028)) == 0
    assert services.open_cases(today=day(9, 16, 2028)) == 1
    later = Case.objects.get(kind=CaseKind.LOST_2Y)
    assert later.since == day(9, 16)
    with pytest.raises(Refused, match="不涉及停止党籍"):
        decide(later, on=day(9, 20, 2028), today=day(9, 20, 2028), suspended_on=day(9, 20, 2028))


def test_over_five_years_abroad_opens_a_case_on_the_day_after(member):
    factories.make_absence(member, AbsenceKind.ABROAD, day(9, 18, 2021))
    assert services.open_cases(today=TODAY) == 0
    assert services.open_cases(today=TODAY + DAY) == 1
    assert Case.objects.get().kind == CaseKind.ABROAD_5Y


def test_an_undecided_case_follows_a_member_to_the_next_branch(committee, branch, member, case):
    elsewhere = factories.make_branch(committee)
    member.memberships.update(ends_on=day(9, 10))
    member.memberships.create(organisation=elsewhere, starts_on=day(9, 11))
    assert services.open_cases(today=TODAY) == 0
    case.refresh_from_db()
    assert case.organisation == elsewhere
    assert TrailLine.objects.latest("pk").action == "随人转接"


def test_a_later_start_moves_the_day_the_matter_is_due(branch, member):
    absence = register(member, AbsenceKind.LOST, day(4, 1))
    assert lost_since([branch], TODAY) == {member.pk: day(4, 1)}
    assert cases_due([branch], day(10, 1))[0].due_on == day(10, 1)
    services.change_absence(absence=absence, by=None, today=TODAY, starts_on=day(4, 20))
    assert cases_due([branch], day(10, 19)) == []


# --- What other rooms know -------------------------------------------------------------------


def test_the_last_attendance_and_the_meetings_expected_are_known(branch, member):
    other = factories.make_member(branch)
    factories.make_meeting(branch, day(3, 5), present=[member], absent=[other])
    factories.make_meeting(branch, day(8, 6), leave=[member], absent=[other])
    factories.make_meeting(branch, day(9, 20), present=[member, other])
    found = facts.presence_of([member.pk, other.pk], day(6, 18), TODAY)
    assert found == {
        member.pk: facts.Presence(1, day(3, 5)),
        other.pk: facts.Presence(1, None),
    }


def test_the_last_payment_is_its_day_or_the_end_of_its_month(branch, member):
    other, wrong = factories.make_members(branch, 2)
    factories.make_payment(member, day(2, 1), paid_on=day(4, 3))
    factories.make_payment(member, day(3, 1))
    factories.make_payment(other, day(9, 1))
    reversed_one = factories.make_payment(wrong, day(5, 1), paid_on=day(5, 3))
    factories.make_payment(wrong, day(5, 1), "-20.00", paid_on=day(5, 3), reverses=reversed_one)
    keys = [member.pk, other.pk, wrong.pk]
    # September is not over: a payment without a day was made by today at the latest.
    assert facts.last_paid_of(keys, TODAY) == {member.pk: day(4, 3), other.pk: TODAY}


# --- Pages ----------------------------------------------------------------------------------


@pytest.fixture
def lost(member):
    return register(member, AbsenceKind.LOST, day(3, 10))


def addresses(lost):
    contact([lost.member])
    return {
        "absences": reverse("members:absences") + f"?branch={lost.member.organisation.code}",
        "absence": reverse("members:absence_detail", args=[lost.pk]),
        "cases": reverse("members:cases") + f"?branch={lost.member.organisation.code}",
        "case": reverse("members:case_detail", args=[Case.objects.get().pk]),
    }


def acts(lost):
    contact([lost.member])
    code = lost.member.organisation.code
    return {
        "new": (reverse("members:absence_new"), {"branch": code}),
        "contact": (reverse("members:contact_record"), {"branch": code}),
        "change": (reverse("members:absence_detail", args=[lost.pk]), {}),
        "end": (reverse("members:absence_end", args=[lost.pk]), {"ends_on": "9.1"}),
        "remove": (reverse("members:absence_remove", args=[lost.pk]), {"reason": "错"}),
        "uncontact": (
            reverse("members:contact_remove", args=[Contact.objects.get().pk]),
            {},
        ),
        "decide": (
            reverse("members:case_detail", args=[Case.objects.get().pk]),
            {"decision": "查找", "decided_on": "9.18"},
        ),
    }


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER])
def test_who_works_in_the_branch_sees_the_pages(client, branch, lost, role):
    client.force_login(factories.make_user(role, branch))
    for name, url in addresses(lost).items():
        text = client.get(url).content.decode()
        assert "龚丽华" in text, name


@pytest.mark.parametrize("role", [Role.COMMITTEE_OFFICER, Role.INSPECTOR])
def test_who_oversees_looks_and_does_nothing(client, committee, lost, role):
    client.force_login(factories.make_user(role, committee))
    for url in addresses(lost).values():
        response = client.get(url)
        assert "龚丽华" in response.content.decode()
        for name in ("form", "contact_form", "end_form"):
            assert response.context.get(name) is None
    for name, (url, values) in acts(lost).items():
        assert client.post(url, values).status_code == 403, name
    assert Absence.objects.get().ends_on is None


def test_the_neighbours_secretary_finds_nothing(client, committee, lost):
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch(committee)))
    for name, url in addresses(lost).items():
        assert client.get(url).status_code == 404, name
    for name, (url, values) in acts(lost).items():
        assert client.post(url, values).status_code == 404, name
    assert Contact.objects.count() == 1


def test_nobody_is_sent_to_the_login(client, lost):
    for url in addresses(lost).values():
        assert reverse("login") in client.get(url)["Location"]


def test_a_floating_member_is_registered_in_two_steps(client, branch, member, secretary):
    client.force_login(secretary)
    url = reverse("members:absence_new")
    first = client.get(url, {"branch": branch.code})
    assert first.context["form"] is None
    chosen = {"branch": branch.code, "member": member.pk, "kind": "floating"}
    assert client.get(url, chosen).context["chosen_text"] == "龚丽华，流动党员"
    response = client.post(url, chosen | {"starts_on": "2026.8.1", "place": "松涧市"})
    assert response.status_code == 302
    absence = Absence.objects.get()
    assert (absence.starts_on, absence.place) == (day(8, 1), "松涧市")
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert said[0] == "已登记龚丽华：流动党员"
    assert "还不满 6 个月" in said[1]


def test_the_start_of_a_loss_is_proposed_from_attendance_and_dues(
    client, branch, member, secretary
):
    factories.make_meeting(branch, day(3, 5), present=[member])
    factories.make_payment(member, day(2, 1), paid_on=day(4, 3))
    client.force_login(secretary)
    page = client.get(
        reverse("members:absence_new"),
        {"branch": branch.code, "member": member.pk, "kind": "lost"},
    )
    assert page.context["proposal"] == (
        "最近一次参加组织生活 2026年3月5日，最近一次交党费 2026年4月3日。请核对起算日期"
    )
    assert page.context["form"]["starts_on"].value() == "2026年4月3日"


def test_what_was_typed_stays_when_it_is_refused(client, branch, member, secretary):
    client.force_login(secretary)
    response = client.post(
        reverse("members:absence_new"),
        {
            "branch": branch.code,
            "member": member.pk,
            "kind": "floating",
            "starts_on": "2026-12-01",
            "place": "松涧市",
        },
    )
    text = response.content.decode()
    assert "开始日期还没有到，请核对" in text
    assert "松涧市" in text
    assert not Absence.objects.exists()


def test_the_list_is_worst_first_and_says_why(client, branch, member, secretary):
    silent, told, found = (
        factories.make_member(branch, name) for name in ("陶立平", "苏桂兰", "贺文静")
    )
    for person in (silent, told):
        factories.make_absence(person, AbsenceKind.FLOATING, day(1, 10))
    factories.make_contact(told, day(9, 2))
    factories.make_absence(found, AbsenceKind.LOST, day(1, 10), ends_on=day(5, 1))
    marked = factories.make_member(branch, "孟庆余", is_floating=True)
    register(member, AbsenceKind.LOST, day(3, 10))
    client.force_login(secretary)
    page = client.get(reverse("members:absences"))
    rows = page.context["rows"]
    assert [(row["name"], [mark["text"] for mark in row["marks"]]) for row in rows] == [
        ("龚丽华", ["失去联系满 6 个月，待研究"]),
        ("陶立平", ["本季度还没联系"]),
        (marked.name, ["本季度还没联系"]),
        ("苏桂兰", ["本季度已联系"]),
    ]
    assert rows[2]["kinds"][0]["since"] == "外出日期没有登记"
    assert [kind["person_missing"] for row in rows for kind in row["kinds"]] == [
        False,
        True,
        True,
        True,
    ]
    assert "没有明确联系人" in page.content.decode()
    silent_only = client.get(reverse("members:absences"), {"kind": "silent"})
    assert [row["name"] for row in silent_only.context["rows"]] == ["陶立平", "孟庆余"]


@pytest.mark.parametrize(
    ("since", "mark"),
    [
        (day(4, 19), ("run", "失联 152 天")),
        (day(4, 18), ("soon", "失联满 5 个月，快到期")),
        (day(3, 19), ("soon", "失联满 5 个月，快到期")),
        (day(3, 18), ("late", "失去联系满 6 个月，待研究")),
    ],
)
def test_five_months_of_loss_are_hinted_at(client, member, secretary, since, mark):
    register(member, AbsenceKind.LOST, since)
    client.force_login(secretary)
    (row,) = client.get(reverse("members:absences")).context["rows"]
    assert [(one["kind"], one["text"]) for one in row["marks"]] == [mark]


def test_contacts_are_entered_from_the_list_for_several_at_once(client, branch, secretary):
    people = factories.make_members(branch, 3)
    for person in people:
        factories.make_absence(person, AbsenceKind.FLOATING, day(1, 10))
    stranger = factories.make_member(factories.make_branch(branch.parent))
    client.force_login(secretary)
    url = reverse("members:contact_record") + f"?branch={branch.code}"
    response = client.post(
        url,
        {
            "members": [people[0].pk, people[1].pk, stranger.pk, "x"],
            "on": "9.16",
            "by_name": "林守正",
            "way": "message",
        },
    )
    assert response.status_code == 302
    assert set(Contact.objects.values_list("member_id", "on")) == {
        (people[0].pk, day(9, 16)),
        (people[1].pk, day(9, 16)),
    }


def test_a_refused_contact_keeps_what_was_typed_and_ticked(client, branch, member, secretary):
    factories.make_absence(member, AbsenceKind.FLOATING, day(1, 10))
    client.force_login(secretary)
    url = reverse("members:contact_record") + f"?branch={branch.code}"
    response = client.post(
        url, {"members": [member.pk], "on": "9.19", "by_name": "林守正", "way": "phone"}
    )
    assert response.context["ticked"] == {member.pk}
    assert response.context["contact_form"].errors == {"on": ["联系日期还没有到，请核对"]}
    assert not Contact.objects.exists()


def test_who_contacts_a_lost_member_is_asked_to_end_the_loss(client, branch, lost, secretary):
    client.force_login(secretary)
    url = reverse("members:contact_record") + f"?branch={branch.code}"
    response = client.post(
        url, {"members": [lost.member_id], "on": "9.16", "by_name": "林守正", "way": "phone"}
    )
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert "龚丽华登记为失联" in said[1]
    lost.refresh_from_db()
    assert lost.ends_on is None


def test_a_loss_is_ended_and_attendance_after_it_is_pointed_at(client, branch, lost, secretary):
    factories.make_meeting(branch, day(8, 5), present=[lost.member])
    client.force_login(secretary)
    url = reverse("members:absence_detail", args=[lost.pk])
    assert "最近一次参加组织生活 2026年8月5日" in client.get(url).context["came_text"]
    ending = reverse("members:absence_end", args=[lost.pk])
    refused = client.post(ending, {"ends_on": "2026-12-01"})
    assert refused.context["end_form"].errors == {"ends_on": ["结束日期还没有到，到那天再登记"]}
    assert client.post(ending, {"ends_on": "8.4"}).status_code == 302
    lost.refresh_from_db()
    assert lost.ends_on == day(8, 4)


def test_the_committees_decision_is_written_down(client, lost, secretary):
    client.force_login(secretary)
    case = Case.objects.get()
    url = reverse("members:case_detail", args=[case.pk])
    page = client.get(url).content.decode()
    assert "不改变任何人的党籍和状态" in page
    assert "待核实" in page
    empty = client.post(url, {"decision": "", "decided_on": "9.17", "seen": ""})
    assert "请写明支委会的意见" in empty.content.decode()
    client.post(
        url, {"decision": "按程序报批", "decided_on": "9.17", "seen": "", "suspended_on": ""}
    )
    case.refresh_from_db()
    assert (case.decision, case.decided_on, case.suspended_on) == ("按程序报批", day(9, 17), None)
    listed = client.get(reverse("members:cases")).context["rows"]
    assert [(row["name"], row["words"]) for row in listed] == [("龚丽华", "9月17日研究")]


def test_the_county_sees_all_and_nobody_elses_forms(client, committee, lost):
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, committee.parent))
    page = client.get(reverse("members:absences"))
    assert [row["organisation"] for row in page.context["rows"]] == ["望春社区第一党支部"]
    assert page.context["contact_form"] is None
    assert page.context["waiting"] == 1


@pytest.mark.parametrize("name", ["absences", "cases"])
def test_three_rows_take_as_many_queries_as_one(client, committee, branch, lost, name):
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, committee.parent))
    more_away(branch)
    one = count_of(lambda: client.get(reverse(f"members:{name}")))
    for _number in range(3):
        more_away(factories.make_branch(committee))
    assert count_of(lambda: client.get(reverse(f"members:{name}"))) == one


def more_away(branch):
    """One member of every kind, each contacted once."""
    for kind in AbsenceKind:
        person = factories.make_member(branch)
        register(person, kind, day(1, 5, 2021))
        factories.make_contact(person, day(1, 6, 2021))
