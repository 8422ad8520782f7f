"""Who below an overseer has posted the dues of a period and who has not."""

import datetime
from collections import defaultdict

from django.core.paginator import Paginator
from django.db.models import Count
from django.shortcuts import render

from branches.choice import named_organisation
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.money import SumOfMoney
from branches.periods import Period
from branches.values import Values
from branches.words import full_date
from dues.models import Charge, Payment
from dues.publishing import covered_on, mark_of, posted_in
from dues.tabs import dues_tabs
from dues.words import NOTHING, money

PAGE_SIZE = 50
# States, worst first.
_STATES = {"missing": "未公示", "posted": "已公示"}


def overview(request, branches, period: Period):
    """The branches with dues in the period; those that have not posted them first."""
    today = current_day()
    organisation = named_organisation(request)
    chosen = request.GET.get("state", "")
    rows = _rows(branches, period, today)
    shown = [row for row in rows if chosen not in _STATES or row["state"] == chosen]
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": dues_tabs(organisation, "dues:publication"),
        "context_text": f"{organisation.short_name if organisation else '所辖各支部'}，{period.label}",
        "years": [
            {
                "label": f"{year}年",
                "url": with_query(request, period=f"{year}{str(period)[4:]}"),
                "current": year == period.starts_on.year,
            }
            for year in sorted({today.year - 1, today.year, period.starts_on.year})
        ],
        "periods": [
            {
                "label": label,
                "url": with_query(request, period=f"{period.starts_on.year}{tail}"),
                "current": str(period)[4:] == tail,
            }
            for label, tail in _PARTS
        ],
        "chips": [
            {
                "label": label,
                "count": sum(row["state"] == key for row in rows),
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, label in _STATES.items()
        ],
        "rows": page.object_list,
        "page": page,
        "query": query.urlencode(),
        "filtered": chosen in _STATES,
        "clear_url": with_query(request, state=""),
    }
    return render(request, "dues/publication_list.html", context)


_PARTS = (
    ("一季度", "-Q1"),
    ("二季度", "-Q2"),
    ("三季度", "-Q3"),
    ("四季度", "-Q4"),
    ("上半年", "-H1"),
    ("下半年", "-H2"),
    ("全年", ""),
)


def _rows(branches, period: Period, today: datetime.date) -> list[dict[str, object]]:
    values = Values()
    span = {"month__gte": period.starts_on, "month__lte": period.ends_on}
    charged = dict(
        Charge.objects.filter(organisation__in=branches, amount__gt=0, **span)
        .values("organisation_id")
        .annotate(people=Count("member", distinct=True))
        .order_by()
        .values_list("organisation_id", "people")
    )
    paid = dict(
        Payment.objects.filter(organisation__in=branches, **span)
        .values("organisation_id")
        .annotate(total=SumOfMoney("amount"))
        .order_by()
        .values_list("organisation_id", "total")
    )
    posted = defaultdict(list)
    for publication in posted_in(period).filter(organisation__in=branches):
        posted[publication.organisation_id].append(publication)
    rows = []
    for branch in branches.order_by("code"):
        if branch.pk not in charged and branch.pk not in paid:
            continue
        day = covered_on(posted[branch.pk], period)
        kind, words = mark_of(day, period, values, today)
        rows.append(
            {
                "url": link("dues:publication", branch=branch.code, period=str(period)),
                "name": branch.short_name,
                "members": charged.get(branch.pk, 0),
                "paid": money(paid.get(branch.pk, NOTHING)),
                "posted": full_date(day),
                "state": "posted" if day else "missing",
                "words": words,
                "kind": kind,
            }
        )
    return sorted(rows, key=lambda row: row["state"] == "posted")
