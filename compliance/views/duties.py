from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, Value, When
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from accounts.roles import Action
from branches.clock import today
from branches.deadlines import SOON_DAYS
from branches.history import below_on
from branches.links import link
from branches.models import Organisation
from branches.periods import period_named
from branches.scope import get_for, is_superior, paths_reached, reaches
from branches.values import Values
from compliance import services
from compliance.explanation import explain
from compliance.models import Duty, DutyState
from compliance.registry import RULES
from compliance.wording import day_text, kind_of, mark, period_text

_PAGE = 50
_WORST_FIRST = Case(
    When(state=DutyState.OVERDUE, then=Value(0)),
    When(state=DutyState.BEHIND, then=Value(1)),
    When(state=DutyState.OPEN, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)
_CHIPS = (
    ("", "要办"),
    (DutyState.OVERDUE, "逾期"),
    (DutyState.BEHIND, "落后"),
    (DutyState.OPEN, "进行中"),
    (DutyState.DONE, "已完成"),
    (DutyState.EXEMPT, "免予"),
)


@require_GET
def duty(request, pk: int):
    """为什么: one duty explained; judged again first, so that the page is right."""
    found = get_for(Duty.objects.select_related("organisation__parent"), request.user, pk=pk)
    if found.rule not in RULES:
        raise Http404
    services.refresh(as_of=today(), organisation=found.organisation)
    services.judge_again(found, as_of=today())
    found = get_for(Duty.objects.select_related("organisation__parent"), request.user, pk=pk)
    may_cure = RULES[found.rule].cure.may_be_started(request.user, found.organisation)
    page = explain(found, today=today(), may_cure=may_cure)
    page["exempt_url"] = (
        reverse("compliance:exempt", args=[found.pk])
        if found.state not in (DutyState.DONE, DutyState.EXEMPT)
        and is_superior(request.user, found.organisation)
        else ""
    )
    page["exemptions_url"] = link("compliance:exemptions", branch=found.organisation.code)
    page["reminders_url"] = link(
        "compliance:reminders",
        branch=found.organisation.code,
        rule=found.rule,
        period=found.period,
    )
    page["crumbs"] = [
        {
            "label": found.organisation.short_name,
            "url": reverse("compliance:list") + f"?branch={found.organisation.code}",
        },
        {"label": "为什么"},
    ]
    return render(request, "compliance/duty.html", page)


@require_GET
def duty_list(request):
    """Duties in sight, worst first, filtered by the address."""
    organisation = _organisation(request)
    duties = _duties(request, organisation).filter(rule__in=list(RULES))
    rule = request.GET.get("rule", "")
    if rule in RULES:
        duties = duties.filter(rule=rule)
    if request.GET.get("group") == "meetings":
        duties = duties.filter(rule__startswith="meetings.")
    if period := request.GET.get("period", ""):
        duties = duties.filter(period=period)
    search = request.GET.get("q", "").strip()[:40]
    if search:
        duties = duties.filter(organisation__name__contains=search)
    counts = dict(duties.values_list("state").annotate(count=Count("pk")).order_by())
    state = request.GET.get("state", "")
    duties = duties.filter(state=state) if state in DutyState.values else duties.unmet()
    rows = duties.select_related("organisation").order_by(
        _WORST_FIRST, "due_on", "organisation__code", "rule", "period"
    )
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    one_branch = organisation.is_branch if organisation else _has_one_branch(request.user)
    now = today()
    soon_days = Values().on(SOON_DAYS, now)
    return render(
        request,
        "compliance/duty_list.html",
        {
            "context_text": organisation.short_name if organisation else "",
            "chips": _chips(request, counts, state),
            "rules": _rule_choices(rule),
            "search": search,
            "hidden": _kept(request, ("branch", "organisation", "state", "group", "period")),
            "rows": [_row(one, now, soon_days, request.user) for one in page],
            "show_organisation": not one_branch,
            "page": page,
            "query": urlencode({key: value for key, value in request.GET.items() if key != "page"}),
            "clear_url": request.path
            + (f"?organisation={organisation.code}" if organisation else ""),
            "forecast_url": link(
                "compliance:forecast", organisation=organisation.code if organisation else ""
            ),
            "exemptions_url": link(
                "compliance:exemptions", organisation=organisation.code if organisation else ""
            ),
            "reminders_url": link(
                "compliance:reminders", organisation=organisation.code if organisation else ""
            ),
            "conditions_text": _conditions(rule, state, search),
        },
    )


def _duties(request, organisation: Organisation | None):
    """Duties of what stands below today; of a period that has ended, of what stood below then.

    A former superior keeps reading what ended under it, by name and figure.
    """
    if organisation is None:
        return Duty.objects.visible_to(request.user)
    period = period_named(request.GET.get("period", ""))
    if period is None or period.ends_on >= today():
        return Duty.objects.visible_to(request.user).within(organisation)
    return Duty.objects.filter(organisation__in=below_on(organisation, period.ends_on))


def _organisation(request) -> Organisation | None:
    code = request.GET.get("branch") or request.GET.get("organisation")
    return get_for(Organisation.objects.all(), request.user, code=code) if code else None


def _has_one_branch(reader) -> bool:
    """Whether all that the reader sees is one branch."""
    reached = paths_reached(reader)
    seen = Organisation.objects.branches().visible_to(reader)
    return len(reached) == 1 and seen.filter(path__in=reached).exists()


def _kept(request, names) -> list[tuple[str, str]]:
    return [(name, request.GET[name]) for name in names if request.GET.get(name)]


def _chips(request, counts: dict[str, int], chosen: str) -> list[dict]:
    unmet = sum(
        counts.get(state, 0) for state in (DutyState.OVERDUE, DutyState.BEHIND, DutyState.OPEN)
    )
    chips = []
    for state, label in _CHIPS:
        query = request.GET.copy()
        query.pop("page", None)
        query["state"] = state
        chips.append(
            {
                "label": label,
                "count": counts.get(state, 0) if state else unmet,
                "url": f"?{query.urlencode()}",
                "current": state == chosen,
            }
        )
    return chips


def _rule_choices(chosen: str) -> list[dict]:
    choices = [{"value": "", "label": "全部要求", "current": not chosen}]
    return choices + [
        {"value": code, "label": rule.title, "current": code == chosen}
        for code, rule in RULES.items()
    ]


def _conditions(rule: str, state: str, search: str) -> str:
    words = [RULES[rule].title if rule in RULES else "", dict(_CHIPS).get(state, ""), search]
    return "、".join(word for word in words if word)


def _row(one: Duty, now, soon_days: int, reader) -> dict:
    page = "branch" if one.organisation.is_branch else "overview_of"
    # Who stands elsewhere today is named, but his pages are the new superior's.
    open_to = reaches(reader, Action.LOOK, one.organisation.path)
    return {
        "organisation": one.organisation.short_name,
        "organisation_url": reverse(page, args=[one.organisation.code]) if open_to else "",
        "name": RULES[one.rule].title,
        "period_text": period_text(one, now),
        "required": "—" if RULES[one.rule].is_standing else one.required,
        "actual": one.actual,
        "due_text": day_text(one.due_on, now),
        "kind": kind_of(one, now, soon_days),
        "words": mark(one, now, soon_days).words,
        "url": reverse("compliance:duty", args=[one.pk]) if open_to else "",
    }
