import datetime
from collections import defaultdict
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.facts import people_in
from branches.links import link, with_query
from branches.models import WITHOUT_RELATIONS, Budget, FundEntry, FundKind, Organisation
from branches.money import SumOfMoney
from branches.premises import (
    PremisesFault,
    enter_sum,
    funds_per_member,
    required_funds,
    reverse_sum,
    set_budget,
)
from branches.premises_forms import BudgetForm, ReversalForm, SumForm
from branches.scope import get_for, reaches
from branches.tabs import organisation_tabs
from branches.values import Values
from branches.words import full_date, one_line

PAGE = 50
_NOTHING = Decimal("0.00")
# States of a branch in a year, worst first: key, label of the chip.
_STATES = (("none", "没有预算"), ("short", "不足"), ("enough", "达到"), ("nobody", "不要求"))
_ORDER = [key for key, _label in _STATES]
# What brings money in beside the budget.
_CAME = (FundKind.REFUND, FundKind.SUPPORT)


def _money(amount: Decimal | None) -> str:
    return "—" if amount is None else f"{amount:,.2f}"


def _state(
    required: Decimal | None, budget: Budget | None, due_on: datetime.date, today: datetime.date
) -> tuple[str, str, str]:
    """State, words and kind of mark of a branch's budget of a year."""
    if required is None:
        return "nobody", "不要求", "todo"
    if budget is not None and budget.amount >= required:
        return "enough", "达到", "done"
    late = "late" if today > due_on else "soon"
    if budget is None:
        return "none", "没有预算", late
    return "short", f"差 {_money(required - budget.amount)}", late


class Year:
    """The funds of branches in one year: members of 1 January, what is asked, budget, sums."""

    def __init__(self, branches, year: int, today: datetime.date):
        self.year, self.today = year, today
        self.branches = list(branches)
        self.first = datetime.date(year, 1, 1)
        self.due_on = datetime.date(year, 3, 31)
        self.per_member = funds_per_member(Values(), year, today)
        keys = [branch.pk for branch in self.branches]
        self.people = people_in(keys, self.first)
        self.budgets = {
            budget.organisation_id: budget
            for budget in Budget.objects.filter(year=year, organisation__in=branches)
        }
        self.sums: dict[int, dict[str, Decimal]] = defaultdict(dict)
        for pk, kind, total in (
            FundEntry.objects.filter(organisation__in=branches, on__year=year)
            .values_list("organisation_id", "kind")
            .annotate(total=SumOfMoney("amount"))
            .order_by()
        ):
            self.sums[pk][kind] = total

    def row(self, branch: Organisation) -> dict[str, object]:
        """What the page shows of one branch."""
        budget = self.budgets.get(branch.pk)
        members = self._members(branch)
        required = (
            required_funds(members, self.per_member, budget.uplift_percent if budget else 0)
            if members
            else None
        )
        state, words, kind = _state(required, budget, self.due_on, self.today)
        sums = self.sums.get(branch.pk, {})
        came = sum((sums.get(kind, _NOTHING) for kind in _CAME), _NOTHING)
        spent = sums.get(FundKind.SPENDING, _NOTHING)
        amount = budget.amount if budget else _NOTHING
        return {
            "url": link("branches:funds", branch=branch.code, year=self.year),
            "name": branch.short_name,
            "members": members,
            "required": _money(required),
            "budget": _money(budget.amount if budget else None),
            "per_member": _money((amount / members).quantize(Decimal("0.01")))
            if budget and members
            else "—",
            "uplift": budget.uplift_percent if budget else 0,
            "note": budget.note if budget else "",
            "came": _money(came),
            "spent": _money(spent),
            "balance": _money(amount + came - spent),
            "overspent": amount + came < spent,
            "state": state,
            "words": words,
            "kind": kind,
            "missing": (required or _NOTHING) - amount,
        }

    def _members(self, branch: Organisation) -> int:
        """Members on 1 January, 0 where nothing is due: founded later, or relations elsewhere."""
        if branch.form in WITHOUT_RELATIONS or (
            branch.founded_on and branch.founded_on > self.first
        ):
            return 0
        found = self.people.get(branch.pk)
        return found.relations if found else 0


@require_safe
def fund_list(request):
    """The funds of one branch in a year; for overseers all branches, worst first."""
    today = current_day()
    year = year_asked(request, today)
    branches, branch = narrowed(request, Organisation.objects.branches())
    if branch is None:
        return _overview(request, branches, year, today)
    return _page(request, branch, year, today)


def _years(request, year: int, today: datetime.date) -> list[dict[str, object]]:
    return [
        {
            "label": f"{shown}年",
            "url": with_query(request, year=shown, source=""),
            "current": shown == year,
        }
        for shown in sorted({today.year - 1, today.year, today.year + 1, year})
    ]


def _overview(request, branches, year: int, today: datetime.date):
    search = one_line(request.GET.get("q"), 40)
    branches = branches.standing(datetime.date(year, 1, 1), datetime.date(year, 12, 31))
    if search:
        branches = branches.filter(name__contains=search)
    figures = Year(branches.order_by("code"), year, today)
    rows = [figures.row(branch) for branch in figures.branches]
    chosen = request.GET.get("state", "")
    shown = [row for row in rows if chosen not in _ORDER or row["state"] == chosen]
    shown.sort(key=lambda row: (_ORDER.index(row["state"]), -row["missing"]))
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": organisation_tabs(named_organisation(request), "branches:funds"),
        "title_year": f"{year}年",
        "context_text": f"每名党员每年不少于 {figures.per_member} 元，按 1 月 1 日在册党员计算",
        "years": _years(request, year, today),
        "chips": [
            {
                "label": label,
                "count": sum(row["state"] == key for row in rows),
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, label in _STATES
        ],
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "rows": page.object_list,
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(search or chosen in _ORDER),
        "clear_url": link(
            "branches:funds",
            year=year,
            branch=request.GET.get("branch"),
            organisation=request.GET.get("organisation"),
        ),
    }
    return render(request, "branches/fund_list.html", context)


def _page(request, branch: Organisation, year: int, today: datetime.date, **bound):
    """One branch; `bound` holds a form that was refused, by its name in the template."""
    figures = Year(Organisation.objects.filter(pk=branch.pk), year, today)
    may_keep = reaches(request.user, Action.KEEP_BRANCH, branch.path)
    entries = (
        FundEntry.objects.filter(organisation=branch, on__year=year)
        .select_related("entered_by")
        .annotate(taken_back=Count("reversed_by"))
        .order_by("-on", "-pk")
    )
    page = Paginator(entries, PAGE).get_page(request.GET.get("page"))
    budget = figures.budgets.get(branch.pk)
    initial = (
        {"amount": f"{budget.amount:.2f}", "uplift_percent": budget.uplift_percent or ""}
        | {"note": budget.note}
        if budget
        else None
    )
    here = {"branch": branch.code, "year": year}
    context = {
        "tabs": organisation_tabs(branch, "branches:funds"),
        "organisation": branch.short_name,
        "title_year": f"{year}年",
        "years": _years(request, year, today),
        "figures": figures.row(branch),
        "per_member_asked": figures.per_member,
        "rows": [_entry(entry, may_keep) for entry in page],
        "page": page,
        "query": urlencode(here),
        "budget_form": {
            "url": link("branches:budget", **here),
            "form": bound.get("budget") or BudgetForm(initial=initial, auto_id="budget_%s"),
            "known": budget is not None,
        }
        if may_keep and branch.holds_relations
        else None,
        "sum_form": {
            "url": link("branches:fund_enter", **here),
            "form": bound.get("sum")
            or SumForm(today=today, initial={"on": today} if year == today.year else None),
        }
        if may_keep
        else None,
        "reversal": bound.get("reversal"),
    }
    return render(request, "branches/fund_branch.html", context)


def _entry(entry: FundEntry, may_keep: bool) -> dict[str, object]:
    spent = entry.kind == FundKind.SPENDING
    standing = not entry.reverses_id and not entry.taken_back
    return {
        "on": full_date(entry.on),
        "kind": entry.get_kind_display(),
        "purpose": entry.purpose,
        "came": "" if spent else _money(entry.amount),
        "spent": _money(entry.amount) if spent else "",
        "by": str(entry.entered_by or ""),
        "mark": "冲正" if entry.reverses_id else "已冲正" if entry.taken_back else "",
        "reverse_url": reverse("branches:fund_reverse", args=[entry.pk])
        if may_keep and standing
        else "",
    }


def _branch_to_keep(request) -> Organisation:
    branch = chosen_branch(request, Action.KEEP_BRANCH)
    if branch is None:
        raise PermissionDenied
    return branch


def _back(branch: Organisation, year: int):
    return redirect(link("branches:funds", branch=branch.code, year=year))


@require_http_methods(["GET", "HEAD", "POST"])
def budget_set(request):
    """填写经费预算; opened by itself it is the page of the branch."""
    today = current_day()
    branch, year = _branch_to_keep(request), year_asked(request, today)
    if request.method != "POST":
        return _page(request, branch, year, today)
    form = BudgetForm(request.POST, auto_id="budget_%s")
    if form.is_valid():
        try:
            set_budget(organisation=branch, year=year, by=request.user, **form.cleaned_data)
        except PremisesFault as fault:
            form.add_error(fault.field, str(fault))
        else:
            messages.success(request, f"已保存{year}年经费预算")
            return _back(branch, year)
    return _page(request, branch, year, today, budget=form)


@require_http_methods(["GET", "HEAD", "POST"])
def fund_enter(request):
    """登记收支; the sum stands in the year of its day."""
    today = current_day()
    branch, year = _branch_to_keep(request), year_asked(request, today)
    if request.method != "POST":
        return _page(request, branch, year, today)
    form = SumForm(request.POST, today=today)
    if form.is_valid():
        try:
            entry = enter_sum(
                organisation=branch, by=request.user, today=today, **form.cleaned_data
            )
        except PremisesFault as fault:
            form.add_error(fault.field, str(fault))
        else:
            messages.success(request, f"已登记{entry.get_kind_display()} ¥{_money(entry.amount)}")
            return _back(branch, entry.on.year)
    return _page(request, branch, year, today, sum=form)


@require_http_methods(["GET", "HEAD", "POST"])
def fund_reverse(request, pk):
    """冲正: asks for the reason, then writes the entry that takes the wrong one back."""
    entry = get_for(
        FundEntry.objects.select_related("organisation"), request.user, Action.KEEP_BRANCH, pk=pk
    )
    branch = entry.organisation
    form = ReversalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reverse_sum(entry=entry, by=request.user, reason=form.cleaned_data["reason"])
        except PremisesFault as fault:
            form.add_error(fault.field if fault.field in form.fields else None, str(fault))
        else:
            messages.success(request, f"已冲正 ¥{_money(entry.amount)}，两笔都留在账上")
            return _back(branch, entry.on.year)
    context = {
        "form": form,
        "entry": {
            "on": full_date(entry.on),
            "kind": entry.get_kind_display(),
            "amount": _money(entry.amount),
            "purpose": entry.purpose,
        },
        "branch": branch,
        "list_url": link("branches:funds", branch=branch.code, year=entry.on.year),
    }
    return render(request, "branches/fund_reverse.html", context)
