"""What differs in a row, in the words of the screen, for the trail."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Fields that got another value, with what they said before and say now."""

    fields: list[str]
    before: dict[str, str]
    after: dict[str, str]

    def __bool__(self):
        return bool(self.fields)


def put(row, **facts) -> Difference:
    """Set `facts` on a row that is not yet saved; returns what differs.

    Save with `update_fields=difference.fields`.
    """
    changed = [name for name, value in facts.items() if getattr(row, name) != value]
    before = in_words(row, changed)
    for name in changed:
        setattr(row, name, facts[name])
    return Difference(changed, before, in_words(row, changed))


def in_words(row, names) -> dict[str, str]:
    """Facts of a row as they are called and shown on screen; empty ones too."""
    words = {}
    for name in names:
        field = row._meta.get_field(name)
        shown = f"get_{name}_display"
        value = getattr(row, shown)() if field.choices else getattr(row, name)
        if isinstance(value, list):
            value = "、".join(value)
        elif isinstance(value, datetime.date):
            value = f"{value:%Y-%m-%d}"
        words[str(field.verbose_name)] = "" if value is None else str(value)
    return words


def filled(row, names) -> dict[str, str]:
    """The facts that say something, for a row that is new."""
    return {label: word for label, word in in_words(row, names).items() if word}
