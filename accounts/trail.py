"""The trail: the one way a change leaves a line."""

from accounts.models import TrailLine

# What writes when no person is at the keyboard.
SYSTEM = "系统"


def line(
    *,
    by,
    action: str,
    area: str,
    label: str,
    object_id: int | None = None,
    organisation_id: int | None = None,
    before: dict | None = None,
    after: dict | None = None,
    reason: str = "",
) -> TrailLine:
    """An unsaved trail line; values in `before` and `after` are texts, masked where personal."""
    return TrailLine(
        by=by,
        by_name=str(by)[:80] if by else SYSTEM,
        action=action,
        area=area,
        object_id=object_id,
        label=label[:200],
        organisation_id=organisation_id,
        before=before or {},
        after=after or {},
        reason=reason[:300],
    )


def record(**facts) -> TrailLine:
    """Write one line; call it inside the transaction of the change. Facts as in `line`."""
    written = line(**facts)
    written.save(force_insert=True)
    return written


def record_all(lines: list[TrailLine]) -> None:
    """Write many lines at once."""
    TrailLine.objects.bulk_create(lines, batch_size=1000)
