"""谈心谈话: recorded, changed, taken back. The trail says who and when, never what was said."""

import datetime
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import trail
from accounts.roles import Action
from branches.changes import note_changes
from branches.models import Organisation
from branches.scope import reaches
from branches.words import full_date
from meetings.enums import TalkRelation
from meetings.models import Talk, TalkPerson
from meetings.services import AREA, Refused
from meetings.talking import committee_on, relation_of
from members.models import Member
from members.roster import roster

TRAIL_AREA = "talks"


class ChangedMeanwhile(Refused):
    """Somebody else saved the talk first."""

    def __init__(self, talk: Talk):
        super().__init__("这次谈话刚被别人改过，你填的内容还在，核对后再保存一次")
        self.talk = talk


@dataclass(frozen=True)
class TalkFacts:
    """What a person says about a talk; `initiators` sought it, `members` are the others, both by
    key. An empty relation follows from the posts of that day."""

    held_on: datetime.date
    members: tuple[int, ...]
    initiators: tuple[int, ...] = ()
    outsider: str = ""
    relation: str = ""
    content: str = ""

    @property
    def people(self) -> tuple[int, ...]:
        return (*self.initiators, *self.members)


@transaction.atomic
def register_talks(
    *,
    organisation: Organisation,
    facts: TalkFacts,
    by,
    today: datetime.date,
    separately: bool = False,
) -> list[Talk]:
    """Record one talk of all these people; with `separately` one talk with each of `members`.

    Refuses a day to come or outside of the branch's life, people who were no members that day,
    nobody to talk with, a superior's name beside another relation, and the same talk twice.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    _check_right(by, organisation)
    names = _checked(organisation, facts, today)
    wanted = [replace(facts, members=(one,)) for one in facts.members] if separately else [facts]
    committee = committee_on(organisation, facts.held_on)
    _check_single(organisation, wanted, names)
    talks = []
    for one in wanted:
        relation = one.relation or relation_of(one.people, one.outsider, committee)
        talk = Talk.objects.create(
            organisation=organisation,
            held_on=one.held_on,
            relation=relation,
            outsider=one.outsider,
            content=one.content,
            entered_by=by,
        )
        _store_people(talk, one)
        said = _described(replace(one, relation=relation), names)
        _line("登记谈话", talk, by=by, after=said)
        talks.append(talk)
    _note(organisation, facts.people, facts.held_on)
    return talks


@transaction.atomic
def change_talk(*, talk: Talk, version: int, facts: TalkFacts, by, today: datetime.date) -> Talk:
    """Put a talk right. Refuses what `register_talks` refuses, a talk taken back, and a version that
    is not the newest. Who was recorded may stay, whatever the roster says."""
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=talk.organisation_id)
    talk = Talk.objects.get(pk=talk.pk)
    _check_right(by, organisation)
    if talk.cancelled_at:
        raise Refused("这次谈话已作废，不能再改")
    if talk.version != version:
        raise ChangedMeanwhile(talk)
    before = facts_of(talk)
    names = _checked(organisation, facts, today, known=before.people)
    _check_single(organisation, [facts], names, leaving_out=talk)
    relation = facts.relation or relation_of(
        facts.people, facts.outsider, committee_on(organisation, facts.held_on)
    )
    facts = replace(facts, relation=relation)
    changed = Talk.objects.filter(pk=talk.pk, version=version).update(
        held_on=facts.held_on,
        relation=relation,
        outsider=facts.outsider,
        content=facts.content,
        version=F("version") + 1,
    )
    if not changed:
        raise ChangedMeanwhile(talk)
    talk.people.all().delete()
    _store_people(talk, facts)
    talk.refresh_from_db()
    _change_line(talk, before, facts, names, by)
    days = (before.held_on, facts.held_on)
    _note(organisation, {*before.people, *facts.people}, min(days), max(days))
    return talk


@transaction.atomic
def cancel_talk(*, talk: Talk, version: int, reason: str, by) -> Talk:
    """Take a talk back: it stays on record and counts for nobody. Refuses without a reason, twice,
    and a version that is not the newest."""
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=talk.organisation_id)
    talk = Talk.objects.get(pk=talk.pk)
    _check_right(by, organisation)
    if not reason.strip():
        raise Refused("请写明作废的原因", "reason")
    if talk.cancelled_at:
        raise Refused("这次谈话已经作废，请看最新情况")
    if talk.version != version:
        raise ChangedMeanwhile(talk)
    facts = facts_of(talk)
    talk.cancelled_at, talk.version = timezone.now(), version + 1
    talk.save(update_fields=["cancelled_at", "version"])
    before = _described(facts, _names(facts.people))
    _line("作废谈话", talk, by=by, before=before, after={"状态": "已作废"}, reason=reason.strip())
    _note(organisation, facts.people, facts.held_on)
    return talk


def facts_of(talk: Talk) -> TalkFacts:
    """What is stored about a talk, as a person would say it."""
    people = list(talk.people.all())
    return TalkFacts(
        held_on=talk.held_on,
        initiators=tuple(row.member_id for row in people if row.is_initiator),
        members=tuple(row.member_id for row in people if not row.is_initiator),
        outsider=talk.outsider,
        relation=talk.relation,
        content=talk.content,
    )


def _check_right(by, organisation: Organisation) -> None:
    if by is not None and not reaches(by, Action.RECORD_BRANCH_MEETING, organisation.path):
        raise Refused("谈心谈话由支部书记或支部委员登记")


def _checked(organisation, facts: TalkFacts, today, known=()) -> dict[int, str]:
    """The names of everybody named, after all checks of who and when."""
    day = facts.held_on
    if day > today:
        raise Refused("谈话日期在今天之后，谈过再登记", "held_on")
    if organisation.founded_on and day < organisation.founded_on:
        raise Refused(f"支部{full_date(organisation.founded_on)}才成立，请核对日期", "held_on")
    if organisation.dissolved_on and day > organisation.dissolved_on:
        raise Refused("支部在这一天已经撤销，请核对日期", "held_on")
    if not facts.members:
        raise Refused("请勾选谈话对象", "members")
    if facts.relation == TalkRelation.SUPERIOR and not facts.outsider:
        raise Refused("上级与党员谈话，请填上级谈话人的姓名", "outsider")
    if facts.outsider and facts.relation not in ("", TalkRelation.SUPERIOR):
        raise Refused("填了上级谈话人，谈话关系应是“上级与党员”", "relation")
    if not facts.outsider and not facts.initiators:
        raise Refused("请勾选谈话人，上级来谈的填上级谈话人", "initiators")
    if set(facts.initiators) & set(facts.members):
        raise Refused("谈话人和谈话对象不能是同一个人", "members")
    present = set(roster([organisation], day, attached=True).values_list("member_id", flat=True))
    names = _names(facts.people)
    strangers = [pk for pk in facts.people if pk not in present and pk not in known]
    if strangers:
        who = "、".join(names.get(pk, "有人") for pk in strangers)
        raise Refused(f"{who}在{full_date(day)}不是本支部党员，请核对日期或人员", "members")
    return names


def _names(people) -> dict[int, str]:
    return dict(Member.objects.filter(pk__in=set(people)).values_list("pk", "name"))


def _check_single(organisation, wanted: list[TalkFacts], names, leaving_out=None) -> None:
    """No second talk of the same people on one day: that is a form sent twice."""
    talks = Talk.objects.standing().filter(organisation=organisation, held_on=wanted[0].held_on)
    if leaving_out is not None:
        talks = talks.exclude(pk=leaving_out.pk)
    known = {
        (talk.outsider, frozenset(row.member_id for row in talk.people.all()))
        for talk in talks.defer("content").prefetch_related("people")
    }
    twice = [one for one in wanted if (one.outsider, frozenset(one.people)) in known]
    if twice:
        who = "、".join(names[pk] for one in twice for pk in one.members)
        raise Refused(f"{full_date(wanted[0].held_on)}与{who}的谈话已经登记过", "members")


def _store_people(talk: Talk, facts: TalkFacts) -> None:
    TalkPerson.objects.bulk_create(
        [TalkPerson(talk=talk, member_id=pk, is_initiator=True) for pk in facts.initiators]
        + [TalkPerson(talk=talk, member_id=pk) for pk in facts.members]
    )


def _note(organisation: Organisation, people, from_on, to_on=None) -> None:
    """The branch, and the branches of today of who moved on since: a talk counts for the member."""
    branches = {organisation.pk} | set(
        Member.objects.filter(pk__in=set(people)).values_list("organisation_id", flat=True)
    )
    note_changes((pk, AREA, from_on, to_on or from_on) for pk in sorted(branches))


def _described(facts: TalkFacts, names: dict[int, str]) -> dict[str, str]:
    initiators = [names[pk] for pk in facts.initiators]
    return {
        "日期": full_date(facts.held_on),
        "谈话关系": TalkRelation(facts.relation).label,
        "谈话人": "、".join([facts.outsider] * bool(facts.outsider) + initiators),
        "谈话对象": "、".join(names[pk] for pk in facts.members),
    }


def _change_line(talk: Talk, before: TalkFacts, facts: TalkFacts, names, by) -> None:
    old = _described(before, names | _names(before.people))
    new = _described(facts, names)
    differing = [key for key in new if old[key] != new[key]]
    after = {key: new[key] for key in differing}
    if before.content != facts.content:
        after["谈话内容"] = "有改动"
    _line("修改谈话", talk, by=by, before={key: old[key] for key in differing}, after=after)


def _line(action: str, talk: Talk, *, by, before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=talk.pk,
        label=f"{talk.organisation} {full_date(talk.held_on)} 谈心谈话",
        organisation_id=talk.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
