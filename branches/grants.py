"""Giving and withdrawing rights: services over `Grant`, and who may hand out what."""

from django.db import transaction
from django.utils import timezone

from accounts import trail
from accounts.models import User
from accounts.roles import (
    ADMIN_SITE_ROLES,
    BRANCH_ROLES,
    COMMITTEE_ROLES,
    COUNTY_ROLES,
    EXCLUSIVE,
    Action,
    Role,
    roles_given_by,
)
from branches.models import COMMITTEE_KINDS, Grant, Kind, Organisation
from branches.scope import granted, reaches

AREA = "accounts"

# On which kinds of organisation a role can be held.
_PLACES = (
    (BRANCH_ROLES, frozenset({Kind.BRANCH, Kind.GENERAL_BRANCH})),
    (COMMITTEE_ROLES, COMMITTEE_KINDS),
    (COUNTY_ROLES, frozenset({Kind.COUNTY})),
)


class GrantFault(ValueError):
    """The right cannot be given or withdrawn; the message says why."""


def kinds_for(role: str) -> frozenset[str]:
    """The kinds of organisation on which `role` can be held."""
    return frozenset().union(*(kinds for roles, kinds in _PLACES if role in roles))


def roles_held(user, organisation: Organisation | None = None) -> frozenset[str]:
    """The roles a user holds, or those that reach `organisation`."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    return frozenset(
        role
        for role, path in granted(user)
        if organisation is None or organisation.path.startswith(path)
    )


def may_administer(user) -> bool:
    """Whether the admin site is open to the user at all."""
    return user.is_active and (user.is_superuser or bool(roles_held(user) & ADMIN_SITE_ROLES))


def grantable_roles(user, organisation: Organisation | None = None) -> frozenset[str]:
    """The roles a user may hand out, anywhere or on `organisation`."""
    if user.is_superuser:
        return frozenset(Role)
    return roles_given_by(roles_held(user, organisation))


def may_manage(user, account: User) -> bool:
    """Whether `user` may change an account: everything it holds is what `user` could give."""
    if user.is_superuser:
        return True
    if account.is_superuser or account.pk == user.pk:
        return False
    if not grantable_roles(user):
        return False
    return all(
        reaches(user, Action.MANAGE_ACCOUNTS, grant.organisation.path)
        and grant.role in grantable_roles(user, grant.organisation)
        for grant in account.grants.all()
        if grant.withdrawn_at is None
    )


def refuse_grant(*, user: User, role: str, organisation: Organisation, by) -> None:
    """Raise GrantFault for a role that does not fit the kind of organisation, a second of the
    three administrators' posts, a right that is held already, or giving to oneself."""
    if organisation.kind not in kinds_for(role):
        kinds = "、".join(kind.label for kind in Kind if kind in kinds_for(role))
        raise GrantFault(
            f"“{Role(role).label}”只能设在{kinds}，"
            f"“{organisation.name}”是{organisation.get_kind_display()}"
        )
    if by is not None and by.pk == user.pk:
        raise GrantFault("不能给自己授权")
    held = user.grants.filter(withdrawn_at__isnull=True) if user.pk else ()
    for grant in held:
        if grant.role == role and grant.organisation_id == organisation.pk:
            raise GrantFault(f"“{user}”在“{organisation.name}”已是{Role(role).label}")
        if grant.role != role and {grant.role, role} <= set(EXCLUSIVE):
            raise GrantFault(
                f"“{user}”已是{grant.get_role_display()}，系统、安全、审计管理员不能由一人兼任"
            )


@transaction.atomic
def grant_role(*, user: User, role: str, organisation: Organisation, by) -> Grant:
    """Give a role on an organisation and everything below it; refuses as `refuse_grant` does."""
    # One after the other for one account, so that two posts cannot be given at once.
    user = User.objects.select_for_update().get(pk=user.pk)
    refuse_grant(user=user, role=role, organisation=organisation, by=by)
    grant = Grant.objects.create(user=user, role=role, organisation=organisation)
    _record("授权", grant, by, after={"角色": grant.get_role_display()})
    return grant


@transaction.atomic
def withdraw_role(grant: Grant, *, by, reason: str = "") -> bool:
    """Take a right back from now on; returns whether it was still held. Refuses the own one."""
    grant = Grant.objects.select_for_update().get(pk=grant.pk)
    if grant.withdrawn_at is not None:
        return False
    if by is not None and by.pk == grant.user_id:
        raise GrantFault("不能收回自己的授权")
    grant.withdrawn_at = timezone.now()
    grant.save(update_fields=["withdrawn_at"])
    _record("收回授权", grant, by, before={"角色": grant.get_role_display()}, reason=reason)
    return True


def _record(action: str, grant: Grant, by, **facts) -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=grant.user_id,
        label=f"{grant.user.name or grant.user.username}（{grant.user.username}）：{grant.organisation.name}",
        organisation_id=grant.organisation_id,
        **facts,
    )
