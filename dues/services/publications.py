"""Publication: that a branch posted its dues for the members, put right, taken back."""

import datetime

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import Period
from branches.words import full_date
from dues.models import Publication
from dues.publishing import SPANS, Posting, joined_contact
from dues.services import AREA, Refused
from dues.words import sum_text

# The area of trail lines: a sheet and a member may have the same key.
TRAIL_AREA = "publications"


@transaction.atomic
def mark_posted(
    *,
    organisation: Organisation,
    period: Period,
    posted_on: datetime.date,
    posted_until: datetime.date,
    person: str,
    phone: str = "",
    by,
    today: datetime.date,
) -> Publication:
    """Say that the sheet of a period hangs on the board, with the figures that stand now.

    Refuses a period that is posted already, has nothing to post or whose last month has not
    begun, a day to come, an end before the beginning, and a sheet without contact.
    """
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if period.span not in SPANS.values():
        raise Refused("按季度、半年或全年公示，请重新选期间")
    if Publication.objects.filter(organisation=organisation, period=str(period)).exists():
        raise Refused(f"{period.label}已经公示过，日期有误请更正原来那一次")
    if today < period.ends_on.replace(day=1):
        raise Refused(f"{period.label}还没有到最后一个月，到时再公示")
    posting = Posting(organisation, period, today)
    if not posting.lines:
        raise Refused(f"{period.label}没有应缴也没有实缴，不用公示")
    _refuse_days(period, posted_on, posted_until, today)
    publication = Publication(
        organisation=organisation,
        period=str(period),
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        posted_on=posted_on,
        posted_until=posted_until,
        contact=_contact(person, phone),
        member_count=posting.member_count,
        amount=posting.amount,
        posted_by=by,
    )
    publication.save()
    _leave_word("标为已公示", publication, period, by=by, after=_said(publication))
    return publication


@transaction.atomic
def correct_posting(
    *,
    publication: Publication,
    period: Period,
    posted_on: datetime.date,
    posted_until: datetime.date,
    person: str,
    phone: str = "",
    posted_anew: bool = False,
    by,
    today: datetime.date,
) -> bool:
    """Put days and contact of a posted sheet right; `posted_anew` takes the figures of now, after
    the sheet was printed and posted once more. Returns whether anything differed.

    Refuses days as `mark_posted` does.
    """
    publication = _locked(publication)
    _refuse_days(period, posted_on, posted_until, today)
    before = _said(publication)
    publication.posted_on, publication.posted_until = posted_on, posted_until
    publication.contact = _contact(person, phone)
    if posted_anew:
        posting = Posting(publication.organisation, period, today)
        publication.member_count, publication.amount = posting.member_count, posting.amount
    after = _said(publication)
    if after == before:
        return False
    publication.save()
    action = "重新公示" if posted_anew else "更正公示"
    _leave_word(action, publication, period, by=by, before=before, after=after)
    return True


@transaction.atomic
def take_back(*, publication: Publication, period: Period, reason: str, by) -> None:
    """Remove what says that a sheet was posted; the line of the trail keeps it. Refuses without
    a reason."""
    if not reason.strip():
        raise Refused("请写明为什么撤销", "reason")
    publication = _locked(publication)
    _leave_word(
        "撤销公示", publication, period, by=by, before=_said(publication), reason=reason.strip()
    )
    publication.delete()


def _locked(publication: Publication) -> Publication:
    """Two writers of one branch's sheets wait for each other; refuses one that was taken back."""
    Organisation.objects.select_for_update().get(pk=publication.organisation_id)
    known = Publication.objects.select_related("organisation").filter(pk=publication.pk).first()
    if known is None:
        raise Refused("这一次公示已被撤销，请看最新情况")
    return known


def _contact(person: str, phone: str) -> str:
    if not person.strip():
        raise Refused("请填向谁反映，如 支部组织委员", "person")
    return joined_contact(person.strip(), phone.strip())


def _refuse_days(period: Period, first, last, today: datetime.date) -> None:
    if first > today:
        raise Refused("公示日期还没有到，先打印，张贴后再标为已公示", "posted_on")
    if first < period.ends_on.replace(day=1):
        raise Refused(f"公示日期在{period.label}的最后一个月以前，请核对", "posted_on")
    if last < first:
        raise Refused("公示结束日期不能早于开始日期", "posted_until")


def _said(publication: Publication) -> dict[str, str]:
    return {
        "公示期": f"{full_date(publication.posted_on)}至{full_date(publication.posted_until)}",
        "联系人": publication.contact,
        "人数": str(publication.member_count),
        "金额": sum_text(publication.amount) or "0.00",
    }


def _leave_word(action, publication, period: Period, *, by, before=None, after=None, reason=""):
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=publication.pk,
        label=f"{publication.organisation.name} {period.label}党费公示",
        organisation_id=publication.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
    # A part of a half-year or year counts for the duty at its end.
    year_end = datetime.date(period.ends_on.year, 12, 31)
    note_change(publication.organisation_id, AREA, period.starts_on, year_end)
