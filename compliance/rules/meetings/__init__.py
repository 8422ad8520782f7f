"""The rules about meetings and study, in the order of their columns."""

from compliance.rules.meetings import held  # noqa: F401
