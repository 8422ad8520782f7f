"""Random histories: judging after each change gives what judging everything at the end gives.

EXAMPLES=300 tries that many other histories; without it the suite tries the same few each time.
"""

import os
from collections import defaultdict
from datetime import date
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from branches.models import Changed
from compliance import forecast
from compliance.models import Foreseen
from compliance.registry import RULES
from tests.compliance.states import differing, everything
from tests.compliance.verdicts import forget_everything, judge_everything
from tests.compliance.worlds.county import ACTS, World

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
# Each history is judged by the rules of one room: whatever happens, and six times as fast.
ROOMS = defaultdict(list)
for _code in RULES:
    ROOMS[_code.split(".")[0]].append(_code)
# What happens next: the act, whom it concerns, a number for what, days back.
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 9), st.integers(0, 9), st.integers(0, 60)),
    min_size=8,
    max_size=14,
)


def judged_anew(as_of: date) -> None:
    """Duties, sums and forecast as if this were the first time that anybody looked."""
    forget_everything()
    Foreseen.objects.all().delete()
    judge_everything(as_of)
    forecast.rebuild(as_of)


@settings(
    max_examples=EXAMPLES or 6,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    # Shrinking a failed history takes minutes; it is short enough to read as it is.
    phases=[Phase.explicit, Phase.generate],
)
@example(room="dues", steps=[("dissolve", 1, 0, 55)])  # rules that did not look at organisations
# A task of today put its branch under the campaign's values for months gone by.
@example(room="meetings", steps=[("value_of_campaign", 0, 1, 50), ("list_task", 0, 3, 2)])
@given(room=st.sampled_from(sorted(ROOMS)), steps=STEPS)
def test_judging_after_each_change_gives_what_judging_everything_at_the_end_gives(room, steps):
    rules = {code: RULES[code] for code in ROOMS[room]}
    with mock.patch.dict(RULES, rules, clear=True), transaction.atomic():
        world = World()
        for step in steps:
            world.step(*step)
        assert not Changed.objects.exists()
        after_each_change = everything(world.today)
        judged_anew(world.today)
        assert differing(after_each_change, everything(world.today)) == {}
        transaction.set_rollback(True)
