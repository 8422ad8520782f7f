"""The notice that tells a recipient everything a night has for him, in lines that lead on."""

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from branches.links import link
from branches.models import Organisation
from branches.words import short_date
from compliance.matters import Matter
from compliance.registry import RULES, Nature
from compliance.steps import Step, To
from compliance.wording import headline_of
from notices.services import Letter

# What makes the notice the only one of its kind for a recipient and day.
ABOUT = "due"
# Lines of one notice; what is beyond is a number and a link.
LINES = 20
_SOON = 7


@dataclass(frozen=True, slots=True)
class Item:
    """The steps of one matter that have come for one recipient, oldest first. `earlier`: it was
    late before anybody was ever reminded, and is counted only."""

    recipient_id: int
    matter: Matter
    steps: list[Step]
    earlier: bool = False


def digest(
    recipient: Organisation,
    items: Iterable[Item],
    day: datetime.date,
    *,
    names: Mapping[int, Organisation],
    duties: Mapping[tuple[int, str, str], int],
) -> Letter:
    """One notice with a line for each item, what is late first. `duties` holds the keys of stored
    duties by organisation, rule and period."""
    told = sorted((one for one in items if not one.earlier), key=_worst_first)
    earlier = sum(one.earlier for one in items)
    page = _list_of(recipient)
    lines = [
        f"{heading}\n" + "\n".join(_line(one, recipient, day, names, duties) for one in some)
        for heading, some in _grouped(told[:LINES], day)
    ]
    if len(told) > LINES:
        lines.append(f"另有 {len(told) - LINES} 项，在应办事项里看 {page}")
    if earlier:
        # A committee's list holds all that is late, also what is not late enough to be told to it.
        which = "此前已经逾期的" if recipient.is_branch else "此前已经逾期、到了上报时间的"
        lines.append(f"{which}还有 {earlier} 项，在应办事项里看 {_list_of(recipient, 'overdue')}")
    return Letter(recipient, _title(told, earlier, day), "\n".join(lines), page, ABOUT)


def _worst_first(item: Item) -> tuple:
    matter = item.matter
    return matter.due_on, matter.organisation_id, matter.rule, matter.period


def _list_of(recipient: Organisation, state: str = "") -> str:
    name = "branch" if recipient.is_branch else "organisation"
    return link("compliance:list", **{name: recipient.code, "state": state})


def _title(told: list[Item], earlier: int, day: datetime.date) -> str:
    counts = Counter(_standing(item.matter, day) for item in told) | {"此前已逾期": earlier}
    return "到期提醒：" + "，".join(
        f"{count} 项{words}" for words, count in counts.items() if count
    )


def _grouped(items: list[Item], day: datetime.date) -> list[tuple[str, list[Item]]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(_heading(item.matter, day), []).append(item)
    return list(groups.items())


def _heading(matter: Matter, day: datetime.date) -> str:
    days = (matter.due_on - day).days
    if days < 0:
        return f"【{_standing(matter, day)}】"
    if days == 0:
        return "【今天到期】"
    return f"【{_SOON} 天内到期】" if days <= _SOON else "【以后到期】"


def _standing(matter: Matter, day: datetime.date) -> str:
    """How a matter stands; advice is never late."""
    if matter.due_on >= day:
        return "将到期"
    return "到期未办" if matter.advice else "已逾期"


def _line(item: Item, recipient: Organisation, day: datetime.date, names, duties) -> str:
    """柳岸社区党支部：召开 2026年11月支部委员会，11月30日到期，还剩 7 天 /duties/71/."""
    matter = item.matter
    organisation = names[matter.organisation_id]
    whose = "" if organisation.pk == recipient.pk else f"{organisation.short_name}："
    rule = RULES[matter.rule]
    advice = "（一般要求）" if rule.nature == Nature.NORMALLY and not rule.strict else ""
    # Who has to act reads that it is his turn.
    acting = item.steps[0].to == To.ACTING
    waits = f"，等{'本级' if acting else '上级'}处理" if matter.waiting else ""
    due = f"{short_date(matter.due_on, day)}到期"
    left = (matter.due_on - day).days
    late = f"已过 {-left} 天" if matter.advice else f"已逾期 {-left} 天"
    distance = late if left < 0 else f"还剩 {left} 天" if left else "就是今天"
    pk = duties.get((matter.organisation_id, matter.rule, matter.period))
    page = (
        link("compliance:duty", pk) if pk else link("compliance:forecast", branch=organisation.code)
    )
    return f"{whose}{headline_of(rule, matter.period)}{advice}{waits}，{due}，{distance} {page}"
