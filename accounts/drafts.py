"""Drafts: what a user has typed and not saved yet. One a form, encrypted, never counted."""

import datetime
import json
from dataclasses import dataclass

from accounts.models import Draft

# Minutes of a long meeting are about 20,000 characters; beyond this it is no form.
LONGEST = 200_000
_NEVER_KEPT = frozenset({"csrfmiddlewaretoken"})


class DraftTooLong(ValueError):
    """More was sent than a form holds; the message is for the person who typed it."""


@dataclass(frozen=True)
class KeptDraft:
    """A draft as it was typed: every field name with its values, and when it was kept."""

    fields: dict[str, list[str]]
    saved_at: datetime.datetime


def save_draft(*, by, area: str, key: str, fields: dict[str, list[str]]) -> datetime.datetime:
    """Keep what `by` has typed into the form `area`/`key`, in place of what was kept before.

    Refuses more than a form holds. Returns when it was kept.
    """
    kept = {name: values for name, values in fields.items() if name not in _NEVER_KEPT}
    content = json.dumps(kept, ensure_ascii=False)
    if len(content) > LONGEST:
        raise DraftTooLong("内容太长，草稿没有保存。请先保存登记，余下的内容放进附件")
    draft, _ = Draft.objects.update_or_create(
        user=by, area=area, key=key, defaults={"content": content}
    )
    return draft.saved_at


def read_draft(*, user, area: str, key: str) -> KeptDraft | None:
    """The draft of that form, or None."""
    draft = Draft.objects.filter(user=user, area=area, key=key).first()
    if draft is None:
        return None
    return KeptDraft(json.loads(draft.content), draft.saved_at)


def delete_draft(*, user, area: str, key: str) -> bool:
    """Throw the draft away; returns whether there was one."""
    return Draft.objects.filter(user=user, area=area, key=key).delete()[0] > 0
