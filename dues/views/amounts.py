"""标准核定: the monthly amounts of a branch for a year; for overseers, the branches."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import reaches
from branches.values import Values
from branches.words import full_date, one_line
from dues.amount_forms import CHOOSE, ApprovalDayForm, RowForm
from dues.amount_grid import AmountGrid
from dues.enums import RequestKind
from dues.models import ApprovedAmount
from dues.services import Refused
from dues.services.amount_checks import BelowRates, Proposal
from dues.services.amounts import Outcome, approve_several, carry_forward
from dues.standards import approved_counts, due_on, members_to_approve, year_end, year_start
from dues.standing import kept_since
from dues.tabs import dues_tabs
from dues.values import CEILING
from dues.words import money
from members.models import Member

PAGE = 50
_FIELDS = {"category": "缴费类别", "base": "缴费基数", "amount": "月应缴", "reason": "理由"}


@require_http_methods(["GET", "HEAD", "POST"])
def dues_amounts(request):
    """The amounts of one branch; for overseers without a branch, how far the branches are."""
    today = current_day()
    year = year_asked(request, today)
    if request.method == "POST":
        branch = chosen_branch(request, Action.ENTER_DUES)
        if branch is None:
            raise PermissionDenied
        return _save(request, branch, year, today)
    branches, branch = narrowed(request, Organisation.objects.branches())
    if branch is None:
        return _overview(request, branches, year, today)
    grid = AmountGrid(branch, year, today)
    return _page(
        request, grid, ApprovalDayForm(today=today, initial={"approved_on": full_date(today)})
    )


def year_links(request, year: int, today: datetime.date) -> list[dict[str, object]]:
    """Last year, this year, in December the next one, and the year that is shown."""
    years = {today.year - 1, today.year, year} | ({today.year + 1} if today.month == 12 else set())
    return [
        {
            "label": f"{one}年",
            "url": with_query(request, year=one, source="", month=""),
            "current": one == year,
        }
        for one in sorted(years)
    ]


def ceiling_warning(rows: list[ApprovedAmount], today: datetime.date) -> str:
    """Advice where a month's dues are above the county's value; "" otherwise."""
    ceiling = Values().on(CEILING, today)
    names = [f"{row.member.name} {money(row.amount)} 元" for row in rows if row.amount > ceiling]
    if not names:
        return ""
    return f"{'、'.join(names)}，每月超过 {ceiling} 元：一般不超过，多交的部分按自愿掌握"


def relief_url(request, branch: Organisation, member: Member, *, exemption: bool = False) -> str:
    """Where a reduction or exemption is asked for, filled in; "" for who may not ask."""
    if not reaches(request.user, Action.SUBMIT, branch.path):
        return ""
    kind = RequestKind.EXEMPTION if exemption else RequestKind.REDUCTION
    return link("dues:request_new", branch=branch.code, member=member.pk, kind=kind)


# --- One branch -----------------------------------------------------------------------------


def _page(request, grid: AmountGrid, day_form):
    branch, year, today = grid.branch, grid.year, grid.today
    may_enter = reaches(request.user, Action.ENTER_DUES, branch.path)
    may_enter = may_enter and year >= kept_since(today).year
    may_import = reaches(request.user, Action.IMPORT_WORKBOOK, branch.path)
    here = {"branch": branch.code, "year": year}
    context = {
        "tabs": dues_tabs(branch, "dues:amounts"),
        "organisation": branch.short_name,
        "title_year": f"{year}年",
        "years": year_links(request, year, today),
        "approved": grid.approved_count,
        "member_count": len(grid.lines),
        "rows": [
            grid.shown_line(line, may_enter=may_enter)
            | {"relief_url": relief_url(request, branch, line.member) if line.is_below else ""}
            for line in grid.lines
        ],
        "categories": CHOOSE,
        "form": day_form,
        "faults": [
            {"url": f"#id_{line.member.pk}-{name or 'category'}", "label": _fault(line, name)}
            for line in grid.lines
            for name in line.errors
        ],
        "save_url": link("dues:amounts", **here) if may_enter and grid.has_open else "",
        "to_carry": grid.to_carry,
        "nothing_yet": not any(line.amount for line in grid.lines),
        "rates_url": link("dues:rates", branch=branch.code),
        "import_url": link("ledgers:import") if may_import else "",
        "roster_url": link("members:list", branch=branch.code),
    }
    return render(request, "dues/amounts.html", context)


def _fault(line, name: str) -> str:
    return f"{line.member.name} {_FIELDS.get(name, '')}".strip()


def _save(request, branch: Organisation, year: int, today: datetime.date):
    """Save the rows that were touched and, where asked, carry the others forward.

    What cannot be saved comes back as it was typed, with its reason.
    """
    day_form = ApprovalDayForm(request.POST, today=today)
    forms = _touched(request, branch, year, today)
    errors = {pk: found for pk, (_member, form) in forms.items() if (found := _errors(form))}
    if not day_form.is_valid():
        return _again(request, branch, year, day_form, forms, errors)
    act = {
        "organisation": branch,
        "year": year,
        "approved_on": day_form.cleaned_data["approved_on"],
        "by": request.user,
        "today": today,
    }
    proposals = [_proposal(*pair) for pk, pair in forms.items() if pk not in errors]
    try:
        saved = approve_several(proposals=proposals, **act)
    except Refused as refused:
        # The year or the day as a whole.
        messages.warning(request, str(refused))
        return _again(request, branch, year, day_form, forms, errors)
    carried = Outcome()
    if request.POST.get("act") == "carry":
        try:
            carried = carry_forward(leave=forms, **act)
        except Refused as refused:
            messages.warning(request, str(refused))
    elif not forms:
        messages.warning(request, "没有填写或改动的行。标准不变的，用“沿用去年标准核定”")
    _tell(request, saved, carried, today)
    errors |= {
        pk: {found.field if found.field in _FIELDS else "": str(found)}
        for pk, found in saved.refused.items()
    }
    if errors:
        left = {pk: forms[pk] for pk in errors}
        below = {pk for pk, found in saved.refused.items() if isinstance(found, BelowRates)}
        return _again(request, branch, year, day_form, left, errors, below)
    return redirect(link("dues:amounts", branch=branch.code, year=year))


def _touched(request, branch, year: int, today) -> dict[int, tuple[Member, RowForm]]:
    """The rows that hold something else than when they were shown."""
    rows = {}
    for member in members_to_approve(branch, year, today):
        form = RowForm(request.POST, prefix=str(member.pk))
        if form.add_prefix("was") in request.POST and form.is_touched:
            rows[member.pk] = (member, form)
    return rows


def _errors(form: RowForm) -> dict[str, str]:
    return {name: found[0] for name, found in form.errors.items()}


def _proposal(member: Member, form: RowForm) -> Proposal:
    given = form.cleaned_data
    return Proposal(
        member=member,
        category=given["category"],
        base=given["base"],
        amount=given["amount"],
        reason=given["reason"],
        seen=given["seen"],
    )


def _tell(request, saved: Outcome, carried: Outcome, today: datetime.date) -> None:
    if saved.approved:
        messages.success(request, f"已核定 {len(saved.approved)} 人")
    if carried.approved:
        messages.success(request, f"已沿用去年标准核定 {len(carried.approved)} 人")
    if carried.without:
        names = "、".join(member.name for member in carried.without)
        messages.warning(request, f"没有上一次的标准，请逐人填写：{names}")
    for refused in carried.refused.values():
        messages.warning(request, f"没有核定：{refused}")
    if words := ceiling_warning(saved.approved + carried.approved, today):
        messages.warning(request, words)


def _again(request, branch, year: int, day_form, forms: dict, errors: dict, below=()):
    """The page with what was typed into these rows; `below` are those under the rates."""
    grid = AmountGrid(branch, year, day_form.today)
    for line in grid.lines:
        if line.member.pk in forms:
            line.typed = forms[line.member.pk][1].raw()
            line.errors = errors.get(line.member.pk, {})
            line.is_below = line.member.pk in below
    return _page(request, grid, day_form)


# --- Overseers ------------------------------------------------------------------------------


def _overview(request, branches, year: int, today: datetime.date):
    """The branches with members, with how many are approved; most missing first."""
    if not branches.exists():
        raise PermissionDenied
    search = one_line(request.GET.get("q"), 40)
    last = min(year_end(year), today)
    standing = branches.standing(min(year_start(year), last), last)
    if search:
        standing = standing.filter(name__contains=search)
    counts = approved_counts(standing, year, today)
    due = due_on(year, Values())
    rows = [
        _branch_row(branch, year, *counts[branch.pk], today > due)
        for branch in standing.order_by("code")
        if branch.pk in counts
    ]
    chosen = request.GET.get("state", "")
    shown = [row for row in rows if chosen not in ("open", "done") or row["state"] == chosen]
    shown.sort(key=lambda row: -row["missing"])
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    members = sum(row["members"] for row in rows)
    approved = sum(row["approved"] for row in rows)
    context = {
        "tabs": dues_tabs(named_organisation(request), "dues:amounts"),
        "title_year": f"{year}年",
        "context_text": f"{due.month}月底前逐人核定，已核定 {approved}/{members} 人",
        "years": year_links(request, year, today),
        "chips": [
            {
                "label": label,
                "count": sum(row["state"] == key for row in rows),
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, label in (("open", "没有核定完"), ("done", "已核定完"))
        ],
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "rows": page.object_list,
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(search or chosen),
        "clear_url": link(
            "dues:amounts",
            year=year,
            branch=request.GET.get("branch"),
            organisation=request.GET.get("organisation"),
        ),
        "rates_url": link("dues:rates"),
    }
    return render(request, "dues/amounts_branches.html", context)


def _branch_row(branch, year: int, members: int, approved: int, late: bool) -> dict[str, object]:
    missing = members - approved
    return {
        "url": link("dues:amounts", branch=branch.code, year=year),
        "name": branch.short_name,
        "members": members,
        "approved": approved,
        "missing": missing,
        "state": "open" if missing else "done",
        "kind": ("late" if late else "todo") if missing else "done",
        "words": f"差 {missing} 人" if missing else "已核定完",
    }
