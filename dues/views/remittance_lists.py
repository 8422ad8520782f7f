"""Remittances in lists: the year of a branch, the quarter of everything below an overseer, and
what waits for the reader's confirmation."""

import datetime

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation, year_asked
from branches.clock import today as current_day
from branches.deadlines import SOON_DAYS
from branches.links import link, with_query
from branches.models import Organisation, shortened
from branches.periods import Period
from branches.scope import paths_reached, reaches
from branches.values import Values
from branches.words import full_date, one_line
from dues.enums import RemittanceState
from dues.models import Remittance
from dues.remittance_sums import BranchQuarter, Folded, Sums, branch_quarters, folded, total
from dues.remitting import (
    QuarterSheet,
    Standing,
    due_on,
    opens_on,
    quarter_on,
    standing_of,
    year_quarters,
)
from dues.tabs import dues_tabs
from dues.views.remittance_rows import (
    badge,
    number_of,
    page_of,
    quarter_asked,
    quarter_links,
    short_label,
    year_links,
)
from dues.words import money, sum_text

PAGE = 50
_WAITING = "waiting"


@require_safe
def remittance_list(request):
    """The four quarters of a branch; for overseers the branches of one quarter, worst first."""
    today = current_day()
    organisation = named_organisation(request) or _top(request)
    if organisation is not None and organisation.is_branch:
        return _year(request, organisation, today)
    if request.GET.get("state") == _WAITING:
        return _waiting(request, organisation, today)
    return _overview(request, organisation, today)


def _top(request) -> Organisation | None:
    """The one organisation whose reach the reader has; None for several."""
    paths = paths_reached(request.user, Action.LOOK)
    if not paths:
        raise PermissionDenied
    if "" not in paths and len(paths) > 1:
        return None
    # A path begins with that of the superior, so the highest comes first.
    visible = Organisation.objects.visible_to(request.user).select_related("parent")
    return visible.order_by("path").first()


# --- A branch ---------------------------------------------------------------------------------


def _year(request, branch: Organisation, today: datetime.date):
    # In January and February the quarter that is due is one of last year.
    running = quarter_on(today)
    shown = running if today >= opens_on(running) else running.previous
    year = year_asked(request, today) if request.GET.get("year") else shown.starts_on.year
    values = Values()
    may_enter = reaches(request.user, Action.ENTER_DUES, branch.path)
    rows, first = [], True
    for quarter in year_quarters(year):
        row = _quarter_row(branch, quarter, values, today, may_enter)
        # One primary button: the quarter that is to be sent next.
        row["primary"] = first and row["to_send"]
        first = first and not row["to_send"]
        rows.append(row)
    context = {
        "tabs": dues_tabs(branch, "dues:remittances"),
        "organisation": branch.short_name,
        "years": year_links(request, year, today),
        "title_year": f"{year}年",
        "rows": rows,
    }
    return render(request, "dues/remittance_year.html", context)


def _quarter_row(branch, quarter: Period, values: Values, today, may_enter: bool) -> dict:
    sheet = QuarterSheet(branch, quarter, today)
    remittance, due = sheet.remittance, due_on(quarter, values)
    gone = sheet.is_gone
    has_dues = bool(sheet.charged or sheet.paid or sheet.computed or gone)
    standing = standing_of(remittance, due, today)
    to_send = has_dues and not gone and today >= opens_on(quarter) and may_enter
    later, later_sum = sheet.later
    return {
        "name": short_label(quarter),
        "months": f"{quarter.starts_on.month}月—{quarter.ends_on.month}月",
        "due": full_date(due),
        "charged": money(sheet.charged) if has_dues else "—",
        "paid": money(sheet.paid) if has_dues else "—",
        "computed": money(sheet.computed) if has_dues else "—",
        "sent": money(remittance.amount) if gone else "—",
        "difference": _difference(remittance.amount - remittance.computed) if gone else "",
        "on": full_date(remittance.remitted_on) if gone else "—",
        "slip": remittance.slip_number if gone else "—",
        "opinion": remittance.opinion if remittance and not gone else "",
        "later": f"报送后又记 {later} 笔，合计 {money(later_sum)} 元，随以后的季度上缴"
        if later
        else "",
        **(
            badge(standing, quarter, due, today, remittance, values.on(SOON_DAYS, today))
            if has_dues or today < opens_on(quarter)
            else {"kind": "todo", "words": "没有党费"}
        ),
        "to_send": to_send,
        "action": ("登记上缴" if to_send else "查看") if has_dues else "",
        "url": page_of(branch.code, quarter),
    }


def _difference(amount) -> str:
    return f"{amount:+,.2f}" if amount else ""


# --- Overseers --------------------------------------------------------------------------------


def _overview(request, organisation: Organisation | None, today: datetime.date):
    quarter = quarter_asked(request) or quarter_on(today).previous
    rows = branch_quarters(organisation, quarter, today)
    if organisation is None:
        rows = [row for row in rows if reaches(request.user, Action.LOOK, row.path_now)]
    search = one_line(request.GET.get("q"), 40)
    if search:
        rows = [row for row in rows if search in row.name]
    chosen = request.GET.get("state", "")
    shown = [row for row in rows if chosen not in list(Standing) or row.standing == chosen]
    at_county = organisation is not None and organisation.parent_id is None
    fold = at_county and not search and chosen not in list(Standing)
    units = folded(shown, organisation, quarter, today) if fold else []
    page = Paginator(units or shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    values = Values()
    soon_days = values.on(SOON_DAYS, today)
    waiting = _to_decide(request.user, organisation).filter(quarter=quarter.starts_on)
    mine = set() if fold else set(waiting.values_list("pk", flat=True))
    context = {
        "tabs": dues_tabs(organisation, "dues:remittances"),
        "crumb": _crumb(request, organisation, quarter),
        "context_text": organisation.short_name if organisation else "",
        "title_quarter": quarter.label,
        "due_text": full_date(due_on(quarter, values)),
        "years": year_links(request, quarter.starts_on.year, today, quarter=number_of(quarter)),
        "quarters": quarter_links(request, quarter, today),
        "chips": _chips(request, total(rows), chosen),
        "waiting": _waiting_link(request, organisation),
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "units": [_unit(one, quarter, request.user) for one in page] if fold else [],
        "rows": []
        if fold
        else [_row(one, quarter, today, request.user, mine, soon_days) for one in page],
        "totals": _totals(total(shown)),
        "bulk": None
        if fold
        else _bulk_of(
            [one.remittance for one in page if one.remittance and one.remittance.pk in mine]
        ),
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(search or chosen in list(Standing)),
        "clear_url": with_query(request, state="", q=""),
        "here": request.get_full_path(),
    }
    return render(request, "dues/remittance_list.html", context)


def _crumb(request, organisation, quarter: Period) -> dict | None:
    """The way back up, with the quarter, for who sees above the organisation shown."""
    above = organisation.parent if organisation else None
    if above is None or not reaches(request.user, Action.LOOK, above.path):
        return None
    return {
        "label": above.short_name,
        "url": link(
            "dues:remittances",
            organisation=above.code,
            year=quarter.starts_on.year,
            quarter=number_of(quarter),
        ),
    }


def _chips(request, sums: Sums, chosen: str) -> list[dict[str, object]]:
    return [
        {
            "label": "全部",
            "count": sums.branches,
            "url": with_query(request, state=""),
            "current": chosen not in list(Standing),
        },
        *(
            {
                "label": standing.label,
                "count": sums.standings[standing],
                "url": with_query(request, state=standing.value),
                "current": chosen == standing,
            }
            for standing in Standing
        ),
    ]


def _row(row: BranchQuarter, quarter: Period, today, user, mine: set[int], soon_days: int) -> dict:
    remittance, open_to = row.remittance, reaches(user, Action.LOOK, row.path_now)
    url = page_of(row.code, quarter) if open_to else ""
    return {
        "name": row.short_name,
        "url": url,
        "charged": money(row.charged),
        "paid": money(row.paid),
        "computed": money(row.computed),
        "sent": money(row.sent) if row.is_gone else "—",
        "difference": _difference(row.difference),
        "explanation": remittance.explanation if row.is_gone else "",
        "slip": remittance.slip_number if row.is_gone else "",
        "on": full_date(remittance.remitted_on) if row.is_gone else "",
        **badge(row.standing, quarter, row.due_on, today, remittance, soon_days),
        "decide": _decide(remittance, url) if remittance and remittance.pk in mine else None,
    }


def _decide(remittance: Remittance, url: str) -> dict[str, object]:
    """What a superior needs for 确认 and 退回 in a line."""
    return {
        "pk": remittance.pk,
        "seen": sum_text(remittance.amount) or "0.00",
        "return_url": f"{url}&decide=return#return",
    }


def _unit(one: Folded, quarter: Period, user) -> dict[str, object]:
    counts = one.sums.standings
    open_to = reaches(user, Action.LOOK, one.path_now)
    return {
        "name": shortened(one.name),
        "url": link(
            "dues:remittances",
            organisation=one.code,
            year=quarter.starts_on.year,
            quarter=number_of(quarter),
        )
        if open_to
        else "",
        "branches": one.sums.branches,
        **_totals(one.sums),
        "late": counts[Standing.OVERDUE],
        "missing": counts[Standing.OPEN] + counts[Standing.RETURNED],
        "waiting": counts[Standing.SENT],
        "done": counts[Standing.CONFIRMED],
    }


def _totals(sums: Sums) -> dict[str, object]:
    return {
        "branches": sums.branches,
        "charged": money(sums.charged),
        "paid": money(sums.paid),
        "computed": money(sums.computed),
        "sent": money(sums.sent),
        "confirmed": money(sums.confirmed),
        "difference": _difference(sums.difference),
        "late": sums.standings[Standing.OVERDUE],
        "missing": sums.standings[Standing.OPEN] + sums.standings[Standing.RETURNED],
        "waiting": sums.standings[Standing.SENT],
        "done": sums.standings[Standing.CONFIRMED],
    }


def _bulk_of(remittances: list[Remittance]) -> dict[str, object] | None:
    """全部确认: those of the page that agree with the ledger; the others are read one by one."""
    even = [one for one in remittances if one.amount == one.computed]
    if not even:
        return None
    return {
        "keys": [f"{one.pk}:{sum_text(one.amount) or '0.00'}" for one in even],
        "count": len(even),
        "skipped": len(remittances) - len(even),
    }


# --- What waits -------------------------------------------------------------------------------


def _to_decide(user, organisation: Organisation | None):
    """What others sent and waits for this reader, in today's tree; of all quarters."""
    rows = Remittance.objects.for_superior(user).filter(state=RemittanceState.SENT)
    rows = rows.exclude(sent_by=user)
    return rows.within(organisation) if organisation else rows


def _waiting_link(request, organisation) -> dict[str, object] | None:
    count = _to_decide(request.user, organisation).count()
    if not count:
        return None
    code = organisation.code if organisation else ""
    return {
        "count": count,
        "url": link("dues:remittances", organisation=code, state=_WAITING),
    }


def _waiting(request, organisation: Organisation | None, today: datetime.date):
    """待我确认: everything below that was sent, of all quarters, oldest first."""
    if not paths_reached(request.user, Action.APPROVE):
        raise PermissionDenied
    rows = (
        _to_decide(request.user, organisation)
        .select_related("organisation")
        .order_by("remitted_on", "pk")
    )
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    code = organisation.code if organisation else ""
    context = {
        "tabs": dues_tabs(organisation, "dues:remittances"),
        "context_text": organisation.short_name if organisation else "",
        "list_url": link("dues:remittances", organisation=code),
        "rows": [_waiting_row(one) for one in page],
        "bulk": _bulk_of(list(page)),
        "total": money(sum((one.amount for one in page), 0)),
        "page": page,
        "query": query.urlencode(),
        "here": request.get_full_path(),
    }
    return render(request, "dues/remittance_waiting.html", context)


def _waiting_row(one: Remittance) -> dict[str, object]:
    quarter = quarter_on(one.quarter)
    url = page_of(one.organisation.code, quarter)
    return {
        "name": one.organisation.short_name,
        "url": url,
        "quarter": quarter.label,
        "computed": money(one.computed),
        "sent": money(one.amount),
        "difference": _difference(one.amount - one.computed),
        "explanation": one.explanation,
        "slip": one.slip_number,
        "on": full_date(one.remitted_on),
        "decide": _decide(one, url),
    }
