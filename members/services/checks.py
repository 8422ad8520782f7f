"""The half-yearly check (清查): started, gone through person by person, finished."""

import datetime

from django.db import IntegrityError, transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import Period, period_named
from branches.words import full_date
from members.checks import TICKS, hints_for, missing_lines
from members.models import FileCheck, FileCheckLine, Membership
from members.roster import roster
from members.services import AREA, Refused

STARTED, JOINED, TICKED, RESTED, UNRESTED, FINISHED, REOPENED = (
    "开始清查",
    "清查增加人员",
    "清查核对",
    "清查其余正常",
    "撤销其余正常",
    "完成清查",
    "重开清查",
)
# In the trail: the keys of AREA are those of members.
TRAIL_AREA = "checks"
_WORDS = {True: "正常", False: "有问题", None: "未核对"}
# So many names are said of those who are missing.
_NAMED = 8


@transaction.atomic
def start_check(
    *, organisation: Organisation, period: Period, on: datetime.date, by, today: datetime.date
) -> FileCheck:
    """Begin the check of a half-year with a line for each member of the branch on `on`.

    Refuses a branch that holds no formal relations, a day to come or before the half-year, an
    empty roster, and a second check of the same half. A half that is over can still be checked.
    """
    if not organisation.holds_relations:
        raise Refused("临时和功能型党支部不管组织关系，由党员组织关系所在支部清查")
    if on > today:
        raise Refused("开始日期还没有到，请核对", "started_on")
    if on < period.starts_on:
        raise Refused(f"开始日期早于{period.label}，请核对", "started_on")
    try:
        with transaction.atomic():
            check = FileCheck.objects.create(
                organisation=organisation, period=str(period), started_on=on
            )
    except IntegrityError:
        raise Refused(f"{period.label}的清查已经开始，请接着核对") from None
    added = _add_lines(check, on)
    if not added:
        raise Refused("名册是空的，先把党员登记到花名册再清查")
    _record(check, STARTED, by, after={"开始日期": full_date(on), "人数": f"{len(added)} 人"})
    return check


@transaction.atomic
def add_newcomers(*, check: FileCheck, today: datetime.date, by) -> int:
    """Lines for those who joined the branch after the start; returns how many.

    A finished check stays as it is.
    """
    check = _locked(check)
    if check.finished_on:
        return 0
    added = _add_lines(check, today)
    if added:
        names = "、".join(membership.member.name for membership in added)
        _record(check, JOINED, by, after={"人员": names})
    return len(added)


@transaction.atomic
def record_line(
    *, line: FileCheckLine, by, on: datetime.date, note: str | None = None, **ticks: bool | None
) -> FileCheckLine:
    """Set some ticks (TICKS) of one member, or the note; what is not named stays as it is.

    So two people who go through the same member keep each other's other ticks. Refuses a check
    that is finished.
    """
    if unknown := ticks.keys() - TICKS.keys():
        raise TypeError(f"unknown ticks {sorted(unknown)}")
    _open_check(line.check_run)
    line = (
        FileCheckLine.objects.select_for_update()
        .select_related("member", "check_run")
        .get(pk=line.pk)
    )
    wanted = dict(ticks) if note is None else dict(ticks, note=note.strip())
    changed = [name for name, value in wanted.items() if getattr(line, name) != value]
    if not changed:
        return line
    before = _line_words(line, changed)
    for name in changed:
        setattr(line, name, wanted[name])
    line.checked_on = on
    line.save(update_fields=[*changed, "checked_on"])
    _record(
        line.check_run,
        TICKED,
        by,
        label=f"{line.member.name} {line.check_run.period}",
        before=before,
        after=_line_words(line, changed),
    )
    return line


@transaction.atomic
def tick_rest(*, check: FileCheck, by, on: datetime.date) -> dict[str, list[int]]:
    """Whatever is not gone through of those without a hint or a problem is in order.

    Returns the lines whose tick was set, by tick, for `untick_rest`. Refuses a finished check.
    """
    check = _open_check(check)
    lines = FileCheckLine.objects.filter(check_run=check, hints="")
    for tick in TICKS:
        lines = lines.exclude(**{tick: False})
    done = {
        tick: list(lines.filter(**{f"{tick}__isnull": True}).values_list("pk", flat=True))
        for tick in TICKS
    }
    touched = set().union(*done.values())
    FileCheckLine.objects.filter(pk__in=touched).update(checked_on=on)
    for tick, keys in done.items():
        FileCheckLine.objects.filter(pk__in=keys).update(**{tick: True})
    if touched:
        _record(check, RESTED, by, after={"人数": f"{len(touched)} 人"})
    return done


@transaction.atomic
def untick_rest(*, check: FileCheck, done: dict[str, list[int]], by) -> int:
    """Take back what `tick_rest` did where it still stands; returns how many members.

    What somebody has changed since stays. Refuses a finished check.
    """
    check = _open_check(check)
    lines = FileCheckLine.objects.filter(check_run=check)
    touched = set()
    for tick in TICKS:
        standing = lines.filter(**{"pk__in": done.get(tick, []), tick: True})
        touched |= set(standing.values_list("pk", flat=True))
        standing.update(**{tick: None})
    lines.filter(pk__in=touched, **dict.fromkeys(TICKS)).update(checked_on=None)
    if touched:
        _record(check, UNRESTED, by, after={"人数": f"{len(touched)} 人"})
    return len(touched)


@transaction.atomic
def finish_check(*, check: FileCheck, on: datetime.date, by, today: datetime.date) -> FileCheck:
    """Everybody was gone through, as of `on`.

    Refuses while somebody who is still in the branch is missing, with the names; a day before
    the start or to come; and a check that is finished.
    """
    check = _open_check(check)
    if on > today:
        raise Refused("完成日期还没有到，请核对", "finished_on")
    if on < check.started_on:
        raise Refused(f"完成日期早于开始日期 {full_date(check.started_on)}，请核对", "finished_on")
    missing = [line.member.name for line in missing_lines(check, today)]
    if missing:
        names = "、".join(missing[:_NAMED]) + ("等" if len(missing) > _NAMED else "")
        raise Refused(f"还有 {len(missing)} 人没有核对完：{names}")
    check.finished_on, check.finished_by = on, by
    check.save(update_fields=["finished_on", "finished_by"])
    _record(check, FINISHED, by, after={"完成日期": full_date(on)})
    _note(check)
    return check


@transaction.atomic
def reopen_check(*, check: FileCheck, reason: str, by) -> FileCheck:
    """Go on with a finished check. Refuses without a reason, and one that is not finished."""
    check = _locked(check)
    if not check.finished_on:
        raise Refused("这次清查还没有完成，可以直接核对")
    if not reason.strip():
        raise Refused("请写明为什么重开", "reason")
    before = {"完成日期": full_date(check.finished_on)}
    check.finished_on, check.finished_by = None, None
    check.save(update_fields=["finished_on", "finished_by"])
    _record(check, REOPENED, by, before=before, reason=reason.strip())
    _note(check)
    return check


def _locked(check: FileCheck) -> FileCheck:
    return FileCheck.objects.select_for_update().get(pk=check.pk)


def _open_check(check: FileCheck) -> FileCheck:
    check = _locked(check)
    if check.finished_on:
        raise Refused(f"这次清查已于 {full_date(check.finished_on)}完成，要改请先重开")
    return check


def _add_lines(check: FileCheck, day: datetime.date) -> list[Membership]:
    """Lines, with what the system sees, for members of the branch on `day` who have none."""
    memberships = list(
        roster([check.organisation_id], day)
        .exclude(member__in=check.lines.values("member"))
        .select_related("member")
        .order_by("member_id")
    )
    hints = hints_for(check.organisation, memberships, day) if memberships else {}
    FileCheckLine.objects.bulk_create(
        [
            FileCheckLine(
                check_run=check,
                member_id=membership.member_id,
                hints="\n".join(hints.get(membership.member_id, [])),
            )
            for membership in memberships
        ],
        batch_size=500,
    )
    return memberships


def _line_words(line: FileCheckLine, names: list[str]) -> dict[str, str]:
    return {
        TICKS.get(name, "情况和措施"): _WORDS[getattr(line, name)]
        if name in TICKS
        else getattr(line, name)
        for name in names
    }


def _record(check: FileCheck, action: str, by, label: str = "", **facts) -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=check.pk,
        label=label or f"{check.organisation} {check.period}",
        organisation_id=check.organisation_id,
        **facts,
    )


def _note(check: FileCheck) -> None:
    note_change(check.organisation_id, AREA, period_named(check.period).starts_on)
