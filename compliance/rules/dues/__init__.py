"""The five rules about dues, in the order of their columns."""

from compliance.rules.dues import (  # noqa: F401, I001 – order of columns
    approved,
    paid,
    remitted,
    published,
    arrears,
)
