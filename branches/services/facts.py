"""Plain facts of an organisation: name, form, sector, kind."""

import datetime

from django.db import transaction

from accounts import trail
from branches import facts as questions
from branches.changes import note_change
from branches.history import DATED_FACTS, facts_on
from branches.models import WITHOUT_RELATIONS, EarlierFact, Kind, Organisation, Placement
from branches.services.areas import AREA, OrganisationFault
from branches.words import full_date

_DAY = datetime.timedelta(days=1)


@transaction.atomic
def change_organisation(organisation: Organisation, *, by, reason: str = "", **facts) -> bool:
    """Correct plain facts (founding day, a name that was mistyped); returns whether anything differed.

    What changes from a day on is `change_facts`, a new superior `move_organisation`. Refuses a
    founding day after the first superior's time.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    before = {name: getattr(organisation, name) for name in facts}
    changed = [name for name, value in facts.items() if before[name] != value]
    if not changed:
        return False
    said_before = in_words(organisation, changed)
    for name in changed:
        setattr(organisation, name, facts[name])
    if "founded_on" in changed:
        _found_on(organisation, before["founded_on"])
    organisation.save(update_fields=changed)
    trail.record(
        by=by,
        action="修改组织",
        area=AREA,
        object_id=organisation.pk,
        label=organisation.name,
        organisation_id=organisation.pk,
        before=said_before,
        after=in_words(organisation, changed),
        reason=reason,
    )
    days = [day for day in (before.get("founded_on"), facts.get("founded_on")) if day]
    if {"kind", "form"} & set(changed):
        # Other rules apply from its beginning on.
        days.append(organisation.founded_on or datetime.date.min)
    days += [day for day in (before.get("dissolved_on"), facts.get("dissolved_on")) if day]
    if days:
        note_change(organisation.pk, AREA, min(days), max(days))
    return True


def _found_on(organisation: Organisation, before: datetime.date | None) -> None:
    """The first placement begins with the organisation, and cannot begin after its own end."""
    first = Placement.objects.filter(organisation=organisation, starts_on=before)
    day = organisation.founded_on
    ended = first.filter(ends_on__lt=day).order_by("ends_on").first() if day else None
    if ended:
        raise OrganisationFault(
            f"“{organisation.name}”的第一次隶属关系到{full_date(ended.ends_on)}为止，"
            "成立日期不能晚于那一天，请核对成立日期",
            field="founded_on",
        )
    first.update(starts_on=day)


@transaction.atomic
def change_facts(
    organisation: Organisation,
    *,
    by,
    on: datetime.date,
    today: datetime.date,
    reason: str = "",
    **facts,
) -> bool:
    """Change name, form, sector or kind from `on` on; the days before keep what they had.

    A change that begins on the same day is corrected; one that begins later stays, so that what
    is entered afterwards holds up to the day before it. Refuses a day that is still to come, one
    before the founding or after the end, a form that the members there do not allow, and a kind
    that does not fit what hangs on it. Returns whether anything differed.
    """
    if strange := set(facts) - set(DATED_FACTS):
        raise ValueError(f"{strange} are no dated facts")
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    check_facts(organisation, facts, on=on, today=today)
    before, after = {}, {}
    for name, value in facts.items():
        old = _change_one(organisation, name, value, on)
        if old != value:
            label, said = _said(name)
            before[label], after[label] = said(old), said(value)
    if not after:
        return False
    organisation.save(update_fields=list(facts))
    trail.record(
        by=by,
        action="修改组织",
        area=AREA,
        object_id=organisation.pk,
        label=organisation.name,
        organisation_id=organisation.pk,
        before=before,
        after=after | {"自": f"{on:%Y-%m-%d}"},
        reason=reason,
    )
    note_change(organisation.pk, AREA, on)
    return True


def remember_facts(changes: list[tuple[Organisation, dict]], on: datetime.date) -> None:
    """Keep what many organisations are called and are now, as what they were until the day before
    `on`; `changes` holds rows that are not changed yet with their new facts.

    For workbooks, where each row is trailed by the import. What was changed on that day already,
    or founded on it, keeps no older value.
    """
    EarlierFact.objects.bulk_create(
        [
            EarlierFact(
                organisation=organisation,
                field=name,
                value=getattr(organisation, name),
                until_on=on - _DAY,
            )
            for organisation, facts in changes
            for name, value in facts.items()
            if name in DATED_FACTS
            and getattr(organisation, name) != value
            and not (organisation.founded_on and organisation.founded_on >= on)
        ],
        batch_size=500,
        ignore_conflicts=True,
    )


def check_facts(
    organisation: Organisation, facts: dict, *, on: datetime.date, today: datetime.date
) -> None:
    """Raise OrganisationFault where facts cannot change so from `on` on; see `change_facts`."""
    then = facts_on([organisation.pk], on)[organisation.pk]
    changed = {name: value for name, value in facts.items() if getattr(then, name) != value}
    if not changed:
        return
    refuse_day(organisation, on, today)
    days = {on, today}
    if "form" in changed:
        refuse_form(organisation, changed["form"], days)
    if "kind" in changed:
        refuse_kind(organisation, changed["kind"], days)


def _change_one(organisation: Organisation, name: str, value: str, on: datetime.date) -> str:
    """Put one value in from `on` up to the next known change; returns what held on `on`.

    The new value of today is set on the organisation, which the caller saves.
    """
    earlier = list(
        EarlierFact.objects.select_for_update()
        .filter(organisation=organisation, field=name)
        .order_by("until_on")
    )
    following = next((row for row in earlier if row.until_on >= on), None)
    old = following.value if following else getattr(organisation, name)
    if old == value:
        return old
    # Where the old value began on `on` itself, or with the organisation, it is corrected.
    begins = [row for row in earlier if row.until_on == on - _DAY]
    founded_on = organisation.founded_on
    if not begins and (founded_on is None or founded_on < on):
        EarlierFact.objects.create(
            organisation=organisation, field=name, value=old, until_on=on - _DAY
        )
    elif begins and begins[0].value == value:
        # Back to what it had been: nothing changed on that day.
        begins[0].delete()
    if following is None:
        setattr(organisation, name, value)
    elif _next_value(organisation, name, earlier, following) == value:
        following.delete()
    else:
        following.value = value
        following.save(update_fields=["value"])
    return old


def _next_value(organisation, name, earlier, following) -> str:
    later = [row for row in earlier if row.until_on > following.until_on]
    return later[0].value if later else getattr(organisation, name)


def refuse_day(organisation: Organisation, on: datetime.date, today: datetime.date) -> None:
    """Raise OrganisationFault for a day to come, before the founding or after the end."""
    if on > today:
        raise OrganisationFault(f"{full_date(on)}还没有到，请到那天再办", field="on")
    if organisation.founded_on and on < organisation.founded_on:
        raise OrganisationFault(
            f"“{organisation.name}”{full_date(organisation.founded_on)}才成立，请填那天以后的日期",
            field="on",
        )
    if organisation.dissolved_on and on >= organisation.dissolved_on:
        raise OrganisationFault(
            f"“{organisation.name}”已于{full_date(organisation.dissolved_on)}撤销", field="on"
        )


def _most_people(organisation: Organisation, days) -> questions.People:
    """The most that were there on one of the days."""
    found = [
        questions.people_in([organisation.pk], day).get(organisation.pk, questions.NOBODY)
        for day in days
    ]
    return max(found, key=lambda people: people.members)


def refuse_form(organisation: Organisation, form: str, days) -> None:
    """Raise OrganisationFault where members stand in the way of a form on one of the days.

    A temporary or functional branch holds no formal relations, another one nobody attached.
    """
    people = _most_people(organisation, days)
    if form in WITHOUT_RELATIONS and people.relations:
        raise OrganisationFault(
            f"“{organisation.name}”还有 {people.relations} 名党员的组织关系，"
            "临时党支部和功能型党支部不转组织关系，请先把组织关系转出",
            field="form",
        )
    if form not in WITHOUT_RELATIONS and people.attached:
        raise OrganisationFault(
            f"“{organisation.name}”还编有 {people.attached} 名组织关系不在这里的党员，请先结束编入",
            field="form",
        )


def refuse_kind(organisation: Organisation, kind: str, days) -> None:
    """Raise OrganisationFault where a branch with members would become something else, or an
    organisation with others below it a branch."""
    people = _most_people(organisation, days)
    if kind != Kind.BRANCH and people.members:
        raise OrganisationFault(
            f"“{organisation.name}”还有 {people.members} 名党员，"
            "党员只编在党支部，请先把他们转到下设的党支部",
            field="kind",
        )
    children = Organisation.objects.filter(parent=organisation, dissolved_on__isnull=True)
    if kind == Kind.BRANCH and children.exists():
        raise OrganisationFault(
            f"“{organisation.name}”下面还有党组织，不能改为党支部", field="kind"
        )


def in_words(organisation: Organisation, names: list[str]) -> dict[str, str]:
    """Facts as they are called and shown on screen."""
    words = {}
    for name in names:
        label, said = _said(name)
        words[label] = said(getattr(organisation, name))
    return words


def _said(name: str):
    """What a fact is called, and how its values are shown."""
    field = Organisation._meta.get_field(name)
    choices = dict(field.choices or ())
    return field.verbose_name, lambda value: str(choices.get(value, value) or "")
