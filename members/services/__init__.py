"""What happens to members. Every service writes its trail line and notes what to judge again."""

AREA = "members"


class Refused(ValueError):
    """Not done; the message says why and what to do. `field` is the field of the form meant."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field
