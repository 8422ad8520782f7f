"""Doing something for many organisations so that a broken one stops nobody else.

In the ordinary case everybody is done at once. Only where that raises is the set halved, level by
level, until those are found for whom it raises; what concerns them stays as it was.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError

from branches.bulk import batched
from branches.models import Organisation
from jobs.pulses import words_of

logger = logging.getLogger(__name__)

# A database that does not answer is nobody's fault among the organisations.
_NOT_THEIRS = (OperationalError, InterfaceError)
# So many failures without one success, and what was asked for is broken itself.
_HOPELESS_AFTER = 64
_MOST_ATTEMPTS = 1000
_NAMED = 5


@dataclass
class Outcome:
    """What came of it: the results of the sets that went well, and who was left behind, why."""

    results: list = field(default_factory=list)
    broken: dict[int, Exception] = field(default_factory=dict)

    def words(self) -> str:
        """Who was left behind with the first reason; "" where nobody was."""
        if not self.broken:
            return ""
        some = Organisation.objects.filter(pk__in=list(self.broken)).order_by("path")[:_NAMED]
        names = "、".join(f"{one.short_name}（{one.code}）" for one in some)
        more = f"等 {len(self.broken)} 个组织" if len(self.broken) > _NAMED else ""
        return f"{names}{more}：{words_of(next(iter(self.broken.values())))}"


def apart(act: Callable, organisations=None, *, suspects: Collection[int] = ()) -> Outcome:
    """Call `act` with the organisations (a queryset; None is everybody), whatever it returns.

    Where it raises, they are tried in smaller sets; `suspects` (keys) each alone from the start.
    Raises what `act` raised when it goes well for nobody, and when the database is gone.
    """
    try:
        return Outcome([act(organisations)])
    except _NOT_THEIRS:
        raise
    except Exception as fault:
        everybody = Organisation.objects.all() if organisations is None else organisations
        keys = list(everybody.order_by("path").values_list("pk", flat=True))
        outcome = _halved(act, keys, suspects, fault) if len(keys) > 1 else Outcome()
        if not outcome.results:
            raise
        return outcome


def _halved(act, keys: list[int], suspects, first: Exception) -> Outcome:
    waiting = deque([pk] for pk in keys if pk in suspects)
    others = [pk for pk in keys if pk not in suspects]
    waiting += batched(others)
    outcome, attempts = Outcome(), 0
    while waiting:
        some = waiting.popleft()
        if attempts == _MOST_ATTEMPTS or (attempts >= _HOPELESS_AFTER and not outcome.results):
            outcome.broken |= dict.fromkeys(some, first)
            continue
        attempts += 1
        try:
            outcome.results.append(act(Organisation.objects.filter(pk__in=some)))
        except _NOT_THEIRS:
            raise
        except Exception as fault:
            if len(some) == 1:
                if len(outcome.broken) < _NAMED:
                    logger.exception("organisation %s", some[0])
                outcome.broken[some[0]] = fault
            else:
                middle = len(some) // 2
                waiting += [some[:middle], some[middle:]]
    return outcome
