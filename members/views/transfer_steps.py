import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link
from branches.scope import get_for, reaches
from branches.timeline import history_of
from branches.values import Values
from branches.words import full_date
from members.enums import TransferState
from members.models import Transfer
from members.services import Refused
from members.services import transfers as services
from members.transfer_forms import AdmitForm, EndForm, LetterForm, ReceiveForm, RevealForm
from members.transfer_sides import (
    acts_for,
    issues,
    mark_of,
    month_text,
    receives,
    refuses,
    sides_of,
    withdraws,
)


def _transfer(request, pk: int, may=None) -> Transfer:
    """The transfer: 404 for who sees neither side, 403 for who may not take that step."""
    rows = Transfer.objects.select_related(
        "member__organisation", "from_organisation__parent", "to_organisation__parent"
    )
    transfer = get_for(rows, request.user, pk=pk)
    if may and not may(request.user, transfer):
        raise PermissionDenied
    return transfer


@require_safe
def transfer_detail(request, pk):
    """One transfer as either side sees it, with the steps that the reader may take."""
    return _page(request, _transfer(request, pk))


def _page(request, transfer: Transfer, **bound):
    """The page; `bound` holds a form that was refused, by its name in the template."""
    today = current_day()
    kind, words = mark_of(transfer, today)
    old, member = transfer.from_organisation, transfer.member
    sees_member = member and reaches(request.user, Action.LOOK, member.organisation.path)
    context = {
        "transfer": {
            "name": transfer.name,
            "category": member.get_kind_display() if member else "县外转入，接收后编入名册",
            "number": member.id_number_mask if member else transfer.id_number_mask,
            "member_url": link("members:detail", member.pk) if sees_member else "",
            **sides_of(transfer),
            "reason": transfer.reason,
            "dues_until": month_text(transfer.dues_paid_until),
            "started": full_date(transfer.started_on),
            "addressee": transfer.addressee,
            "letter_number": transfer.letter_number,
            "letter_on": full_date(transfer.letter_on),
            "valid_days": transfer.valid_days,
            "until": full_date(transfer.valid_until),
            "receipt": full_date(transfer.receipt_on),
            "end_reason": transfer.end_reason,
            "ended": full_date(transfer.ended_on),
            "kind": kind,
            "words": words,
        },
        "steps": _steps(transfer),
        "notice": _notice(transfer),
        "history": history_of(services.TRAIL_AREA, transfer.pk, today),
        "list_url": link("members:transfers", branch=old.code)
        if old and acts_for(request.user, old)
        else link("members:transfers"),
        "letter_url": reverse("members:transfer_letter", args=[transfer.pk])
        if old and transfer.letter_on
        else "",
        **_forms(request, transfer, today, bound),
    }
    return render(request, "members/transfer_detail.html", context)


def _notice(transfer: Transfer) -> str:
    """Who is responsible for the member until the new side has received."""
    if not transfer.is_open or not transfer.from_organisation:
        return ""
    return f"接收之前，{transfer.name}仍由{transfer.from_organisation.short_name}负责管理，党费照缴"


def _forms(request, transfer: Transfer, today: datetime.date, bound: dict) -> dict:
    """The forms of the steps open to the reader, each None or {url, form}."""
    user, out = request.user, transfer.state == TransferState.LETTER_OUT
    offered = {
        "issue": transfer.is_open and issues(user, transfer),
        "receive": out and receives(user, transfer),
        "refuse": transfer.is_open and refuses(user, transfer),
        "withdraw": transfer.is_open and withdraws(user, transfer),
    }
    blank = {
        "issue": lambda: _letter_form(None, transfer, today),
        "receive": lambda: _receive_form(None, transfer, today),
        "refuse": lambda: EndForm(auto_id="refuse_%s"),
        "withdraw": lambda: EndForm(auto_id="withdraw_%s"),
    }
    forms = {
        name: {
            "url": reverse(f"members:transfer_{name}", args=[transfer.pk]),
            "form": bound.get(name) or blank[name](),
        }
        if may
        else None
        for name, may in offered.items()
    }
    return forms | {"reissue": out, "outside": transfer.goes_outside}


def _letter_form(posted, transfer: Transfer, today: datetime.date) -> LetterForm:
    new = transfer.to_organisation
    initial = {
        "number": "" if transfer.state == TransferState.LETTER_OUT else transfer.letter_number,
        # A letter goes to the committee above the receiving branch.
        "addressee": transfer.addressee or (str(new.parent or new) if new else transfer.to_outside),
        "on": full_date(today),
        "valid_days": Values().on(services.LETTER_DAYS, today),
    }
    return LetterForm(posted, today=today, initial=initial, auto_id="letter_%s")


def _receive_form(posted, transfer: Transfer, today: datetime.date):
    made = AdmitForm if transfer.member_id is None else ReceiveForm
    return made(
        posted,
        today=today,
        branch=transfer.to_organisation,
        initial={"on": full_date(today)},
        auto_id="receive_%s",
    )


def _steps(transfer: Transfer) -> list[dict[str, str]]:
    """发起 → 开介绍信 → 接收，回执, and where the transfer stands."""
    reached = {TransferState.STARTED: 1, TransferState.LETTER_OUT: 2, TransferState.RECEIVED: 3}
    place = reached.get(transfer.state, 2 if transfer.letter_on else 1)
    first = "登记转入" if transfer.comes_from_outside else "发起转接"
    names = (first, "开介绍信", "接收和回执")
    return [
        {
            "name": name,
            "state": "done"
            if index < place
            else "current"
            if index == place and transfer.is_open
            else "todo",
        }
        for index, name in enumerate(names)
    ]


# --- Steps ----------------------------------------------------------------------------------


def _done(request, transfer: Transfer, message: str):
    messages.success(request, message)
    return redirect("members:transfer", transfer.pk)


def _refused(request, transfer: Transfer, name: str, form, refused: Refused):
    if isinstance(refused, services.StateMoved):
        # The form does not fit the transfer any more: show how it stands now.
        messages.warning(request, str(refused))
        return redirect("members:transfer", transfer.pk)
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))
    return _page(request, transfer, **{name: form})


@require_POST
def transfer_issue(request, pk):
    """开介绍信, or a new one for one that has run out."""
    transfer = _transfer(request, pk, issues)
    form = _letter_form(request.POST, transfer, current_day())
    if not form.is_valid():
        return _page(request, transfer, issue=form)
    try:
        issued = services.issue_letter(transfer=transfer, by=request.user, **form.cleaned_data)
    except Refused as refused:
        return _refused(request, transfer, "issue", form, refused)
    return _done(request, issued, f"介绍信已开，{full_date(issued.valid_until)}前有效")


@require_POST
def transfer_receive(request, pk):
    """接收: the membership moves on that day and the receipt is noted."""
    transfer = _transfer(request, pk, receives)
    form = _receive_form(request.POST, transfer, current_day())
    if not form.is_valid():
        return _page(request, transfer, receive=form)
    on, by = form.cleaned_data["on"], request.user
    try:
        if transfer.member_id is None:
            facts = {name: form.cleaned_data[name] for name in ("kind", "joined_on")}
            services.receive_newcomer(
                transfer=transfer,
                on=on,
                by=by,
                group=form.chosen_group,
                confirmed_on=form.cleaned_data["confirmed_on"],
                **facts,
            )
        else:
            services.receive_member(transfer=transfer, on=on, by=by, group=form.chosen_group)
    except Refused as refused:
        return _refused(request, transfer, "receive", form, refused)
    words = "已登记回执" if transfer.goes_outside else "已接收，组织关系自那天起转入"
    if transfer.valid_until < on:
        words += f"。介绍信到{full_date(transfer.valid_until)}已过期，按惯例应由原党组织换开"
    return _done(request, transfer, words)


@require_POST
def transfer_refuse(request, pk):
    """退回."""
    return _end(request, pk, refuses, "refuse", services.refuse_transfer, "已退回")


@require_POST
def transfer_withdraw(request, pk):
    """撤回."""
    return _end(request, pk, withdraws, "withdraw", services.withdraw_transfer, "已撤回")


def _end(request, pk: int, may, name: str, service, message: str):
    transfer = _transfer(request, pk, may)
    form = EndForm(request.POST, auto_id=f"{name}_%s")
    if not form.is_valid():
        return _page(request, transfer, **{name: form})
    try:
        service(
            transfer=transfer,
            reason=form.cleaned_data["reason"],
            on=current_day(),
            by=request.user,
        )
    except Refused as refused:
        return _refused(request, transfer, name, form, refused)
    return _done(request, transfer, message)


# --- Paper ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def transfer_letter(request, pk):
    """The introduction letter with its receipt stub, on A4.

    The number is masked; POST with a reason shows it once to whoever may, and that is trailed.
    """
    transfer = _transfer(request, pk)
    old = transfer.from_organisation
    if old is None or transfer.letter_on is None:
        raise Http404
    may_reveal = _may_reveal(request.user, transfer)
    form, numbers = RevealForm(request.POST or None), None
    if request.method == "POST":
        if not may_reveal:
            raise PermissionDenied
        if form.is_valid():
            numbers = services.reveal_for_letter(
                transfer=transfer, by=request.user, reason=form.cleaned_data["reason"]
            )
    context = {
        "letter": _letter(transfer, numbers),
        "back_url": reverse("members:transfer", args=[transfer.pk]),
        "printed_text": _printed(request.user),
        "reveal_form": form if may_reveal and numbers is None else None,
    }
    response = render(request, "print/transfer_letter.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _may_reveal(user, transfer: Transfer) -> bool:
    """The old side while the transfer is open; afterwards who reaches the member where he or she is."""
    if transfer.is_open and reaches(user, Action.REVEAL_NUMBER, transfer.from_organisation.path):
        return True
    return reaches(user, Action.REVEAL_NUMBER, transfer.member.organisation.path)


def _letter(transfer: Transfer, numbers) -> dict[str, object]:
    member, old = transfer.member, transfer.from_organisation
    return {
        "number": transfer.letter_number,
        "addressee": transfer.addressee,
        "name": transfer.name,
        "sex": member.get_gender_display(),
        "nation": member.ethnicity,
        "category": member.get_kind_display(),
        "id_number": numbers.id_number if numbers else member.id_number_mask,
        "from": old.name,
        # The superior of the old branch is the one who writes.
        "issuer": str(old.parent or old),
        "to": transfer.new_side,
        "dues_until": month_text(transfer.dues_paid_until),
        "valid_days": transfer.valid_days,
        "until": full_date(transfer.valid_until),
        "on": full_date(transfer.letter_on),
    }


def _printed(user) -> str:
    now = timezone.localtime()
    return f"{full_date(now.date())} {now:%H:%M} {user} 打印"
