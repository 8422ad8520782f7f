import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, OuterRef, Q, Subquery
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import WITHOUT_RELATIONS, Organisation
from branches.periods import Period, period_named
from branches.scope import reaches
from branches.tabs import member_tabs
from branches.words import full_date, short_date
from members.check_forms import StartForm
from members.checks import half_of, newest_first, owes_check, with_progress
from members.models import FileCheck
from members.roster import roster
from members.services import Refused
from members.services import checks as services

PAGE = 50


@require_safe
def check_list(request):
    """The checks of a branch, or how far the branches below are with the running half."""
    branches, branch = narrowed(request, Organisation.objects.branches())
    return _branch_page(request, branch) if branch else _overview(request, branches)


def _branch_page(request, branch: Organisation, form: StartForm | None = None):
    today = current_day()
    may_check = branch.holds_relations and reaches(request.user, Action.CHANGE_MEMBER, branch.path)
    checks = list(newest_first(branch)[:PAGE])
    known = {check.period for check in checks}
    half = half_of(today)
    open_halves = [one for one in (half, half.previous) if str(one) not in known]
    context = {
        "branch": branch,
        "tabs": member_tabs(branch, "members:checks"),
        "context_text": branch.short_name,
        "notice": "" if branch.holds_relations else "党员的组织关系在别处，由组织关系所在支部清查",
        "due_text": full_date(half.ends_on)
        if str(half) not in known and owes_check(branch, half)
        else "",
        "half_text": half.label,
        "rows": [_check_row(check, today) for check in checks],
        "start_url": link("members:check_start", branch=branch.code),
        "form": form or StartForm(periods=open_halves, today=today)
        if may_check and open_halves
        else None,
    }
    return render(request, "members/check_branch.html", context)


def _check_row(check: FileCheck, today: datetime.date) -> dict[str, object]:
    kind, words = check_state(check, today)
    return {
        "url": reverse("members:check_detail", args=[check.pk]),
        "sheet_url": reverse("members:check_sheet", args=[check.pk]),
        "label": period_named(check.period).label,
        "started": full_date(check.started_on),
        "finished": full_date(check.finished_on),
        "total": check.total,
        "problems": check.problems,
        "kind": kind,
        "words": words,
    }


def check_state(check: FileCheck, today: datetime.date) -> tuple[str, str]:
    if check.finished_on:
        return "done", f"{short_date(check.finished_on, today)}完成"
    done = f"已核对 {check.total - check.unfinished}/{check.total}"
    if period_named(check.period).ends_on < today:
        return "late", f"逾期，{done}"
    return "run", done


def _overview(request, branches):
    """Branches that owe the check of the chosen half, those that have not begun first."""
    today = current_day()
    period = _half_asked(request, today)
    branches = _owing(branches, period, today)
    conditions = {
        "none": ("未开始", Q(check_key=None)),
        "run": ("核对中", Q(check_key__isnull=False, finished_on=None)),
        "done": ("已完成", Q(finished_on__isnull=False)),
    }
    counts = {
        key: branches.filter(condition).count() for key, (_l, condition) in conditions.items()
    }
    chosen = request.GET.get("state", "")
    shown = branches.filter(conditions[chosen][1]) if chosen in conditions else branches
    page = Paginator(
        shown.select_related("parent").order_by(
            # Not begun, then begun, then finished.
            F("finished_on").asc(nulls_first=True),
            F("check_key").asc(nulls_first=True),
            "code",
        ),
        PAGE,
    ).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": member_tabs(None, "members:checks"),
        "context_text": f"{period.label}，应清查 {sum(counts.values())} 个支部，"
        f"已完成 {counts['done']} 个",
        "halves": [
            {
                "label": one.label,
                "url": with_query(request, half=str(one)),
                "current": one == period,
            }
            for one in (half_of(today).previous, half_of(today))
        ],
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _condition) in conditions.items()
        ],
        "rows": _branch_rows(list(page), period, today),
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "members/check_list.html", context)


def _owing(branches, period: Period, today: datetime.date):
    """Those of the branches that owe the check of that half, with how it stands."""
    day = min(period.ends_on, today)
    checks = FileCheck.objects.filter(organisation=OuterRef("pk"), period=str(period))
    return (
        branches.exclude(form__in=WITHOUT_RELATIONS)
        .filter(Q(founded_on__isnull=True) | Q(founded_on__lte=period.starts_on))
        .filter(Q(dissolved_on__isnull=True) | Q(dissolved_on__gt=day))
        .filter(pk__in=roster(branches, day).values("organisation"))
        .annotate(
            check_key=Subquery(checks.values("pk")[:1]),
            finished_on=Subquery(checks.values("finished_on")[:1]),
        )
    )


def _half_asked(request, today: datetime.date) -> Period:
    """The half named in the address: the running or the last one."""
    running = half_of(today)
    return running.previous if request.GET.get("half") == str(running.previous) else running


def _branch_rows(branches, period: Period, today: datetime.date) -> list[dict[str, object]]:
    checks = {
        check.organisation_id: check
        for check in with_progress(
            FileCheck.objects.filter(organisation__in=branches, period=str(period))
        )
    }
    rows = []
    for branch in branches:
        check = checks.get(branch.pk)
        late = period.ends_on < today
        kind, words = ("late", "逾期，未开始") if late else ("todo", "未开始")
        if check is not None:
            kind, words = check_state(check, today)
        rows.append(
            {
                "name": branch.short_name,
                "parent": branch.parent.short_name if branch.parent else "",
                "url": reverse("members:check_detail", args=[check.pk])
                if check
                else link("members:checks", branch=branch.code),
                "started": full_date(check.started_on) if check else "",
                "problems": check.problems if check else "",
                "kind": kind,
                "words": words,
            }
        )
    return rows


@require_POST
def check_start(request):
    """开始清查."""
    branch = chosen_branch(request, Action.CHANGE_MEMBER)
    if branch is None:
        raise Http404
    today = current_day()
    half = half_of(today)
    form = StartForm(request.POST, periods=[half, half.previous], today=today)
    if not form.is_valid():
        return _branch_page(request, branch, form)
    try:
        check = services.start_check(
            organisation=branch,
            period=form.chosen_period,
            on=form.cleaned_data["started_on"],
            by=request.user,
            today=today,
        )
    except Refused as refused:
        form.add_error(refused.field, str(refused))
        return _branch_page(request, branch, form)
    messages.success(request, f"已开始{form.chosen_period.label}清查，逐人核对即可")
    return redirect("members:check_detail", check.pk)
