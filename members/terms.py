"""Terms of office: which one is running, and what is due before it ends."""

import datetime

from members.models import Term


def current_terms(organisations, day: datetime.date) -> dict[int, Term]:
    """The newest term of each organisation that had begun by `day`."""
    terms = {}
    for term in (
        Term.objects.filter(organisation__in=organisations)
        .exclude(starts_on__gt=day)
        .order_by("ends_on")
    ):
        terms[term.organisation_id] = term
    return terms
