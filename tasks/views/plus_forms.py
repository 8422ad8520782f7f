"""党建+: the forms of a branch's year."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import Action
from branches.choice import chosen_branch, year_asked
from branches.clock import today as current_day
from branches.models import Organisation
from branches.scope import get_for, is_superior
from branches.words import full_date
from members.roster import roster
from tasks import plus
from tasks.forms.plus import (
    CommentForm,
    DropForm,
    ItemForm,
    PublishForm,
    ResultForm,
    ReviewForm,
)
from tasks.models import PlusItem, PlusPlan
from tasks.services import Refused
from tasks.services import projects as services
from tasks.tabs import task_tabs
from tasks.views.plus import PAGE, back_to
from tasks.views.submitting import refuse, typed, version_of, without_version


def _form_page(request, branch, year: int, form, title: str, button: str, **more):
    context = {
        "tabs": task_tabs(branch, PAGE),
        "organisation": branch.short_name,
        "branch_code": branch.code,
        "year": year,
        "form": form,
        "title": title,
        "button": button,
        "back_url": back_to(branch, year),
    } | more
    return render(request, "tasks/plus_form.html", context)


def _people(branch: Organisation, today, item: PlusItem | None = None) -> list[tuple[int, str]]:
    """Who may lead: today's roster, and who leads the item already."""
    rows = roster([branch], today, attached=True).order_by("member_id")
    people = dict(rows.values_list("member_id", "member__name"))
    if item is not None and item.lead_id:
        people.setdefault(item.lead_id, item.lead_name)
    return list(people.items())


@require_http_methods(["GET", "HEAD", "POST"])
def plus_item_new(request):
    """新增项目 in the plan of a year."""
    branch = chosen_branch(request, Action.KEEP_BRANCH)
    if branch is None:
        if not Organisation.objects.permitting(request.user, Action.KEEP_BRANCH).exists():
            raise PermissionDenied
        messages.info(request, "先选支部，再填项目")
        return redirect(PAGE)
    today = current_day()
    year = year_asked(request, today)
    form = ItemForm(
        typed(request),
        initial={"part": request.GET.get("part", "")},
        people=_people(branch, today),
        today=today,
    )
    if request.method == "POST" and form.is_valid():
        try:
            item = services.add_item(
                organisation=branch, year=year, facts=form.facts(), by=request.user, today=today
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已新增“{item.title}”")
            return redirect(back_to(branch, year))
    return _form_page(request, branch, year, form, "新增项目", "新增项目")


def _item(request, pk: int) -> PlusItem:
    rows = PlusItem.objects.select_related("plan__organisation__parent")
    return get_for(rows, request.user, Action.KEEP_BRANCH, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def plus_item_change(request, pk):
    """修改项目; below it the item may be taken out of the plan."""
    item = _item(request, pk)
    branch, today = item.plan.organisation, current_day()
    names = ("part", "title", "means", "lead", "lead_name", "aim", "due_on", "version")
    initial = {name: getattr(item, name) for name in names} | {"lead": item.lead_id}
    if item.lead_id:
        initial["lead_name"] = ""
    form = ItemForm(
        typed(request), initial=initial, people=_people(branch, today, item), today=today
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_item(
                item=item,
                version=version_of(form),
                facts=form.facts(),
                by=request.user,
                today=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已保存项目")
            return redirect(back_to(branch, item.plan.year))
    drop_form = None
    if not item.finished_on and not item.dropped_on:
        drop_form = DropForm(initial={"version": item.version}, auto_id="drop_%s")
    more = {"item": item, "drop_form": drop_form}
    return _form_page(request, branch, item.plan.year, form, "修改项目", "保存项目", **more)


@require_POST
def plus_item_drop(request, pk):
    """取消项目: the line stays, with its reason."""
    item = _item(request, pk)
    form = DropForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请写明取消的原因")
        return redirect("tasks:plus_item_change", item.pk)
    try:
        services.drop_item(
            item=item,
            version=version_of(form),
            reason=form.cleaned_data["reason"],
            by=request.user,
            on=current_day(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"已取消“{item.title}”")
    return redirect(back_to(item.plan.organisation, item.plan.year))


@require_POST
def plus_item_restore(request, pk):
    """恢复项目 that was taken out."""
    item = _item(request, pk)
    version = request.POST.get("version", "")
    try:
        services.restore_item(
            item=item,
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            by=request.user,
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"已恢复“{item.title}”")
    return redirect(back_to(item.plan.organisation, item.plan.year))


@require_http_methods(["GET", "HEAD", "POST"])
def plus_item_result(request, pk):
    """登记成效 of an item."""
    item = _item(request, pk)
    today = current_day()
    names = ("result", "finished_on", "version")
    form = ResultForm(
        typed(request), initial={name: getattr(item, name) for name in names}, today=today
    )
    branch, year = item.plan.organisation, item.plan.year

    def store():
        return services.record_result(
            item=item,
            version=version_of(form),
            by=request.user,
            today=today,
            **without_version(form),
        )

    done = _stored(request, form, store, f"已登记“{item.title}”的成效")
    facts = [("项目", item.title), ("目标", item.aim), ("牵头人", item.lead_name)]
    return (done and redirect(back_to(branch, year))) or _form_page(
        request, branch, year, form, "登记成效", "登记成效", facts=facts
    )


def _stored(request, form, store, said: str) -> bool:
    """Whether a form was sent and its service stored it; why not stands in the form."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        store()
    except Refused as refused:
        refuse(form, refused)
        return False
    messages.success(request, said)
    return True


def _plan(request, pk: int, action: str = Action.KEEP_BRANCH) -> PlusPlan:
    return get_for(
        PlusPlan.objects.select_related("organisation__parent"), request.user, action, pk=pk
    )


@require_http_methods(["GET", "HEAD", "POST"])
def plus_publish(request, pk):
    """登记公示; what is missing of 1+3+X is said, and stops nobody."""
    plan = _plan(request, pk)
    today = current_day()
    initial = {
        "on": plan.published_on or today,
        "where": plan.published_where,
        "version": plan.version,
    }
    form = PublishForm(typed(request), initial=initial, today=today)

    def store():
        return services.publish(
            plan=plan,
            version=version_of(form),
            by=request.user,
            today=today,
            **without_version(form),
        )

    if _stored(request, form, store, "已登记公示"):
        return redirect(back_to(plan.organisation, plan.year))
    missing = plus.missing_parts(plan.items.all())
    strip = f"还缺：{'、'.join(missing)}。缺项照样可以公示，补上以后再贴一次" if missing else ""
    return _form_page(
        request, plan.organisation, plan.year, form, "登记公示", "登记公示", strip=strip
    )


@require_http_methods(["GET", "HEAD", "POST"])
def plus_review(request, pk):
    """述职回答: what the secretary said on 党建+ in the yearly review."""
    plan = _plan(request, pk)
    today = current_day()
    initial = {"on": plan.reviewed_on or today, "text": plan.review, "version": plan.version}
    form = ReviewForm(typed(request), initial=initial, today=today)

    def store():
        return services.answer_review(
            plan=plan,
            version=version_of(form),
            by=request.user,
            today=today,
            **without_version(form),
        )

    if _stored(request, form, store, "已登记述职回答"):
        return redirect(back_to(plan.organisation, plan.year))
    items = plan.items.filter(dropped_on__isnull=True)
    facts = [(item.title, item.result or "还没有登记成效") for item in items]
    return _form_page(
        request, plan.organisation, plan.year, form, "述职回答", "保存述职回答", facts=facts
    )


@require_http_methods(["GET", "HEAD", "POST"])
def plus_comment(request, pk):
    """点评: the superior's word on the answer."""
    plan = _plan(request, pk, Action.LOOK)
    if not is_superior(request.user, plan.organisation):
        raise PermissionDenied
    initial = {"text": plan.comment, "version": plan.version}
    form = CommentForm(typed(request), initial=initial)

    def store():
        return services.comment_review(
            plan=plan,
            version=version_of(form),
            by=request.user,
            on=current_day(),
            **without_version(form),
        )

    if _stored(request, form, store, "已点评"):
        return redirect(back_to(plan.organisation, plan.year))
    facts = [("述职日期", full_date(plan.reviewed_on) or "—"), ("回答", plan.review or "—")]
    return _form_page(
        request, plan.organisation, plan.year, form, "点评党建+", "保存点评", facts=facts
    )


@require_POST
def plus_carry(request):
    """沿用去年: last year's items into this year's plan."""
    branch = chosen_branch(request, Action.KEEP_BRANCH)
    if branch is None:
        raise PermissionDenied
    today = current_day()
    year = year_asked(request, today)
    try:
        made = services.carry_over(organisation=branch, year=year, by=request.user, today=today)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"已沿用去年 {len(made)} 个项目，请核对目标和时限")
    return redirect(back_to(branch, year))
