"""Names of what is touched, for the trail and for judging again; and what is refused."""

AREA = "branches"
# A changed county value concerns every rule of everybody.
VALUES_AREA = "values"


class OrganisationFault(ValueError):
    """Not done; the message says why and what to do, `field` which field of a form it is about."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.field = field
