"""Talks: recorded, changed, taken back; nothing of what was said leaves the branch."""

import datetime

import pytest
from django.contrib import admin
from django.db import connection

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed
from meetings.enums import TalkRelation
from meetings.forms.talks import TalkForm
from meetings.models import Talk, Visit
from meetings.services import Refused
from meetings.services.talks import (
    ChangedMeanwhile,
    TalkFacts,
    cancel_talk,
    change_talk,
    facts_of,
    register_talks,
)
from meetings.talking import coverage, works_here
from members.enums import PostTitle
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
SAID = "愿意多承担楼组工作"


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch)


@pytest.fixture
def people(branch):
    """Two of the committee and two others."""
    members = factories.make_members(branch, 4)
    factories.make_post(branch, PostTitle.SECRETARY, member=members[0])
    factories.make_post(branch, PostTitle.MEMBER, member=members[1])
    return members


def facts(initiators, members, **more):
    more = {"held_on": datetime.date(2026, 3, 10)} | more
    return TalkFacts(
        initiators=tuple(one.pk for one in initiators),
        members=tuple(one.pk for one in members),
        **more,
    )


def register(branch, by, given, **more):
    return register_talks(organisation=branch, facts=given, by=by, today=TODAY, **more)


def test_a_talk_has_its_people_and_the_relation_of_their_posts(branch, secretary, people):
    first, second, third, fourth = people
    [talk] = register(branch, secretary, facts([first], [second]))
    assert talk.relation == TalkRelation.AMONG_COMMITTEE
    assert list(talk.people.values_list("member", "is_initiator")) == [
        (first.pk, True),
        (second.pk, False),
    ]
    [talk] = register(branch, secretary, facts([first], [third]))
    assert talk.relation == TalkRelation.COMMITTEE_MEMBER
    [talk] = register(branch, secretary, facts([third], [fourth]))
    assert talk.relation == TalkRelation.AMONG_MEMBERS
    [talk] = register(branch, secretary, facts([], [first], outsider="柳汀街道 沈知行"))
    assert talk.relation == TalkRelation.SUPERIOR


def test_talks_on_one_day_are_typed_once(branch, secretary, people):
    first, *others = people
    talks = register(branch, secretary, facts([first], others), separately=True)
    assert [talk.relation for talk in talks] == [
        TalkRelation.AMONG_COMMITTEE,
        TalkRelation.COMMITTEE_MEMBER,
        TalkRelation.COMMITTEE_MEMBER,
    ]
    assert [talk.people.count() for talk in talks] == [2, 2, 2]
    assert TrailLine.objects.filter(action="登记谈话").count() == 3


def test_a_talk_of_several_people_counts_once_for_each(branch, secretary, people):
    register(branch, secretary, facts(people[:1], people[1:]))
    assert Talk.objects.count() == 1
    found = coverage([branch.pk], datetime.date(2026, 1, 1), TODAY, 1)[branch.pk]
    assert sorted(found.met) == sorted(one.pk for one in people)
    assert found.met_on == datetime.date(2026, 3, 10)


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        (lambda p: facts(p[:1], p[2:3], held_on=datetime.date(2026, 3, 29)), "held_on", "今天之后"),
        (lambda p: facts(p[:1], p[2:3], held_on=datetime.date(2014, 12, 31)), "held_on", "才成立"),
        (lambda p: facts(p[:1], []), "members", "勾选谈话对象"),
        (lambda p: facts([], p[2:3]), "initiators", "勾选谈话人"),
        (lambda p: facts(p[:1], p[:1]), "members", "同一个人"),
        (lambda p: facts([], p[2:3], relation=TalkRelation.SUPERIOR), "outsider", "上级谈话人"),
        (
            lambda p: facts([], p[2:3], relation=TalkRelation.AMONG_MEMBERS, outsider="沈知行"),
            "relation",
            "上级与党员",
        ),
    ],
)
def test_what_cannot_be_is_refused(branch, secretary, people, given, field, said):
    with pytest.raises(Refused, match=said) as refused:
        register(branch, secretary, given(people))
    assert refused.value.field == field
    assert not Talk.objects.exists()


def test_somebody_ticked_twice_is_one(people):
    choices = [(one.pk, one.name) for one in people]
    first, second, *_rest = (one.pk for one in people)
    sent = {"held_on": "3.10", "initiators": [first, first], "members": [second, second]}
    form = TalkForm(sent, people=choices, private=False, today=TODAY)
    assert form.is_valid()
    assert form.facts().people == (first, second)


def test_who_was_no_member_that_day_is_refused_by_name(branch, secretary, people):
    stranger = factories.make_member(factories.make_branch(branch.parent), "许桂兰")
    with pytest.raises(Refused, match="许桂兰在2026年3月10日不是本支部党员"):
        register(branch, secretary, facts(people[:1], [stranger]))
    gone = factories.make_member(branch, "陶秀云", ends_on=datetime.date(2026, 3, 9))
    with pytest.raises(Refused, match="陶秀云"):
        register(branch, secretary, facts(people[:1], [gone]))
    given = facts(people[:1], [gone], held_on=datetime.date(2026, 3, 8))
    assert register(branch, secretary, given)


def test_a_dissolved_branch_takes_talks_up_to_its_last_day(secretary, branch, people):
    branch.dissolved_on = datetime.date(2026, 3, 10)
    branch.save()
    assert register(branch, secretary, facts(people[:1], people[2:3]))
    with pytest.raises(Refused, match="已经撤销"):
        day = datetime.date(2026, 3, 11)
        register(branch, secretary, facts(people[:1], people[2:3], held_on=day))


def test_the_same_talk_sent_twice_is_one(branch, secretary, people):
    register(branch, secretary, facts(people[:1], people[1:3]), separately=True)
    with pytest.raises(Refused, match=f"与{people[2].name}的谈话已经登记过"):
        register(branch, secretary, facts(people[:1], people[2:]), separately=True)
    assert Talk.objects.count() == 2


@pytest.mark.parametrize("role", [Role.GROUP_LEADER, Role.COMMITTEE_OFFICER, Role.INSPECTOR])
def test_others_record_no_talk(branch, people, role):
    home = branch if role == Role.GROUP_LEADER else branch.parent
    user = factories.make_user(role, home)
    with pytest.raises(Refused, match="书记或支部委员"):
        register(branch, user, facts(people[:1], people[2:3]))


def test_a_talk_is_judged_again_for_the_branches_of_who_took_part(branch, secretary, people):
    later = factories.make_branch(branch.parent)
    people[2].organisation = later
    people[2].save()
    Changed.objects.all().delete()
    register(branch, secretary, facts(people[:1], people[2:3]))
    notes = Changed.objects.values_list("organisation", "area", "from_on", "to_on")
    day = datetime.date(2026, 3, 10)
    assert set(notes) == {(branch.pk, "meetings", day, day), (later.pk, "meetings", day, day)}


# --- Changing and taking back -------------------------------------------------------------------


def change(talk, by, given, version=None):
    return change_talk(talk=talk, version=version or talk.version, facts=given, by=by, today=TODAY)


def test_a_change_puts_people_and_day_right(branch, secretary, people):
    [talk] = register(branch, secretary, facts(people[:1], people[2:3]))
    moved = facts(people[:2], people[3:], held_on=datetime.date(2026, 2, 28))
    talk = change(talk, secretary, moved)
    assert (talk.version, talk.held_on) == (2, datetime.date(2026, 2, 28))
    assert facts_of(talk).people == (people[0].pk, people[1].pk, people[3].pk)
    line = TrailLine.objects.get(action="修改谈话")
    assert line.before["谈话对象"] == people[2].name
    assert line.after == {
        "日期": "2026年2月28日",
        "谈话人": f"{people[0].name}、{people[1].name}",
        "谈话对象": people[3].name,
    }
    note = Changed.objects.order_by("-pk").first()
    assert (note.from_on, note.to_on) == (datetime.date(2026, 2, 28), datetime.date(2026, 3, 10))


def test_who_moved_on_stays_in_a_talk_that_is_changed(branch, secretary, people):
    gone = factories.make_member(branch, starts_on=datetime.date(2026, 3, 1))
    [talk] = register(branch, secretary, facts(people[:1], [gone]))
    gone.memberships.update(ends_on=datetime.date(2026, 3, 5))
    talk = change(talk, secretary, facts(people[:1], [gone, people[2]]))
    assert talk.people.count() == 3


def test_an_old_version_is_refused(branch, secretary, people):
    [talk] = register(branch, secretary, facts(people[:1], people[2:3]))
    change(talk, secretary, facts(people[:1], people[3:]))
    with pytest.raises(ChangedMeanwhile):
        change(talk, secretary, facts(people[:1], people[2:3]), version=1)
    with pytest.raises(ChangedMeanwhile):
        cancel_talk(talk=talk, version=1, reason="重复", by=secretary)


def test_a_talk_taken_back_counts_for_nobody_and_stays(branch, secretary, people):
    [talk] = register(branch, secretary, facts(people[:1], people[2:3]))
    with pytest.raises(Refused, match="原因"):
        cancel_talk(talk=talk, version=1, reason=" ", by=secretary)
    talk = cancel_talk(talk=talk, version=1, reason="日期记错", by=secretary)
    assert coverage([branch.pk], datetime.date(2026, 1, 1), TODAY, 1)[branch.pk].met == []
    assert Talk.objects.get() == talk
    line = TrailLine.objects.get(action="作废谈话")
    assert (line.reason, line.before["谈话对象"]) == ("日期记错", people[2].name)
    for act in (
        lambda: cancel_talk(talk=talk, version=2, reason="再次", by=secretary),
        lambda: change(talk, secretary, facts(people[:1], people[3:])),
    ):
        with pytest.raises(Refused, match="作废"):
            act()
    # The same talk may be recorded again, rightly.
    assert register(branch, secretary, facts(people[:1], people[2:3]))


# --- What was said ------------------------------------------------------------------------------


def test_what_was_said_is_not_in_the_trail_and_not_readable_in_the_table(branch, secretary, people):
    [talk] = register(branch, secretary, facts(people[:1], people[2:3], content=SAID))
    talk = change(talk, secretary, facts(people[:1], people[2:3], content=SAID + "，常联系"))
    cancel_talk(talk=talk, version=2, reason="重复", by=secretary)
    lines = TrailLine.objects.filter(area="talks")
    assert lines.count() == 3
    for line in lines:
        assert SAID not in f"{line.label}{line.before}{line.after}{line.reason}"
    assert TrailLine.objects.get(action="修改谈话").after == {"谈话内容": "有改动"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM meetings_talk")
        assert SAID not in cursor.fetchone()[0]
    assert Talk.objects.get().content == SAID + "，常联系"


def test_only_who_works_in_the_branch_reads_what_was_said(branch, secretary):
    assert works_here(secretary, branch)
    assert works_here(factories.make_user(Role.ORGANISER, branch), branch)
    neighbour = factories.make_branch(branch.parent)
    county = branch.parent.parent
    for user in (
        factories.make_user(Role.GROUP_LEADER, branch),
        factories.make_user(Role.SECRETARY, neighbour),
        factories.make_user(Role.COMMITTEE_OFFICER, branch.parent),
        factories.make_user(Role.INSPECTOR, branch.parent),
        factories.make_user(Role.COUNTY_OFFICER, county),
        factories.make_user(Role.SYSTEM_ADMIN, county),
        factories.make_user(is_superuser=True),
    ):
        assert not works_here(user, branch)
    secretary.grants.update(withdrawn_at=datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC))
    assert not works_here(type(secretary).objects.get(pk=secretary.pk), branch)


def test_the_admin_site_does_not_know_what_was_said():
    for model, name in ((Talk, "content"), (Visit, "note")):
        if admin.site.is_registered(model):
            page = admin.site._registry[model]
            assert name not in str(page.fields) and page.fields is not None


# --- Who is covered -----------------------------------------------------------------------------


def test_a_member_who_moved_brings_the_talks_along(branch, people):
    old = factories.make_branch(branch.parent)
    mover = factories.make_member(old, starts_on=datetime.date(2020, 1, 1))
    mover.memberships.update(ends_on=datetime.date(2026, 2, 28))
    mover.memberships.create(organisation=branch, starts_on=datetime.date(2026, 3, 1))
    factories.make_talk(old, datetime.date(2026, 1, 5), members=[mover])
    found = coverage([branch.pk, old.pk], datetime.date(2026, 1, 1), TODAY, 1)
    assert found[branch.pk].met == [mover.pk]
    assert old.pk not in found


def test_talks_of_other_years_do_not_count(branch, people):
    for day in (datetime.date(2025, 12, 31), datetime.date(2027, 1, 1)):
        factories.make_talk(branch, day, members=people)
    span = (datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))
    assert coverage([branch.pk], *span, 1)[branch.pk].met == []
    factories.make_talk(branch, datetime.date(2026, 12, 31), members=people)
    assert coverage([branch.pk], *span, 1)[branch.pk].missing == 0
    assert coverage([branch.pk], *span, 2)[branch.pk].missing == 4
