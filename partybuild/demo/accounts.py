"""One account for each role, with readable passwords where it is only a demonstration."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher, make_password

from accounts.models import User
from accounts.roles import Role
from branches.models import Grant, Organisation
from members.enums import PostTitle
from members.models import Post
from partybuild.demo.organisations import Branch, Tree


@dataclass(frozen=True)
class Entry:
    """One line of the table that is handed out."""

    role: str
    username: str
    password: str
    name: str
    organisation: Organisation
    look_at: str


# Role, account, password, what to look at. Readable on purpose: see `entries`.
_SHOWN = (
    (Role.SECRETARY, "shuji", "Wangchun-shuji-26", "本月要办、登记会议、录入党费"),
    (Role.ORGANISER, "zuzhi", "Wangchun-zuzhi-26", "同一支部，不能申请销号"),
    (Role.GROUP_LEADER, "xiaozu", "Wangchun-xiaozu-26", "登记党小组会"),
    (Role.COMMITTEE_OFFICER, "jiedao", "Liuting-jiedao-26", "街道总览、核查整改"),
    (Role.COUNTY_OFFICER, "xianwei", "Qinghe-xianwei-26", "全县总览、要求设置、管理后台"),
    (Role.INSPECTOR, "ducha", "Qinghe-ducha-26", "全县总览，只读"),
    (Role.SYSTEM_ADMIN, "xitong", "Qinghe-xitong-26", "管理后台：后台任务、核对记录"),
    (Role.SECURITY_ADMIN, "anquan", "Qinghe-anquan-26", "管理后台：账号和授权"),
    (Role.AUDIT_ADMIN, "shenji", "Qinghe-shenji-26", "管理后台：操作记录"),
)
_NAMES = {
    Role.COMMITTEE_OFFICER: "沈守诚",
    Role.COUNTY_OFFICER: "叶承安",
    Role.INSPECTOR: "顾清柏",
    Role.SYSTEM_ADMIN: "陆启航",
    Role.SECURITY_ADMIN: "孟静宁",
    Role.AUDIT_ADMIN: "康亦朴",
}
USERNAMES = tuple(username for _, username, _, _ in _SHOWN)


def entries(tree: Tree, shown: Branch, posts: list[Post], *, readable: bool) -> list[Entry]:
    """The accounts to create; `readable` passwords only where anybody may know them.

    `posts` are those of the shown branch: its people hold the accounts of the branch.
    """
    held = {post.title: post for post in posts if post.ends_on is None}
    names = _NAMES | {
        Role.SECRETARY: _holder(held, PostTitle.SECRETARY, "许文桥"),
        Role.ORGANISER: _holder(held, PostTitle.ORGANISATION, "何云溪"),
        Role.GROUP_LEADER: _holder(held, PostTitle.GROUP_LEADER, "贺世林"),
    }
    committee = shown.above
    places = dict.fromkeys((Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER), shown.organisation)
    places[Role.COMMITTEE_OFFICER] = committee.organisation
    return [
        Entry(
            role,
            username,
            password if readable else secrets.token_urlsafe(9),
            names[role],
            places.get(role, tree.county.organisation),
            look_at,
        )
        for role, username, password, look_at in _SHOWN
    ]


def _holder(held: dict[str, Post], title: str, otherwise: str) -> str:
    return held[title].person_name if title in held else otherwise


def create(entries: list[Entry], *, readable: bool) -> dict[str, User]:
    """Store accounts and grants; role → account. The caller writes the trail."""
    users = User.objects.bulk_create(
        User(
            username=entry.username,
            name=entry.name,
            password=_hashed(entry.password, readable),
            must_change_password=not readable,
        )
        for entry in entries
    )
    Grant.objects.bulk_create(
        Grant(user=user, role=entry.role, organisation=entry.organisation)
        for user, entry in zip(users, entries, strict=True)
    )
    return {entry.role: user for user, entry in zip(users, entries, strict=True)}


def _hashed(password: str, readable: bool) -> str:
    """What anybody may know needs no slow hash; Django makes it slow at the first log-in."""
    hasher = get_hasher()
    if readable and isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, hasher.salt(), iterations=10_000)
    return make_password(password)


def table(entries: list[Entry]) -> str:
    """The table for the terminal: role, account, password, where, what to look at."""
    rows = [("角色", "账号", "密码", "组织", "可看")]
    rows += [
        (
            Role(entry.role).label,
            entry.username,
            entry.password,
            entry.organisation.short_name,
            entry.look_at,
        )
        for entry in entries
    ]
    widths = [max(_width(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(
            [text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=False)]
            + [row[4]]
        )
        for row in rows
    )


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
