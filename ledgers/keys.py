"""Row keys: what a ledger carries in its hidden column, so that a row comes back to its record.

A key names the record and holds a small print of every cell as it was written. On return a cell
that still has its print was not touched, whatever has happened to the record since; one that
was touched here and elsewhere is a conflict.
"""

import base64
import zlib
from dataclasses import dataclass
from functools import cache

from django.core import signing

HEADING = "行标识"
_PRINT = 4


class BadKey(ValueError):
    """The text is no key of this installation."""


@dataclass(frozen=True, slots=True)
class RowKey:
    """`pk` is the record's key as text; for dues it is member and year, `17-2026`."""

    kind: str
    pk: str
    version: str = ""

    def print_of(self, place: int) -> str:
        """The print of the column at that place, or "" where the key has none."""
        return self.version[place * _PRINT : (place + 1) * _PRINT]


@cache
def _signer() -> signing.Signer:
    return signing.Signer(salt="ledgers.row")


def make_key(kind: str, pk, version: str = "") -> str:
    """The signed key of a record; `version` is made by `Sheet.version`."""
    return _signer().sign(f"{kind}:{pk}:{version}")


def read_key(text: str) -> RowKey:
    """Undo `make_key`; BadKey when the text was changed or comes from another installation."""
    try:
        kind, pk, version = _signer().unsign(text.strip()).split(":")
    except (signing.BadSignature, ValueError):
        raise BadKey(text) from None
    return RowKey(kind, pk, version)


def fingerprint(canonical: str) -> str:
    """Four characters that tell two canonical texts apart, all but once in 16 million."""
    digest = zlib.crc32(canonical.encode()) & 0xFFFFFF
    return base64.urlsafe_b64encode(digest.to_bytes(3, "big")).decode()
