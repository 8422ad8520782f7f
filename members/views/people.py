"""One member: the page, with the story and the numbers for who may see them."""

import datetime

from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link
from branches.models import Group
from branches.scope import get_for, reaches
from branches.timeline import history_of
from branches.words import full_date, short_date
from members import facts
from members.forms import RevealForm
from members.listing import age, month_text, paid_until
from members.models import Member
from members.services import AREA
from members.services.records import reveal_numbers
from members.story import story


def member_of(request, pk: int, action: str = Action.LOOK) -> Member:
    """The member meant, for looking or for doing; 404 out of sight, 403 out of reach."""
    return get_for(
        Member.objects.select_related("organisation", "group"), request.user, action, pk=pk
    )


# --- The page ---------------------------------------------------------------------------------


@require_safe
def member_detail(request, pk):
    """One member: facts, the story, this year's hours and dues, who changed or looked."""
    member = member_of(request, pk)
    return render(request, "members/member_detail.html", _page(request, member, RevealForm()))


@require_POST
def member_reveal(request, pk):
    """The same page with the full numbers, once, after saying why; the look-up is trailed."""
    member = member_of(request, pk, Action.REVEAL_NUMBER)
    form = RevealForm(request.POST)
    numbers = None
    if form.is_valid():
        numbers = reveal_numbers(member=member, by=request.user, reason=form.cleaned_data["reason"])
    context = _page(request, member, form) | {"numbers": numbers}
    return private(render(request, "members/member_detail.html", context))


def private(response):
    """Not kept by any browser: a full number stands in it."""
    response["Cache-Control"] = "no-store"
    return response


def _page(request, member: Member, form: RevealForm) -> dict[str, object]:
    today = current_day()
    path = member.organisation.path
    study = facts.study_of([member.pk], today).get(member.pk)
    last_year = datetime.date(today.year - 1, 1, 1)
    months = facts.dues_of([member.pk], last_year, today).get(member.pk, [])
    return {
        "member": _shown(member, today),
        "list_url": link("members:list", branch=member.organisation.code),
        **_acts(request, member),
        "story": [
            {
                "at": full_date(event.on) or "日期不详",
                "words": event.words,
                "url": link(event.page, event.key) if event.page else "",
            }
            for event in story(member)
        ],
        "sections": _dues_months(months, today),
        "dues": _dues_years(member, months, today),
        "statement_url": link("dues:statement", member.pk),
        "study": {
            "hours": f"{study.hours:.1f}",
            "required": study.required,
            "percent": study.percent,
            "pace_percent": study.pace_percent,
            "behind": study.behind,
            "url": link("meetings:study", member.pk),
        }
        if study
        else None,
        "meetings": [
            {
                "date": short_date(one.held_on, today),
                "label": one.label,
                "state_words": one.state_words,
                "url": one.url,
            }
            for one in facts.meetings_of(member.pk, today, 8)
        ],
        "appraisals": facts.appraisals_of([member.pk], 3).get(member.pk, []),
        "history": history_of(AREA, member.pk, today),
        "reveal_url": link("members:reveal", member.pk)
        if reaches(request.user, Action.REVEAL_NUMBER, path)
        else "",
        "reveal_form": form,
        "numbers": None,
    }


def _shown(member: Member, today: datetime.date) -> dict[str, object]:
    posts = [
        post.get_title_display()
        for post in member.posts.on(today).filter(organisation=member.organisation)
    ]
    return {
        "pk": member.pk,
        "name": member.name,
        "post": "、".join(posts),
        "category": member.get_kind_display(),
        "id_number_masked": member.id_number_mask,
        "phone_masked": member.phone_mask,
        "sex": member.get_gender_display(),
        "born": full_date(member.born_on),
        "age": age(member.born_on, today),
        "nation": member.ethnicity,
        "education": member.education,
        "joined": full_date(member.joined_on),
        "confirmed": full_date(member.confirmed_on),
        "extended": full_date(member.probation_extended_to),
        "branch": member.organisation.short_name,
        "branch_url": link("members:list", branch=member.organisation.code)
        if member.organisation.is_branch
        else "",
        "group": member.group.name if member.group else "",
        "occupation": member.occupation,
        "floating": "流动党员" if member.is_floating else "",
        "status_note": f"{full_date(member.left_on)}离开：{member.left_reason}"
        if member.left_on
        else "",
    }


def _acts(request, member: Member) -> dict[str, object]:
    """What the reader may do with this member, the usual first."""
    path, pk = member.organisation.path, member.pk
    if not reaches(request.user, Action.CHANGE_MEMBER, path):
        return {"edit_url": "", "acts": []}
    if member.left_on:
        acts = [("回到名册", link("members:return", pk))]
    else:
        acts = [("登记离开", link("members:leave", pk))]
        if Group.objects.filter(organisation=member.organisation, ends_on=None).exists():
            acts.insert(0, ("调整党小组", link("members:group", pk)))
        if reaches(request.user, Action.SUBMIT, path):
            acts.insert(-1, ("转接组织关系", _transfer_url(member)))
    return {
        "edit_url": link("members:edit", pk),
        "acts": [{"label": label, "url": url} for label, url in acts if url],
    }


def _transfer_url(member: Member) -> str:
    return link("members:transfer_start", branch=member.organisation.code, member=member.pk)


def _dues_months(months, today: datetime.date) -> list[dict[str, object]]:
    of_year = [one for one in months if one.month.year == today.year]
    if not of_year:
        return []
    rows = [
        {"label": f"{one.month.month}月", "value": f"应缴 {one.due:.2f}，实缴 {one.paid:.2f}"}
        for one in of_year
    ]
    return [{"title": f"{today.year}年党费", "rows": rows}]


def _dues_years(member: Member, months, today: datetime.date) -> list[dict[str, object]]:
    years = []
    for year in (today.year, today.year - 1):
        of_year = [one for one in months if one.month.year == year]
        if not of_year:
            continue
        owed = sum(max(one.due - one.paid, 0) for one in of_year)
        years.append(
            {
                "year": year,
                "standard": f"{of_year[-1].due:.2f}",
                "paid_until": month_text(paid_until(of_year)),
                "owed": f"{owed:.2f}" if owed else "",
                "url": link("dues:ledger", branch=member.organisation.code, year=year),
            }
        )
    return years
