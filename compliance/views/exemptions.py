"""免予: granted and taken back by the superior, listed for whoever sees the branch."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from branches.choice import named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link
from branches.scope import get_for, is_superior
from branches.words import full_date
from compliance import exemptions
from compliance.forms import ExemptionForm, WithdrawForm
from compliance.models import Duty, Exemption
from compliance.registry import RULES
from compliance.wording import period_of_duty, period_text

_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def exempt(request, pk: int):
    """批准免予: from the page of the duty that is to be waived."""
    duty = get_for(Duty.objects.select_related("organisation__parent"), request.user, pk=pk)
    if duty.rule not in RULES:
        raise Http404
    if not is_superior(request.user, duty.organisation):
        raise PermissionDenied
    today = current_day()
    form = ExemptionForm(request.POST or None, today=today, initial=_span(duty, today))
    if request.method == "POST" and form.is_valid():
        try:
            granted = exemptions.grant(
                rule=duty.rule,
                organisation=duty.organisation,
                by=request.user,
                today=today,
                **form.cleaned_data,
            )
        except exemptions.Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"已批准免予至{full_date(granted.ends_on)}，到期自动恢复")
            return redirect(link("compliance:exemptions", branch=duty.organisation.code))
    context = {
        "form": form,
        "title": "批准免予",
        "organisation": duty.organisation.short_name,
        "back_url": reverse("compliance:duty", args=[duty.pk]),
        "back_label": RULES[duty.rule].title,
        "facts": [
            ("要求", RULES[duty.rule].title),
            ("期间", period_text(duty, today)),
            ("依据", RULES[duty.rule].wording),
        ],
        "consequence": "截止日期在期间最后一天或以后的，这一期免予；免予会写在核对依据里，支部也看得到。",
        "act_label": "批准免予",
    }
    return render(request, "compliance/exemption_form.html", context)


def _span(duty: Duty, today) -> dict:
    """The running period; for a standing condition from today on, with an end to be typed."""
    period = period_of_duty(duty)
    return (
        {"starts_on": period.starts_on, "ends_on": period.ends_on}
        if period
        else {"starts_on": today}
    )


@require_safe
def exemption_list(request):
    """Exemptions in sight, those in force first."""
    today = current_day()
    rows, branch = narrowed(request, Exemption.objects.filter(rule__in=list(RULES)))
    organisation = branch or named_organisation(request)
    rows = rows.select_related("organisation__parent", "approved_by")
    page = Paginator(rows.order_by("-ends_on", "-pk"), _PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "organisation": organisation.short_name if organisation else "",
        "duties_url": link(
            "compliance:list", organisation=organisation.code if organisation else ""
        ),
        "rows": [_row(one, today, request.user) for one in page],
        "show_organisation": branch is None,
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "compliance/exemption_list.html", context)


def _row(one: Exemption, today, reader) -> dict:
    kind, words = _state(one, today)
    standing = one.withdrawn_on is None and one.ends_on >= today
    return {
        "name": RULES[one.rule].title,
        "organisation": one.organisation.short_name,
        "days": f"{full_date(one.starts_on)}—{full_date(one.ends_on)}",
        "reason": one.reason,
        "approved": " ".join(
            part for part in (str(one.approved_by or ""), full_date(one.approved_on)) if part
        ),
        "kind": kind,
        "words": words,
        "withdraw_url": reverse("compliance:withdraw", args=[one.pk])
        if standing and is_superior(reader, one.organisation)
        else "",
    }


def _state(one: Exemption, today) -> tuple[str, str]:
    if one.withdrawn_on:
        return "todo", f"{full_date(one.withdrawn_on)}撤回"
    if one.ends_on < today:
        return "todo", "已到期"
    return ("run", "免予中") if one.starts_on <= today else ("todo", "未开始")


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request, pk: int):
    """撤回免予, with the reason; the duties are judged again at once."""
    rows = Exemption.objects.select_related("organisation__parent").filter(rule__in=list(RULES))
    one = get_for(rows, request.user, pk=pk)
    if not is_superior(request.user, one.organisation):
        raise PermissionDenied
    back = link("compliance:exemptions", branch=one.organisation.code)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = exemptions.withdraw(
            one, reason=form.cleaned_data["reason"], by=request.user, today=current_day()
        )
        if done:
            messages.success(request, "已撤回免予，有关事项已重新核对")
        else:
            messages.warning(request, "这一笔免予已经撤回过了")
        return redirect(back)
    context = {
        "form": form,
        "title": "撤回免予",
        "organisation": one.organisation.short_name,
        "back_url": back,
        "back_label": "免予",
        "facts": [
            ("要求", RULES[one.rule].title),
            ("免予", f"{full_date(one.starts_on)}—{full_date(one.ends_on)}"),
            ("理由", one.reason),
        ],
        "consequence": "撤回后按没有免予重新核对，有关事项可能变为逾期。",
        "act_label": "撤回免予",
    }
    return render(request, "compliance/exemption_form.html", context)
