"""What happens on the way to membership (发展党员): steps taken, stages reached.

入党申请人 → 积极分子 → 发展对象 → 预备党员 → 正式党员. The branch meeting that admits somebody puts a
probationary member on the roster from that day; the superior's decision on conversion makes a
formal member as of the end of probation. Only true conditions block: the age, one year as
activist, the end of probation, the length of an extension, and the vote.
"""

import datetime
from dataclasses import asdict

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.words import full_date
from members.development import Way, way_of
from members.development_stages import LEADS_TO, stage_before, stage_reached, step_number
from members.enums import MemberKind, Stage, Step
from members.models import Development, DevelopmentStep, Member
from members.services import AREA, Refused
from members.services.development_entry import (
    Entry,
    entry_of,
    entry_words,
    in_words,
    refuse_exception,
    refuse_faults,
    refuse_known_way,
    refuse_others,
    refuse_place,
    refuse_to_come,
    refuse_vote,
    way_to,
)
from members.services.people import create_member, end_membership
from members.services.records import REVEALED, Numbers, change_member
from members.services.refusals import refuse_known_number, refuse_open_transfer, refuse_target

# The trail's own area: its lines are about a way, not about a member of the same number.
TRAIL_AREA = "development"
STARTED, TAKEN, CORRECTED, REMOVED, CHANGED, ENDED = (
    *("登记入党申请", "登记发展环节", "更正发展环节"),
    *("撤回发展环节", "修改发展对象情况", "结束发展"),
)
FROM_ROSTER = "从花名册接续"
ARCHIVED_REASON = "已转正，材料归档"
# On these the roster rests.
_RESTING = (Step.CONVERSION_DECISION, Step.EXTENSION, Step.ADMISSION_MEETING)
_ADMITTED, _CONVERTED = "发展党员：支部大会接收", "发展党员：上级审批转正"


@transaction.atomic
def start_development(
    *,
    organisation: Organisation,
    applied_on: datetime.date,
    by,
    today: datetime.date,
    id_number: str = "",
    phone: str = "",
    note: str = "",
    **facts,
) -> Development:
    """Register an application for membership with the branch that received it.

    Refuses a branch without formal relations, a day to come, an applicant under 18, and a number
    that is a member's or stands on another way still going on.
    """
    refuse_target(organisation, applied_on)
    refuse_known_number(id_number, by=by)
    refuse_known_way(id_number, by)
    entry = Entry(Step.APPLIED, applied_on, note=note)
    refuse_to_come(entry, today)
    refuse_faults(entry, Way((), facts.get("born_on")), today)
    development = Development(organisation=organisation, **facts)
    development.set_id_number(id_number)
    development.set_phone(phone)
    development.save()
    DevelopmentStep.objects.create(development=development, **asdict(entry))
    after = {
        "支部": organisation.name,
        "递交入党申请书": full_date(applied_on),
        "公民身份号码": development.id_number_mask,
    }
    _record(development, STARTED, by, after=after, reason=note)
    note_change(organisation.pk, AREA, applied_on)
    return development


@transaction.atomic
def start_from_member(*, member: Member, by, today: datetime.date) -> Development:
    """Go on with a probationary member who came onto the roster without a way on record.

    Refuses formal members, who has left, who has a way already, and an unknown day of joining.
    """
    member = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if member.left_on or member.kind != MemberKind.PROBATIONARY:
        raise Refused(f"{member.name}不是在册的预备党员，不用登记转正")
    if not member.joined_on:
        raise Refused(f"{member.name}没有入党日期，请先在花名册补填")
    if Development.objects.filter(member=member).exists():
        raise Refused(f"{member.name}已有发展党员记录，请在那里继续")
    refuse_known_way(member.id_number, by)
    names = ("name", "gender", "ethnicity", "born_on", "education", "occupation")
    development = Development(
        organisation_id=member.organisation_id,
        member=member,
        stage=Stage.PROBATIONARY,
        **{name: getattr(member, name) for name in names},
    )
    development.set_id_number(member.id_number)
    development.set_phone(member.phone)
    development.save()
    steps = [Entry(Step.ADMISSION_MEETING, member.joined_on, note="据花名册入党日期")]
    if member.probation_extended_to:
        ends_on = way_of([(Step.ADMISSION_MEETING, member.joined_on)]).first_probation_end
        until_on = max(member.probation_extended_to, ends_on)
        steps.append(Entry(Step.EXTENSION, ends_on, until_on, note="据花名册"))
    DevelopmentStep.objects.bulk_create(
        [DevelopmentStep(development=development, **asdict(entry)) for entry in steps]
    )
    after = {"阶段": development.get_stage_display(), "入党日期": full_date(member.joined_on)}
    _record(development, FROM_ROSTER, by, after=after)
    note_change(member.organisation_id, AREA, member.joined_on)
    return development


@transaction.atomic
def change_development(*, development: Development, by, reason: str = "", **facts) -> bool:
    """Correct what is known of somebody on the way; returns whether anything differed.

    Refuses one that has ended and a number that is somebody else's. Once admitted, the person's
    own facts are those of the roster: only 培养联系人, 入党介绍人 and 志愿书编号 change here.
    """
    development = _locked(development)
    own = {"contacts", "introducers", "form_number"}
    if development.member_id and facts.keys() - own:
        raise Refused("已接收为预备党员，姓名、号码等请在花名册修改")
    id_number, phone = facts.pop("id_number", None), facts.pop("phone", None)
    before = in_words(development, facts)
    changed = [name for name, value in facts.items() if getattr(development, name) != value]
    for name in changed:
        setattr(development, name, facts[name])
    if id_number is not None and id_number != development.id_number:
        refuse_known_number(id_number, by=by)
        refuse_known_way(id_number, by, own=development)
        before["公民身份号码"] = development.id_number_mask
        development.set_id_number(id_number)
        changed.append("id_number")
    if phone is not None and phone != development.phone:
        before["手机号码"] = development.phone_mask
        development.set_phone(phone)
        changed.append("phone")
    if not changed:
        return False
    if "born_on" in changed:
        refuse_others(way_to(development), today=None)
    development.save()
    after = in_words(development, facts)
    after |= {"公民身份号码": development.id_number_mask} if "id_number" in changed else {}
    after |= {"手机号码": development.phone_mask} if "phone" in changed else {}
    _record(development, CHANGED, by, before=before, after=after, reason=reason)
    return True


@transaction.atomic
def reveal_development(*, development: Development, by, reason: str) -> Numbers:
    """The full numbers of somebody on the way; who looked and why stays in the trail, masked."""
    after = {"公民身份号码": development.id_number_mask, "手机号码": development.phone_mask}
    _record(development, REVEALED, by, after=after, reason=reason)
    return Numbers(development.id_number, development.phone)


@transaction.atomic
def register_step(
    *, development: Development, entry: Entry, by, today: datetime.date
) -> DevelopmentStep:
    """Write down a step on the day it was taken, however long ago, and move the stage on.

    Refuses a way that has ended, a day to come, a step taken already or out of reach of the stage,
    and what true conditions forbid: `override_reason` passes over those, but never over a vote
    that failed.
    """
    development = _locked(development)
    way = way_to(development)
    refuse_to_come(entry, today)
    refuse_place(development, entry, way)
    refuse_exception(development, entry, by)
    refuse_faults(entry, way, today)
    refuse_vote(entry)
    row = DevelopmentStep.objects.create(development=development, **asdict(entry))
    _take_effect(development, entry, way.with_step(entry.taken), by)
    after = entry_words(entry) | {"阶段": development.get_stage_display()}
    _record(development, TAKEN, by, after=after, reason=entry.override_reason or entry.note)
    note_change(development.organisation_id, AREA, entry.on)
    return row


@transaction.atomic
def correct_step(
    *, row: DevelopmentStep, entry: Entry, by, today: datetime.date, reason: str
) -> DevelopmentStep:
    """Put the day or figures of a step right; the roster follows where it rests on them.

    Refuses without a reason, and what would be refused for the step itself or would take a true
    condition away from a later one.
    """
    if not reason.strip():
        raise Refused("请写明更正原因", "reason")
    development = _locked(row.development)
    row = development.steps.get(pk=row.pk)
    before = entry_words(entry_of(row))
    way = way_to(development, without=row.pk)
    refuse_to_come(entry, today)
    if development.steps.exclude(pk=row.pk).filter(step=row.step, on=entry.on).exists():
        raise Refused("这一天已登记过这个环节", "on")
    refuse_exception(development, entry, by)
    refuse_faults(entry, way, today)
    refuse_vote(entry)
    corrected = way.with_step(entry.taken)
    refuse_others(corrected, today, besides=row.pk, development=development)
    for name, value in asdict(entry).items():
        setattr(row, name, value)
    row.save()
    _follow(development, row.step, corrected, by)
    _record(development, CORRECTED, by, before=before, after=entry_words(entry), reason=reason)
    note_change(development.organisation_id, AREA, entry.on)
    return row


@transaction.atomic
def remove_step(*, row: DevelopmentStep, by, reason: str) -> None:
    """Take back a step entered by mistake.

    Refuses without a reason, the application, a step that put somebody on the roster or made a
    formal member, and one on which a later step rests.
    """
    if not reason.strip():
        raise Refused("请写明撤回原因", "reason")
    development = _locked(row.development)
    step = Step(row.step)
    if step in (Step.APPLIED, Step.ADMISSION_MEETING, Step.CONVERSION_DECISION):
        raise Refused(f"“{step.label}”不能撤回；日期不对请更正，不再发展请办理结束")
    later = [other for other in LEADS_TO if step_number(other) > step_number(step)]
    rests = step in LEADS_TO or step in (Step.CONVERSION_MEETING, Step.EXTENSION)
    if rests and development.steps.filter(step__in=later).exists():
        raise Refused(f"后面的环节以“{step.label}”为前提，不能撤回；日期不对请更正")
    before = entry_words(entry_of(row))
    row.delete()
    if step in LEADS_TO:
        development.stage = stage_before(LEADS_TO[step])
        development.save(update_fields=["stage"])
    _follow(development, step, way_to(development), by)
    _record(development, REMOVED, by, before=before, after={}, reason=reason)
    note_change(development.organisation_id, AREA, row.on)


@transaction.atomic
def end_development(
    *, development: Development, on: datetime.date, reason: str, by, today: datetime.date
) -> None:
    """Nobody goes on with it: withdrawn, moved away, not approved, qualification cancelled.

    A probationary member leaves the roster that day for the same reason. Refuses without a reason,
    a day to come or before the first step, who is a formal member already or on the roster of
    another branch, and while a transfer is under way.
    """
    development = _locked(development)
    if not reason.strip():
        raise Refused("请写明结束原因", "reason")
    if development.stage == Stage.CONFIRMED:
        raise Refused("已转为正式党员，材料归档后自动结束")
    if on > today:
        raise Refused(f"{full_date(on)}还没有到，到了那天再登记", "on")
    first = development.steps.order_by("on").first()
    if first and on < first.on:
        raise Refused(f"结束日期早于{full_date(first.on)}的“{first.get_step_display()}”", "on")
    development.ended_on, development.end_reason = on, reason.strip()
    development.save(update_fields=["ended_on", "end_reason"])
    member = development.member
    if member and member.left_on is None:
        _refuse_elsewhere(development, member)
        if member.kind == MemberKind.FORMAL:
            raise Refused(f"{member.name}在名册上已是正式党员，离开请在花名册登记")
        refuse_open_transfer(member)
        end_membership(member=member, on=on, reason=development.end_reason, by=by)
    after = {"结束日期": full_date(on), "结束原因": development.end_reason}
    _record(development, ENDED, by, after=after)
    note_change(development.organisation_id, AREA, on)


def _locked(development: Development) -> Development:
    """The row as it stands now, held until the transaction ends; refused once it has ended."""
    development = Development.objects.select_for_update().get(pk=development.pk)
    if development.ended_on:
        raise Refused(
            f"{development.name}的发展已于 {full_date(development.ended_on)}结束"
            f"（{development.end_reason}），不能再改"
        )
    return development


def _take_effect(development: Development, entry: Entry, way: Way, by) -> None:
    """What a step changes beside itself: the stage, the roster, the end."""
    changed = []
    if entry.step == Step.ADMISSION_MEETING and development.member_id is None:
        development.member = _admit(development, entry.on, by)
        changed.append("member")
    reached = LEADS_TO.get(Step(entry.step))
    if reached and not stage_reached(development.stage, reached):
        development.stage = reached
        changed.append("stage")
    if entry.step == Step.ARCHIVED:
        development.ended_on, development.end_reason = entry.on, ARCHIVED_REASON
        changed += ["ended_on", "end_reason"]
    if changed:
        development.save(update_fields=changed)
    _follow(development, entry.step, way, by)


def _admit(development: Development, on: datetime.date, by) -> Member:
    if not development.id_number:
        raise Refused("请先补填公民身份号码，再登记接收", None)
    return create_member(
        branch=development.organisation,
        by=by,
        id_number=development.id_number,
        phone=development.phone,
        kind=MemberKind.PROBATIONARY,
        joined_on=on,
        name=development.name,
        gender=development.gender,
        ethnicity=development.ethnicity,
        born_on=development.born_on,
        education=development.education,
        occupation=development.occupation,
        reason=_ADMITTED,
    )


def _follow(development: Development, step: str, way: Way, by) -> None:
    """The roster after a step on which it rests was taken, corrected or taken back."""
    member = development.member
    if member is None:
        return
    if step in _RESTING:
        _refuse_elsewhere(development, member)
    if step == Step.EXTENSION:
        extension = way.latest(Step.EXTENSION)
        member.probation_extended_to = extension.until_on if extension else None
        member.save(update_fields=["probation_extended_to"])
    if step == Step.ADMISSION_MEETING:
        change_member(
            member=member,
            by=by,
            joined_on=way.latest(step).on,
            reason=_ADMITTED,
            by_step=True,
        )
    if way.has(Step.CONVERSION_DECISION) and step in _RESTING:
        # Party age counts from the end of probation, not from the day of the meeting.
        change_member(
            member=member,
            by=by,
            kind=MemberKind.FORMAL,
            confirmed_on=way.probation_end,
            reason=_CONVERTED,
            by_step=True,
        )


def _refuse_elsewhere(development: Development, member: Member) -> None:
    """A branch changes its own roster only; where else the member is, is not said."""
    if member.organisation_id != development.organisation_id:
        raise Refused(f"{member.name}的组织关系不在这个支部，请联系上级核对")


def _record(development: Development, action: str, by, *, after, before=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=development.pk,
        label=development.name,
        organisation_id=development.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
