"""The forms about one member: added, edited, put into a group, left, come back."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Form, Grant
from members.enums import MemberKind
from members.models import Member
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
BORN = datetime.date(1990, 2, 28)
NEW = "/members/new/"


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
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def organiser(branch):
    return factories.make_user("organiser", branch)


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "龚丽华", gender="female", phone="13612343471")


def six(**more):
    """The facts that are needed, as they are typed."""
    return {
        "name": "顾 雨",
        "gender": "female",
        "born": "1990年2月",
        "kind": "formal",
        "joined_on": "2015.7.1",
        **more,
    }


def typed(member, **more):
    """What the edit form of a member holds, for somebody who sees the masks."""
    return {
        "name": member.name,
        "gender": member.gender,
        "born": "1980年5月17日",
        "kind": member.kind,
        "joined_on": "2016年7月1日",
        "confirmed_on": "2017年7月2日",
        "id_number": member.id_number_mask,
        "phone": member.phone_mask,
        **more,
    }


def errors(response):
    return response.context["form"].errors


# --- Adding ---------------------------------------------------------------------------------


def test_six_facts_are_enough_for_a_new_member(client, branch, organiser):
    client.force_login(organiser)
    response = client.post(NEW, six())
    member = Member.objects.get()
    assert response["Location"] == reverse("members:detail", args=[member.pk])
    assert (member.name, member.born_on) == ("顾雨", datetime.date(1990, 2, 1))
    membership = member.memberships.get()
    assert (membership.organisation, membership.starts_on) == (branch, datetime.date(2015, 7, 1))


def test_a_group_is_needed_where_the_branch_has_groups(client, branch, secretary):
    group = factories.make_group(branch)
    ended = factories.make_group(branch, ends_on=datetime.date(2025, 1, 1))
    client.force_login(secretary)
    assert errors(client.post(NEW, six())) == {"group": ["请选党小组"]}
    assert "group" in errors(client.post(NEW, six(group=ended.pk)))
    client.post(NEW, six(group=group.pk))
    assert Member.objects.get().group == group


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"name": ""}, "name", "请填姓名"),
        ({"born": "上个世纪"}, "born", "读不出日期"),
        ({"born": "2026年4月"}, "born", "还没有到"),
        ({"joined_on": "2026-03-19"}, "joined_on", "还没有到"),
        ({"joined_on": "1990-02-01"}, "joined_on", "入党日期早于出生日期"),
        ({"confirmed_on": "2015-06-30"}, "confirmed_on", "转正日期早于入党日期"),
        ({"confirmed_on": "2026-03-19"}, "confirmed_on", "没有转正的请选预备党员"),
        (
            {"kind": "probationary", "confirmed_on": "2016-07-01"},
            "confirmed_on",
            "已经转正的请选正式党员",
        ),
        ({"id_number": "12345"}, "id_number", "应为 18 位"),
        ({"id_number": "000000199002300017"}, "id_number", "不是一个日期"),
        ({"phone": "1361234"}, "phone", "少 4 位"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_lost(
    client, secretary, facts, field, words
):
    client.force_login(secretary)
    response = client.post(NEW, six(**facts))
    assert words in errors(response)[field][0]
    assert response.context["form"]["gender"].value() == "female"
    assert not Member.objects.exists()


def test_a_wrong_check_digit_is_refused(client, secretary):
    number = factories.make_id_number(BORN)
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    client.force_login(secretary)
    assert "校验" in errors(client.post(NEW, six(id_number=wrong)))["id_number"][0]


def test_a_number_that_disagrees_with_birth_and_sex_is_kept_with_a_warning(client, secretary):
    # Odd: a man's number.
    number = factories.make_id_number(BORN, number=1)
    client.force_login(secretary)
    page = client.post(NEW, six(born="1991-02-28", id_number=number), follow=True)
    text = page.content.decode()
    assert "身份证号上的出生日期是1990年2月28日，已按填写的1991年2月28日保存" in text
    assert "第 17 位表示的性别与填写的不同" in text
    assert Member.objects.get().id_number == number


def test_a_month_of_birth_is_completed_from_the_number(client, secretary):
    client.force_login(secretary)
    client.post(NEW, six(id_number=factories.make_id_number(BORN, number=2)))
    assert Member.objects.get().born_on == BORN


def test_a_namesake_is_asked_about_once_and_stays_another(client, branch, secretary):
    factories.make_member(branch, "顾雨")
    client.force_login(secretary)
    response = client.post(NEW, six())
    assert "本支部已有一名顾雨" in response.context["form"].non_field_errors()[0]
    assert Member.objects.count() == 1
    again = six(confirmed=response.context["form"]["confirmed"].value())
    client.post(NEW, again)
    assert Member.objects.filter(name="顾雨").count() == 2


def test_a_number_known_elsewhere_is_refused_without_naming_the_branch(
    client, committee, secretary
):
    other = factories.make_branch(committee, "青石社区党支部")
    number = factories.make_member(other, "白晓萍").id_number
    client.force_login(secretary)
    response = client.post(NEW, six(id_number=number))
    assert errors(response)["id_number"] == ["这个号码已在本县另一个支部的名册里，请联系上级办转接"]
    assert "青石社区" not in response.content.decode()


def test_a_temporary_branch_adds_nobody(client, committee):
    temporary = factories.make_branch(committee, form=Form.TEMPORARY)
    client.force_login(factories.make_user("secretary", temporary))
    assert "组织关系不转入" in client.post(NEW, six()).context["form"].non_field_errors()[0]


# --- Editing --------------------------------------------------------------------------------


def test_whoever_may_see_whole_numbers_finds_them_on_the_form_and_is_noted(
    client, secretary, member
):
    client.force_login(secretary)
    response = client.get(reverse("members:edit", args=[member.pk]))
    text = response.content.decode()
    assert member.id_number in text
    assert "13612343471" in text
    assert "no-store" in response["Cache-Control"]
    line = TrailLine.objects.get(object_id=member.pk)
    assert (line.action, line.by, line.reason) == ("查看完整号码", secretary, "编辑党员资料")


def test_whoever_may_not_sees_masks_and_leaves_the_numbers_as_they_are(client, organiser, member):
    client.force_login(organiser)
    url = reverse("members:edit", args=[member.pk])
    text = client.get(url).content.decode()
    assert member.id_number not in text
    assert "13612343471" not in text
    assert not TrailLine.objects.exists()
    client.post(url, typed(member, education="本科"))
    number = member.id_number
    member = Member.objects.get(pk=member.pk)
    assert (member.education, member.id_number, member.phone) == ("本科", number, "13612343471")
    assert TrailLine.objects.get().after == {"学历": "本科"}


def test_a_mask_typed_otherwise_is_refused_and_a_whole_number_taken(client, organiser, member):
    client.force_login(organiser)
    url = reverse("members:edit", args=[member.pk])
    response = client.post(url, typed(member, phone="139****0000"))
    assert "请填写完整的号码" in errors(response)["phone"][0]
    client.post(url, typed(member, phone="13912340000"))
    assert Member.objects.get(pk=member.pk).phone == "13912340000"


def test_what_was_never_known_may_stay_unknown(client, branch, organiser):
    member = factories.make_member(branch, born_on=None, joined_on=None, id_number="", phone="")
    client.force_login(organiser)
    facts = {"name": member.name, "kind": "formal", "occupation": "教师"}
    client.post(reverse("members:edit", args=[member.pk]), facts)
    member.refresh_from_db()
    assert (member.occupation, member.born_on, member.joined_on) == ("教师", None, None)


def test_while_a_way_goes_on_its_steps_decide_kind_and_days(client, branch, organiser):
    joined = datetime.date(2025, 9, 1)
    member = factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=joined)
    factories.make_development(branch, member=member)
    client.force_login(organiser)
    url = reverse("members:edit", args=[member.pk])
    same = {"joined_on": "2025-09-01", "confirmed_on": ""}
    for facts, field in (
        (same | {"kind": "formal"}, "kind"),
        (same | {"joined_on": "2025-08-01"}, "joined_on"),
        (same | {"confirmed_on": "2026-09-01"}, "confirmed_on"),
    ):
        response = client.post(url, typed(member, **facts))
        assert errors(response) == {field: ["请在发展党员里登记转正或更正环节"]}
    client.post(url, typed(member, **same, occupation="教师"))
    member.refresh_from_db()
    assert (member.kind, member.joined_on, member.occupation) == ("probationary", joined, "教师")


def test_without_a_way_days_are_corrected_but_only_who_approves_makes_a_formal_member(
    client, committee, branch, organiser
):
    joined = datetime.date(2024, 9, 1)
    member = factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=joined)
    client.force_login(organiser)
    url = reverse("members:edit", args=[member.pk])
    converted = typed(member, kind="formal", joined_on="2024-09-02", confirmed_on="2025-09-02")
    assert "先接续，再登记转正" in errors(client.post(url, converted))["kind"][0]
    client.post(url, converted | {"kind": "probationary", "confirmed_on": ""})
    member.refresh_from_db()
    assert (member.kind, member.joined_on) == ("probationary", datetime.date(2024, 9, 2))
    Grant.objects.create(user=organiser, role="committee_officer", organisation=committee)
    # Who approves sees the whole numbers.
    client.post(url, converted | {"id_number": member.id_number, "phone": member.phone})
    member.refresh_from_db()
    assert member.kind == MemberKind.FORMAL


# --- Group, leaving, coming back ------------------------------------------------------------


def test_the_group_is_changed_from_a_day(client, branch, secretary):
    first, second = factories.make_group(branch), factories.make_group(branch, "第二党小组")
    member = factories.make_member(branch, group=first)
    client.force_login(secretary)
    url = reverse("members:group", args=[member.pk])
    assert client.get(url).context["form"]["on"].value() == "2026年3月18日"
    client.post(url, {"group": second.pk, "on": "3.1"})
    member.refresh_from_db()
    assert member.group == second
    assert member.memberships.order_by("pk").last().starts_on == datetime.date(2026, 3, 1)


def test_leaving_and_its_reason_come_onto_the_page(client, secretary, member):
    client.force_login(secretary)
    url = reverse("members:leave", args=[member.pk])
    page = client.post(url, {"on": "2026-03-02", "why": "died"}, follow=True)
    assert page.context["member"]["status_note"] == "2026年3月2日离开：去世"
    assert [act["label"] for act in page.context["acts"]] == ["回到名册"]
    assert page.context["story"][0]["words"] == "离开：去世"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"on": "2026-03-19", "why": "died"}, "on"),
        ({"on": "2016-06-30", "why": "died"}, "on"),
        ({"on": "2026-03-02", "why": ""}, "why"),
        ({"on": "2026-03-02", "why": "other"}, "note"),
        ({"on": "", "why": "died"}, "on"),
    ],
)
def test_a_leaving_that_cannot_be_is_said_at_its_field(client, secretary, member, facts, field):
    client.force_login(secretary)
    response = client.post(reverse("members:leave", args=[member.pk]), facts)
    assert list(errors(response)) == [field]
    member.refresh_from_db()
    assert member.left_on is None


def test_another_reason_is_stored_as_it_was_written(client, secretary, member):
    client.force_login(secretary)
    facts = {"on": "2026-03-02", "why": "other", "note": "编制划转"}
    client.post(reverse("members:leave", args=[member.pk]), facts)
    member.refresh_from_db()
    assert member.left_reason == "其他：编制划转"


def test_a_mistaken_leaving_is_taken_back_and_somebody_comes_back(client, branch, secretary):
    gone = factories.make_member(branch, ends_on=datetime.date(2026, 3, 2))
    client.force_login(secretary)
    url = reverse("members:return", args=[gone.pk])
    assert list(errors(client.post(url, {"how": "back", "reason": "转回"}))) == ["on"]
    client.post(url, {"how": "back", "on": "2026-03-10", "reason": "转回"})
    gone.refresh_from_db()
    assert gone.left_on is None
    assert gone.memberships.count() == 2
    other = factories.make_member(branch, ends_on=datetime.date(2026, 3, 2))
    client.post(
        reverse("members:return", args=[other.pk]), {"how": "mistake", "reason": "登记错了"}
    )
    other.refresh_from_db()
    assert other.left_on is None
    assert other.memberships.get().ends_on is None


# --- Walls ----------------------------------------------------------------------------------

CHANGES = ["edit", "group", "leave", "return"]


@pytest.mark.parametrize("name", CHANGES)
def test_the_neighbour_finds_nothing_and_who_may_only_look_may_not(
    client, committee, branch, member, name
):
    url = reverse(f"members:{name}", args=[member.pk])
    neighbour = factories.make_user("secretary", factories.make_branch(committee))
    for user, status in (
        (neighbour, 404),
        (factories.make_user("group_leader", branch), 403),
        (factories.make_user("committee_officer", committee), 403),
    ):
        client.force_login(user)
        assert client.get(url).status_code == status
        assert client.post(url, typed(member)).status_code == status
    assert not TrailLine.objects.exists()


def test_nobody_adds_to_the_neighbours_branch(client, committee, branch, secretary):
    neighbour = factories.make_branch(committee)
    client.force_login(secretary)
    assert client.get(f"{NEW}?branch={neighbour.code}").status_code == 404
    client.force_login(factories.make_user("group_leader", branch))
    assert client.post(f"{NEW}?branch={branch.code}", six()).status_code == 403
    client.force_login(factories.make_user("committee_officer", committee))
    assert client.post(f"{NEW}?branch={branch.code}", six()).status_code == 403
    assert not Member.objects.exists()


def test_a_probationary_member_has_no_day_of_confirmation_yet(client, secretary):
    client.force_login(secretary)
    client.post(NEW, six(kind="probationary", joined_on="2025-12-01"))
    member = Member.objects.get()
    assert (member.kind, member.confirmed_on) == (MemberKind.PROBATIONARY, None)
