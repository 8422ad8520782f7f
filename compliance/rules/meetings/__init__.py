"""The rules about meetings and study, in the order of their columns."""

from compliance.rules.meetings import (  # noqa: F401, I001 – order of columns
    held,
    groups,
    years,
    talks,
    study,
    training,
    plan,
    lectures,
)
