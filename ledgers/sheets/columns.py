"""What a sheet is made of: columns that read, compare and show their cells. No queries."""

import datetime
import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache

from branches.codes import CODE
from branches.typed import Unreadable, folded, plain, read_names
from ledgers.keys import RowKey, fingerprint, make_key
from members.identity import masked_id_number, masked_phone, read_id_number, read_phone


class _Clear:
    """A cell that says (清空): what is stored is to be erased."""

    __slots__ = ()

    def __repr__(self):
        return "(清空)"


CLEAR = _Clear()
# How people write that there is nothing to write.
NOTHING = frozenset({"无", "-", "--", "—", "——", "－", "/", "\\", "／"})


class Masked(str):
    """A number with stars, as an earlier export wrote it."""

    __slots__ = ()


@lru_cache(maxsize=65536, typed=True)
def _canonical_text(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def canonical(value) -> str:
    """The text by which two values are the same, however each was typed."""
    if type(value) is str:
        return _canonical_text(value)
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return _canonical_text(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, tuple):
        return "、".join(sorted(canonical(part) for part in value))
    return str(value)


def text_of(value) -> str:
    """A value as previews and the trail write it."""
    if type(value) in (str, Decimal, datetime.date):
        return str(value)
    if value is None or value is CLEAR:
        return ""
    if isinstance(value, Enum):
        return str(value.label)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime.time):
        return f"{value:%H:%M}"
    if isinstance(value, tuple):
        return "、".join(text_of(part) for part in value)
    return str(value)


def show_value(value):
    """A value as an exported cell holds it: dates as dates, numbers as numbers, else text."""
    if isinstance(value, datetime.date | Decimal | int) and not isinstance(value, bool):
        return value
    return text_of(value)


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a ledger.

    `read` turns a cell into the value meant or raises Unreadable; None, "" and () are blank.
    `show` turns a value into an exported cell, `text` into the text of previews and the trail.
    `empty` is what stands for nothing, `secret` masks personal numbers, `monthly` False is a column
    that is read but not exported.
    """

    heading: str
    read: Callable = plain
    aliases: tuple[str, ...] = ()
    show: Callable = show_value
    text: Callable = text_of
    empty: object = ""
    clearable: bool = False
    secret: Callable[[str], str] | None = None
    dash_is_blank: bool = True
    # Whether the monthly ledger has it; its sheets are fixed.
    monthly: bool = True

    def __post_init__(self):
        if self.secret is None:
            # Most cells repeat: codes, dates, sums. Numbers of persons are not kept in memory.
            object.__setattr__(self, "read", lru_cache(maxsize=65536, typed=True)(self.read))

    def written(self, value) -> str:
        """The value's text, masked where it is personal."""
        text = self.text(value)
        return self.secret(text) if self.secret and text else text

    def print_of(self, value) -> str:
        """The fingerprint of a value; personal numbers by their mask."""
        if self.secret and value and value is not CLEAR:
            value = self.secret(str(value))
        return fingerprint(canonical(value))


@dataclass(frozen=True, eq=False)
class Sheet:
    """One ledger: its name, its columns in the order of export and how it is recognised.

    A sheet is this ledger when each group of `identifying` has one of its headings there.
    """

    name: str
    kind: str
    columns: tuple[Column, ...]
    identifying: tuple[tuple[str, ...], ...]
    # Read by nobody and not worth naming as unknown.
    ignored: frozenset[str] = field(default=frozenset({"序号", "需更正"}))
    # Aliases that are read only where no other heading of their column is there.
    yielding: frozenset[str] = frozenset()

    @cached_property
    def by_heading(self) -> dict[str, Column]:
        return {column.heading: column for column in self.columns}

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {
            fold_heading(name): column
            for column in self.columns
            for name in (column.heading, *column.aliases)
        }

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column.heading: place for place, column in enumerate(self.columns)}

    def column_named(self, heading: str) -> Column | None:
        """The column meant by a heading as typed; units in brackets and a year do not matter."""
        name = fold_heading(heading)
        bare = re.sub(r"\([^()]*\)$", "", name)
        return (
            self._by_name.get(name)
            or self._by_name.get(bare)
            or self._by_name.get(re.sub(r"^20\d\d年度?(?=\d|[一二三四五六七八九十])", "", bare))
        )

    def missing(self, headings) -> list[str]:
        """The headings, one for each group, without which this is not the ledger."""
        known = set(headings)
        return [group[0] for group in self.identifying if not known & set(group)]

    def version(self, values: dict) -> str:
        """Prints of all cells of a row as exported; `values` by heading."""
        return "".join(
            column.print_of(values.get(column.heading, column.empty)) for column in self.columns
        )

    def row_key(self, pk, values: dict) -> str:
        """What the hidden column of an exported row holds."""
        return make_key(self.kind, pk, self.version(values))

    def print_in(self, key: RowKey, heading: str) -> str:
        """The print that cell had when the row was exported, "" where unknown."""
        return key.print_of(self._places[heading])


def fold_heading(cell) -> str:
    """A heading without blanks, line ends, full-width forms and marks around it."""
    return re.sub(r"\s+", "", folded(cell)).strip("*:")


# --- Readers ----------------------------------------------------------------------------------


def _clean(text: str) -> str:
    """Without control characters, which PostgreSQL and workbooks refuse."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f\ufeff\u200b]", "", text).strip()


def text_reader(limit: int) -> Callable:
    """Reads text of at most `limit` characters."""

    def read(cell) -> str:
        text = _clean(plain(cell))
        if len(text) > limit:
            raise Unreadable(f"最多 {limit} 个字，现在有 {len(text)} 个字")
        return text

    return read


def read_code(cell) -> str:
    """An organisation's code: half-width, without blanks."""
    code = re.sub(r"\s+", "", _clean(folded(cell)))
    if len(code) > 40:
        raise Unreadable("编码最多 40 个字符")
    if not CODE.fullmatch(code or "0"):
        raise Unreadable("编码里不能有斜线、引号等符号，请只用汉字、字母、数字、点和横线")
    return code


def choice_reader(choices, others: dict | None = None) -> Callable:
    """Reads one of the labels of `choices`, or another way of saying it."""
    meant = {_canonical_text(choice.label): choice for choice in choices}
    meant |= {_canonical_text(name): choice for name, choice in (others or {}).items()}

    def read(cell):
        text = canonical(plain(cell))
        if not text:
            return None
        if text in meant:
            return meant[text]
        labels = "、".join(choice.label for choice in choices)
        raise Unreadable(f"“{plain(cell)}”不在可填范围内，请填：{labels}")

    return read


def _whole_name(text: str) -> str:
    """张 伟 and 张　伟 are 张伟; the dot in names is written one way."""
    text = re.sub(r"[•･．·‧]", "·", text)
    if not re.search(r"[A-Za-z]", text):
        text = re.sub(r"\s+", "", text)
    return text


def read_name(cell) -> str:
    """One person's name."""
    name = _whole_name(_clean(plain(cell)))
    if len(name) > 40:
        raise Unreadable("姓名最多 40 个字")
    if re.search(r"\d{3}", name):
        raise Unreadable("姓名里有数字，请核对是否填错了列")
    return name


def read_persons(cell) -> tuple[str, ...]:
    """Names as typed, each perhaps with `(1234)`, `(1980-05)` or a reason in brackets."""
    text = plain(cell).replace("（", "(").replace("）", ")")
    text = re.sub(r"\s+\(", "(", text)
    # Marks inside brackets separate no names.
    text = re.sub(r"\([^()]*\)", lambda found: re.sub(r"[、,，;；\s]", "\0", found[0]), text)
    names = [_whole_name(name.replace("\0", "，")) for name in read_names(text)]
    return tuple(sys.intern(_clean(name)) for name in names if name not in NOTHING)


def read_person(cell) -> str:
    """One name, perhaps with `(1234)` or `(1980-05)`."""
    persons = read_persons(cell)
    if len(persons) > 1:
        raise Unreadable(f"“{plain(cell)}”请只写一个人")
    if persons and len(persons[0]) > 40:
        raise Unreadable("姓名最多 40 个字")
    return persons[0] if persons else ""


@lru_cache(maxsize=65536)
def split_person(typed: str) -> tuple[str, str, str]:
    """Name, mark and reason of one entry: `张伟(1234)(出差)` → 张伟, 1234, 出差."""
    name, *brackets = re.split(r"\(([^()]*)\)", typed)
    mark = reason = ""
    for text in filter(None, (part.strip() for part in brackets)):
        if re.fullmatch(r"\d{3}[\dXx]|\d{4}-\d{1,2}", text) and not mark:
            mark = text.upper()
        else:
            reason = text
    return name.strip(), mark, reason[:100]


def write_person(name: str, mark: str = "", reason: str = "") -> str:
    """The opposite of `split_person`, as exports write it."""
    return name + (f"({mark})" if mark else "") + (f"({reason})" if reason else "")


def read_identity(cell) -> str:
    """A full identity number, or a Masked one as exports write it."""
    text = re.sub(r"\s", "", folded(cell)).upper() if isinstance(cell, str) else ""
    if "*" not in text:
        return read_id_number(cell)
    if not re.fullmatch(r"\d{6}\*{8}\d{3}[\dX]", text):
        raise Unreadable("带星号的号码不完整，请填写完整的 18 位号码")
    return Masked(text)


def read_mobile(cell) -> str:
    """A full phone number, or a Masked one as exports write it."""
    text = re.sub(r"\s", "", folded(cell))
    if "*" not in text:
        return read_phone(cell)
    if not re.fullmatch(r"\d{3}\*{4}\d{4}", text):
        raise Unreadable("带星号的号码不完整，请填写完整的号码")
    return Masked(text)


# --- Columns that several ledgers share ---------------------------------------------------------

MEMBER_NAME = Column("姓名", read_name, aliases=("党员姓名",))
ID_NUMBER = Column(
    "公民身份号码",
    read_identity,
    aliases=("身份证号", "身份证号码", "公民身份证号码", "公民身份证号", "居民身份证号码"),
    secret=masked_id_number,
)
PHONE = Column(
    "手机号码",
    read_mobile,
    aliases=("联系电话", "手机号", "手机", "电话", "电话号码", "联系方式"),
    secret=masked_phone,
    clearable=True,
)
BRANCH_CODE = Column(
    "党支部编码",
    read_code,
    aliases=("支部编码", "所在党支部编码", "所属党支部编码", "党支部代码"),
)
BRANCH_NAME = Column(
    "所在党支部",
    text_reader(120),
    aliases=("所属党支部", "党支部名称", "党支部", "所在支部", "所属支部", "支部名称"),
)
BRANCH = (BRANCH_CODE.heading, BRANCH_NAME.heading)
