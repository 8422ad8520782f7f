"""What this room knows about organisations: how the requirements of their set-up stand."""

import datetime

from branches import facts
from branches.deadlines import SOON_DAYS
from branches.links import link
from branches.values import Values
from compliance.models import STANDING, Duty, DutyState
from compliance.registry import RULES
from compliance.wording import badge, kind_of

_ROOMS = ("branches.", "terms.")


def setup_of(organisation: int, today: datetime.date) -> list[facts.SetUp]:
    """The standing duties of set-up and committee, in the order of the rules."""
    soon_days = Values().on(SOON_DAYS, today)
    duties = Duty.objects.filter(organisation=organisation, period=STANDING)
    found = {duty.rule: duty for duty in duties if duty.rule in RULES}
    return [
        facts.SetUp(
            rule.title,
            "正常"
            if found[code].state == DutyState.DONE
            else badge(found[code], today, soon_days).words,
            kind_of(found[code], today, soon_days),
            link("compliance:duty", found[code].pk),
        )
        for code, rule in RULES.items()
        if code in found and code.startswith(_ROOMS)
    ]


facts.register(facts.SETUP, setup_of)
