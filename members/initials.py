"""Pinyin initials of a name (林守正 → lsz), for finding a person in three keys. No Django.

The 3755 common characters of GB 2312 stand in the order of their reading, so the first letter
follows from the code point. Rarer characters and second readings are not known to it: they
match nothing here, and the person is still found by the characters of the name.
"""

from functools import lru_cache

# First code of each letter in the level-1 area of GB 2312.
_STARTS = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"),
    (0xB8C1, "g"), (0xB9FE, "h"), (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"),
    (0xC4C3, "n"), (0xC5B6, "o"), (0xC5BE, "p"), (0xC6DA, "q"), (0xC8BB, "r"), (0xC8F6, "s"),
    (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"), (0xD1B9, "y"), (0xD4D1, "z"),
)  # fmt: skip
_LAST = 0xD7F9
# Surnames that are read otherwise than the character by itself, or are rare characters.
_SURNAMES = {"曾": "z", "单": "s", "仇": "q", "解": "x", "查": "z", "翟": "z", "尹": "y", "邵": "s",
             "闫": "y", "佟": "t", "阮": "r", "郝": "h", "邱": "q", "俞": "y", "奚": "x", "褚": "c",
             "逄": "p", "亓": "q", "覃": "q", "朴": "p", "盖": "g", "晏": "y"}  # fmt: skip


def initials(name: str) -> str:
    """The first letters, `?` for characters whose reading is not known."""
    letters = []
    for index, character in enumerate(name):
        if index == 0 and character in _SURNAMES:
            letters.append(_SURNAMES[character])
        else:
            letters.append(_letter(character))
    return "".join(letters)


@lru_cache(maxsize=8192)
def _letter(character: str) -> str:
    if character.isascii():
        return character.lower()
    try:
        raw = character.encode("gb2312")
    except UnicodeEncodeError:
        return "?"
    code = int.from_bytes(raw, "big")
    if not _STARTS[0][0] <= code <= _LAST:
        return "?"
    return next(letter for start, letter in reversed(_STARTS) if code >= start)
