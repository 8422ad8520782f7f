"""Saved views: a list as somebody likes to see it. A bookmark of one's own, so no trail."""

from django.db import IntegrityError, transaction

from accounts.models import SavedView

MOST = 20


class Refused(ValueError):
    """The view is not kept; the message says why and what to do."""


def views_of(user, page: str) -> list[SavedView]:
    """The user's views of a page, oldest first."""
    return list(SavedView.objects.filter(user=user, page=page))


def save_view(*, user, page: str, name: str, query: str) -> SavedView:
    """Keep a page's query under a name. Refuses an empty or known name, a long query, too many."""
    name = name.strip()
    if not name:
        raise Refused("请给这个视图起个名称")
    if len(name) > SavedView._meta.get_field("name").max_length:
        raise Refused("名称太长，请用 30 个字以内")
    if len(query) > SavedView._meta.get_field("query").max_length:
        raise Refused("条件太长，存不下，请减少几个条件")
    if SavedView.objects.filter(user=user, page=page).count() >= MOST:
        raise Refused(f"最多存 {MOST} 个视图，请先删去不用的")
    try:
        with transaction.atomic():
            return SavedView.objects.create(user=user, page=page, name=name, query=query)
    except IntegrityError:
        raise Refused(f"已有一个叫“{name}”的视图，请换个名称") from None


def delete_view(*, user, page: str, pk: int) -> bool:
    """Forget one of the user's own views; whether there was one."""
    deleted, _rows = SavedView.objects.filter(user=user, page=page, pk=pk).delete()
    return bool(deleted)
