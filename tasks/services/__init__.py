"""What happens to tasks, campaigns, projects, weak branches, inspections and units' coverage.

Every service writes its trail line and notes which days are to be judged again.
"""

AREA = "tasks"


class Refused(ValueError):
    """Not done; the message says what is wrong and what to do. `field` is the form's field meant."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field
