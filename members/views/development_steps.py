"""Writing on a way: applications, steps, corrections, endings."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link
from branches.scope import get_for, paths_reached, reaches
from branches.words import full_date
from branches.workdays import calendar_of
from members.development import missing_before, revision_on, windows_of
from members.development_forms import (
    ApplicationForm,
    ChangeForm,
    CultivationForm,
    EndForm,
    ReasonForm,
    StepForm,
)
from members.development_limits import LIMITS
from members.development_reading import revision_starts
from members.development_stages import VOTED
from members.enums import Step
from members.models import Development, DevelopmentStep, Member
from members.roster import counts
from members.services import Refused
from members.services import development as services
from members.services.development_entry import action_for, faults_of, way_to

# What the trail says when the full numbers stand on the form.
_CHANGING = "修改发展对象情况"
_WRITTEN = ("GET", "HEAD", "POST")


def _development(request, pk: int, action: str) -> Development:
    rows = Development.objects.select_related("organisation", "member")
    return get_for(rows, request.user, action, pk=pk)


def _add_refusal(form, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


def _back(development: Development):
    return redirect("members:development", development.pk)


def _form_page(request, form, title: str, button: str, list_url: str, **more):
    context = {"form": form, "title": title, "button": button, "back_url": list_url, **more}
    return render(request, "members/development_form.html", context)


@require_http_methods(_WRITTEN)
def development_new(request):
    """登记入党申请: a branch writes down an application."""
    branch = chosen_branch(request, Action.CHANGE_MEMBER)
    if branch is None:
        if not paths_reached(request.user, Action.CHANGE_MEMBER):
            raise PermissionDenied
        messages.warning(request, "请先打开要登记的那个党支部的发展党员页面")
        return redirect("members:developments")
    form = ApplicationForm(request.POST or None, today=current_day())
    if request.method == "POST" and form.is_valid():
        try:
            development = services.start_development(
                organisation=branch, by=request.user, today=current_day(), **form.cleaned_data
            )
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            messages.success(request, f"已登记{development.name}的入党申请")
            return _back(development)
    return _form_page(
        request,
        form,
        "登记入党申请",
        "登记入党申请",
        link("members:developments", branch=branch.code),
        context_text=branch.short_name,
        hidden=[("branch", branch.code)],
    )


@require_http_methods(_WRITTEN)
def development_change(request, pk):
    """修改情况: the person's facts before admission, 培养联系人 and 介绍人 at any time."""
    development = _development(request, pk, Action.CHANGE_MEMBER)
    form, numbered = _change_form(request, development)
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            services.change_development(development=development, by=request.user, **facts)
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            messages.success(request, f"已保存{development.name}的情况")
            return _back(development)
    elif numbered and (development.id_number or development.phone):
        numbers = services.reveal_development(
            development=development, by=request.user, reason=_CHANGING
        )
        form.initial |= {"id_number": numbers.id_number, "phone": numbers.phone}
    response = _form_page(
        request,
        form,
        "修改情况",
        "保存情况",
        reverse("members:development", args=[pk]),
        warning="页面上是完整号码，打开这一页已记入操作记录" if numbered else "",
    )
    response["Cache-Control"] = "no-store"
    return response


def _change_form(request, development: Development):
    """The form, and whether whole numbers may stand on it; else their masks do."""
    sent = request.POST or None
    if development.member_id:
        names = CultivationForm.base_fields.keys()
        initial = {name: getattr(development, name) for name in names}
        return CultivationForm(sent, initial=initial), False
    reveals = reaches(request.user, Action.REVEAL_NUMBER, development.organisation.path)
    shown = {"id_number": development.id_number_mask, "phone": development.phone_mask}
    names = ChangeForm.base_fields.keys() - shown.keys()
    initial = {name: getattr(development, name) for name in names}
    masks = {} if reveals else shown
    return ChangeForm(sent, masks=masks, initial=initial | masks), reveals


@require_POST
def development_from_member(request, pk):
    """从花名册接续: a probationary member without a way on record gets one."""
    member = get_for(
        Member.objects.select_related("organisation"), request.user, Action.CHANGE_MEMBER, pk=pk
    )
    try:
        development = services.start_from_member(
            member=member, by=request.user, today=current_day()
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect(link("members:developments", branch=member.organisation.code))
    messages.success(request, f"已从花名册接续{member.name}，可以继续登记转正")
    return _back(development)


def _rights(request, development: Development, step: Step) -> dict[str, bool]:
    """What the form of a step offers the user; 403 for who may not write this step at all."""
    path = development.organisation.path
    approves = reaches(request.user, Action.APPROVE, path)
    # The superior may write down a step of the branch, where the branch cannot: as an exception.
    blocked = step in VOTED or any(limit.blocks for limit in LIMITS if limit.step == step)
    own = reaches(request.user, action_for(step), path)
    if not own and not (approves and blocked):
        raise PermissionDenied
    return {"may_override": approves and blocked, "must_override": not own}


def _step_named(text: str) -> Step | None:
    return Step(text) if text in Step.values else None


@require_http_methods(_WRITTEN)
def development_register(request, pk, step):
    """登记环节: one step with its day, its span beside it; warnings do not stop it."""
    development = _development(request, pk, Action.LOOK)
    named = _step_named(step)
    if named is None:
        return _back(development)
    rights = _rights(request, development, named)
    today = current_day()
    initial = {"on": full_date(today)}
    if named in VOTED:
        _members, formal = counts([development.organisation_id], today).get(
            development.organisation_id, (0, 0)
        )
        initial["should_vote"] = formal or ""
    form = StepForm(request.POST or None, today=today, step=named, initial=initial, **rights)
    if request.method == "POST" and form.is_valid():
        entry, way = form.entry(), way_to(development)
        try:
            services.register_step(
                development=development, entry=entry, by=request.user, today=today
            )
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            _say(request, f"已登记{development.name}的“{named.label}”", entry, way, today)
            return _back(development)
    return _step_page(request, development, named, form, f"登记{named.label}", "保存登记", today)


def _say(request, done: str, entry, way, today) -> None:
    """What was written, and what about it does not fit the limits."""
    messages.success(request, done)
    words = [fault.words for fault in faults_of(entry, way, today) if not fault.hint]
    if words:
        messages.warning(request, f"{done}。请留意：" + "；".join(words))


def _step_page(request, development, step: Step, form, title: str, button: str, today, **more):
    from_2026 = revision_starts(today)
    way = way_to(development)
    windows = windows_of(step, way, from_2026, calendar_of(today, today))
    dated = {one.limit.code for one in windows}
    asks = [
        {"asks": limit.asks, "span": "", "source": limit.source_words(text)}
        for limit, text in _undated(step, dated, today, from_2026)
    ]
    missing = missing_before(step, way, today, from_2026)
    return _form_page(
        request,
        form,
        title,
        button,
        reverse("members:development", args=[development.pk]),
        context_text=f"{development.name}，{development.get_stage_display()}",
        limits=[
            {"asks": one.limit.asks, "span": one.span_words, "source": one.source_words}
            for one in windows
        ]
        + asks,
        missing="、".join(one.label for one in missing),
        votes=step in VOTED,
        **more,
    )


def _undated(step: Step, dated: set[str], today, from_2026):
    """Limits of a step without dates, or whose days cannot be told yet, with the text in force."""
    text = revision_on(today, from_2026)
    for limit in LIMITS:
        if limit.step == step and limit.code not in dated and limit.source(text):
            yield limit, text


def _row(request, pk: int) -> DevelopmentStep:
    """A step of a way in sight, with its way."""
    rows = Development.objects.select_related("organisation", "member")
    return get_for(rows, request.user, steps=pk).steps.get(pk=pk)


@require_http_methods(_WRITTEN)
def development_correct(request, pk):
    """更正环节: another day or other figures for a step on record, with a reason."""
    row = _row(request, pk)
    development, step = row.development, Step(row.step)
    rights = _rights(request, development, step)
    today = current_day()
    initial = {
        name: full_date(value) if name in ("on", "until_on") else value
        for name in ("on", "until_on", "hours", "should_vote", "present", "approved")
        if (value := getattr(row, name)) is not None
    }
    initial |= {name: getattr(row, name) for name in ("written", "note", "override_reason")}
    form = StepForm(
        request.POST or None,
        today=today,
        step=step,
        correcting=True,
        initial=initial,
        **rights,
    )
    if request.method == "POST" and form.is_valid():
        entry, way = form.entry(), way_to(development, without=row.pk)
        try:
            services.correct_step(
                row=row,
                entry=entry,
                by=request.user,
                today=today,
                reason=form.cleaned_data["reason"],
            )
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            _say(request, f"已更正“{step.label}”", entry, way, today)
            return _back(development)
    return _step_page(
        request,
        development,
        step,
        form,
        f"更正{step.label}",
        "保存更正",
        today,
        remove_url=reverse("members:development_remove", args=[pk]),
        remove_form=ReasonForm(auto_id="remove_%s"),
    )


@require_POST
def development_remove(request, pk):
    """撤回环节: a step that was entered by mistake goes, with a reason."""
    row = _row(request, pk)
    development, step = row.development, Step(row.step)
    _rights(request, development, step)
    form = ReasonForm(request.POST, auto_id="remove_%s")
    refusal = ""
    if form.is_valid():
        try:
            services.remove_step(row=row, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, f"已撤回{development.name}的“{step.label}”")
            return _back(development)
    messages.warning(request, refusal or "请写明撤回原因")
    return redirect("members:development_correct", pk)


@require_http_methods(_WRITTEN)
def development_end(request, pk):
    """结束发展: with a reason; a probationary member leaves the roster that day."""
    development = _development(request, pk, Action.CHANGE_MEMBER)
    today = current_day()
    form = EndForm(request.POST or None, today=today, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            services.end_development(
                development=development,
                on=form.cleaned_data["on"],
                reason=form.cleaned_data["reason"],
                by=request.user,
                today=today,
            )
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            messages.success(request, f"已结束{development.name}的发展")
            return _back(development)
    note = ""
    if development.member_id:
        note = "已是预备党员：结束后从花名册离开，党费、会议记录都保留。"
    return _form_page(
        request,
        form,
        "结束发展",
        "结束发展",
        reverse("members:development", args=[pk]),
        context_text=development.name,
        warning=note,
    )
