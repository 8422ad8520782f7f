"""Posts entered, ended and put right. The secretary's post is for who approves."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link
from branches.models import Group, Organisation, Unit
from branches.scope import get_for, reaches
from branches.words import one_line
from members.enums import PostTitle
from members.models import Member, Post, UnitPost
from members.post_forms import (
    APPOINTED,
    AccountForm,
    EndForm,
    PostForm,
    RemoveForm,
    UnitPostForm,
    initial_of,
    titles_for,
)
from members.posts import party_age_hint
from members.roster import roster
from members.services import Refused
from members.services.posts import (
    appoint,
    correct_post,
    end_post,
    link_account,
    remove_post,
)
from members.services.unit_posts import correct_unit_post, remove_unit_post, take_unit_post


def _organisation(request) -> Organisation:
    """The organisation whose posts are to be changed: named, or the reader's only branch."""
    code = one_line(request.GET.get("branch"), 40)
    if code:
        return get_for(Organisation.objects.all(), request.user, Action.KEEP_POSTS, code=code)
    branch = chosen_branch(request, Action.KEEP_POSTS)
    if branch is None:
        raise Http404
    return branch


def _post(request, pk: int) -> Post:
    """A post the reader may change: the secretary's by who approves, others by who keeps posts."""
    rows = Post.objects.select_related("organisation", "member", "group", "account")
    post = get_for(rows, request.user, Action.KEEP_POSTS, pk=pk)
    if post.title == PostTitle.SECRETARY and not _may_approve(request, post.organisation):
        raise PermissionDenied
    return post


def _may_approve(request, organisation: Organisation) -> bool:
    return reaches(request.user, Action.APPROVE, organisation.path)


def _people(organisation: Organisation) -> tuple[list[Member], list[Member]]:
    """Members of a branch to choose from: those there today, and those who were before."""
    if not organisation.is_branch:
        return [], []
    today = current_day()
    there = set(roster([organisation.pk], today, attached=True).values_list("member_id", flat=True))
    everybody = (
        Member.objects.filter(memberships__organisation=organisation)
        .defer("id_number", "phone")
        .order_by("pk")
        .distinct()
    )
    current, former = [], []
    for member in everybody:
        (current if member.pk in there else former).append(member)
    return current, former


def _board_url(organisation: Organisation) -> str:
    return link(
        "members:posts", branch=organisation.code, own="" if organisation.is_branch else "1"
    )


def _back(organisation: Organisation):
    return redirect(_board_url(organisation))


def _form(request, organisation: Organisation, post: Post | None = None, **options) -> PostForm:
    groups = list(Group.objects.filter(organisation=organisation))
    titles = titles_for(
        may_approve=_may_approve(request, organisation),
        has_groups=bool(groups),
        is_branch=organisation.is_branch,
    )
    return PostForm(
        request.POST if request.method == "POST" else None,
        organisation=organisation,
        titles=titles,
        people=_people(organisation),
        groups=groups,
        post=post,
        today=current_day(),
        **options,
    )


def _refuse(form, refused: Refused) -> None:
    field = refused.field
    if field == "person" and "person" not in form.fields:
        field = "person_name"
    form.add_error(field if field in form.fields else None, str(refused))


def _hint(request, holder, on) -> None:
    """What is unusual about a secretary, said after saving: advice, never a refusal."""
    hint = ""
    if holder.title == PostTitle.SECRETARY and holder.member and on:
        hint = party_age_hint(holder.member, on)
    if hint:
        messages.warning(request, hint)


@require_http_methods(["GET", "HEAD", "POST"])
def post_appoint(request):
    """登记任职."""
    organisation = _organisation(request)
    initial = {"title": one_line(request.GET.get("title"), 20)}
    if not organisation.holds_relations:
        # Officers of a temporary branch are appointed by who approved it.
        initial["way"] = APPOINTED
    form = _form(request, organisation, initial=initial)
    if request.method == "POST" and form.is_valid():
        holder = form.holder()
        try:
            appoint(
                organisation=organisation,
                holder=holder,
                on=form.cleaned_data["starts_on"],
                ends_predecessor=form.cleaned_data["ends_predecessor"],
                by=request.user,
                **form.facts(),
            )
        except Refused as refused:
            _refuse(form, refused)
        else:
            messages.success(request, f"已登记{holder.name}的任职")
            _hint(request, holder, form.cleaned_data["starts_on"])
            return _back(organisation)
    context = {
        "form": form,
        "title": "登记任职",
        "organisation": organisation.short_name,
        "back_url": _board_url(organisation),
        "secretary_note": not _may_approve(request, organisation),
    }
    return render(request, "members/post_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def post_change(request, pk):
    """更正任职, with the account and the way out for what never was."""
    post = _post(request, pk)
    form = _form(request, post.organisation, post, initial=initial_of(post))
    if request.method == "POST" and form.is_valid():
        holder = form.holder()
        try:
            changed = correct_post(
                post=post,
                holder=holder,
                starts_on=form.cleaned_data["starts_on"],
                reason=form.cleaned_data["reason"],
                by=request.user,
                **form.facts(),
            )
        except Refused as refused:
            _refuse(form, refused)
        else:
            messages.success(request, f"已更正{holder.name}的任职" if changed else "没有改动")
            _hint(request, holder, form.cleaned_data["starts_on"])
            return _back(post.organisation)
    return _change_page(request, post, form)


def _change_page(request, post: Post, form=None, remove_form=None):
    organisation = post.organisation
    context = {
        "form": form or _form_of(request, post),
        "title": "更正任职",
        "organisation": organisation.short_name,
        "back_url": _board_url(organisation),
        "secretary_note": not _may_approve(request, organisation),
        "change_url": link("members:post_change", post.pk),
        "remove_url": link("members:post_remove", post.pk),
        "remove_form": remove_form or RemoveForm(auto_id="remove_%s"),
        "account_url": "",
    }
    if reaches(request.user, Action.MANAGE_ACCOUNTS, organisation.path):
        context["account_url"] = link("members:post_account", post.pk)
        context["account_form"] = AccountForm(
            initial={"account": post.account_id}, accounts=_accounts(post)
        )
    return render(request, "members/post_form.html", context)


def _form_of(request, post: Post) -> PostForm:
    """The form as stored, when another form of the page was sent."""
    form = _form(request, post.organisation, post, initial=initial_of(post))
    form.is_bound = False
    return form


def _accounts(post: Post):
    """Accounts that hold a right at the organisation itself, and the one linked already."""
    granted = Q(grants__organisation=post.organisation, grants__withdrawn_at__isnull=True)
    return User.objects.filter(granted | Q(pk=post.account_id)).order_by("username").distinct()


@require_http_methods(["GET", "HEAD", "POST"])
def post_end(request, pk):
    """登记免职."""
    post = _post(request, pk)
    form = EndForm(
        request.POST if request.method == "POST" else None,
        today=current_day(),
        initial={"on": current_day()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            end_post(
                post=post,
                on=form.cleaned_data["on"],
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
        except Refused as refused:
            _refuse(form, refused)
        else:
            messages.success(request, f"已登记{post.person_name}免职")
            return _back(post.organisation)
    context = {
        "form": form,
        "title": "登记免职",
        "lead": f"{post.person_name}，{post.get_title_display()}",
        "organisation": post.organisation.short_name,
        "back_url": _board_url(post.organisation),
    }
    return render(request, "members/post_form.html", context)


@require_POST
def post_remove(request, pk):
    """删去误登."""
    post = _post(request, pk)
    form = RemoveForm(request.POST, auto_id="remove_%s")
    if not form.is_valid():
        return _change_page(request, post, remove_form=form)
    remove_post(post=post, reason=form.cleaned_data["reason"], by=request.user)
    messages.success(request, f"已删去{post.person_name}的这条任职，操作记录里仍可查")
    return _back(post.organisation)


@require_POST
def post_account(request, pk):
    """关联账号, for those who manage accounts."""
    rows = Post.objects.select_related("organisation")
    post = get_for(rows, request.user, Action.MANAGE_ACCOUNTS, pk=pk)
    form = AccountForm(request.POST, accounts=_accounts(post))
    if not form.is_valid():
        messages.warning(request, "这个账号在这个组织没有授权，请先授权再关联")
        return redirect("members:post_change", post.pk)
    try:
        link_account(post=post, account=form.cleaned_data["account"], by=request.user)
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("members:post_change", post.pk)
    messages.success(request, "已保存关联的账号")
    return _back(post.organisation)


# --- Posts in units ---------------------------------------------------------------------


def _unit_people(request, organisation: Organisation) -> tuple[list[Member], list[Member]]:
    """A branch's members; above branches those who hold a post in the organisation.

    Only those whom the writer may act on: not who belongs to another branch by now.
    """
    within_reach = Member.objects.permitting(request.user, Action.KEEP_POSTS)
    if organisation.is_branch:
        mine = set(
            within_reach.filter(memberships__organisation=organisation).values_list("pk", flat=True)
        )
        current, former = _people(organisation)
        return [one for one in current if one.pk in mine], [one for one in former if one.pk in mine]
    holders = within_reach.filter(posts__organisation=organisation)
    return list(holders.defer("id_number", "phone").order_by("pk").distinct()), []


def _unit_form(request, organisation: Organisation, **options) -> UnitPostForm:
    units = Unit.objects.filter(branch_units__organisation=organisation).distinct()
    return UnitPostForm(
        request.POST if request.method == "POST" else None,
        units=units,
        people=_unit_people(request, organisation),
        today=current_day(),
        **options,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def unit_post_take(request):
    """登记单位职务."""
    organisation = _organisation(request)
    form = _unit_form(request, organisation)
    if request.method == "POST" and form.is_valid():
        try:
            post = take_unit_post(by=request.user, **form.facts())
        except Refused as refused:
            _refuse(form, refused)
        else:
            messages.success(request, f"已登记{post.member.name}的单位职务")
            return _back(organisation)
    return _unit_page(request, organisation, form, "登记单位职务")


@require_http_methods(["GET", "HEAD", "POST"])
def unit_post_change(request, pk):
    """更正单位职务, and its end."""
    post = _unit_post(request, pk)
    organisation = _home(request, post)
    form = _unit_form(request, organisation, initial=_unit_initial(post))
    if request.method == "POST" and form.is_valid():
        try:
            changed = correct_unit_post(post=post, by=request.user, **form.facts())
        except Refused as refused:
            _refuse(form, refused)
        else:
            messages.success(request, "已更正单位职务" if changed else "没有改动")
            return _back(organisation)
    return _unit_page(request, organisation, form, "更正单位职务", post)


@require_POST
def unit_post_remove(request, pk):
    """删去误登的单位职务."""
    post = _unit_post(request, pk)
    organisation = _home(request, post)
    form = RemoveForm(request.POST, auto_id="remove_%s")
    if not form.is_valid():
        shown = _unit_form(request, organisation, initial=_unit_initial(post))
        shown.is_bound = False
        return _unit_page(request, organisation, shown, "更正单位职务", post, form)
    remove_unit_post(post=post, reason=form.cleaned_data["reason"], by=request.user)
    messages.success(request, "已删去这条单位职务，操作记录里仍可查")
    return _back(organisation)


def _unit_post(request, pk: int) -> UnitPost:
    rows = UnitPost.objects.select_related("unit", "member__organisation")
    return get_for(rows, request.user, Action.KEEP_POSTS, pk=pk)


def _home(request, post: UnitPost) -> Organisation:
    """The organisation from whose page the reader came, else the member's branch."""
    return _organisation(request) if request.GET.get("branch") else post.member.organisation


def _unit_initial(post: UnitPost) -> dict[str, object]:
    return {
        "unit": post.unit_id,
        "person": post.member_id,
        "title": post.title,
        "is_main_leader": post.is_main_leader,
        "starts_on": post.starts_on,
        "ends_on": post.ends_on,
    }


def _unit_page(request, organisation, form, title: str, post=None, remove_form=None):
    context = {
        "form": form,
        "title": title,
        "organisation": organisation.short_name,
        "back_url": _board_url(organisation),
        "no_units_url": "" if form.units else link("branches:detail", organisation.code),
        "no_units": not form.units,
        "remove_url": "",
    }
    if post is not None:
        context |= {
            "change_url": link("members:unit_post_change", post.pk, branch=organisation.code),
            "remove_url": link("members:unit_post_remove", post.pk, branch=organisation.code),
            "remove_form": remove_form or RemoveForm(auto_id="remove_%s"),
        }
    return render(request, "members/post_form.html", context)
