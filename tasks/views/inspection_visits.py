"""One visit of an inspection: what was looked at, findings and their tasks, letters on paper."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.attachments import ACCEPT
from branches.clock import today as current_day
from branches.deadlines import SOON_DAYS
from branches.facts import secretaries_of
from branches.links import link
from branches.models import Attachment
from branches.scope import reaches
from branches.timeline import history_of
from branches.values import Values
from branches.words import file_size, full_date, short_date
from tasks import inspections
from tasks.acting import acting_on
from tasks.enums import InspectionState, LetterKind
from tasks.forms.inspections import (
    FindingForm,
    LetterForm,
    OutcomeForm,
    RemoveForm,
    TaskForm,
    VisitForm,
    WithdrawForm,
)
from tasks.models import Finding, InspectionVisit, Letter
from tasks.services import Refused
from tasks.services import inspection_visits as services
from tasks.tabs import task_tabs
from tasks.views.inspections import OPEN, PAGE, finding_shown
from tasks.views.submitting import refuse, typed, version_of, without_version


def inspects(user, visit: InspectionVisit) -> bool:
    """Whether the user may inspect for the house that carries out the round."""
    return reaches(user, Action.INSPECT, visit.inspection.organisation.path)


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied


def _form_page(request, visit: InspectionVisit, form, title: str, button: str, **more):
    context = {
        "tabs": task_tabs(visit.organisation, PAGE),
        "organisation": f"{visit.organisation.short_name}，{visit.inspection.title}",
        "form": form,
        "title": title,
        "button": button,
        "back_url": link("tasks:inspection_visit", visit.pk),
        "accept": ACCEPT,
    } | more
    return render(request, "tasks/inspection_form.html", context)


def _sent(request, visit: InspectionVisit, form, act, said: str):
    """The way back to the visit once the form was sent and stored; None otherwise."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        act()
    except Refused as refused:
        refuse(form, refused)
        return None
    messages.success(request, said)
    return redirect("tasks:inspection_visit", visit.pk)


# --- The visit ----------------------------------------------------------------------------------


@require_safe
def visit_page(request, pk):
    """One visit as far as the reader may see it; what can be done next depends on who reads."""
    visit = inspections.get_visit(request.user, pk)
    today = current_day()
    round_ = visit.inspection
    soon = Values().on(SOON_DAYS, today)
    own = inspects(request.user, visit)
    may_write = own and round_.state in OPEN
    recorded = visit.visited_on is not None
    rows = [finding_shown(one, today, soon) for one in visit.findings.select_related("task")]
    files = Attachment.objects.filter(
        area=services.AREA, object_id=visit.pk, organisation=visit.organisation
    )
    may_open = acting_on(request.user, visit.organisation).reviews
    context = {
        "tabs": task_tabs(visit.organisation, PAGE),
        "visit": visit,
        "round": round_,
        "organisation": visit.organisation.short_name,
        "list_url": link(PAGE, show="visits"),
        "round_url": link("tasks:inspection", round_.pk) if own else "",
        "mark": {
            "kind": "done" if recorded else "todo",
            "text": f"{short_date(visit.visited_on, today)}到点" if recorded else "未到",
        },
        "by": round_.organisation.short_name,
        "findings": rows,
        "letters": [_letter_shown(one, today) for one in visit.letters.all()],
        "files": [{"file": one, "size": file_size(one.size)} for one in files],
        "own": own,
        "may_write": may_write,
        "may_letter": own and recorded and round_.state != InspectionState.CANCELLED,
        "may_open": may_open,
        "remove_form": RemoveForm(initial={"version": visit.version})
        if may_write and not recorded
        else None,
        "history": history_of(services.AREA, visit.pk, today),
    }
    return render(request, "tasks/inspection_visit.html", context)


def _letter_shown(letter: Letter, today) -> dict[str, object]:
    waits = letter.reply_by and not letter.outcome
    late = waits and letter.reply_by < today
    return {
        "letter": letter,
        "on": short_date(letter.issued_on, today),
        "reply": short_date(letter.reply_by, today),
        "kind": "done" if letter.outcome else "late" if late else "wait",
        "words": "已回复"
        if letter.outcome
        else f"逾期 {(today - letter.reply_by).days} 天"
        if late
        else "待回复",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def visit_record(request, pk):
    """登记到点情况."""
    visit = inspections.get_visit(request.user, pk)
    _require(inspects(request.user, visit))
    today = current_day()
    initial = {
        "visited_on": visit.visited_on or today,
        "looked_at": visit.looked_at or visit.inspection.scope,
        "impression": visit.impression,
        "version": visit.version,
    }
    files = request.FILES if request.method == "POST" else None
    form = VisitForm(typed(request), files, initial=initial, today=today)

    def act():
        values = without_version(form)
        services.record_visit(
            visit=visit,
            version=version_of(form),
            uploads=values.pop("attachments") or (),
            by=request.user,
            today=today,
            **values,
        )

    return _sent(request, visit, form, act, "已登记到点情况") or _form_page(
        request, visit, form, "登记到点情况", "登记到点情况"
    )


# --- Findings -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def finding_new(request, pk):
    """登记问题 found at a visit."""
    visit = inspections.get_visit(request.user, pk)
    _require(inspects(request.user, visit))
    form = FindingForm(typed(request), today=current_day())

    def act():
        services.add_finding(visit=visit, by=request.user, **without_version(form))

    return _sent(request, visit, form, act, "已登记问题") or _form_page(
        request, visit, form, "登记问题", "登记问题"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def finding_change(request, pk):
    """修改问题; below it the finding may be taken back."""
    finding = inspections.get_finding(request.user, pk)
    visit = finding.visit
    _require(inspects(request.user, visit))
    names = ("text", "demand", "due_on", "version")
    initial = {name: getattr(finding, name) for name in names}
    form = FindingForm(typed(request), initial=initial, today=current_day())

    def act():
        services.change_finding(
            finding=finding, version=version_of(form), by=request.user, **without_version(form)
        )

    withdraw_form = WithdrawForm(initial={"version": finding.version}, auto_id="withdraw_%s")
    return _sent(request, visit, form, act, "已保存问题") or _form_page(
        request, visit, form, "修改问题", "保存问题", finding=finding, withdraw_form=withdraw_form
    )


@require_POST
def finding_withdraw(request, pk):
    """撤回 a finding that was written down by mistake."""
    finding = inspections.get_finding(request.user, pk)
    _require(inspects(request.user, finding.visit))
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请写明撤回的原因")
        return redirect("tasks:inspection_finding_change", finding.pk)
    try:
        services.withdraw_finding(
            finding=finding,
            version=version_of(form),
            by=request.user,
            on=current_day(),
            **without_version(form),
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已撤回问题")
    return redirect("tasks:inspection_visit", finding.visit_id)


@require_http_methods(["GET", "HEAD", "POST"])
def finding_task(request, pk):
    """转为整改任务: by those who list tasks for the organisation visited."""
    finding = inspections.get_finding(request.user, pk)
    visit = finding.visit
    _require(acting_on(request.user, visit.organisation).reviews)
    if task := getattr(finding, "task", None):
        messages.info(request, f"这个问题已转为整改任务 {task.number}")
        return redirect("tasks:detail", task.pk)
    today = current_day()
    form = TaskForm(typed(request), initial=_responsible(finding, today), today=today)
    if request.method == "POST" and form.is_valid():
        try:
            task = services.open_task(
                finding=finding,
                version=version_of(form),
                by=request.user,
                on=today,
                **without_version(form),
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已转为整改任务 {task.number}")
            return redirect("tasks:inspection_visit", visit.pk)
    facts = [("发现问题", finding.text), ("整改要求", finding.demand or "—")]
    return _form_page(request, visit, form, "转为整改任务", "转为整改任务", facts=facts)


def _responsible(finding: Finding, today) -> dict[str, object]:
    """Whom the posts of today speak for: the secretary above, the organisation and its own."""
    organisation = finding.visit.organisation
    keys = [pk for pk in (organisation.pk, organisation.parent_id) if pk]
    names = secretaries_of(keys, today)
    return {
        "responsible_leader": names.get(organisation.parent_id, ""),
        "responsible_unit": organisation.short_name,
        "responsible_person": names.get(organisation.pk, ""),
        "due_on": finding.due_on,
        "version": finding.version,
    }


# --- Letters ------------------------------------------------------------------------------------


def _letter_form(request, kind: str, initial) -> LetterForm:
    return LetterForm(typed(request), initial=initial, kind=kind, today=current_day())


@require_http_methods(["GET", "HEAD", "POST"])
def letter_new(request, pk, kind):
    """开具整改通知书 or 约谈通知书."""
    visit = inspections.get_visit(request.user, pk)
    _require(inspects(request.user, visit))
    if kind not in LetterKind.values:
        raise Http404
    today = current_day()
    initial = {"issued_on": today}
    if kind == LetterKind.TALK:
        name = secretaries_of([visit.organisation_id], today).get(visit.organisation_id, "")
        initial["person_name"] = f"{name} 书记" if name else ""
    form = _letter_form(request, kind, initial)
    label = LetterKind(kind).label

    def act():
        services.issue_letter(visit=visit, kind=kind, facts=form.facts(), by=request.user, on=today)

    return _sent(request, visit, form, act, f"已开具{label}，可以打印") or _form_page(
        request, visit, form, f"开具{label}", "开具文书"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def letter_change(request, pk):
    """修改文书."""
    letter = inspections.get_letter(request.user, pk)
    _require(inspects(request.user, letter.visit))
    names = ("number", "issued_on", "reply_by", "text", "person_name", "talk_on", "place")
    initial = {name: getattr(letter, name) for name in (*names, "version")}
    form = _letter_form(request, letter.kind, initial)

    def act():
        services.change_letter(
            letter=letter, version=version_of(form), facts=form.facts(), by=request.user
        )

    return _sent(request, letter.visit, form, act, "已保存文书") or _form_page(
        request, letter.visit, form, f"修改{letter.get_kind_display()}", "保存文书"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def letter_outcome(request, pk):
    """登记结果: what came of a talk, what a notice was answered with."""
    letter = inspections.get_letter(request.user, pk)
    _require(inspects(request.user, letter.visit))
    initial = {"outcome": letter.outcome, "version": letter.version}
    form = OutcomeForm(typed(request), initial=initial)
    title = "登记约谈结果" if letter.kind == LetterKind.TALK else "登记整改回复"

    def act():
        services.record_outcome(
            letter=letter, version=version_of(form), by=request.user, **without_version(form)
        )

    return _sent(request, letter.visit, form, act, "已登记结果") or _form_page(
        request, letter.visit, form, title, "登记结果"
    )


@require_safe
def letter_paper(request, pk):
    """The letter on A4, in the form of an official document."""
    letter = inspections.get_letter(request.user, pk)
    visit = letter.visit
    findings = visit.findings.filter(withdrawn_on__isnull=True)
    context = {
        "letter": letter,
        "is_talk": letter.kind == LetterKind.TALK,
        "to": visit.organisation.name,
        "your": "你支部" if visit.organisation.is_branch else "你单位",
        "sender": visit.inspection.organisation.name,
        "title": visit.inspection.title,
        "kind": visit.inspection.get_kind_display(),
        "visited": full_date(visit.visited_on),
        "findings": [
            {"text": one.text.rstrip("。"), "demand": one.demand.rstrip("。"),
             "due": full_date(one.due_on)}
            for one in findings
        ],
        "talk": full_date(letter.talk_on),
        "reply": full_date(letter.reply_by),
        "on": full_date(letter.issued_on),
        "back_url": link("tasks:inspection_visit", visit.pk),
        "printed_text": "",
    }  # fmt: skip
    return render(request, "tasks/inspection_letter_paper.html", context)
