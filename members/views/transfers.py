import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import get_for, paths_reached
from branches.tabs import member_tabs
from branches.words import full_date, one_line
from members.enums import TransferState
from members.models import Member, Transfer
from members.registers import TRANSFERS, register_url
from members.roster import roster
from members.services import Refused
from members.services import transfers as services
from members.transfer_forms import BranchForm, MemberForm, NewcomerForm, StartForm
from members.transfer_sides import ACTING, acts_for, mark_of, month_text, sides_of

PAGE = 50


def _paths(request) -> tuple[str, ...]:
    """What 转出 and 转入 are seen from: the organisation chosen, or all in reach."""
    code = one_line(request.GET.get("branch") or request.GET.get("organisation"), 40)
    if not code:
        return paths_reached(request.user)
    return (get_for(Organisation.objects.all(), request.user, code=code).path,)


def _conditions(transfers, paths: tuple[str, ...], today: datetime.date) -> dict:
    """The chips of the list: 转出, 转入, 待接收, 逾期."""
    leaving = transfers.leaving(paths).values("pk")
    arriving = transfers.arriving(paths).values("pk")
    late = transfers.overdue(today).values("pk")
    out = Q(state=TransferState.LETTER_OUT)
    return {
        "out": ("转出", Q(pk__in=leaving)),
        "in": ("转入", Q(pk__in=arriving)),
        "waiting": ("待接收", out & Q(pk__in=arriving)),
        "overdue": ("逾期", out & Q(pk__in=late)),
    }


def _found(transfers, search: str):
    """Those whose name, initials or letter number hold what was typed."""
    if not search:
        return transfers
    condition = Q(name__icontains=search) | Q(letter_number__icontains=search)
    if search.isascii() and search.isalpha():
        condition |= Q(initials__startswith=search.lower())
    return transfers.filter(condition)


@require_safe
def transfer_list(request):
    """Transfers in both directions: letters run out first, then those still out, then the rest."""
    today = current_day()
    transfers, branch = narrowed(request, Transfer.objects.all())
    search = one_line(request.GET.get("q"), 60)
    transfers = _found(transfers, search)
    conditions = _conditions(transfers, _paths(request), today)
    counts = transfers.aggregate(
        open=Count("pk", filter=Q(state__in=(TransferState.STARTED, TransferState.LETTER_OUT))),
        **{key: Count("pk", filter=condition) for key, (_label, condition) in conditions.items()},
    )
    chosen = request.GET.get("state", "")
    shown = transfers.filter(conditions[chosen][1]) if chosen in conditions else transfers
    page = Paginator(_worst_first(shown), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    acts = any(paths_reached(request.user, action) for action in ACTING)
    code = branch.code if branch else ""
    acts_here = acts_for(request.user, branch) if branch else acts
    context = {
        "tabs": member_tabs(branch, "members:transfers"),
        "context_text": f"在办 {counts['open']} 份，逾期 {counts['overdue']} 份",
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _condition) in conditions.items()
        ],
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "rows": [_row(transfer, today) for transfer in page],
        "page": page,
        "query": query.urlencode(),
        "new_url": link("members:transfer_start", branch=code) if acts_here else "",
        "newcomer_url": link("members:transfer_register", branch=code) if acts_here else "",
        "export_url": register_url(request, TRANSFERS),
        "import_url": link("ledgers:import") if _allowed(request, Action.IMPORT_WORKBOOK) else "",
        "clear_url": link(
            "members:transfers",
            branch=request.GET.get("branch"),
            organisation=request.GET.get("organisation"),
        ),
        "filtered": bool(search or chosen in conditions),
    }
    return render(request, "members/transfer_list.html", context)


def _allowed(request, action: str) -> bool:
    return bool(paths_reached(request.user, action))


def _worst_first(transfers):
    order = Case(
        When(state=TransferState.LETTER_OUT, then=Value(0)),
        When(state=TransferState.STARTED, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    until = Case(When(state=TransferState.LETTER_OUT, then="last_valid_day"))
    return (
        transfers.with_validity()
        .select_related("member", "from_organisation", "to_organisation")
        .order_by(order, until, "-started_on", "-pk")
    )


def _row(transfer: Transfer, today: datetime.date) -> dict[str, object]:
    kind, words = mark_of(transfer, today)
    return {
        "url": reverse("members:transfer", args=[transfer.pk]),
        "name": transfer.name,
        "category": transfer.member.get_kind_display() if transfer.member else "",
        **sides_of(transfer),
        "started": full_date(transfer.started_on),
        "letter": transfer.letter_number,
        "until": full_date(transfer.valid_until),
        "dues_until": month_text(transfer.dues_paid_until),
        "kind": kind,
        "words": words,
    }


# --- Starting -------------------------------------------------------------------------------


def _acting_branch(request) -> Organisation | None:
    """The branch a transfer is started for; 403 where the user may only look."""
    branch = chosen_branch(request)
    if branch is None:
        if not any(paths_reached(request.user, action) for action in ACTING):
            raise PermissionDenied
    elif not acts_for(request.user, branch):
        raise PermissionDenied
    return branch


def _choose(request, form, title: str, button: str, **hidden):
    """A page that asks for one thing first."""
    context = {
        "title": title,
        "form": form,
        "button": button,
        "hidden": list(hidden.items()),
        "list_url": link("members:transfers", **hidden),
    }
    return render(request, "members/transfer_choose.html", context)


def _choose_branch(request, title: str, label: str):
    """Those who look after several branches say first which one is meant."""
    branches = Organisation.objects.branches().filter(dissolved_on__isnull=True)
    reached = Organisation.objects.none()
    for action in ACTING:
        reached |= branches.permitting(request.user, action)
    form = BranchForm(branches=reached.order_by("code"), label=label)
    return _choose(request, form, title, "选好支部")


@require_http_methods(["GET", "HEAD", "POST"])
def transfer_start(request):
    """发起转接: to a branch of the county, or to a place outside."""
    today = current_day()
    branch = _acting_branch(request)
    if branch is None:
        return _choose_branch(request, "发起转接", "转出党支部")
    inside = roster([branch.pk], today).values("member")
    members = Member.objects.within(branch).filter(pk__in=inside).order_by("pk")
    member = _named(request, members)
    if member is None:
        form = MemberForm(members=members)
        return _choose(request, form, "发起转接", "选好党员", branch=branch.code)
    initial = {
        "on": full_date(today),
        "dues_paid_until": month_text(services.paid_until(member.pk, today)),
    }
    form = StartForm(request.POST or None, branch=branch, today=today, initial=initial)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            transfer = services.start_transfer(
                member=member,
                to=typed["to"],
                to_outside=typed["to_outside"],
                reason=form.reason(),
                dues_paid_until=typed["dues_paid_until"],
                on=typed["on"],
                by=request.user,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已发起{transfer.name}的转接，等上级开介绍信")
            return redirect("members:transfer", transfer.pk)
    return _form(request, form, branch, "发起转接", "送出转接", member.name)


def _named(request, members) -> Member | None:
    """The member named in the address, if he or she is one of them."""
    key = request.GET.get("member", "")
    if not key.isdecimal() or len(key) > 18:
        return None
    return members.filter(pk=int(key)).first()


@require_http_methods(["GET", "HEAD", "POST"])
def transfer_register(request):
    """登记县外转入: somebody who comes with a letter from outside the county."""
    today = current_day()
    branch = _acting_branch(request)
    if branch is None:
        return _choose_branch(request, "登记县外转入", "转入党支部")
    form = NewcomerForm(request.POST or None, today=today, initial={"on": full_date(today)})
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        names = ("name", "id_number", "phone", "from_outside", "letter_number", "letter_on")
        names += ("valid_days", "dues_paid_until", "on")
        try:
            transfer = services.register_newcomer(
                to=branch,
                reason=form.reason(),
                by=request.user,
                **{name: typed[name] for name in names},
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已登记{transfer.name}，接收后编入名册")
            return redirect("members:transfer", transfer.pk)
    return _form(request, form, branch, "登记县外转入", "保存登记")


def _form(request, form, branch: Organisation, title: str, button: str, who: str = ""):
    context = {
        "form": form,
        "title": title,
        "button": button,
        "who": f"{who}，{branch.short_name}" if who else branch.short_name,
        "list_url": link("members:transfers", branch=branch.code),
    }
    return render(request, "members/transfer_form.html", context)
