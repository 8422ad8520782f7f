"""One problem put on the ledger for several organisations: a task for each, all of them or none."""

import datetime
from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction

from branches.facts import secretaries_of
from branches.models import Organisation
from tasks.models import Task
from tasks.services import Refused
from tasks.services.ledger import TaskFacts, list_task


@transaction.atomic
def list_tasks(
    *, organisations: Iterable[Organisation], facts: TaskFacts, by, on: datetime.date
) -> list[Task]:
    """A task for each organisation; an empty 责任单位 is the organisation itself, an empty 责任人 its
    secretary on the day of listing.

    Refuses what `list_task` refuses, naming the organisation, and one without a secretary to name.
    """
    organisations = sorted(organisations, key=lambda one: one.pk)
    if not organisations:
        raise Refused("请勾选单位", "organisations")
    secretaries = secretaries_of([one.pk for one in organisations], facts.opened_on)
    tasks = []
    for organisation in organisations:
        person = facts.responsible_person or secretaries.get(organisation.pk, "")
        if not person:
            raise Refused(
                f"{organisation.short_name}现在没有书记，请填责任人", "responsible_person"
            )
        own = replace(
            facts,
            responsible_unit=facts.responsible_unit or organisation.name,
            responsible_person=person,
        )
        tasks.append(list_task(organisation=organisation, facts=own, by=by, on=on))
    return tasks
