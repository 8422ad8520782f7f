"""Reading notices: whose they are, what is unread, what waits for a 回执, what was sent.

A notice is sent to an organisation. It is the own mail of everybody who keeps that very
organisation by a grant on it: secretaries and organisers of a branch, officers of a committee.
Who merely looks down from above, or looks in as a group leader or inspector, reads without being
counted.
"""

from uuid import UUID

from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.db.models.functions import Length

from accounts.roles import Action, roles_allowing
from branches.models import Organisation
from branches.scope import granted, reaches
from branches.services import path_keys
from notices.models import Notice, NoticeKind, NoticeQuerySet, Receipt

# Who keeps an organisation gets its mail.
_KEEPS = Action.KEEP_BRANCH


def own_paths(user) -> tuple[str, ...]:
    """Paths of the organisations whose mail is the user's own; no query beyond that for rights."""
    if not user.is_authenticated or not user.is_active:
        return ()
    keeping = roles_allowing(_KEEPS)
    return tuple({path for role, path in granted(user) if role in keeping})


def receives(user, organisation: Organisation) -> bool:
    """Whether notices to the organisation are this user's own."""
    return organisation.path in own_paths(user)


def _received(user) -> NoticeQuerySet:
    return Notice.objects.standing().filter(organisation__path__in=own_paths(user))


def _read_by(user) -> Exists:
    return Exists(Receipt.objects.filter(notice=OuterRef("pk"), user=user))


def _read() -> Exists:
    return Exists(Receipt.objects.filter(notice=OuterRef("pk")))


def _confirmed() -> Exists:
    return Exists(Receipt.objects.filter(notice=OuterRef("pk"), confirmed_at__isnull=False))


def waiting_for_receipt(notices: NoticeQuerySet) -> NoticeQuerySet:
    """Those that ask for a 回执 which nobody of the recipient has given."""
    return notices.filter(~_confirmed(), wants_receipt=True)


def inbox(user) -> NoticeQuerySet:
    """The user's own notices, unread first, then newest; `is_read` and `is_confirmed` on each."""
    return (
        _received(user)
        .annotate(is_read=_read_by(user), is_confirmed=_confirmed())
        .select_related("organisation", "sender")
        .order_by("is_read", "-on", "-pk")
    )


def unread_count(user) -> int:
    """How many of the user's own notices he has not opened; one query, none without such a post."""
    if not own_paths(user):
        return 0
    return _received(user).filter(~_read_by(user)).count()


def tally(user) -> dict[str, int]:
    """How many notices each chip of the list stands for, in one query."""
    waits = Q(wants_receipt=True, is_confirmed=False)
    return inbox(user).aggregate(
        all=Count("pk"),
        unread=Count("pk", filter=Q(is_read=False)),
        receipt=Count("pk", filter=waits),
        reminder=Count("pk", filter=Q(kind=NoticeKind.REMINDER)),
    )


def narrowed_to(notices: NoticeQuerySet, show: str) -> NoticeQuerySet:
    """The part of an inbox that a chip names; all for an unknown name."""
    match show:
        case "unread":
            return notices.filter(is_read=False)
        case "receipt":
            return notices.filter(wants_receipt=True, is_confirmed=False)
        case "reminder":
            return notices.filter(kind=NoticeKind.REMINDER)
    return notices


# --- What was sent ------------------------------------------------------------------------------


def sender_for(user, organisation: Organisation | None = None) -> Organisation | None:
    """The organisation in whose name the user sends, to `organisation` or at all: the highest
    where he may; None for who may not send."""
    seats = Organisation.objects.permitting(user, Action.SEND_NOTICE)
    if organisation is not None:
        seats = seats.filter(pk__in=path_keys(organisation.path))
    return seats.order_by(Length("path"), "path").first()


def may_follow(user, notice: Notice) -> bool:
    """Whether the user may see how what was sent with this notice was answered."""
    source = notice.sender or notice.organisation
    return reaches(user, Action.SEND_NOTICE, source.path)


def is_own(user, notice: Notice) -> bool:
    """Whether the user's own organisation sent it; who reaches everything without a post counts."""
    if user.is_superuser:
        return True
    return notice.sender is not None and receives(user, notice.sender)


def sent_by(user, *, below: bool = False):
    """What the user's own organisations sent, or with `below` those under them: one row a batch,
    newest first, with `first` (a notice of it) and `recipients`."""
    own = own_paths(user)
    # Who reaches everything without a post sees everything as his own.
    elsewhere = Q() if user.is_superuser and not below else Q(sender__path__in=own)
    if below:
        elsewhere = ~Q(sender__path__in=own)
    return (
        Notice.objects.permitting(user, Action.SEND_NOTICE)
        .filter(elsewhere, sender__in=Organisation.objects.permitting(user, Action.SEND_NOTICE))
        .order_by()
        .values("batch")
        .annotate(first=Min("pk"), latest=Max("pk"), sent_on=Max("on"), recipients=Count("pk"))
        .order_by("-sent_on", "-latest")
    )


def answers_of(batches, user) -> dict[UUID, dict[str, int]]:
    """For each batch how many recipients in the user's reach have read it and how many confirmed;
    one query."""
    rows = (
        Notice.objects.permitting(user, Action.SEND_NOTICE)
        .filter(batch__in=list(batches))
        .annotate(is_read=_read(), is_confirmed=_confirmed())
        .order_by()
        .values("batch")
        .annotate(
            read=Count("pk", filter=Q(is_read=True)),
            confirmed=Count("pk", filter=Q(is_confirmed=True)),
        )
    )
    return {row["batch"]: {"read": row["read"], "confirmed": row["confirmed"]} for row in rows}


def batch_notices(notice: Notice, user) -> NoticeQuerySet:
    """The notices sent together with this one that the user may still look at; who has not
    confirmed, then who has not read, comes first."""
    return (
        Notice.objects.visible_to(user)
        .filter(batch=notice.batch)
        .annotate(is_read=_read(), is_confirmed=_confirmed())
        .select_related("organisation")
        .prefetch_related("receipts__user")
        .order_by("is_confirmed", "is_read", "organisation__code", "pk")
    )


def reminders_of(organisations, starts_on, ends_on) -> dict[int, tuple[int, object]]:
    """How often organisations were reminded between two days, and when last; one query."""
    rows = (
        Notice.objects.standing()
        .filter(
            organisation__in=organisations,
            kind=NoticeKind.REMINDER,
            on__range=(starts_on, ends_on),
        )
        .order_by()
        .values_list("organisation_id")
        .annotate(times=Count("pk"), last=Max("on"))
    )
    return {pk: (times, last) for pk, times, last in rows}


def sent_to(organisation: Organisation) -> NoticeQuerySet:
    """What an organisation was told, newest first; `is_read` says whether anybody there read it."""
    return (
        Notice.objects.filter(organisation=organisation)
        .annotate(is_read=_read(), is_confirmed=_confirmed())
        .select_related("organisation", "sender")
    )
