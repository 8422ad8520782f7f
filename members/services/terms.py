"""What happens to terms of office (届): registered, corrected, notified, asked about, postponed."""

import datetime
from collections.abc import Sequence

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.words import full_date
from members.enums import RequestKind, RequestState
from members.models import Term, TermRequest
from members.services import AREA, Refused
from members.terms import TERM_KINDS, current_terms

# The area of trail lines: a term and a member may have the same key.
TRAIL_AREA = "terms"


@transaction.atomic
def register_term(
    *,
    organisation: Organisation,
    starts_on: datetime.date | None,
    ends_on: datetime.date,
    by,
    today: datetime.date,
) -> Term:
    """Put a term on record whose election is not recorded here. Both days stay as they are given.

    Refuses bodies that are not elected, an end before the election, an end that is on record.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    refuse_unelected(organisation)
    _refuse_days(organisation, starts_on, ends_on)
    term = Term.objects.create(organisation=organisation, starts_on=starts_on, ends_on=ends_on)
    _line("登记届期", term, by=by, after=_words(term))
    note_change(organisation.pk, AREA, today)
    return term


@transaction.atomic
def correct_term(
    *,
    term: Term,
    starts_on: datetime.date | None,
    ends_on: datetime.date,
    by,
    today: datetime.date,
    reason: str = "",
) -> bool:
    """Put the days of a term right; returns whether anything differed.

    Refuses what `register_term` refuses, an end on or after the day an approved postponement runs
    to, and another beginning than the election on record.
    """
    term = _locked(term)
    if (starts_on, ends_on) == (term.starts_on, term.ends_on):
        return False
    _refuse_days(term.organisation, starts_on, ends_on, known=term)
    if term.postponed_to and ends_on >= term.postponed_to:
        raise Refused(
            f"已批准延期至{full_date(term.postponed_to)}，届满日期应早于这一天", "ends_on"
        )
    election = getattr(term, "election", None)
    if election and starts_on != election.held_on:
        raise Refused(
            f"这一届由{full_date(election.held_on)}的选举产生，选举日期不能另改", "starts_on"
        )
    before = _words(term)
    term.starts_on, term.ends_on = starts_on, ends_on
    term.save(update_fields=["starts_on", "ends_on"])
    _line("更正届期", term, by=by, before=before, after=_words(term), reason=reason)
    note_change(term.organisation_id, AREA, today)
    return True


@transaction.atomic
def give_notices(
    *, terms: Sequence[Term], first_number: str, on: datetime.date, by, today: datetime.date
) -> list[Term]:
    """The superior reminds of terms that end (提醒函); letters are numbered from the first one on.

    Refuses an empty choice, a day to come, a term that is over, and one that was notified already.
    """
    if not terms:
        raise Refused("请勾选要提醒的党组织")
    if on > today:
        raise Refused(f"提醒日期{full_date(on)}还没有到，请核对", "on")
    numbers = successive_numbers(first_number, len(terms))
    written = []
    for number, chosen in zip(numbers, terms, strict=True):
        term = _locked(chosen)
        _refuse_past(term, today)
        if term.notified_on:
            raise Refused(
                f"{term.organisation.short_name}已于{full_date(term.notified_on)}发过提醒函，"
                "请重新打印那一份"
            )
        term.notice_number, term.notified_on = number, on
        term.save(update_fields=["notice_number", "notified_on"])
        _line("发提醒函", term, by=by, after={"文号": number, "提醒日期": full_date(on)})
        note_change(term.organisation_id, AREA, today)
        written.append(term)
    return written


def successive_numbers(first: str, count: int) -> list[str]:
    """柳组提〔2026〕12号 → 12号, 13号, …: the last number in the text counts up; "" stays ""."""
    head, digits, tail = _split_number(first.strip())
    if not digits:
        if first.strip() and count > 1:
            raise Refused("一次发几份时，文号里要有序号，如 柳组提〔2026〕12号", "number")
        return [first.strip()] * count
    width = len(digits) if digits.startswith("0") else 0
    return [f"{head}{int(digits) + step:0{width}d}{tail}" for step in range(count)]


def _split_number(text: str) -> tuple[str, str, str]:
    end = len(text)
    while end and not text[end - 1].isdecimal():
        end -= 1
    start = end
    while start and text[start - 1].isdecimal():
        start -= 1
    return text[:start], text[start:end], text[end:]


@transaction.atomic
def ask(
    *,
    term: Term,
    kind: str,
    asked_on: datetime.date,
    to_on: datetime.date,
    by,
    today: datetime.date,
    number: str = "",
    reason: str = "",
) -> TermRequest:
    """Ask the superior to hold the election on a day, or to postpone it to one.

    Refuses a day of asking to come, a term that is over or has a request of the kind waiting, an
    election before it is asked for, a postponement without reason or not past the end. How long a
    postponement is refuses nothing: the page warns of more than a year.
    """
    term = _locked(term)
    _refuse_past(term, today)
    if asked_on > today:
        raise Refused(f"请示日期{full_date(asked_on)}还没有到，请核对", "asked_on")
    if term.requests.filter(kind=kind, state=RequestState.ASKED).exists():
        raise Refused("这一届已有一份待批复的请示，批复或退回后再提")
    if kind == RequestKind.POSTPONEMENT:
        if not reason.strip():
            raise Refused("请写明为什么延期", "reason")
        _refuse_short(term, to_on)
    elif to_on < asked_on:
        raise Refused(f"拟定选举日期早于请示日期{full_date(asked_on)}，请核对", "to_on")
    request = TermRequest.objects.create(
        term=term, kind=kind, asked_on=asked_on, number=number.strip(), to_on=to_on,
        reason=reason.strip(),
    )  # fmt: skip
    _line(f"提出{request.get_kind_display()}", term, by=by, after=_said(request))
    note_change(term.organisation_id, AREA, today)
    return request


@transaction.atomic
def decide(
    *,
    request: TermRequest,
    approved: bool,
    on: datetime.date,
    by,
    today: datetime.date,
    opinion: str = "",
) -> TermRequest:
    """The superior approves or returns a request; an approved postponement moves the end.

    A second postponement replaces the first; the requests keep what was approved before. Refuses a
    request that is decided, one of a term that is over, a return without opinion, a day to come or
    before the request.
    """
    term = _locked(request.term)
    request = TermRequest.objects.select_for_update().get(pk=request.pk)
    if request.state != RequestState.ASKED:
        raise Refused(f"这份请示已是“{request.get_state_display()}”，请看最新情况")
    _refuse_past(term, today)
    if not approved and not opinion.strip():
        raise Refused("退回要写明意见，让对方知道差在哪里", "opinion")
    if not request.asked_on <= on <= today:
        raise Refused(f"批复日期应在{full_date(request.asked_on)}到今天之间，请核对", "on")
    before = {"状态": request.get_state_display(), "延期至": full_date(term.postponed_to)}
    if approved and request.kind == RequestKind.POSTPONEMENT:
        _refuse_short(term, request.to_on)
        term.postponed_to, term.postponement_reason = request.to_on, request.reason
        term.save(update_fields=["postponed_to", "postponement_reason"])
    request.state = RequestState.APPROVED if approved else RequestState.RETURNED
    request.decided_on, request.decided_by, request.opinion = on, by, opinion.strip()
    request.save(update_fields=["state", "decided_on", "decided_by", "opinion"])
    after = {"状态": request.get_state_display(), "延期至": full_date(term.postponed_to)}
    _line(
        f"批复{request.get_kind_display()}", term, by=by, before=before, after=after, reason=opinion
    )
    note_change(term.organisation_id, AREA, today)
    return request


def refuse_unelected(organisation: Organisation) -> None:
    """Raise Refused for bodies that are appointed, and for branches without formal relations."""
    if organisation.kind not in TERM_KINDS:
        raise Refused(f"{organisation.get_kind_display()}不实行任期选举，不用登记届期")
    if not organisation.holds_relations:
        raise Refused(f"{organisation.get_form_display()}党支部不换届，班子由批准成立的党组织指定")


def _refuse_days(organisation, starts_on, ends_on, known: Term | None = None) -> None:
    if starts_on and ends_on <= starts_on:
        raise Refused(f"届满日期应晚于选举日期{full_date(starts_on)}，请核对", "ends_on")
    same = Term.objects.filter(organisation=organisation, ends_on=ends_on)
    if same.exclude(pk=known.pk if known else None).exists():
        raise Refused(f"{full_date(ends_on)}届满的一届已登记过，请看已有的记录", "ends_on")


def _refuse_past(term: Term, today: datetime.date) -> None:
    current = current_terms([term.organisation_id], today).get(term.organisation_id)
    if current is not None and current.pk != term.pk:
        raise Refused(f"{term.organisation.short_name}已有新一届，这一届不用再办")


def _refuse_short(term: Term, to_on: datetime.date) -> None:
    if to_on <= term.ends_on:
        raise Refused(f"延期应晚于届满日期{full_date(term.ends_on)}，请核对", "to_on")


def _locked(term: Term) -> Term:
    """The term, held until the transaction ends, with its organisation."""
    return (
        Term.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=term.pk)
    )


def _words(term: Term) -> dict[str, str]:
    return {"选举日期": full_date(term.starts_on), "届满日期": full_date(term.ends_on)}


def _said(request: TermRequest) -> dict[str, str]:
    words = {
        "请示日期": full_date(request.asked_on),
        "文号": request.number,
        "拟定日期": full_date(request.to_on),
        "理由": request.reason,
    }
    return {name: value for name, value in words.items() if value}


def _line(action: str, term: Term, *, by, before=None, after=None, reason: str = "") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=term.pk,
        label=f"{term.organisation.short_name} {full_date(term.ends_on)}届满的一届",
        organisation_id=term.organisation_id,
        before=before,
        after=after,
        reason=reason.strip(),
    )
