"""培训: courses with the people who took part, entered by whoever organised them."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from meetings.enums import TrainingKind, TrainingLevel
from meetings.models import Training, TrainingAttendance
from meetings.services import Refused
from meetings.study import note_study
from meetings.trainings import relations_on
from members.models import Member

# The area of trail lines: a course and a meeting may have the same key.
TRAIL_AREA = "trainings"
_NAMES_IN_TRAIL = 100


class ChangedMeanwhile(Refused):
    """Somebody else saved the course first."""

    def __init__(self):
        super().__init__("这个培训刚被别人改过，你填的内容还在，核对后再保存")


@dataclass(frozen=True)
class CourseFacts:
    """What is said about a course; `hours` is what a full course gives."""

    title: str
    level: str
    kind: str
    is_central: bool
    starts_on: datetime.date
    ends_on: datetime.date
    hours: Decimal
    place: str = ""


@transaction.atomic
def record_training(
    *,
    organisation: Organisation,
    facts: CourseFacts,
    people: Mapping[int, Decimal | None],
    by,
    today: datetime.date,
) -> Training:
    """Store a course with its people: member keys with their hours, None for the whole course.

    Refuses a course that is not over, the same course twice, who stands in it already by another
    organisation's entry, and people who on its last day were on no roster of the organisation or
    below it. Each counts for the branch of that day.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    _check(organisation, facts, today)
    training = Training.objects.create(organisation=organisation, entered_by=by, **asdict(facts))
    names = _add(training, people)
    _record(training, by=by, action="登记培训", after=_text(training) | {"参训": _listed(names)})
    return training


@transaction.atomic
def change_training(
    *, training: Training, facts: CourseFacts, version: int, by, today: datetime.date
) -> Training:
    """Correct what is said about a course. Who had the hours of the whole course has the new ones;
    with another last day each counts for the branch of that day.

    Refuses an old version, a cancelled course, and a last day on which somebody was on no roster.
    """
    training = _locked(training)
    if training.version != version:
        raise ChangedMeanwhile
    _check(training.organisation, facts, today, leaving_out=training)
    before, old_hours, old_end = _text(training), training.hours, training.ends_on
    for name, value in asdict(facts).items():
        setattr(training, name, value)
    training.version += 1
    training.save()
    if facts.hours != old_hours:
        training.attendances.filter(hours=old_hours).update(hours=facts.hours)
    if facts.ends_on != old_end:
        _move(training)
    _record(training, by=by, action="更正培训", before=before, after=_text(training))
    _note(training, old_end)
    return training


@transaction.atomic
def add_people(*, training: Training, people: Mapping[int, Decimal | None], by) -> list[str]:
    """Add people who took part; who stands there already is left as is. Returns the names added."""
    training = _locked(training)
    known = set(training.attendances.values_list("member_id", flat=True))
    names = _add(training, {pk: hours for pk, hours in people.items() if pk not in known})
    if names:
        _bump(training)
        _record(training, by=by, action="增加参训人员", after={"参训": _listed(names)})
    return names


@transaction.atomic
def change_people(
    *,
    training: Training,
    hours: Mapping[int, Decimal],
    leaving: Iterable[int],
    by,
) -> int:
    """Set the hours of attendances and take out who was entered by mistake. Returns how many
    changed. Rows of other courses are refused."""
    training = _locked(training)
    leaving = set(leaving)
    rows = {row.pk: row for row in training.attendances.select_related("member")}
    if not (set(hours) | leaving) <= rows.keys():
        raise Refused("名单刚被别人改过，请刷新后再保存")
    before, after, gone = {}, {}, []
    for pk, row in rows.items():
        if pk in leaving:
            gone.append(row)
        elif pk in hours and hours[pk] != row.hours:
            before[row.member.name] = f"{row.hours:.1f} 学时"
            row.hours = hours[pk]
            row.save(update_fields=["hours"])
            after[row.member.name] = f"{row.hours:.1f} 学时"
    if not gone and not after:
        return 0
    if gone:
        before["移出"] = _listed([row.member.name for row in gone])
    _bump(training)
    _note(training)
    TrainingAttendance.objects.filter(pk__in=[row.pk for row in gone]).delete()
    _record(training, by=by, action="更正参训人员", before=before, after=after)
    return len(gone) + len(after)


@transaction.atomic
def cancel_training(*, training: Training, reason: str, by) -> None:
    """Take a course back; it stays on record and gives no hours. Refuses without a reason."""
    training = _locked(training)
    if not reason.strip():
        raise Refused("请写明作废原因", "reason")
    training.cancelled_at = timezone.now()
    _bump(training, "cancelled_at")
    _record(
        training,
        by=by,
        action="作废培训",
        before=_text(training) | {"参训": f"{training.attendances.count()} 人"},
        reason=reason.strip(),
    )
    _note(training)


def _locked(training: Training) -> Training:
    found = (
        Training.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=training.pk)
    )
    if found.cancelled_at:
        raise Refused("这个培训已经作废")
    return found


def _bump(training: Training, *names: str) -> None:
    training.version += 1
    training.save(update_fields=["version", *names])


def _check(organisation, facts: CourseFacts, today, *, leaving_out: Training | None = None):
    if facts.ends_on < facts.starts_on:
        raise Refused("结束日期早于开始日期，请核对", "ends_on")
    if facts.ends_on > today:
        raise Refused("培训还没有结束，结束后再登记；学时记在最后一天", "ends_on")
    same = Training.objects.filter(
        organisation=organisation,
        title=facts.title,
        starts_on=facts.starts_on,
        ends_on=facts.ends_on,
        cancelled_at=None,
    )
    if leaving_out is not None:
        same = same.exclude(pk=leaving_out.pk)
    if same.exists():
        raise Refused("同名、同日期的培训已经登记过，到那个培训里增加人员", "title")


def _add(training: Training, people: Mapping[int, Decimal | None]) -> list[str]:
    relations = relations_on(training.organisation, list(people), training.ends_on)
    _refuse_strangers(set(people) - relations.keys(), training)
    _refuse_counted(training, people)
    TrainingAttendance.objects.bulk_create(
        [
            TrainingAttendance(
                training=training,
                member_id=member_id,
                organisation_id=relations[member_id],
                hours=training.hours if hours is None else hours,
            )
            for member_id, hours in people.items()
        ],
        batch_size=500,
    )
    _note(training)
    return _names(people)


def _refuse_strangers(strangers: set[int], training: Training) -> None:
    if strangers:
        raise Refused(
            f"{'、'.join(_names(strangers))}在{full_date(training.ends_on)}"
            f"不在{training.organisation.short_name}的名册上，请核对日期和人员",
            "people",
        )


def _refuse_counted(training: Training, people: Iterable[int]) -> None:
    """Nobody has the hours of one course twice, entered by the branch and by who stands above it."""
    known = (
        TrainingAttendance.objects.filter(
            member__in=list(people),
            training__title=training.title,
            training__starts_on=training.starts_on,
            training__ends_on=training.ends_on,
            training__cancelled_at=None,
        )
        .exclude(training=training)
        .select_related("training__organisation", "member")
        .order_by("pk")
    )
    if rows := list(known[:5]):
        names = "、".join(dict.fromkeys(row.member.name for row in rows))
        by = rows[0].training.organisation.short_name
        raise Refused(f"{names}已由{by}登记过同名、同日期的培训，学时不重复计，请去掉", "people")


def _move(training: Training) -> None:
    """Each attendance counts for the branch of the new last day."""
    rows = list(training.attendances.all())
    relations = relations_on(
        training.organisation, [row.member_id for row in rows], training.ends_on
    )
    _refuse_strangers({row.member_id for row in rows} - relations.keys(), training)
    for row in rows:
        row.organisation_id = relations[row.member_id]
    TrainingAttendance.objects.bulk_update(rows, ["organisation_id"], batch_size=500)


def _names(members) -> list[str]:
    return list(Member.objects.filter(pk__in=members).order_by("pk").values_list("name", flat=True))


def _listed(names: list[str]) -> str:
    shown = "、".join(names[:_NAMES_IN_TRAIL])
    return f"{len(names)} 人：{shown}" + ("等" if len(names) > _NAMES_IN_TRAIL else "")


def _text(training: Training) -> dict[str, str]:
    return {
        "培训": training.title,
        "类别": TrainingKind(training.kind).label + ("，集中培训" if training.is_central else ""),
        "层级": TrainingLevel(training.level).label,
        "日期": f"{full_date(training.starts_on)}至{full_date(training.ends_on)}",
        "地点": training.place,
        "学时": f"{training.hours:.1f}",
    }


def _record(training: Training, *, by, action: str, before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=training.pk,
        label=training.title,
        organisation_id=training.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )


def _note(training: Training, *days: datetime.date) -> None:
    rows = training.attendances.values_list("member_id", "organisation_id")
    members = [member_id for member_id, _pk in rows]
    note_study(members, *{pk for _member, pk in rows}, days=[training.ends_on, *days])
