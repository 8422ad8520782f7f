"""Entries that are taken back by an entry that points at them (`reverses`)."""

from branches.scope import ScopedQuerySet


class EntrySet(ScopedQuerySet):
    """Entries of an organisation, with reversals among them."""

    def unreversed(self):
        """What stands: entries that reverse nothing and were not taken back."""
        return self.filter(reverses__isnull=True, reversed_by__isnull=True)
