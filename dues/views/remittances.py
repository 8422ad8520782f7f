"""One branch's quarter: what goes up and why it is that sum, the form to send it, the decision."""

from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import TrailLine
from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.deadlines import SOON_DAYS
from branches.links import link, safe_next
from branches.models import Attachment, Organisation
from branches.periods import Period
from branches.scope import get_for, is_superior, reaches
from branches.timeline import history_of
from branches.typed import Unreadable, read_amount
from branches.values import Values
from branches.words import full_date
from dues.enums import RemittanceState
from dues.models import Remittance
from dues.remittance_forms import RemittanceForm, ReturnForm
from dues.remitting import (
    QuarterSheet,
    due_on,
    has_dues,
    months_of,
    open_quarter_before,
    opens_on,
    quarter_on,
    standing_of,
)
from dues.services import Refused
from dues.services import remittances as services
from dues.tabs import dues_tabs
from dues.views.remittance_rows import badge, number_of, page_of, quarter_asked, short_label
from dues.words import money, sum_text

# What the last 确认 of this session confirmed.
LAST_CONFIRMED = "dues_confirmed"


@require_http_methods(["GET", "HEAD", "POST"])
def remittance(request):
    """One quarter of a branch; POST prepares it (act=save) or sends it up (act=send)."""
    act = request.POST.get("act")
    needed = Action.LOOK
    if request.method == "POST":
        needed = Action.ENTER_DUES if act == "save" else Action.SUBMIT
    branch = chosen_branch(request, needed)
    if branch is None:
        if request.method == "POST":
            raise PermissionDenied
        return redirect("dues:remittances")
    today = current_day()
    quarter = quarter_asked(request)
    if request.method == "POST" and quarter is None:
        # Never the next one by itself: sent twice, the same form would send two quarters up.
        raise Http404
    quarter = quarter or _next_to_send(branch, today)
    if request.method != "POST":
        return _page(request, branch, quarter)
    form = RemittanceForm(request.POST, request.FILES, today=today)
    if form.is_valid():
        try:
            return _store(request, branch, quarter, form, act)
        except services.ChangedMeanwhile as changed:
            # The next press is made knowingly, on top of what stands there now.
            form.data = form.data.copy()
            form.data["seen"] = sum_text(changed.computed) or "0.00"
            form.add_error("amount", str(changed))
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
    return _page(request, branch, quarter, form=form)


def _next_to_send(branch: Organisation, today) -> Period:
    """The first quarter that has not gone up; else the running one."""
    running = quarter_on(today)
    waiting = open_quarter_before(branch, running, today)
    return waiting or (running if today >= opens_on(running) else running.previous)


def _store(request, branch, quarter: Period, form: RemittanceForm, act: str):
    facts = dict(form.cleaned_data)
    seen, uploads = facts.pop("seen"), facts.pop("files")
    given = {
        "organisation": branch,
        "quarter": quarter,
        "by": request.user,
        "today": current_day(),
        "uploads": uploads,
        **facts,
    }
    if act == "save":
        services.save_draft(**given)
        messages.success(request, f"已保存{short_label(quarter)}上缴登记，请书记核对后报送")
    else:
        row = services.send(seen=seen, **given)
        messages.success(
            request, f"已报送{short_label(quarter)}党费 ¥{money(row.amount)}，等上级确认"
        )
    return redirect(page_of(branch.code, quarter))


def _page(request, branch: Organisation, quarter: Period, form=None, return_form=None):
    today = current_day()
    sheet = QuarterSheet(branch, quarter, today)
    values = Values()
    row, due = sheet.remittance, due_on(quarter, values)
    standing = standing_of(row, due, today)
    later, later_sum = sheet.later
    context = {
        "tabs": dues_tabs(branch, "dues:remittances"),
        "organisation": branch.short_name,
        "list_url": link("dues:remittances", branch=branch.code, year=quarter.starts_on.year),
        "year": quarter.starts_on.year,
        "number": number_of(quarter),
        "quarter_text": quarter.label,
        "quarter_short": short_label(quarter),
        "due_text": full_date(due),
        "badge": badge(standing, quarter, due, today, row, values.on(SOON_DAYS, today)),
        "gone": _gone(row) if sheet.is_gone else None,
        "returned": _returned(row) if row and row.opinion and not sheet.is_gone else None,
        "parts": _parts(sheet),
        "computed": money(sheet.computed),
        "member_count": sheet.member_count,
        "months": [f"{month.month}月" for month in months_of(quarter)],
        "people": _people(sheet),
        "has_earlier": any(person.earlier for person in sheet.people),
        "has_taken_back": any(person.taken_back for person in sheet.people),
        "later_text": f"报送以后又记了 {later} 笔，合计 {money(later_sum)} 元，"
        "不在这一笔里，随以后的季度上缴"
        if later
        else "",
        "ledger_url": link(
            "dues:ledger",
            branch=branch.code,
            year=quarter.starts_on.year,
            quarter=number_of(quarter),
        ),
        "files": _files(row),
        "history": history_of(services.TRAIL_AREA, row.pk, today, detail=_sum_sent) if row else [],
        **_branch_acts(request, branch, quarter, sheet, form),
        **_superior_acts(request, branch, row, return_form),
    }
    return render(request, "dues/remittance.html", context)


def _gone(row: Remittance) -> dict[str, object]:
    difference = row.amount - row.computed
    return {
        "amount": money(row.amount),
        "computed": money(row.computed),
        "difference": f"{difference:+,.2f}" if difference else "",
        "explanation": row.explanation,
        "on": full_date(row.remitted_on),
        "slip": row.slip_number,
        "members": row.member_count,
        "sent": f"{full_date(timezone.localtime(row.sent_at).date())} {row.sent_by or ''}".strip()
        if row.sent_at
        else "",
        "decided": f"{full_date(row.decided_on)} {row.decided_by or ''}".strip()
        if row.state == RemittanceState.CONFIRMED
        else "",
    }


def _returned(row: Remittance) -> dict[str, str]:
    return {
        "reason": row.opinion,
        "by": f"{full_date(row.decided_on)} {row.decided_by or ''}".strip(),
    }


def _parts(sheet: QuarterSheet) -> list[dict[str, object]]:
    return [
        {
            "label": part.label,
            "people": part.people,
            "charged": money(part.charged) if part.charged is not None else "—",
            "amount": money(part.amount),
            "short": money(part.short) if part.short else "—",
        }
        for part in sheet.parts()
    ]


def _people(sheet: QuarterSheet) -> list[dict[str, object]]:
    months = months_of(sheet.quarter)
    return [
        {
            "name": person.name,
            "months": [
                (f"{month.month}月", money(person.months[month]) if month in person.months else "—")
                for month in months
            ],
            "earlier": money(person.earlier) if person.earlier else "—",
            "taken_back": money(person.taken_back) if person.taken_back else "—",
            "total": money(person.total),
        }
        for person in sheet.people
    ]


def _files(row: Remittance | None) -> list[dict[str, str]]:
    if row is None:
        return []
    rows = Attachment.objects.filter(area=services.TRAIL_AREA, object_id=row.pk).order_by("pk")
    return [
        {"name": file.name, "url": reverse("branches:attachment", args=[file.pk])} for file in rows
    ]


def _sum_sent(line: TrailLine) -> str:
    return line.after.get("上缴金额", "")


def _branch_acts(request, branch, quarter: Period, sheet: QuarterSheet, form) -> dict:
    """The form for who enters dues, or why it cannot be filled in now."""
    acts = {"form": None, "may_send": False, "blocked": None}
    if sheet.is_gone or not reaches(request.user, Action.ENTER_DUES, branch.path):
        # Who pressed a moment after somebody else is told so.
        acts["fault"] = next(iter(form.non_field_errors()), "") if form is not None else ""
        return acts
    if acts_blocked := _blocked(branch, quarter, sheet):
        return acts | {"blocked": acts_blocked}
    return acts | {
        "form": form or _fresh_form(sheet),
        "may_send": reaches(request.user, Action.SUBMIT, branch.path),
    }


def _blocked(branch, quarter: Period, sheet: QuarterSheet) -> dict[str, str] | None:
    today = sheet.today
    if today < opens_on(quarter):
        text = f"{quarter.label}还在收缴，{full_date(opens_on(quarter))}起可以登记上缴"
        return {"text": text, "url": "", "label": ""}
    if earlier := open_quarter_before(branch, quarter, today):
        return {
            "text": f"{earlier.label}的党费还没有上缴，请先登记{earlier.label}的",
            "url": page_of(branch.code, earlier),
            "label": f"去登记{short_label(earlier)}",
        }
    if not sheet.people and not has_dues(branch, quarter):
        return {"text": f"{quarter.label}没有应缴和实缴的党费，不用上缴", "url": "", "label": ""}
    return None


def _fresh_form(sheet: QuarterSheet) -> RemittanceForm:
    """Sum and day are prefilled; what was saved or returned comes back as it was typed. The sum of
    a draft that was the ledger's follows it; what was returned has been handed over already."""
    row, computed = sheet.remittance, sheet.computed
    # A sum below nothing cannot be handed over; the page says what to do.
    whole = sum_text(max(computed, 0)) or "0.00"
    initial = {
        "amount": whole,
        "remitted_on": sheet.today,
        "seen": sum_text(computed) or "0.00",
    }
    if row is not None:
        initial |= {"remitted_on": row.remitted_on, "slip_number": row.slip_number}
        initial["explanation"] = row.explanation
        if row.amount != row.computed or row.state == RemittanceState.RETURNED:
            initial["amount"] = sum_text(row.amount) or "0.00"
    return RemittanceForm(today=sheet.today, initial=initial)


def _superior_acts(request, branch, row: Remittance | None, return_form) -> dict:
    acts = {"decision": None}
    if row is None or not is_superior(request.user, branch):
        return acts
    waiting = row.state == RemittanceState.SENT
    confirmed = row.state == RemittanceState.CONFIRMED
    if not waiting and not confirmed:
        return acts
    own_today = (row.decided_by_id, row.decided_on) == (request.user.pk, current_day())
    return {
        "decision": {
            "url": reverse("dues:remittance_decide", args=[row.pk]),
            "waiting": waiting,
            "may_confirm": waiting and row.sent_by_id != request.user.pk,
            "may_undo": confirmed and own_today,
            "seen": sum_text(row.amount) or "0.00",
            "form": return_form or ReturnForm(),
            "open": return_form is not None or request.GET.get("decide") == "return",
        }
    }


# --- The superior's acts ----------------------------------------------------------------------


def _in_reach(request, pk: int) -> Remittance:
    rows = Remittance.objects.select_related("organisation__parent")
    row = get_for(rows, request.user, pk=pk)
    if not is_superior(request.user, row.organisation):
        raise PermissionDenied
    return row


@require_POST
def remittance_decide(request, pk):
    """确认, 退回 or 撤销确认 of one; the button says which."""
    row = _in_reach(request, pk)
    act, today = request.POST.get("act"), current_day()
    branch, quarter = row.organisation, quarter_on(row.quarter)
    back = safe_next(request) or page_of(branch.code, quarter)
    try:
        if act == "confirm":
            seen = _seen(request.POST.get("seen"))
            services.confirm(remittance=row, by=request.user, today=today, seen=seen)
            _tell_confirmed(request, [row])
        elif act == "undo":
            services.undo_confirmations(remittances=[row], by=request.user, today=today)
            messages.success(request, "已撤销确认，仍是待确认")
        else:
            form = ReturnForm(request.POST)
            if not form.is_valid():
                return _page(request, branch, quarter, return_form=form)
            services.send_back(
                remittance=row, reason=form.cleaned_data["reason"], by=request.user, today=today
            )
            messages.success(request, f"已退回{branch.short_name}，支部改正后会重新报送")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect(back)


def _seen(text: str | None) -> Decimal:
    """The sum that stood on the page, as the page itself wrote it."""
    try:
        amount = read_amount(text)
    except Unreadable:
        raise Http404 from None
    if amount is None:
        raise Http404
    return amount


@require_POST
def remittances_confirm(request):
    """全部确认: those named with the sums that were shown; all or none."""
    back = safe_next(request) or reverse("dues:remittances")
    shown = {pair.partition(":")[0]: pair.partition(":")[2] for pair in request.POST.getlist("row")}
    keys = [int(key) for key in shown if key.isdecimal() and len(key) < 19]
    rows = Remittance.objects.visible_to(request.user).filter(pk__in=keys)
    if rows.count() != len(shown):
        raise Http404
    if rows.for_superior(request.user).count() != len(shown):
        raise PermissionDenied
    try:
        confirmed = services.confirm_many(
            remittances=[(row, _seen(shown[str(row.pk)])) for row in rows],
            by=request.user,
            today=current_day(),
        )
    except Refused as refused:
        messages.warning(request, f"{refused}。其他的也还没有确认")
    else:
        _tell_confirmed(request, confirmed)
    return redirect(back)


def _tell_confirmed(request, rows: list[Remittance]) -> None:
    request.session[LAST_CONFIRMED] = [row.pk for row in rows]
    total = money(sum(row.amount for row in rows))
    said = (
        f"已确认{rows[0].organisation.short_name} ¥{total}"
        if len(rows) == 1
        else f"已确认 {len(rows)} 笔，合计 ¥{total}"
    )
    messages.success(request, said, extra_tags=f"undo={reverse('dues:remittances_undo')}")


@require_POST
def remittances_undo(request):
    """撤销: what the last 确认 of this session confirmed waits again."""
    keys = request.session.pop(LAST_CONFIRMED, [])
    rows = list(Remittance.objects.for_superior(request.user).filter(pk__in=keys))
    try:
        undone = services.undo_confirmations(remittances=rows, by=request.user, today=current_day())
    except Refused as refused:
        if _wants_answer(request):
            return JsonResponse({"error": str(refused)}, status=400)
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"已撤销确认 {undone} 笔，仍是待确认")
        if _wants_answer(request):
            # The page reloads itself and then shows the message.
            return JsonResponse({})
    return redirect(safe_next(request) or reverse("dues:remittances"))


def _wants_answer(request) -> bool:
    return "application/json" in request.headers.get("Accept", "")
