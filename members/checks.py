"""The half-yearly check (清查): what the system sees of each member, and how far a check is."""

import datetime
from collections import defaultdict

from django.db.models import Count, Q

from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span, add_months, add_years, month_end, period_of
from branches.values import Key, Values
from branches.words import full_date
from members import facts
from members.contacts import away_on, contact_days
from members.enums import AbsenceKind, MemberKind
from members.identity import born_on
from members.models import FileCheck, FileCheckLine, Member, Membership, Transfer
from members.roster import roster

UNPAID_MONTHS = Key(
    "members.check_unpaid_months",
    "清查提示：连续几个月没有交纳党费",
    3,
    unit="个月",
    minimum=1,
    maximum=12,
)
ABSENT_MONTHS = Key(
    "members.check_absent_months",
    "清查提示：几个月没有参加组织生活",
    3,
    unit="个月",
    minimum=1,
    maximum=12,
)

# The three things gone through for each member: field, label.
TICKS = {"relation_ok": "组织关系", "file_ok": "档案", "contact_ok": "联系方式"}
RELATION, FILE, CONTACT = TICKS.values()

# 年满十八岁 (发展党员工作细则).
_LEAST_AGE = 18
_DUES_MONTHS = 12


def half_of(day: datetime.date) -> Period:
    """The half-year a check of `day` belongs to."""
    return period_of(Span.HALF, day)


def half_words(period: Period) -> str:
    """上半年, 下半年."""
    return period.label.partition("年")[2]


def hints_for(
    organisation: Organisation, memberships: list[Membership], day: datetime.date
) -> dict[int, list[str]]:
    """What the records show of these members of a branch on `day`, as sentences that begin with
    the tick they concern. A fixed number of queries; who is in order is left out."""
    values, hints = Values(), defaultdict(list)
    members = [membership.member for membership in memberships]
    keys = [member.pk for member in members]
    for sentences in (
        _transfers(keys, day),
        _unpaid(keys, day, values.on(UNPAID_MONTHS, day)),
        _absent(keys, day, values.on(ABSENT_MONTHS, day)),
        _floating(organisation, day),
    ):
        for key, sentence in sentences:
            hints[key].append(sentence)
    for membership in memberships:
        faults = [*_record_faults(membership.member), *_date_faults(membership, day)]
        if faults:
            hints[membership.member_id] += faults
    return dict(hints)


def _transfers(keys: list[int], day: datetime.date):
    transfers = Transfer.objects.open().filter(member__in=keys, started_on__lte=day)
    for transfer in transfers.select_related("from_organisation", "to_organisation"):
        yield transfer.member_id, f"{RELATION}：正在转往“{transfer.new_side}”，还没有接收"
        until = transfer.valid_until
        if until and until < day:
            yield transfer.member_id, f"{RELATION}：介绍信 {full_date(until)}已过有效期"


def _unpaid(keys: list[int], day: datetime.date, limit: int):
    """Months running without any payment; a month counts from its last day on."""
    first = day.replace(day=1)
    last = first if day == month_end(day) else add_months(first, -1)
    for key, months in facts.dues_of(keys, add_months(last, 1 - _DUES_MONTHS), last).items():
        run = 0
        for one in reversed([one for one in months if one.due > 0]):
            if one.paid > 0:
                break
            run += 1
        if run >= limit:
            more = "以上" if run == _DUES_MONTHS else ""
            yield key, f"{RELATION}：连续 {run} 个月{more}没有交纳党费"


def _absent(keys: list[int], day: datetime.date, limit: int):
    """Expected at meetings of the last months and at none of them."""
    since = add_months(day, -limit)
    for key, presence in facts.presence_of(keys, since, day).items():
        if presence.expected and (presence.last_on is None or presence.last_on < since):
            last = f"，最近一次 {full_date(presence.last_on)}" if presence.last_on else ""
            yield (
                key,
                f"{RELATION}：{limit} 个月没有参加组织生活（应到 {presence.expected} 次{last}）",
            )


def _floating(organisation: Organisation, day: datetime.date):
    """Floating members without a contact in the quarter of `day`."""
    floating = roster([organisation], day).filter(away_on(AbsenceKind.FLOATING, day, "member__"))
    contacted = contact_days(floating, period_of(Span.QUARTER, day).starts_on, day)
    for key in floating.values_list("member_id", flat=True):
        if key not in contacted:
            yield key, f"{CONTACT}：流动党员，本季度还没有联系"


def _record_faults(member: Member):
    if not member.id_number_hash:
        yield f"{FILE}：没有公民身份号码"
    if not member.phone_mask:
        yield f"{CONTACT}：没有手机号码"


def _date_faults(membership: Membership, day: datetime.date):
    """Days on record that cannot all be right."""
    member = membership.member
    joined, born, confirmed = member.joined_on, member.born_on, member.confirmed_on
    if joined is None:
        yield f"{FILE}：没有入党日期"
    elif joined > day:
        yield f"{FILE}：入党日期在核对日以后"
    elif born and joined < add_years(born, _LEAST_AGE):
        yield f"{FILE}：按出生日期，入党时不满 {_LEAST_AGE} 周岁"
    if member.kind == MemberKind.FORMAL and confirmed is None:
        yield f"{FILE}：正式党员没有转正日期"
    if member.kind == MemberKind.PROBATIONARY and confirmed:
        yield f"{FILE}：预备党员填了转正日期"
    if joined and membership.starts_on and membership.starts_on < joined:
        yield f"{FILE}：编入支部的日期早于入党日期"
    if born and member.id_number and born_on(member.id_number) != born:
        yield f"{FILE}：出生日期与身份证号码不一致"


def newest_first(organisation: Organisation):
    """The checks of a branch with how many lines they hold and how many are gone through."""
    return with_progress(FileCheck.objects.filter(organisation=organisation)).order_by("-period")


def with_progress(checks):
    """Annotated: `total` lines, `unfinished` of them, `problems` found."""
    unfinished, problem = Q(), Q()
    for field in TICKS:
        unfinished |= Q(**{f"lines__{field}__isnull": True})
        problem |= Q(**{f"lines__{field}": False})
    return checks.annotate(
        total=Count("lines"),
        unfinished=Count("lines", filter=Q(lines__isnull=False) & unfinished),
        problems=Count("lines", filter=problem),
    )


def missing_lines(check: FileCheck, day: datetime.date):
    """Lines not gone through, of people who are still in the branch on `day`."""
    here = roster([check.organisation_id], day).values("member")
    return (
        FileCheckLine.objects.filter(check_run=check, member__in=here)
        .unfinished()
        .select_related("member")
        .order_by("pk")
    )


def owes_check(organisation: Organisation, period: Period) -> bool:
    """Whether a branch owes the check of that half: it holds relations and stood from its start."""
    founded_on, dissolved_on = organisation.founded_on, organisation.dissolved_on
    return (
        organisation.is_branch
        and organisation.holds_relations
        and (founded_on is None or founded_on <= period.starts_on)
        and (dissolved_on is None or dissolved_on > period.ends_on)
    )


def checks_notice(branch: Organisation, today: datetime.date) -> dict[str, str] | None:
    """The strip on the roster while the check of the running half is not finished: text and url."""
    period = half_of(today)
    if not owes_check(branch, period):
        return None
    check = newest_first(branch).filter(period=str(period)).first()
    if check is not None and check.finished_on:
        return None
    said = f"{half_words(period)}组织关系清查请在 {full_date(period.ends_on)}前完成。"
    if check is None:
        return {
            "text": said + "逐人核对组织关系、档案、联系方式。",
            "url": link("members:checks", branch=branch.code),
        }
    done = check.total - check.unfinished
    return {
        "text": said + f"已核对 {done} 人，还有 {check.unfinished} 人。",
        "url": link("members:check_detail", check.pk),
    }
