"""What is registered about a member: added, edited, put into a group, left, come back."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link
from branches.models import Group
from branches.scope import reaches
from branches.words import full_date
from members.forms import EditMemberForm, GroupForm, LeaveForm, NewMemberForm, ReturnForm
from members.models import Member
from members.services import Refused
from members.services.people import (
    change_group,
    create_member,
    leave,
    rejoin_branch,
    undo_leaving,
)
from members.services.records import change_member, reveal_numbers
from members.views.people import member_of, private

# What the trail says when the full numbers stand on the form.
_EDITING = "编辑党员资料"


@require_http_methods(["GET", "HEAD", "POST"])
def member_new(request):
    """新增党员 on the roster of one branch."""
    branch = chosen_branch(request, Action.CHANGE_MEMBER)
    if branch is None:
        raise Http404
    form = NewMemberForm(request.POST or None, today=current_day(), groups=_groups(branch))
    if request.method == "POST" and form.is_valid() and _sure_of_namesake(form, branch):
        try:
            member = create_member(
                branch=branch,
                by=request.user,
                on=form.cleaned_data["starts_on"],
                group=form.cleaned_data.get("group"),
                **form.numbers(),
                **form.facts(),
            )
        except Refused as refused:
            _add_error(form, refused)
        else:
            return _saved(request, form, member, f"已把{member.name}编入{branch.short_name}的名册")
    list_url = link("members:list", branch=branch.code)
    return _form(request, form, f"新增党员：{branch.short_name}", list_url, button="保存党员")


def _sure_of_namesake(form: NewMemberForm, branch) -> bool:
    """Whether there is nobody of that name in the branch, or the writer has said it is another."""
    name = form.cleaned_data["name"]
    if form.cleaned_data["confirmed"] == name:
        return True
    known = Member.objects.filter(organisation=branch, name=name, left_on=None).first()
    if known is None:
        return True
    which = known.id_number_mask[-4:] or full_date(known.born_on)
    form.add_error(
        None,
        f"本支部已有一名{name}（{which or '没有填号码'}）。如果是另一个同名的人，请再点一次“保存党员”，两人各有一份资料",
    )
    form.data = form.data.copy()
    form.data["confirmed"] = name
    return False


@require_http_methods(["GET", "HEAD", "POST"])
def member_edit(request, pk):
    """编辑 the facts of a member; whoever may see whole numbers finds them here, and is noted."""
    member = member_of(request, pk, Action.CHANGE_MEMBER)
    reveals = reaches(request.user, Action.REVEAL_NUMBER, member.organisation.path)
    masks = {} if reveals else {"id_number": member.id_number_mask, "phone": member.phone_mask}
    form = EditMemberForm(
        request.POST or None,
        today=current_day(),
        masks=masks,
        initial=_typed(member) | masks,
    )
    if request.method == "POST":
        if form.is_valid() and _change(request, form, member):
            return _saved(request, form, member, f"{member.name}的资料已保存")
    elif reveals and (member.id_number or member.phone):
        numbers = reveal_numbers(member=member, by=request.user, reason=_EDITING)
        form.initial |= {"id_number": numbers.id_number, "phone": numbers.phone}
    response = _form(
        request,
        form,
        f"编辑 {member.name}",
        link("members:detail", pk),
        button="保存修改",
        note="页面上是完整号码，打开这一页已记入操作记录" if reveals else "",
    )
    return private(response)


def _change(request, form: EditMemberForm, member: Member) -> bool:
    try:
        change_member(
            member=member,
            by=request.user,
            reason=form.cleaned_data["reason"],
            **form.numbers(),
            **form.facts(),
        )
    except Refused as refused:
        _add_error(form, refused)
        return False
    return True


def _typed(member: Member) -> dict[str, object]:
    """A member's facts as the form shows them."""
    names = ("name", "gender", "kind", "joined_on", "confirmed_on")
    more = ("ethnicity", "education", "occupation")
    return {name: getattr(member, name) for name in (*names, *more)} | {
        "born": full_date(member.born_on)
    }


# --- Group, leaving, coming back --------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def member_group(request, pk):
    """调整党小组 from a day on."""
    member = member_of(request, pk, Action.CHANGE_MEMBER)
    today = current_day()
    form = GroupForm(
        request.POST or None,
        today=today,
        groups=_groups(member.organisation),
        initial={"group": member.group_id, "on": today},
    )

    def act(cleaned):
        group, on = cleaned["group"], cleaned["on"]
        change_group(member=member, group=group, on=on, by=request.user)
        return f"{member.name}自{full_date(on)}起在{group.name}"

    return _act(request, member, form, act, "调整党小组", "保存调整")


@require_http_methods(["GET", "HEAD", "POST"])
def member_leave(request, pk):
    """登记离开: the row stays, memberships and posts end that day."""
    member = member_of(request, pk, Action.CHANGE_MEMBER)
    today = current_day()
    form = LeaveForm(request.POST or None, today=today)

    def act(cleaned):
        leave(
            member=member,
            on=cleaned["on"],
            reason=form.reason_given,
            note=cleaned["note"],
            by=request.user,
            today=today,
        )
        return f"已登记{member.name}离开，资料留在“已离开”里"

    note = "离开的人不删除，以前各月的台账不变；组织关系和职务到这一天为止"
    return _act(request, member, form, act, "登记离开", "登记离开", note)


@require_http_methods(["GET", "HEAD", "POST"])
def member_return(request, pk):
    """Who left is on the roster again."""
    member = member_of(request, pk, Action.CHANGE_MEMBER)
    form = ReturnForm(request.POST or None, today=current_day())

    def act(cleaned):
        if cleaned["how"] == ReturnForm.MISTAKE:
            undo_leaving(member=member, by=request.user, reason=cleaned["reason"])
        else:
            rejoin_branch(
                member=member,
                branch=member.organisation,
                on=cleaned["on"],
                by=request.user,
                reason=cleaned["reason"],
            )
        return f"{member.name}已回到{member.organisation.short_name}的名册"

    return _act(request, member, form, act, "回到名册", "保存")


def _act(request, member: Member, form, act, title: str, button: str, note: str = ""):
    """A form about one member: shown, refused with its words, or done."""
    if request.method == "POST" and form.is_valid():
        try:
            done = act(form.cleaned_data)
        except Refused as refused:
            _add_error(form, refused)
        else:
            messages.success(request, done)
            return redirect("members:detail", member.pk)
    back = link("members:detail", member.pk)
    return _form(request, form, f"{title}：{member.name}", back, button=button, note=note)


def _groups(branch) -> list[Group]:
    return list(Group.objects.filter(organisation=branch, ends_on__isnull=True))


def _add_error(form, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


def _saved(request, form, member: Member, message: str):
    for doubt in form.doubts:
        messages.warning(request, doubt)
    messages.success(request, message)
    return redirect("members:detail", member.pk)


def _form(request, form, title: str, back: str, *, button: str, note: str = ""):
    context = {
        "form": form,
        "title": title,
        "list_url": link("members:list"),
        "back_url": back,
        "button": button,
        "note": note,
    }
    return render(request, "members/member_form.html", context)
