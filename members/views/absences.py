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
from branches.models import Organisation
from branches.scope import get_for, reaches
from branches.tabs import member_tabs
from branches.words import full_date
from members.absence_forms import ContactForm
from members.contacts import away_on, not_contacted
from members.enums import AbsenceKind
from members.models import Absence, Case, Contact, Member
from members.services import Refused
from members.services import contacts as services
from members.views.away_marks import Watch, misses_person

PAGE = 50


@require_safe
def absence_list(request):
    """Members away or lost, of a branch or of everything below: worst first."""
    return _list_page(request)


def _list_page(request, form: ContactForm | None = None, ticked=()):
    """The page; `form` is one that was refused, with the members that were ticked."""
    today = current_day()
    everybody, branch = narrowed(request, Member.objects.filter(left_on__isnull=True))
    conditions = {kind: (kind.label, away_on(kind, today)) for kind in AbsenceKind}
    away = Q()
    for _label, condition in conditions.values():
        away |= condition
    conditions["silent"] = (
        "本期还没联系",
        not_contacted(AbsenceKind.FLOATING, today) | not_contacted(AbsenceKind.ABROAD, today),
    )
    members = everybody.filter(away)
    counts = {key: members.filter(condition).count() for key, (_l, condition) in conditions.items()}
    chosen = request.GET.get("kind", "")
    shown = members.filter(conditions[chosen][1]) if chosen in conditions else members
    page = Paginator(_worst_first(shown, today), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    waiting = narrowed(request, Case.objects.filter(decided_on__isnull=True))[0].count()
    path = branch.path if branch else ""
    may_change = bool(branch) and reaches(request.user, Action.CHANGE_MEMBER, path)
    context = {
        "tabs": member_tabs(branch, "members:absences"),
        "context_text": "，".join(
            f"{kind.label} {counts[kind]} 名" for kind in AbsenceKind if counts[kind]
        ),
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, kind="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _condition) in conditions.items()
        ],
        "cases_url": link("members:cases", branch=branch.code if branch else ""),
        "waiting": waiting,
        "show_organisation": branch is None,
        "rows": _rows(list(page), today, may_change),
        "ticked": {int(key) for key in ticked if key.isdecimal() and len(key) < 19},
        "page": page,
        "query": query.urlencode(),
        "filtered": chosen in conditions,
        "new_url": link("members:absence_new", branch=branch.code) if may_change else "",
        "contact_url": link("members:contact_record", branch=branch.code) if may_change else "",
        "contact_form": form or _contact_form(request, today) if may_change else None,
    }
    return render(request, "members/absence_list.html", context)


def _contact_form(request, today: datetime.date) -> ContactForm:
    return ContactForm(today=today, initial={"on": full_date(today), "by_name": request.user.name})


def _worst_first(members, today: datetime.date):
    """Lost members first, longest first, then those who were contacted longest ago or never."""
    last = Contact.objects.filter(member=OuterRef("pk"), on__lte=today).order_by("-on", "-pk")
    lost = Absence.objects.on(today).filter(kind=AbsenceKind.LOST, member=OuterRef("pk"))
    return (
        members.select_related("organisation")
        .annotate(
            lost_on=Subquery(lost.values("starts_on")[:1]),
            last_contact=Subquery(last.values("pk")[:1]),
            last_contact_on=Subquery(last.values("on")[:1]),
        )
        .order_by(
            F("lost_on").asc(nulls_last=True),
            F("last_contact_on").asc(nulls_first=True),
            "organisation__code",
            "pk",
        )
    )


def _rows(members: list[Member], today: datetime.date, may_change: bool):
    absences: dict[int, list[Absence]] = {}
    for absence in Absence.objects.on(today).filter(member__in=members).order_by("kind"):
        absences.setdefault(absence.member_id, []).append(absence)
    contacts = Contact.objects.in_bulk([one.last_contact for one in members if one.last_contact])
    watch = Watch.on(today, {member.organisation_id for member in members})
    rows = []
    for member in members:
        last = contacts.get(member.last_contact)
        here = absences.get(member.pk, [])
        kinds = [_absence_cell(member, absence) for absence in here]
        if member.is_floating and AbsenceKind.FLOATING not in {one.kind for one in here}:
            kinds.append(_marked_cell(member, may_change))
        rows.append(
            {
                "pk": member.pk,
                "name": member.name,
                "url": reverse("members:detail", args=[member.pk]),
                "organisation": member.organisation.short_name,
                "kinds": kinds,
                "last": f"{full_date(last.on)} {last.get_way_display()}" if last else "",
                "last_by": last.by_name if last else "",
                "marks": watch.marks(member, here, last.on if last else None),
            }
        )
    return rows


def _absence_cell(member: Member, absence: Absence) -> dict[str, object]:
    return {
        "label": absence.get_kind_display(),
        "url": reverse("members:absence_detail", args=[absence.pk]),
        "since": f"{full_date(absence.starts_on)}起",
        "place": absence.place,
        "person": absence.contact_person,
        "person_missing": misses_person(member, absence.kind, absence.contact_person),
    }


def _marked_cell(member: Member, may_change: bool) -> dict[str, object]:
    """Who is only marked as floating on the roster: the day is to be added."""
    return {
        "label": AbsenceKind.FLOATING.label,
        "url": link(
            "members:absence_new",
            branch=member.organisation.code,
            member=member.pk,
            kind=AbsenceKind.FLOATING.value,
        )
        if may_change
        else "",
        "since": "外出日期没有登记",
        "place": "",
        "person": "",
        "person_missing": misses_person(member, AbsenceKind.FLOATING, ""),
    }


@require_POST
def contact_record(request):
    """登记联系: one form for everybody ticked in the list."""
    branch = branch_to_change(request)
    today = current_day()
    ticked = request.POST.getlist("members")
    form = ContactForm(request.POST, today=today)
    if not form.is_valid():
        return _list_page(request, form, ticked)
    told = form.cleaned_data
    keys = [key for key in ticked if key.isdecimal() and len(key) < 19]
    members = Member.objects.permitting(request.user, Action.CHANGE_MEMBER).filter(
        organisation=branch, pk__in=keys
    )
    try:
        new = services.record_contacts(
            members=members,
            on=told["on"],
            by_name=told["by_name"],
            way=told["way"],
            note=told["note"],
            by=request.user,
            today=today,
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return _list_page(request, form, ticked)
    _say_contacted(request, list(members), new, told["on"])
    return redirect(link("members:absences", branch=branch.code))


def _say_contacted(request, members: list[Member], new: int, on: datetime.date) -> None:
    messages.success(request, f"已登记联系 {new} 人" if new else "这次联系已经登记过了")
    found = Absence.objects.on(on).filter(
        kind=AbsenceKind.LOST, member__in=members, ends_on__isnull=True
    )
    names = "、".join(absence.member.name for absence in found.select_related("member"))
    if names:
        messages.warning(
            request, f"{names}登记为失联。已经恢复联系的，请打开失联记录，登记结束日期"
        )


@require_POST
def contact_remove(request, pk):
    """删除联系记录."""
    contact = get_for(
        Contact.objects.select_related("member"), request.user, Action.CHANGE_MEMBER, pk=pk
    )
    absence = Absence.objects.filter(member=contact.member).first()
    services.remove_contact(contact=contact, by=request.user)
    messages.success(request, "已删除这次联系")
    if absence:
        return redirect("members:absence_detail", absence.pk)
    return redirect(link("members:absences", branch=contact.member.organisation.code))


def branch_to_change(request) -> Organisation:
    branch = chosen_branch(request, Action.CHANGE_MEMBER)
    if branch is None:
        raise Http404
    return branch
