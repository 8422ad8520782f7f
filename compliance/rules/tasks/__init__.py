"""Rules over the work to be done, in the order of their columns."""

from compliance.rules.tasks import overdue

__all__ = ["overdue"]
