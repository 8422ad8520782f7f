"""学时豁免: who need not reach the hours, by a decision with an end. What ails nobody is recorded."""

import datetime

from django.db import transaction

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from meetings.models import StudyExemption
from meetings.services import Refused
from meetings.study import note_study
from members.models import Member
from members.roster import roster

# The area of trail lines: a member and a meeting may have the same key.
TRAIL_AREA = "exemptions"


@transaction.atomic
def enter_exemption(
    *,
    member: Member,
    organisation: Organisation,
    starts_on: datetime.date,
    ends_on: datetime.date,
    decided_on: datetime.date,
    decided_by: str,
    by,
    today: datetime.date,
) -> StudyExemption:
    """Enter a decision that frees the member from the hours between two days.

    Refuses a member who is not on the branch's roster today, a decision of a day to come, an end
    before the beginning, and a second exemption for the same days.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not roster([organisation.pk], today).filter(member=member).exists():
        raise Refused(f"{member.name}现在不在本支部，由所在支部登记", "member")
    if not decided_by.strip():
        raise Refused("请写明哪次会议决定的，如 3月5日支委会", "decided_by")
    if decided_on > today:
        raise Refused("决定日期不能晚于今天", "decided_on")
    if ends_on < starts_on:
        raise Refused("截止日期早于开始日期，请核对", "ends_on")
    standing = member.study_exemptions.filter(starts_on__lte=ends_on, ends_on__gte=starts_on)
    if other := standing.first():
        raise Refused(
            f"{member.name}已豁免到{full_date(other.ends_on)}；要延长，从次日起另登记一笔",
            "starts_on",
        )
    exemption = StudyExemption.objects.create(
        member=member,
        organisation=organisation,
        starts_on=starts_on,
        ends_on=ends_on,
        decided_on=decided_on,
        decided_by=decided_by.strip(),
        entered_by=by,
    )
    _record(exemption, by=by, action="登记学时豁免", after=_text(exemption))
    note_study([member.pk], organisation.pk, days=[starts_on, ends_on])
    return exemption


@transaction.atomic
def end_exemption(
    *, exemption: StudyExemption, last_day: datetime.date, by, reason: str
) -> StudyExemption:
    """End an exemption before its time; from the day after `last_day` the hours are asked again.

    Refuses without a reason, a day before it began, and one that is not earlier than its end.
    """
    exemption = (
        StudyExemption.objects.select_for_update(of=("self",))
        .select_related("member")
        .get(pk=exemption.pk)
    )
    if not reason.strip():
        raise Refused("请写明提前结束的原因，不写病情", "reason")
    if last_day < exemption.starts_on:
        raise Refused(f"豁免从{full_date(exemption.starts_on)}开始，最后一天不会早于它", "last_day")
    if last_day >= exemption.ends_on:
        raise Refused(f"原来就到{full_date(exemption.ends_on)}，这样没有提前", "last_day")
    before, ended = _text(exemption), exemption.ends_on
    exemption.ends_on = last_day
    exemption.save(update_fields=["ends_on"])
    _record(
        exemption,
        by=by,
        action="提前结束学时豁免",
        before=before,
        after=_text(exemption),
        reason=reason.strip(),
    )
    note_study([exemption.member_id], exemption.organisation_id, days=[last_day, ended])
    return exemption


def _text(one: StudyExemption) -> str:
    days = f"{full_date(one.starts_on)}至{full_date(one.ends_on)}"
    return f"{days}（{full_date(one.decided_on)} {one.decided_by}）"


def _record(exemption: StudyExemption, *, by, action: str, before="", after="", reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=exemption.member_id,
        label=exemption.member.name,
        organisation_id=exemption.organisation_id,
        before={"学时豁免": before} if before else {},
        after={"学时豁免": after},
        reason=reason,
    )
