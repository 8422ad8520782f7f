"""Rows with a version: held for a change, refused when somebody else was faster."""

from tasks.services import Refused


class ChangedMeanwhile(Refused):
    """Somebody else saved the record first; `row` is its newest state."""

    def __init__(self, row):
        super().__init__("刚被别人改过，你填的内容还在，核对后再保存一次")
        self.row = row


def held(row, version: int):
    """The row locked and read anew; ChangedMeanwhile where `version` is not the newest."""
    fresh = type(row).objects.select_for_update().get(pk=row.pk)
    if fresh.version != version:
        raise ChangedMeanwhile(fresh)
    return fresh


def keep(row, **values) -> None:
    """Store the values and count the version up; the row is held."""
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.save(update_fields=[*values, "version"])


def differing(before: dict[str, str], after: dict[str, str]) -> tuple[dict, dict]:
    """What a trail line says of a change: only the facts that differ."""
    names = [name for name in after if before.get(name, "") != after[name]]
    return {name: before.get(name, "") for name in names}, {name: after[name] for name in names}
