"""Files that lie encrypted on disk, written and read piece by piece.

A sealed file is a row of pieces, each with its length in front and bound to its place, so that
none can be left out, doubled or moved; the last is empty.
"""

from collections.abc import Iterator
from typing import BinaryIO

from accounts.encryption import decrypt_bytes, encrypt_bytes

PIECE = 1024 * 1024
_LENGTH = 4


class Damaged(ValueError):
    """The file ends before its last piece."""


def seal(source: BinaryIO, target: BinaryIO, context: str) -> None:
    """Write what `source` holds to `target`, encrypted; `context` is needed to read it again."""
    number = 0
    while True:
        piece = source.read(PIECE)
        sealed = encrypt_bytes(piece, f"{context}:{number}")
        target.write(len(sealed).to_bytes(_LENGTH, "big") + sealed)
        if not piece:
            return
        number += 1


def unseal(source: BinaryIO, context: str) -> Iterator[bytes]:
    """The pieces of a sealed file in the clear; Damaged, UnknownKey or InvalidTag otherwise."""
    number = 0
    while True:
        length = int.from_bytes(source.read(_LENGTH), "big")
        sealed = source.read(length)
        if not length or len(sealed) < length:
            raise Damaged("sealed file is cut off")
        piece = decrypt_bytes(sealed, f"{context}:{number}")
        if not piece:
            return
        yield piece
        number += 1
