"""What happens to members. Every service writes its trail line and notes what to judge again."""

AREA = "members"


class Refused(ValueError):
    """Not done; the message says why and what to do."""
