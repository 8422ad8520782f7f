import datetime

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link
from branches.periods import add_months
from branches.scope import get_for, reaches
from branches.words import full_date, one_line, short_date
from members import facts
from members.absence_forms import AbsenceForm, ChoiceForm, EndForm
from members.enums import AbsenceKind
from members.models import Absence, Contact, Member
from members.services import Refused
from members.services import contacts as services
from members.views.absences import branch_to_change
from members.views.away_marks import Watch, misses_person

# Contacts shown on the page of an absence.
_LATEST = 20
# Floating is who is away for half a year or longer (2019 regulation, Art. 32).
_FLOATING_MONTHS = 6


@require_http_methods(["GET", "HEAD", "POST"])
def absence_new(request):
    """登记外出失联: first who and what, then since when; for a lost member the start is proposed."""
    branch = branch_to_change(request)
    today = current_day()
    members = Member.objects.filter(organisation=branch, left_on__isnull=True).order_by("pk")
    asked = request.POST if request.method == "POST" else request.GET
    choice = ChoiceForm(asked if asked.get("member") else None, members=members)
    form, proposal = None, ""
    if choice.is_valid():
        kind, member = choice.cleaned_data["kind"], choice.chosen_member
        start, proposal = _proposed_start(kind, member, today)
        initial = {"starts_on": full_date(start)}
        form = AbsenceForm(
            request.POST if request.method == "POST" else None,
            kind=kind,
            today=today,
            initial=initial,
        )
        if request.method == "POST" and form.is_valid():
            try:
                absence = services.register_absence(
                    member=member, kind=kind, by=request.user, today=today, **form.cleaned_data
                )
            except Refused as refused:
                form.add_error(
                    refused.field if refused.field in form.fields else None, str(refused)
                )
            else:
                _say_registered(request, absence, today)
                return redirect(link("members:absences", branch=branch.code))
    context = {
        "list_url": link("members:absences", branch=branch.code),
        "branch_code": branch.code,
        "choice": choice,
        "form": form,
        "chosen_text": f"{choice.chosen_member.name}，{AbsenceKind(choice.cleaned_data['kind']).label}"
        if form
        else "",
        "proposal": proposal,
    }
    return render(request, "members/absence_form.html", context)


def _proposed_start(kind: str, member: Member, today: datetime.date):
    """For a lost member: the last attendance or the last payment, whichever is later, in words."""
    if kind != AbsenceKind.LOST:
        return None, ""
    presence = facts.presence_of([member.pk], today, today).get(member.pk)
    attended = presence.last_on if presence else None
    paid = facts.last_paid_of([member.pk], today).get(member.pk)
    said = [
        f"{words} {full_date(day)}"
        for words, day in (("最近一次参加组织生活", attended), ("最近一次交党费", paid))
        if day
    ]
    if not said:
        return None, "系统里没有参加组织生活和交党费的记录，请按实际填写"
    return max(day for day in (attended, paid) if day), "，".join(said) + "。请核对起算日期"


def _say_registered(request, absence: Absence, today: datetime.date) -> None:
    messages.success(request, f"已登记{absence.member.name}：{absence.get_kind_display()}")
    if (
        absence.kind == AbsenceKind.FLOATING
        and add_months(absence.starts_on, _FLOATING_MONTHS) > today
    ):
        messages.warning(
            request, "流动党员一般指外出 6 个月以上、没有转移组织关系的党员，现在还不满 6 个月"
        )


def _absence(request, pk: int, action: str = Action.LOOK) -> Absence:
    absences = Absence.objects.select_related("member__organisation")
    return get_for(absences, request.user, action, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def absence_detail(request, pk):
    """One absence with the contacts made; POST corrects it."""
    if request.method != "POST":
        return _absence_page(request, _absence(request, pk))
    absence = _absence(request, pk, Action.CHANGE_MEMBER)
    today = current_day()
    form = AbsenceForm(request.POST, kind=absence.kind, today=today, absence=absence)
    if form.is_valid():
        try:
            changed = services.change_absence(
                absence=absence, by=request.user, today=today, **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, "已保存" if changed else "没有改动")
            return redirect("members:absence_detail", pk)
    return _absence_page(request, absence, form=form)


def _absence_page(request, absence: Absence, **bound):
    today = current_day()
    member = absence.member
    branch = member.organisation
    may_change = reaches(request.user, Action.CHANGE_MEMBER, branch.path)
    contacts = Contact.objects.filter(member=member)[:_LATEST]
    watch = Watch.on(today, {branch.pk})
    last_on = contacts[0].on if contacts else None
    context = {
        "list_url": link("members:absences", branch=branch.code),
        "name": member.name,
        "member_url": reverse("members:detail", args=[member.pk]),
        "kind_label": absence.get_kind_display(),
        "marks": [] if absence.ends_on else watch.marks(member, [absence], last_on),
        "facts": [
            ("支部", branch.short_name),
            ("自", full_date(absence.starts_on)),
            ("至", full_date(absence.ends_on) or "还没有结束"),
            ("去向", absence.place),
            ("事由", absence.reason),
            ("联系人", absence.contact_person),
        ],
        "person_missing": misses_person(member, absence.kind, absence.contact_person),
        "came_text": _came_since(absence, today),
        "contacts": [
            {
                "on": short_date(contact.on, today),
                "by_name": contact.by_name,
                "words": f"{contact.get_way_display()}{'：' if contact.note else ''}{contact.note}",
                "remove_url": reverse("members:contact_remove", args=[contact.pk])
                if may_change
                else "",
            }
            for contact in contacts
        ],
        "contact_url": link("members:absences", branch=branch.code) if may_change else "",
        "form": (bound.get("form") or AbsenceForm(kind=absence.kind, today=today, absence=absence))
        if may_change
        else None,
        "end_form": (bound.get("end") or EndForm(today=today))
        if may_change and not absence.ends_on
        else None,
        "end_url": reverse("members:absence_end", args=[absence.pk]),
        "remove_url": reverse("members:absence_remove", args=[absence.pk]) if may_change else "",
    }
    return render(request, "members/absence_detail.html", context)


def _came_since(absence: Absence, today: datetime.date) -> str:
    """What speaks against a loss that is still open: attendance or dues after its start."""
    if absence.kind != AbsenceKind.LOST or absence.ends_on:
        return ""
    start, said = _proposed_start(AbsenceKind.LOST, absence.member, today)
    if start is None or start <= absence.starts_on:
        return ""
    return f"起算以后还有记录：{said.removesuffix('。请核对起算日期')}。请核对是否还失联"


@require_POST
def absence_end(request, pk):
    """登记结束."""
    absence = _absence(request, pk, Action.CHANGE_MEMBER)
    today = current_day()
    form = EndForm(request.POST, today=today)
    if not form.is_valid():
        return _absence_page(request, absence, end=form)
    try:
        services.end_absence(
            absence=absence, on=form.cleaned_data["ends_on"], by=request.user, today=today
        )
    except Refused as refused:
        form.add_error("ends_on", str(refused))
        return _absence_page(request, absence, end=form)
    messages.success(request, f"已登记{absence.member.name}的结束日期")
    return redirect("members:absence_detail", pk)


@require_POST
def absence_remove(request, pk):
    """删除登记错的一段."""
    absence = _absence(request, pk, Action.CHANGE_MEMBER)
    code = absence.member.organisation.code
    try:
        services.remove_absence(
            absence=absence, by=request.user, reason=one_line(request.POST.get("reason"), 300)
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("members:absence_detail", pk)
    messages.success(request, "已删除")
    return redirect(link("members:absences", branch=code))
