"""What happens to accounts. Rights are given in `branches.grants`, where organisations are known."""

import secrets

from axes.utils import reset
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from accounts import trail
from accounts.models import User

AREA = "accounts"
# Without 0 O 1 l I: a password is read out over the telephone.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


class AccountFault(ValueError):
    """The account cannot be changed like this; the message says why."""


def one_time_password() -> str:
    """Three groups of four signs, about 59 bits."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(3))


@transaction.atomic
def create_account(
    *, username: str, name: str, by, organisation_id: int | None = None, phone_extension: str = ""
) -> tuple[User, str]:
    """Create an account without rights; returns it with a password to be changed at first log-in.

    Refuses a name that is taken or not fit for logging in.
    """
    user = User(username=User.normalize_username(username.strip()), name=name.strip())
    user.phone_extension = phone_extension
    if User.objects.filter(username__iexact=user.username).exists():
        raise AccountFault(f"账号“{user.username}”已有人使用，请换一个")
    User.username_validator(user.username)
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(force_insert=True)
    _record(user, "新建账号", by, organisation_id, after={"账号": user.username, "姓名": user.name})
    return user, password


@transaction.atomic
def change_account(user: User, *, by, organisation_id: int | None = None, **facts) -> bool:
    """Change name or extension; returns whether anything differed."""
    user = User.objects.select_for_update().get(pk=user.pk)
    before = {
        field: getattr(user, field) for field in facts if getattr(user, field) != facts[field]
    }
    for field in before:
        setattr(user, field, facts[field])
    if before:
        user.save(update_fields=list(before))
        label = {field: User._meta.get_field(field).verbose_name for field in before}
        _record(
            user,
            "修改账号",
            by,
            organisation_id,
            before={label[field]: str(value) for field, value in before.items()},
            after={label[field]: str(facts[field]) for field in before},
        )
    return bool(before)


@transaction.atomic
def set_active(
    user: User, active: bool, *, by, organisation_id: int | None = None, reason: str = ""
) -> None:
    """Stop an account or let it log in again. Refuses the own one; open sessions end with it."""
    if by is not None and user.pk == by.pk:
        raise AccountFault("不能停用或启用自己的账号")
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active == active:
        return
    user.is_active = active
    user.save(update_fields=["is_active"])
    _record(user, "启用账号" if active else "停用账号", by, organisation_id, reason=reason)


@transaction.atomic
def reset_password(user: User, *, by, organisation_id: int | None = None) -> str:
    """Give a new one-time password and return it; whoever is logged in with the old one is out."""
    user = User.objects.select_for_update().get(pk=user.pk)
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    _record(user, "重置密码", by, organisation_id)
    return password


@transaction.atomic
def unlock(user: User, *, by, organisation_id: int | None = None) -> bool:
    """Forget failed log-ins of an account; returns whether there were any."""
    if not reset(username=user.username):
        return False
    _record(user, "解除锁定", by, organisation_id)
    return True


@transaction.atomic
def set_password(user: User, password: str, *, by) -> None:
    """Set a chosen password; ValidationError when it is too weak."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    note_password_change(user, by=by)


@transaction.atomic
def note_password_change(user: User, *, by=None) -> None:
    """A password was changed by its owner: no reminder at the next log-in, a line in the trail."""
    if user.must_change_password:
        user.must_change_password = False
        user.save(update_fields=["must_change_password"])
    _record(user, "修改密码", by or user, None)


def _record(user: User, action: str, by, organisation_id: int | None, **facts) -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=user.pk,
        label=f"{user.name or user.username}（{user.username}）",
        organisation_id=organisation_id,
        **facts,
    )
