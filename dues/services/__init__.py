"""What happens to dues. Every service writes its trail line and notes what to judge again.

An entry is never edited: what was wrong is reversed by an entry that points at it, and entered
anew, so the sum of entries is always what was paid.
"""

AREA = "dues"


class Refused(ValueError):
    """Not done; the message says what is wrong and what to do. `field` is the form's field meant."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


class NeedsConfirmation(Refused):
    """The sum is unusual; the same call with `confirmed=True` makes the entry."""
