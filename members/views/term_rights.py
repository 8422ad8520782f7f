"""Who acts about a term: the organisation itself, or the one above it."""

from django.core.exceptions import PermissionDenied

from accounts.roles import Action
from branches.models import WITHOUT_RELATIONS, Organisation
from branches.scope import get_for, is_superior, reaches
from branches.words import one_line
from members.models import Election, Term, TermRequest
from members.terms import TERM_KINDS


def may_ask(user, organisation: Organisation) -> bool:
    """Whether the user asks in the name of the organisation; committees by who keeps their posts."""
    if reaches(user, Action.SUBMIT, organisation.path):
        return True
    return not organisation.is_branch and reaches(user, Action.KEEP_POSTS, organisation.path)


def may_keep(user, organisation: Organisation) -> bool:
    """Whether the user registers terms and elections of the organisation."""
    return reaches(user, Action.KEEP_POSTS, organisation.path)


def may_register_term(user, organisation: Organisation) -> bool:
    """The first term by who keeps posts; a further one would clear a term run out, so the superior."""
    if organisation.terms.exists():
        return is_superior(user, organisation)
    return may_keep(user, organisation)


def require(allowed: bool) -> None:
    """In sight but out of reach."""
    if not allowed:
        raise PermissionDenied


def term_in_sight(request, pk: int) -> Term:
    terms = Term.objects.select_related("organisation__parent", "election")
    return get_for(terms, request.user, pk=pk)


def request_in_sight(request, pk: int) -> TermRequest:
    requests = TermRequest.objects.select_related("term__organisation__parent")
    return get_for(requests, request.user, pk=pk)


def election_in_sight(request, pk: int, action: str = Action.LOOK) -> Election:
    elections = Election.objects.select_related("organisation__parent", "term")
    return get_for(elections, request.user, action, pk=pk)


def elected_organisations(user, action: str = Action.LOOK):
    """Those in reach that elect for a term: no appointed bodies, no branches without relations."""
    elected = Organisation.objects.filter(kind__in=TERM_KINDS).exclude(form__in=WITHOUT_RELATIONS)
    return elected.permitting(user, action)


def chosen_organisation(request, action: str = Action.LOOK) -> Organisation | None:
    """The organisation named in the request, of any kind; else the only elected one in reach."""
    given = request.POST.get("branch") or request.GET.get("branch")
    code = one_line(given or request.GET.get("organisation"), 40)
    if code:
        organisations = Organisation.objects.select_related("parent")
        return get_for(organisations, request.user, action, code=code)
    found = list(elected_organisations(request.user, action).select_related("parent")[:2])
    return found[0] if len(found) == 1 else None
