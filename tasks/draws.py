"""随机抽取: choosing some of many so that anybody can make the draw again. Pure.

Each code is hashed together with the seed; those with the smallest hashes are drawn. Any tool that
computes SHA-256 gives the same order, and no code depends on which others are in the pool.
"""

import hashlib
from collections.abc import Iterable

RULE = "把“随机种子:组织编码”逐个计算 SHA-256，按结果从小到大排列，取前 N 个"


def rank(seed: str, code: str) -> str:
    """What a code is sorted by: 64 hexadecimal digits."""
    return hashlib.sha256(f"{seed}:{code}".encode()).hexdigest()


def ranked(seed: str, codes: Iterable[str]) -> list[str]:
    """All codes in the order of the draw; each counts once."""
    return sorted(set(codes), key=lambda code: (rank(seed, code), code))


def drawn(seed: str, codes: Iterable[str], count: int) -> list[str]:
    """The codes that are drawn, in their order."""
    return ranked(seed, codes)[:count]
