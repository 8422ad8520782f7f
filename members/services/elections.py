"""What happens to elections (选举): recorded with the term and the posts that begin with them."""

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.words import full_date
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Candidate, Election, Member, Post, Term
from members.services import AREA, Refused
from members.services.post_checks import Holder
from members.services.posts import appoint, correct_post, replace_committee
from members.services.terms import refuse_unelected

TRAIL_AREA = "elections"
# Posts of one person each: who is elected takes the place of who was.
_SINGLE = frozenset(
    {PostTitle.SECRETARY, PostTitle.ORGANISATION, PostTitle.PUBLICITY, PostTitle.DISCIPLINE}
)


@dataclass(frozen=True)
class Counts:
    """The numbers of an election, in people and ballots."""

    seats: int
    voters: int
    present: int
    ballots_out: int
    ballots_in: int
    ballots_valid: int
    excluded: int = 0
    excluded_reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class Stood:
    """Somebody who stood or was written in: votes, and the post if elected."""

    votes: int
    member: Member | None = None
    person_name: str = ""
    title: str = ""
    is_nominated: bool = True
    is_elected: bool = False

    @property
    def name(self) -> str:
        return self.member.name if self.member else self.person_name.strip()


@dataclass(frozen=True)
class Recorded:
    """What came of recording an election."""

    election: Election
    term: Term | None
    posts_changed: bool


@transaction.atomic
def record_election(
    *,
    organisation: Organisation,
    held_on: datetime.date,
    counts: Counts,
    candidates: Sequence[Stood],
    by,
    today: datetime.date,
    ends_on: datetime.date | None = None,
    is_by_election: bool = False,
) -> Recorded:
    """Record an election; it begins a term that ends on `ends_on`, and its winners take office.

    A by-election (补选) begins no term and fills single posts; so does not one in which nobody was
    elected. One held before a later term began is history: the posts of today stay as they are.
    Attendance, bases and differences refuse nothing. Refuses a day to come, a second record of the
    day, an election without an end of the term, and true contradictions: `refuse_contradictions`.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    refuse_unelected(organisation)
    if held_on > today:
        raise Refused(f"选举日期{full_date(held_on)}还没有到，开过会再登记", "held_on")
    if Election.objects.filter(organisation=organisation, held_on=held_on).exists():
        raise Refused(f"{full_date(held_on)}的选举已登记过，请打开那一份", "held_on")
    refuse_contradictions(counts, candidates)
    elected = [one for one in candidates if one.is_elected]
    term = None
    if elected and not is_by_election:
        term = _begin_term(organisation, held_on, ends_on)
    election = Election.objects.create(
        organisation=organisation, term=term, held_on=held_on, **_trimmed(counts)
    )
    _store_candidates(election, candidates)
    _line("登记补选" if is_by_election else "登记选举", election, by=by, after=_words(election))
    note_change(organisation.pk, AREA, held_on, today)
    changed = bool(elected) and not _is_history(organisation, held_on)
    if changed:
        _take_office(organisation, elected, held_on, by=by, single=is_by_election)
    return Recorded(election, term, changed)


def refuse_contradictions(counts: Counts, candidates: Sequence[Stood]) -> None:
    """Raise Refused for numbers that cannot all be true."""
    if counts.excluded > counts.voters:
        raise Refused("不计入应到的不能多于有选举权的党员", "excluded")
    if counts.excluded and not counts.excluded_reason.strip():
        raise Refused("请写明不计入应到的是谁、什么理由", "excluded_reason")
    if counts.present > counts.voters:
        raise Refused("实到不能多于有选举权的党员", "present")
    if counts.ballots_in > counts.ballots_out:
        raise Refused("收回的选票不能多于发出的选票", "ballots_in")
    if counts.ballots_valid > counts.ballots_in:
        raise Refused("有效选票不能多于收回的选票", "ballots_valid")
    if not candidates:
        raise Refused("请至少写一名候选人")
    names = [(one.member.pk if one.member else one.name) for one in candidates]
    if len(set(names)) < len(names):
        raise Refused("同一名候选人写了两次，请去掉一次")
    for one in candidates:
        if one.votes > counts.ballots_valid:
            raise Refused(f"{one.name}得 {one.votes} 票，多于有效选票 {counts.ballots_valid} 张")
        if one.is_elected and one.title not in COMMITTEE_TITLES:
            raise Refused(f"{one.name}当选，请选当选的职务")
    elected = sum(one.is_elected for one in candidates)
    if elected > counts.seats:
        raise Refused(f"当选 {elected} 人，多于应选 {counts.seats} 人", "seats")


@transaction.atomic
def correct_election(
    *, election: Election, counts: Counts, votes: dict[int, int], by, reason: str = ""
) -> bool:
    """Put numbers right: counts, and votes by the key of the candidate. Returns whether any differed.

    Who was elected, and when, stays: posts and terms rest on it. Refuses contradictions.
    """
    election = _locked(election)
    candidates = list(election.candidates.select_related("member"))
    before = _words(election)
    for candidate in candidates:
        candidate.votes = votes.get(candidate.pk, candidate.votes)
    refuse_contradictions(
        counts,
        [
            Stood(one.votes, one.member, one.person_name, one.title, one.is_nominated, one.is_elected)
            for one in candidates
        ],
    )  # fmt: skip
    for name, value in _trimmed(counts).items():
        setattr(election, name, value)
    Candidate.objects.bulk_update(candidates, ["votes"])
    election.save(update_fields=list(_trimmed(counts)))
    after = _words(election)
    if after == before:
        return False
    _line("更正选举", election, by=by, before=before, after=after, reason=reason)
    return True


@transaction.atomic
def report_result(*, election: Election, on: datetime.date, by, today: datetime.date) -> None:
    """The organisation reported the result on a day. Refuses a day before the election or to come."""
    election = _locked(election)
    _refuse_day(election, on, today, "报告")
    _set_day(election, "reported_on", on, "报告选举结果", "报告日期", by=by)


@transaction.atomic
def file_result(*, election: Election, on: datetime.date, by, today: datetime.date) -> None:
    """The superior approves and files the result; the posts of that day carry the day of filing.

    Refuses a day before the election or to come.
    """
    election = _locked(election)
    _refuse_day(election, on, today, "备案")
    _set_day(election, "filed_on", on, "备案选举结果", "备案日期", by=by)
    posts = Post.objects.filter(
        organisation=election.organisation,
        title__in=COMMITTEE_TITLES,
        starts_on=election.held_on,
        filed_on__isnull=True,
    ).select_related("member", "group")
    for post in posts:
        correct_post(
            post=post,
            holder=Holder(post.title, post.member, post.person_name, post.group),
            starts_on=post.starts_on,
            ends_on=post.ends_on,
            is_appointed=post.is_appointed,
            filed_on=on,
            by=by,
            reason="选举结果备案",
        )


# --- What the services share ------------------------------------------------------------


def _begin_term(organisation, held_on: datetime.date, ends_on: datetime.date | None) -> Term:
    """The term of the election: new, or the one that a register brought without its election."""
    if ends_on is None:
        raise Refused("请填本届届满日期", "ends_on")
    if ends_on <= held_on:
        raise Refused(f"届满日期应晚于选举日期{full_date(held_on)}，请核对", "ends_on")
    known = Term.objects.select_for_update().filter(organisation=organisation, ends_on=ends_on)
    term = known.first()
    if term is None:
        return Term.objects.create(organisation=organisation, starts_on=held_on, ends_on=ends_on)
    if hasattr(term, "election") or term.starts_on not in (None, held_on):
        raise Refused(f"{full_date(ends_on)}届满的一届已登记过，请核对届满日期", "ends_on")
    term.starts_on = held_on
    term.save(update_fields=["starts_on"])
    return term


def _is_history(organisation, held_on: datetime.date) -> bool:
    """Whether a later term or election is on record."""
    return (
        Term.objects.filter(organisation=organisation, starts_on__gt=held_on).exists()
        or Election.objects.filter(organisation=organisation, held_on__gt=held_on).exists()
    )


def _take_office(organisation, elected: list[Stood], on: datetime.date, *, by, single: bool):
    holders = [Holder(one.title, one.member, one.person_name) for one in elected]
    if not single:
        replace_committee(organisation=organisation, holders=holders, on=on, by=by)
        return
    for holder in holders:
        appoint(
            organisation=organisation,
            holder=holder,
            on=on,
            by=by,
            ends_predecessor=holder.title in _SINGLE,
        )


def _store_candidates(election: Election, candidates: Sequence[Stood]) -> None:
    Candidate.objects.bulk_create(
        [
            Candidate(
                election=election,
                member=one.member,
                person_name=one.name,
                title=one.title,
                is_nominated=one.is_nominated,
                votes=one.votes,
                is_elected=one.is_elected,
            )
            for one in candidates
        ]
    )


def _trimmed(counts: Counts) -> dict[str, object]:
    return {
        name: value.strip() if isinstance(value, str) else value
        for name, value in asdict(counts).items()
    }


def _refuse_day(election: Election, on: datetime.date, today: datetime.date, what: str) -> None:
    if not election.held_on <= on <= today:
        raise Refused(f"{what}日期应在{full_date(election.held_on)}到今天之间，请核对", "on")


def _set_day(election: Election, field: str, on, action: str, label: str, *, by) -> None:
    before = getattr(election, field)
    if before == on:
        return
    setattr(election, field, on)
    election.save(update_fields=[field])
    _line(action, election, by=by, before={label: full_date(before)}, after={label: full_date(on)})


def _locked(election: Election) -> Election:
    return (
        Election.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=election.pk)
    )


def _words(election: Election) -> dict[str, str]:
    words = {
        "选举日期": full_date(election.held_on),
        "届满日期": full_date(election.term.ends_on) if election.term else "",
        "应选": f"{election.seats} 人",
        "有选举权": f"{election.voters} 人",
        "不计入应到": f"{election.excluded} 人" if election.excluded else "",
        "不计入的理由": election.excluded_reason,
        "实到": f"{election.present} 人",
        "选票": f"发出 {election.ballots_out}，收回 {election.ballots_in}，"
        f"有效 {election.ballots_valid}",
        "备注": election.note,
        "得票": "、".join(
            f"{one.person_name} {one.votes} 票"
            + (f"当选{one.get_title_display()}" * one.is_elected)
            for one in election.candidates.all()
        ),
    }
    return {name: value for name, value in words.items() if value}


def _line(action: str, election: Election, *, by, before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=election.pk,
        label=f"{election.organisation.short_name} {full_date(election.held_on)}选举",
        organisation_id=election.organisation_id,
        before=before,
        after=after,
        reason=reason.strip(),
    )
