"""Rules over the work to be done, in the order of their columns."""

from compliance.rules.tasks import overdue, weak

__all__ = ["overdue", "weak"]
