"""培训: the list, entering a course with everybody who took part, its page, correcting, taking back."""

from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import get_for, paths_reached, reaches, within_paths
from branches.typed import Unreadable
from branches.words import one_line, short_date
from meetings.enums import TrainingKind
from meetings.forms.meeting import is_key
from meetings.forms.study import PeopleForm, ReasonForm, TrainingForm, read_course_hours
from meetings.models import Training
from meetings.services import Refused
from meetings.services.trainings import (
    add_people,
    cancel_training,
    change_people,
    change_training,
    record_training,
)
from meetings.tabs import meeting_tabs
from meetings.trainings import (
    action_for,
    attendances_seen,
    may_organise,
    usual_level,
)
from meetings.views.hours import asked_day, years_of
from meetings.views.training_people import chosen as people_chosen
from meetings.views.training_people import picked, ticks

PAGE = 50
NAME = "meetings:trainings"


@require_safe
def trainings(request):
    """Courses that the reader's organisations held or sent people to, the latest first."""
    organisation = named_organisation(request) or chosen_branch(request)
    if not paths_reached(request.user):
        raise PermissionDenied
    year, _day, _over = asked_day(request)
    rows = Training.objects.visible_to(request.user).filter(ends_on__year=year)
    if organisation is not None:
        rows = rows.within(organisation)
    kinds = dict(
        rows.filter(cancelled_at=None)
        .order_by()
        .values("kind")
        .annotate(number=Count("pk"))
        .values_list("kind", "number")
    )
    chosen = request.GET.get("kind", "")
    if chosen in TrainingKind.values:
        rows = rows.filter(kind=chosen)
    # A branch counts its own people of a course that somebody above it held.
    seen = Q(within_paths("attendances__organisation__path", paths_reached(request.user)))
    if organisation is not None:
        seen &= within_paths("attendances__organisation__path", (organisation.path,))
    rows = rows.select_related("organisation").annotate(
        number=Count("attendances", filter=seen, distinct=True)
    )
    page = Paginator(rows.order_by("-ends_on", "-pk"), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    place = organisation or _own(request.user)
    context = {
        "tabs": meeting_tabs(organisation, NAME),
        "context_text": organisation.short_name if organisation else "",
        "years": years_of(request, year),
        "chips": [
            {
                "label": kind.label,
                "count": kinds.get(kind.value, 0),
                "url": with_query(request, kind="" if chosen == kind else kind.value),
                "current": chosen == kind,
            }
            for kind in TrainingKind
        ],
        "rows": [_row(one) for one in page],
        "new_url": link("meetings:training_new", branch=place.code)
        if place is not None and may_organise(request.user, place)
        else "",
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "meetings/trainings.html", context)


def _own(user) -> Organisation | None:
    """The highest organisation that the user may enter a course of."""
    return (
        Organisation.objects.permitting(user, Action.KEEP_BRANCH)
        .select_related("parent")
        .order_by("path")
        .first()
    )


def _days(one: Training) -> str:
    today = current_day()
    first, last = short_date(one.starts_on, today), short_date(one.ends_on, today)
    return first if first == last else f"{first}—{last}"


def _row(one: Training) -> dict[str, object]:
    return {
        "title": one.title,
        "url": link("meetings:training", one.pk),
        "days": _days(one),
        "kind": one.get_kind_display(),
        "level": one.get_level_display() + ("，集中培训" if one.is_central else ""),
        "organisation": one.organisation.short_name,
        "hours": f"{one.hours:.1f}",
        "number": one.number,
        "cancelled": bool(one.cancelled_at),
    }


# --- Entering -----------------------------------------------------------------------------


def _organisation(request) -> Organisation:
    """Whose course it is: the one named, else what the user keeps; out of reach is 403."""
    code = one_line(request.POST.get("branch") or request.GET.get("branch"), 40)
    rows = Organisation.objects.select_related("parent")
    organisation = get_for(rows, request.user, code=code) if code else _own(request.user)
    if organisation is None or not may_organise(request.user, organisation):
        raise PermissionDenied
    return organisation


@require_http_methods(["GET", "HEAD", "POST"])
def training_new(request):
    """登记培训: the course and its people in one go."""
    organisation = _organisation(request)
    initial = {"level": usual_level(organisation)}
    form = TrainingForm(request.POST or None, initial=initial, today=current_day())
    people_form = PeopleForm(request.POST or None)
    if request.method == "POST" and form.is_valid() & people_form.is_valid():
        people = people_chosen(request, people_form, organisation, form.cleaned_data["ends_on"])
        if people is not None and not people:
            people_form.add_error(None, "请勾选或粘贴参加培训的人")
        elif people is not None:
            try:
                training = record_training(
                    organisation=organisation,
                    facts=form.facts(),
                    people=people,
                    by=request.user,
                    today=current_day(),
                )
            except Refused as refused:
                _say(form, refused)
            else:
                messages.success(request, f"已登记{training.title}，{len(people)} 人参加")
                return redirect("meetings:training", training.pk)
    return _form_page(request, organisation, form, people_form=people_form)


def _say(form, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


def _form_page(request, organisation, form, *, people_form=None, training=None):
    search = one_line(request.GET.get("from"), 40)
    groups = ticks(organisation, search, picked(request)) if people_form is not None else []
    context = {
        "tabs": meeting_tabs(organisation, NAME),
        "organisation": organisation.short_name,
        "branch_code": organisation.code,
        "list_url": link(NAME, branch=organisation.code),
        "form": form,
        "people_form": people_form,
        "groups": groups,
        "one_group": len(groups) == 1,
        "back_url": link("meetings:training", training.pk)
        if training
        else link(NAME, branch=organisation.code),
        "version": training.version if training else None,
        "title": "更正培训" if training else "登记培训",
    }
    return render(request, "meetings/training_form.html", context)


# --- One course ---------------------------------------------------------------------------


def _editable(request, pk) -> Training:
    """The course, for whoever organised it; seen but not organised is 403."""
    rows = Training.objects.select_related("organisation__parent")
    training = get_for(rows, request.user, pk=pk)
    if not reaches(request.user, action_for(training.organisation), training.organisation.path):
        raise PermissionDenied
    return training


@require_http_methods(["GET", "HEAD", "POST"])
def training(request, pk):
    """A course with its people; whoever organised it adds people and changes hours here."""
    rows = Training.objects.select_related("organisation__parent", "entered_by")
    one = get_for(rows, request.user, pk=pk)
    if request.method != "POST":
        return _page(request, one)
    one = _editable(request, pk)
    return _save_hours(request, one) if "save" in request.POST else _add_people(request, one)


def _add_people(request, one: Training):
    form = PeopleForm(request.POST)
    if form.is_valid():
        people = people_chosen(request, form, one.organisation, one.ends_on)
        if people is not None and not people:
            form.add_error(None, "请勾选或粘贴参加培训的人")
        elif people is not None:
            try:
                names = add_people(training=one, people=people, by=request.user)
            except Refused as refused:
                _say(form, refused)
            else:
                known = len(people) - len(names)
                words = f"已增加 {len(names)} 人" + (f"，{known} 人原来就在名单里" if known else "")
                messages.success(request, words)
                return redirect("meetings:training", one.pk)
    return _page(request, one, form)


def _save_hours(request, one: Training):
    """Hours of each person as typed; an unreadable one is said and nothing is saved."""
    hours, faults = {}, []
    for row in attendances_seen(request.user, one):
        typed = request.POST.get(f"hours-{row.pk}")
        if typed is None:
            continue
        try:
            value = read_course_hours(typed)
        except Unreadable as unreadable:
            faults.append(f"{row.member.name}：{unreadable}")
            continue
        hours[row.pk] = Decimal(0) if value is None else value
    leaving = {int(pk) for pk in request.POST.getlist("leaving") if is_key(pk)}
    form = PeopleForm()
    if not faults:
        try:
            changed = change_people(training=one, hours=hours, leaving=leaving, by=request.user)
        except Refused as refused:
            faults.append(str(refused))
        else:
            messages.success(request, f"已保存，{changed} 人有变动" if changed else "没有变动")
            return redirect("meetings:training", one.pk)
    return _page(request, one, form, faults=faults)


def _page(request, one: Training, form: PeopleForm | None = None, faults=()):
    may_change = may_organise(request.user, one.organisation) and not one.cancelled_at
    search = one_line(request.GET.get("from"), 40)
    people = list(attendances_seen(request.user, one))
    groups = ticks(one.organisation, search, picked(request)) if may_change else []
    known = {row.member_id for row in people}
    for group in groups:
        group["people"] = [who for who in group["people"] if who["pk"] not in known]
    whole = reaches(request.user, Action.LOOK, one.organisation.path)
    leaving = set(request.POST.getlist("leaving"))
    context = {
        "tabs": meeting_tabs(None if whole else _branch_of(request), NAME),
        "training": {
            "title": one.title,
            "kind": one.get_kind_display(),
            "level": one.get_level_display(),
            "central": one.is_central,
            "days": _days(one),
            "place": one.place,
            "hours": f"{one.hours:.1f}",
            "organisation": one.organisation.short_name,
            "by": str(one.entered_by or ""),
            "cancelled": bool(one.cancelled_at),
        },
        "people": [
            {
                "pk": row.pk,
                "name": row.member.name,
                "branch": row.organisation.short_name,
                "url": link("meetings:study", row.member_id, year=one.ends_on.year),
                "hours": request.POST.get(f"hours-{row.pk}", f"{row.hours:.1f}"),
                "leaving": str(row.pk) in leaving,
            }
            for row in people
        ],
        "own_only": not whole,
        "faults": faults,
        "form": (form or PeopleForm()) if may_change else None,
        "groups": [group for group in groups if group["people"]],
        "search": search,
        "list_url": link(NAME),
        "change_url": link("meetings:training_change", one.pk) if may_change else "",
        "cancel_url": link("meetings:training_cancel", one.pk) if may_change else "",
    }
    return render(request, "meetings/training.html", context)


def _branch_of(request) -> Organisation | None:
    return chosen_branch(request) if "branch" not in request.GET else None


@require_http_methods(["GET", "HEAD", "POST"])
def training_change(request, pk):
    """更正培训: an old version is refused and what was typed stays."""
    one = _editable(request, pk)
    if one.cancelled_at:
        raise PermissionDenied
    initial = {name: getattr(one, name) for name in TrainingForm.base_fields}
    initial["hours"] = f"{one.hours:.1f}"
    form = TrainingForm(request.POST or None, initial=initial, today=current_day())
    if request.method == "POST" and form.is_valid():
        version = request.POST.get("version", "")
        try:
            change_training(
                training=one,
                facts=form.facts(),
                version=int(version) if is_key(version) else -1,
                by=request.user,
                today=current_day(),
            )
        except Refused as refused:
            _say(form, refused)
        else:
            messages.success(request, "已更正")
            return redirect("meetings:training", one.pk)
    return _form_page(request, one.organisation, form, training=one)


@require_http_methods(["GET", "HEAD", "POST"])
def training_cancel(request, pk):
    """作废培训: names what goes with it, asks for the reason."""
    one = _editable(request, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            cancel_training(training=one, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已作废{one.title}")
            return redirect(link(NAME, branch=one.organisation.code, year=one.ends_on.year))
    number = one.attendances.count()
    hours = sum((row.hours for row in one.attendances.all()), Decimal(0))
    context = {
        "tabs": meeting_tabs(one.organisation, NAME),
        "form": form,
        "organisation": one.organisation.short_name,
        "list_url": link("meetings:training", one.pk),
        "list_label": "培训",
        "title": "作废培训",
        "facts": [("培训", one.title), ("日期", _days(one)), ("参训", f"{number} 人")],
        "consequence": f"作废后 {number} 人共少 {hours:.1f} 学时；记录仍保留，不能恢复",
        "keep_label": "不作废",
        "act_label": "作废培训",
    }
    return render(request, "meetings/study_undo.html", context)
