"""A member's dated story, told from the records."""

import datetime

import pytest
from django.urls import reverse

from branches.models import Form
from members.enums import AbsenceKind, PostTitle, Step, TransferState
from members.models import Absence, Development, DevelopmentStep, Membership, Transfer
from members.services.people import change_group, move_membership
from members.story import story
from tests import factories

pytestmark = pytest.mark.django_db


def day(year, month=1, number=1):
    return datetime.date(year, month, number)


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, "望春社区第一党支部")


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "龚丽华", joined_on=day(2016, 7))


def told(member):
    return [(event.on, event.words) for event in story(member)]


def test_the_story_begins_with_joining_and_ends_with_leaving(branch):
    gone = factories.make_member(
        branch, joined_on=day(2016, 7), ends_on=day(2026, 2), left_reason="去世"
    )
    assert told(gone) == [
        (day(2026, 2), "离开：去世"),
        (day(2017, 7, 2), "转为正式党员"),
        (day(2016, 7), "加入中国共产党"),
        (day(2016, 7), "组织关系在望春社区第一党支部"),
    ]


def test_branches_groups_and_attachments_follow_one_another(committee, branch, member):
    group = factories.make_group(branch, "第二党小组")
    change_group(member=member, group=group, on=day(2020), by=None)
    other = factories.make_branch(committee, "青石社区党支部")
    move_membership(member=member, to=other, on=day(2022), by=None)
    temporary = factories.make_branch(committee, "防汛临时党支部", form=Form.TEMPORARY)
    Membership.objects.create(
        member=member,
        organisation=temporary,
        is_attached=True,
        starts_on=day(2024),
        ends_on=day(2024, 9),
    )
    assert told(member)[:4] == [
        (day(2024, 9), "不再编入防汛临时党支部"),
        (day(2024), "编入防汛临时党支部（组织关系不转）"),
        (day(2022), "组织关系在青石社区党支部"),
        (day(2020), "调到第二党小组"),
    ]


def test_posts_development_transfers_and_absences_are_told(committee, branch, member):
    factories.make_post(
        branch, PostTitle.PUBLICITY, member=member, starts_on=day(2021), ends_on=day(2023, 12, 31)
    )
    development = Development.objects.create(name=member.name, organisation=branch, member=member)
    for step, on in ((Step.APPLIED, day(2014)), (Step.REVIEWED, day(2015))):
        DevelopmentStep.objects.create(development=development, step=step, on=on)
    other = factories.make_branch(committee, "青石社区党支部")
    transfer = Transfer.objects.create(
        name=member.name,
        member=member,
        from_organisation=branch,
        to_organisation=other,
        started_on=day(2024),
        ended_on=day(2024, 2),
        end_reason="材料不齐",
        state=TransferState.REFUSED,
    )
    Absence.objects.create(
        member=member, kind=AbsenceKind.FLOATING, starts_on=day(2025), place="外省务工"
    )
    words = dict(told(member))
    assert words[day(2021)] == "任望春社区第一党支部宣传委员"
    assert words[day(2023, 12, 31)] == "不再任望春社区第一党支部宣传委员"
    assert words[day(2014)] == "发展党员：递交入党申请书"
    # Half-yearly reviews stand on the page of the development.
    assert day(2015) not in words
    assert words[day(2024, 2)] == "组织关系由望春社区第一党支部转往青石社区党支部，退回"
    assert words[day(2025)] == "流动党员，外省务工"
    (told_of,) = [event for event in story(member) if event.on == day(2024, 2)]
    assert (told_of.page, told_of.key) == ("members:transfer", transfer.pk)


def test_every_page_the_story_leads_to_is_there(member, branch):
    for name in ("members:transfer", "members:development", "members:absence_detail"):
        assert reverse(name, args=[1])
