"""催办所选: from the ticked branches of the matrix, over a look at the texts, to the notices."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.clock import today as current_day
from branches.models import Organisation
from branches.scope import get_for
from dashboard import reminding
from dashboard.addresses import address, seen_period
from notices.inbox import sender_for
from notices.words import lines_of

# More than a page of the matrix is nobody's choice.
_MOST = 200
_NAMED = 5


class AdditionForm(forms.Form):
    """What the officer adds to the text made from the records."""

    addition = forms.CharField(
        label="补充一句",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="写在每份催办的开头",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def remind(request, code):
    """Shows what each ticked branch will be told; the POST sends it."""
    organisation = get_for(
        Organisation.objects.select_related("parent"), request.user, Action.SEND_NOTICE, code=code
    )
    asked = request.POST if request.method == "POST" else request.GET
    back = _back(organisation, asked.get("period", ""))
    branches = _ticked(request.user, organisation, asked.getlist("branch"))
    if not branches:
        messages.warning(request, "没有勾选支部，请先勾选要催办的支部")
        return redirect(back)
    form = AdditionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        done = reminding.remind(
            branches,
            sender=sender_for(request.user, organisation),
            addition=form.cleaned_data["addition"],
            by=request.user,
            today=current_day(),
        )
        _say(request, done)
        return redirect(back)
    return _page(request, organisation, branches, form, back)


def _ticked(user, organisation: Organisation, typed: list[str]) -> list[Organisation]:
    """The branches named, in the order of the tree; Http404 if one of them is out of reach."""
    keys = {int(key) for key in typed if key.isdecimal() and len(key) < 18}
    branches = list(
        Organisation.objects.branches()
        .permitting(user, Action.SEND_NOTICE)
        .within(organisation)
        .filter(pk__in=keys)
        .order_by("path")[:_MOST]
    )
    if len(branches) != min(len(keys), _MOST):
        raise Http404
    return branches


def _back(organisation: Organisation, period: str) -> str:
    seen = seen_period(period, current_day())
    if organisation.is_branch:
        return reverse("branch", args=[organisation.code]) + f"?period={seen}"
    return address(organisation, seen)


def _say(request, done: reminding.Reminded) -> None:
    if done.sent:
        messages.success(request, f"已催办 {len(done.sent)} 个支部：{_names(done.sent)}")
    if done.already:
        messages.warning(request, f"今天已催办过，没有再催：{_names(done.already)}")
    if done.nothing:
        messages.warning(request, f"没有逾期和快到期的事，没有催办：{_names(done.nothing)}")


def _names(branches: list[Organisation]) -> str:
    names = "、".join(branch.short_name for branch in branches[:_NAMED])
    return names if len(branches) <= _NAMED else f"{names}等 {len(branches)} 个"


def _page(request, organisation, branches, form: AdditionForm, back: str):
    found = reminding.reminders(branches, current_day())
    rows = [
        {
            "pk": one.branch.pk,
            "name": one.branch.short_name,
            "told_today": one.told_today,
            "title": one.title if one.points else "",
            "lines": lines_of(one.text()) if one.points else [],
        }
        for one in found
    ]
    asked = request.POST if request.method == "POST" else request.GET
    context = {
        "organisation": organisation,
        "rows": rows,
        "count": sum(bool(row["title"]) and not row["told_today"] for row in rows),
        "form": form,
        "period": str(seen_period(asked.get("period", ""), current_day())),
        "back_url": back,
    }
    return render(request, "dashboard/remind.html", context)
