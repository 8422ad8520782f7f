"""Which members a list is about: what its address says, as conditions and in words.

The list page and the workbook made of it read the same address, so both hold the same people.
"""

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.db.models import Count, F, Q

from accounts.encryption import keyed_hash
from branches.choice import narrowed
from branches.models import Organisation
from branches.periods import add_months, add_years
from branches.scope import ScopedQuerySet
from branches.words import one_line
from members import facts
from members.enums import Gender, LeaveReason, MemberKind
from members.identity import masked_phone
from members.models import Member, Membership

# Hours and dues come from other rooms, member by member: counted on every page of a list this
# long, asked about when chosen up to the second number, not offered above (0.1 s per 500 people).
COUNTED = 200
MOST_ASKED = 3000
# Only these many digits of a number may stand in an address.
DIGITS_SHOWN = 4
# A number typed in part is compared with at most so many decrypted ones.
_MOST_DECRYPTED = 200
# Dues are looked at this far back for 党费缴至.
DUES_MONTHS = 24

_EDUCATION: dict[str, tuple[str, tuple[str, ...]]] = {
    "graduate": ("研究生", ("研究生", "硕士", "博士")),
    "bachelor": ("大学本科", ("本科",)),
    "college": ("大学专科", ("专科", "大专")),
    "secondary": ("高中、中专", ("高中", "中专", "职高", "技校", "中技")),
    "junior": ("初中及以下", ("初中", "小学")),
    "none": ("没有填写", ()),
}
EDUCATION = [(code, label) for code, (label, _words) in _EDUCATION.items()]
# Reasons written by hand, by an import or by a transfer begin alike.
_LEFT_BEGINS = {LeaveReason.MOVED: "组织关系转"}
_ANY = "any"
LEFT = [(_ANY, "已离开（全部）"), *[(one.value, f"已离开：{one.label}") for one in LeaveReason]]

# What may be sorted by: the column of the list, and what decides the order.
_SORTS: dict[str, tuple[str, ...]] = {
    "name": ("initials", "name", "pk"),
    "branch": ("organisation__code", "pk"),
    "sex": ("gender", "pk"),
    "age": ("born_on", "pk"),
    "kind": ("kind", "pk"),
    "joined": ("joined_on", "pk"),
    "group": ("group__name", "pk"),
}


@dataclass(frozen=True)
class Filters:
    """What an address asks of a list of members; what it says wrongly is left out."""

    search: str = ""
    # A number typed in full or by more digits than an address may hold.
    number: str = ""
    chip: str = ""
    group: int | None = None
    gender: str = ""
    age_from: int | None = None
    age_to: int | None = None
    education: str = ""
    joined_from: int | None = None
    joined_to: int | None = None
    left: str = ""
    sort: str = ""
    # The same for a form: values by name, as typed.
    typed: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def more(self) -> bool:
        """Whether something behind 更多条件 is chosen."""
        return any(self.typed.values())

    @property
    def narrows(self) -> bool:
        """Whether anything but a chip narrows the list."""
        return bool(self.search or self.number or self.group is not None or self.more)


MORE = ("gender", "age_from", "age_to", "education", "joined_from", "joined_to", "left")


def read_filters(query: Mapping[str, str], number: str = "") -> Filters:
    """Filters from the parameters of an address."""
    group = _number(query.get("group"), 10**18)
    sort = query.get("sort", "")
    read = {
        "gender": _one_of(query.get("gender"), Gender.values),
        "age_from": _number(query.get("age_from"), 120),
        "age_to": _number(query.get("age_to"), 120),
        "education": _one_of(query.get("education"), _EDUCATION),
        "joined_from": _number(query.get("joined_from"), 2200, 1900),
        "joined_to": _number(query.get("joined_to"), 2200, 1900),
        "left": _one_of(query.get("left"), [code for code, _label in LEFT]),
    }
    return Filters(
        search=one_line(query.get("q"), 60),
        number=number,
        chip=one_line(query.get("kind"), 20),
        group=group,
        sort=sort if sort.removeprefix("-") in _SORTS else "",
        typed={name: "" if value is None else str(value) for name, value in read.items()},
        **read,
    )


def is_number(search: str) -> bool:
    """Whether what was typed is (part of) a number too long to stand in an address."""
    return bool(re.fullmatch(rf"\d{{{DIGITS_SHOWN + 1},17}}[\dXx]?", search))


def listed(request) -> tuple[ScopedQuerySet, Organisation | None]:
    """The members a reader may see, and the branch where the list is of one branch.

    A temporary or functional branch lists those who work with it, wherever their relation is.
    """
    members, branch = narrowed(request, Member.objects.all())
    if branch is not None and not branch.holds_relations:
        attached = Membership.objects.filter(
            organisation=branch, is_attached=True, ends_on__isnull=True
        )
        members = Member.objects.filter(pk__in=attached.values("member_id"))
    return members, branch


def matching(members, filters: Filters, today: datetime.date):
    """Members that fit everything but the chip."""
    condition = _aged(filters, today) & _joined(filters) & Q(left_on__isnull=not filters.left)
    if filters.search:
        condition &= _found(filters.search)
    if filters.group is not None:
        condition &= Q(group=filters.group)
    if filters.gender:
        condition &= Q(gender=filters.gender)
    if filters.education:
        condition &= _educated(filters.education)
    if filters.left and filters.left != _ANY:
        condition &= _left_for(filters.left)
    members = members.filter(condition)
    if filters.number:
        members = members.filter(pk__in=_with_number(members, filters.number))
    return members


@dataclass(frozen=True)
class Chip:
    """A condition offered with one click; `asks` finds its members by asking other rooms."""

    label: str
    condition: Q | None = None
    asks: Callable | None = None


CHIPS: dict[str, Chip] = {
    "formal": Chip("正式", Q(kind=MemberKind.FORMAL)),
    "probationary": Chip("预备", Q(kind=MemberKind.PROBATIONARY)),
    "floating": Chip("流动", Q(is_floating=True)),
    "behind": Chip("学时落后", asks=lambda keys, today: _behind(keys, today)),
    "unpaid": Chip("党费未缴", asks=lambda keys, today: _owing(keys, today)),
}


def counted(members, today: datetime.date) -> dict[str, int | None]:
    """How many members each chip would show, "" for all of them; None where nobody counted.

    Chips that are not offered for so many members are left out.
    """
    found = members.aggregate(
        all=Count("pk"),
        **{
            key: Count("pk", filter=chip.condition) for key, chip in CHIPS.items() if chip.condition
        },
    )
    total = found.pop("all")
    asked = [key for key, chip in CHIPS.items() if chip.asks]
    if total <= COUNTED:
        keys = list(members.values_list("pk", flat=True))
        found |= {key: len(CHIPS[key].asks(keys, today)) for key in asked}
    elif total <= MOST_ASKED:
        found |= dict.fromkeys(asked)
    return {"": total} | found


def chosen_by(members, chip: str, today: datetime.date) -> tuple[ScopedQuerySet, str]:
    """Members of a chip, and the chip in words; everybody and "" where it is not offered."""
    if chip not in CHIPS:
        return members, ""
    one = CHIPS[chip]
    if one.condition is not None:
        return members.filter(one.condition), one.label
    keys = list(members.values_list("pk", flat=True)[: MOST_ASKED + 1])
    if len(keys) > MOST_ASKED:
        return members, ""
    return members.filter(pk__in=one.asks(keys, today)), one.label


def ordered(members, sort: str):
    """In the order asked for; without one in list order."""
    members = members.select_related("organisation", "group").defer("id_number", "phone")
    if not sort:
        return members.order_by("organisation__code", "pk")
    names = _SORTS[sort.removeprefix("-")]
    # A younger age is a later birth.
    falling = sort.startswith("-") != (names[0] == "born_on")
    first = F(names[0])
    order = first.desc(nulls_last=True) if falling else first.asc(nulls_last=True)
    return members.order_by(order, *names[1:])


def in_words(filters: Filters, chip_label: str = "", group_name: str = "") -> str:
    """The conditions as a reader would say them: 正式、男、35—50 岁."""
    words = [
        f"“{filters.search}”" if filters.search else "",
        f"号码后四位 {filters.number[-DIGITS_SHOWN:]}" if filters.number else "",
        chip_label,
        group_name,
        Gender(filters.gender).label if filters.gender else "",
        _ages(filters),
        _EDUCATION[filters.education][0] if filters.education else "",
        _years(filters),
        dict(LEFT).get(filters.left, ""),
    ]
    return "、".join(word for word in words if word)


# --- Pieces -----------------------------------------------------------------------------------


def _one_of(text: str | None, known) -> str:
    return text if text in known else ""


def _number(text: str | None, largest: int, smallest: int = 0) -> int | None:
    """A whole number within its range; "²" is a digit and no number."""
    text = (text or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text) if smallest <= int(text) <= largest else None


def _found(search: str) -> Q:
    """By name, by pinyin initials from the front, by the last digits of a number."""
    if search.isascii() and search.isalpha():
        # Initials of Latin letters are the letters, so they find such names too.
        return Q(initials__startswith=search.lower())
    condition = Q(name__icontains=search)
    if search.isascii() and search.isdigit() and len(search) >= 2:
        condition |= Q(phone_mask__endswith=search) | Q(id_number_mask__endswith=search)
    elif search.isascii() and re.fullmatch(r"\d{3}[xX]", search):
        condition |= Q(id_number_mask__endswith=search.upper())
    return condition


def _with_number(members, typed: str) -> list[int]:
    """Who has this number: by hash when it is whole, else among those with the same last four."""
    typed = typed.upper()
    if len(typed) == 18:
        found = members.filter(id_number_hash=keyed_hash(typed))
        return list(found.values_list("pk", flat=True))
    last = typed[-DIGITS_SHOWN:]
    alike = Q(id_number_mask__endswith=last) | Q(phone_mask__endswith=last)
    if len(typed) == 11:
        alike = Q(phone_mask=masked_phone(typed)) | Q(id_number_mask__endswith=last)
    return [
        pk
        for pk, *numbers in members.filter(alike).values_list("pk", "id_number", "phone")[
            :_MOST_DECRYPTED
        ]
        if any(number and number.endswith(typed) for number in numbers)
    ]


def _educated(code: str) -> Q:
    words = _EDUCATION[code][1]
    if not words:
        return Q(education="")
    condition = Q()
    for word in words:
        condition |= Q(education__contains=word)
    return condition


def _left_for(code: str) -> Q:
    """The reason stored begins with its label; 其他 is whatever begins with none."""
    if code != LeaveReason.OTHER:
        return Q(left_reason__startswith=_begins(LeaveReason(code)))
    condition = Q()
    for one in LeaveReason:
        if one != LeaveReason.OTHER:
            condition |= Q(left_reason__startswith=_begins(one))
    return ~condition


def _begins(reason: LeaveReason) -> str:
    return _LEFT_BEGINS.get(reason, reason.label)


def _aged(filters: Filters, today: datetime.date) -> Q:
    """Full years between the two, both included."""
    condition = Q()
    if filters.age_from is not None:
        condition &= Q(born_on__lte=add_years(today, -filters.age_from))
    if filters.age_to is not None:
        condition &= Q(born_on__gt=add_years(today, -filters.age_to - 1))
    return condition


def _joined(filters: Filters) -> Q:
    condition = Q()
    if filters.joined_from is not None:
        condition &= Q(joined_on__gte=datetime.date(filters.joined_from, 1, 1))
    if filters.joined_to is not None:
        condition &= Q(joined_on__lte=datetime.date(filters.joined_to, 12, 31))
    return condition


def _behind(keys: list[int], today: datetime.date) -> list[int]:
    return [key for key, study in facts.study_of(keys, today).items() if study.behind]


def _owing(keys: list[int], today: datetime.date) -> list[int]:
    """Who owes something for this month."""
    month = today.replace(day=1)
    return [
        key
        for key, months in facts.dues_of(keys, month, month).items()
        if any(one.paid < one.due for one in months)
    ]


def _ages(filters: Filters) -> str:
    first, last = filters.age_from, filters.age_to
    if first is None:
        return "" if last is None else f"{last} 岁及以下"
    return f"{first} 岁及以上" if last is None else f"{first}—{last} 岁"


def _years(filters: Filters) -> str:
    first, last = filters.joined_from, filters.joined_to
    if first is None:
        return "" if last is None else f"{last}年及以前入党"
    return f"{first}年及以后入党" if last is None else f"{first}—{last}年入党"


def dues_span(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    """The months looked at for 党费缴至."""
    return add_months(today.replace(day=1), -DUES_MONTHS), today
