"""For whom a county value departs from the county's: a sector, or the organisations of a campaign.

A scope is named `sector:<Sector>` or `campaign:<key of tasks.Campaign>`. A campaign reaches those
that were issued one of its tasks by then, on the days between its beginning and its end, unless it
is still a draft. Where both hold, the campaign (the one begun last) goes before
the sector, and that before the county.
"""

import datetime
from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Case, Q, Value, When

from branches.history import were
from branches.models import Organisation, Sector
from branches.periods import Period
from branches.values import Key, Values
from compliance.registry import RULES, Question, Rule, concerned
from tasks.enums import CampaignState
from tasks.models import Campaign, Task

SECTOR, CAMPAIGN = "sector:", "campaign:"


def sector_scope(sector: str) -> str:
    return f"{SECTOR}{sector}"


def campaign_scope(campaign: Campaign) -> str:
    return f"{CAMPAIGN}{campaign.pk}"


def parts(rule: Rule, question: Question) -> list[Question]:
    """The question, asked apart of those for whom other values hold; usually it stays one.

    Where no value of the rule departs anywhere this costs no query, else two at most.
    """
    return [
        replace(question, organisations=some, values=values)
        for values, some in groups(
            question.values, rule.all_keys, question.organisations, question.ends_on
        )
    ]


def groups(values: Values, keys: Iterable[Key], organisations, day: datetime.date) -> list:
    """The organisations (a queryset) as pairs of the values that hold for them on `day` and a
    queryset, as far as the keys matter."""
    conditions = _conditions(values.departing(keys, day), day)
    if not conditions:
        return [(values, organisations)]
    scopes = list(conditions)
    flags = {
        f"in_{number}": Case(When(conditions[scope], then=Value(True)), default=Value(False))
        for number, scope in enumerate(scopes)
    }
    found = organisations.order_by().annotate(**flags).values_list(*flags).distinct()
    return [
        (
            values.within(*(scope for scope, inside in zip(scopes, one, strict=True) if inside)),
            organisations.filter(*_exactly(conditions, one)),
        )
        for one in sorted(map(tuple, found))
    ]


def _exactly(conditions: dict[str, Q], flags: tuple) -> list[Q]:
    """Who stands in just those scopes whose flag is set."""
    return [
        condition if inside else ~condition
        for condition, inside in zip(conditions.values(), flags, strict=True)
    ]


def _conditions(scopes: set[str], day: datetime.date) -> dict[str, Q]:
    """Who stands in each of the scopes on `day`, the nearer scope first; what reaches nobody is
    left out."""
    keys = [
        int(scope.removeprefix(CAMPAIGN))
        for scope in scopes
        if scope.startswith(CAMPAIGN) and scope.removeprefix(CAMPAIGN).isdecimal()
    ]
    found = {}
    for campaign in _running(keys, day) if keys else ():
        found[campaign_scope(campaign)] = reached_by(campaign, day)
    for sector in Sector.values:
        if sector_scope(sector) in scopes:
            found[sector_scope(sector)] = were("sector", [sector], day)
    return found


def _running(keys: list[int], day: datetime.date) -> Iterable[Campaign]:
    """Those of the campaigns that bind on `day`, the one begun last first."""
    return (
        Campaign.objects.exclude(state=CampaignState.DRAFT)
        .filter(pk__in=keys, starts_on__lte=day, ends_on__gte=day)
        .filter(Q(closed_on__isnull=True) | Q(closed_on__gte=day))
        .order_by("-starts_on", "-pk")
    )


def reached_by(campaign: Campaign, day: datetime.date) -> Q:
    """The organisations of a campaign on `day`: issued one of its tasks by then, so that a task of
    today changes no period gone by. Naming a unit in a measure has no day and binds nobody yet."""
    tasks = Task.objects.filter(measure__campaign=campaign, opened_on__lte=day)
    return Q(pk__in=tasks.values("organisation"))


def members(scope: str, day: datetime.date) -> Q:
    """The organisations that stand in a scope on `day`; "" is everybody."""
    return _conditions({scope}, day).get(scope, Q(pk__in=[])) if scope else Q()


def own(rule: Rule, question: Question) -> Question:
    """The question about a single organisation with the values that hold for it."""
    return next(iter(parts(rule, question)), question)


def values_of(organisation: Organisation, values: Values, day: datetime.date) -> Values:
    """The values that hold for one organisation on `day`, whatever rule asks."""
    keys = {key for rule in RULES.values() for key in rule.all_keys}
    one = Organisation.objects.filter(pk=organisation.pk)
    return next((found for found, _some in groups(values, keys, one, day)), values)


def variants(rule: Rule, values: Values) -> list[Values]:
    """The county's values, and those within each scope that ever departs for the rule; no query."""
    return [values, *(values.within(scope) for scope in sorted(values.departing(rule.all_keys)))]


def asked(
    rule: Rule, period: Period, values: Values, organisation_ids: Iterable[int]
) -> dict[int, datetime.date]:
    """Of organisations that will owe the duty of a period, those of whom it is asked (the rule is
    on for them on its last day), with their due day."""
    if not values.departing(rule.all_keys, period.ends_on):
        if not values.on(rule.on_key, period.ends_on):
            return {}
        return dict.fromkeys(organisation_ids, rule.due_on(period, values))
    some = Organisation.objects.filter(pk__in=organisation_ids)
    found = {}
    for own_values, members in groups(values, rule.all_keys, some, period.ends_on):
        if own_values.on(rule.on_key, period.ends_on):
            due_on = rule.due_on(period, own_values)
            found |= dict.fromkeys(members.order_by().values_list("pk", flat=True), due_on)
    return found


def areas(rule: Rule, values: Values) -> frozenset[str]:
    """Areas whose changes may move an organisation into another scope of the rule."""
    scopes = values.departing(rule.all_keys)
    found = set()
    if any(scope.startswith(SECTOR) for scope in scopes):
        found.add("branches")
    if any(scope.startswith(CAMPAIGN) for scope in scopes):
        found.add("tasks")
    return frozenset(found)


# --- Choosing ---------------------------------------------------------------------------


def may_depart(key: Key) -> bool:
    """Whether a key may have another value in a scope: what judges somebody, and nothing else."""
    return bool(concerned(key))


def last_day(scope: str) -> datetime.date | None:
    """The last day on which a value of the scope can hold; None where it has no end."""
    if not scope.startswith(CAMPAIGN):
        return None
    campaign = Campaign.objects.get(pk=scope.removeprefix(CAMPAIGN))
    return campaign.closed_on or campaign.ends_on


# --- Words ------------------------------------------------------------------------------


def choices(today: datetime.date) -> list[tuple[str, str]]:
    """Every scope that may be chosen: the county, each sector, each issued campaign not yet over."""
    campaigns = (
        Campaign.objects.exclude(state=CampaignState.DRAFT)
        .filter(ends_on__gte=today)
        .filter(Q(closed_on__isnull=True) | Q(closed_on__gte=today))
    )
    return [
        ("", "全县"),
        *((sector_scope(value), f"领域：{label}") for value, label in Sector.choices),
        *((campaign_scope(one), f"方案：{one.title}（{one.year} 年）") for one in campaigns),
    ]


def scope_words(scopes: Iterable[str]) -> dict[str, str]:
    """Each scope as it is said on screen; one query where a campaign is among them."""
    scopes = set(scopes)
    keys = [int(scope.removeprefix(CAMPAIGN)) for scope in scopes if scope.startswith(CAMPAIGN)]
    titles = dict(Campaign.objects.filter(pk__in=keys).values_list("pk", "title")) if keys else {}
    words = {}
    for scope in scopes:
        if scope.startswith(SECTOR):
            value = scope.removeprefix(SECTOR)
            words[scope] = f"领域：{dict(Sector.choices).get(value, value)}"
        elif scope.startswith(CAMPAIGN):
            words[scope] = f"方案：{titles.get(int(scope.removeprefix(CAMPAIGN)), '已删除')}"
        else:
            words[scope] = "全县"
    return words
