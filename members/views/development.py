import datetime

from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.scope import get_for, reaches
from branches.tabs import member_tabs
from branches.timeline import history_of
from branches.typed import read_names
from branches.words import full_date, one_line
from branches.workdays import calendar_of
from members.development import dues
from members.development_limits import BY_CODE
from members.development_reading import (
    Standing,
    open_ways,
    revision_starts,
    standings,
    without_way,
)
from members.enums import PostTitle, Stage, Step
from members.models import Development, DevelopmentStep, Member, Post
from members.registers import DEVELOPMENT, register_url
from members.services.development import TRAIL_AREA
from members.views.development_rows import NOTHING_DUE, Timeline, next_words, stage_steps

PAGE = 50
_OFFERED = 10
LATE, SOON, ENDED = "late", "soon", "ended"


@require_safe
def development_list(request):
    """Everybody on the way, worst first: what is due next and by when; stages with their counts."""
    today = current_day()
    rows, branch = narrowed(request, Development.objects.all())
    search = one_line(request.GET.get("q"), 60)
    chosen = request.GET.get("stage", "")
    state = request.GET.get("state", "")
    if search:
        rows = rows.named(search)
    shown = [] if state == ENDED else standings(rows.filter(pk__in=open_ways()), today)
    stages = _stages(request, shown, today, chosen)
    counts = {
        LATE: sum(one.is_late(today) for one in shown),
        SOON: sum(one.is_soon(today) for one in shown),
        ENDED: rows.exclude(ended_on=None).count(),
    }
    if chosen in Stage.values:
        shown = [one for one in shown if one.stage == chosen]
    else:
        shown = [one for one in shown if one.stage != Stage.CONFIRMED]
    if state in (LATE, SOON):
        shown = [one for one in shown if getattr(one, f"is_{state}")(today)]
    if state == ENDED:
        page, listed = _ended_page(request, rows)
    else:
        page, listed = _page_of(request, rows, shown, today)
    query = request.GET.copy()
    query.pop("page", None)
    code = branch.code if branch else ""
    may_change = branch is not None and reaches(request.user, Action.CHANGE_MEMBER, branch.path)
    loose = without_way(narrowed(request, Member.objects.all())[0])
    context = {
        "tabs": member_tabs(branch, "members:developments"),
        "export_url": register_url(request, DEVELOPMENT),
        "context_text": f"在办 {sum(one['count'] for one in stages[:-1])} 人，"
        f"逾期 {counts[LATE]} 人",
        "stages": stages,
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, state="" if state == key else key, stage=""),
                "current": state == key,
            }
            for key, label in ((LATE, "逾期"), (SOON, "7 天内到期"), (ENDED, "已结束"))
        ],
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "show_organisation": branch is None,
        "rows": listed,
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(search or chosen or state),
        "clear_url": link("members:developments", branch=request.GET.get("branch")),
        "new_url": link("members:development_new", branch=code) if may_change else "",
        "plans_url": link(
            "members:development_plans",
            branch=request.GET.get("branch") or request.GET.get("organisation") or code,
        ),
        **_loose(loose, may_change, branch),
    }
    return render(request, "members/development_list.html", context)


def _stages(request, shown, today: datetime.date, chosen: str) -> list[dict[str, object]]:
    """One column for each stage: how many, and how many of them are late."""
    stages = []
    for stage in Stage:
        here = [one for one in shown if one.stage == stage]
        late = sum(one.is_late(today) for one in here)
        stages.append(
            {
                "label": stage.label if stage != Stage.CONFIRMED else "已转正待归档",
                "count": len(here),
                "late": late,
                "url": with_query(request, stage="" if chosen == stage else stage, state=""),
                "current": chosen == stage,
            }
        )
    return stages


def _page_of(request, rows, shown, today: datetime.date):
    """One page of those on the way, in the order they were ranked."""
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    people = rows.select_related("organisation").in_bulk([one.pk for one in page])
    return page, [_row(people[one.pk]) | next_words(one, today) for one in page]


def _ended_page(request, rows):
    """One page of those that have ended, the latest first."""
    ended = rows.exclude(ended_on=None).select_related("organisation")
    page = Paginator(ended.order_by("-ended_on", "-pk"), PAGE).get_page(request.GET.get("page"))
    return page, [_row(one) for one in page]


def _row(development: Development) -> dict[str, object]:
    ended = development.ended_on
    return {
        "url": reverse("members:development", args=[development.pk]),
        "name": development.name,
        "organisation": development.organisation.short_name,
        "stage": development.get_stage_display(),
        "contacts": development.contacts,
        "ended": f"{full_date(ended)}结束：{development.end_reason}" if ended else "",
        # Whoever has ended has nothing due.
        **NOTHING_DUE,
    }


def _loose(members, may_change: bool, branch) -> dict[str, object]:
    """Probationary members with no way on record: the branch goes on with them by a click."""
    count = members.count()
    if not count:
        return {"loose": None}
    people = []
    if may_change:
        people = [
            {"name": one.name, "url": reverse("members:development_from_member", args=[one.pk])}
            for one in members.order_by("pk")[:_OFFERED]
        ]
    return {"loose": {"count": count, "people": people}}


def _development(request, pk: int, action: str = Action.LOOK) -> Development:
    return get_for(
        Development.objects.select_related("organisation", "member"), request.user, action, pk=pk
    )


@require_safe
def development_detail(request, pk):
    """One person's way: every step with its day, its allowed span, its source and its warnings."""
    development = _development(request, pk)
    today = current_day()
    path = development.organisation.path
    rows = list(development.steps.all())
    timeline = Timeline(development, rows, request.user, today, revision_starts(today))
    may_change = development.ended_on is None and reaches(request.user, Action.CHANGE_MEMBER, path)
    way = timeline.way
    standing = Standing(pk, development.stage, tuple(dues(way, timeline.from_2026)))
    context = {
        "tabs": member_tabs(development.organisation, "members:developments"),
        "list_url": link("members:developments", branch=development.organisation.code),
        "person": _person(development),
        "probation_end": full_date(way.probation_end) if development.member_id else "",
        "stages": stage_steps(development.stage),
        "next": next_words(standing, today) if development.ended_on is None else None,
        "next_url": timeline.url_of_next(standing),
        "groups": timeline.groups(),
        "contacts_warning": _contacts_warning(development),
        "revision_text": f"{full_date(timeline.from_2026)}起的事按 2026 年修订，以前的按 2014 年版"
        "（生效日期待核实，可在要求设置里改）",
        "change_url": link("members:development_change", pk) if may_change else "",
        "end_url": link("members:development_end", pk)
        if may_change and development.stage != Stage.CONFIRMED
        else "",
        "notices": _notices(development),
        "history": history_of(
            TRAIL_AREA,
            development.pk,
            today,
            detail=lambda line: line.after.get("环节", ""),
            count=30,
        ),
    }
    return render(request, "members/development_detail.html", context)


def _person(development: Development) -> dict[str, str]:
    shown = development.member or development
    return {
        "pk": development.pk,
        "name": shown.name,
        "stage": development.get_stage_display(),
        "organisation": development.organisation.short_name,
        "sex": shown.get_gender_display(),
        "born": full_date(shown.born_on),
        "nation": shown.ethnicity,
        "education": shown.education,
        "occupation": shown.occupation,
        "id_number_masked": shown.id_number_mask,
        "phone_masked": shown.phone_mask,
        "contacts": development.contacts,
        "introducers": development.introducers,
        "form_number": development.form_number,
        "member_url": link("members:detail", development.member_id)
        if development.member_id
        else "",
        "ended": f"{full_date(development.ended_on)}结束：{development.end_reason}"
        if development.ended_on
        else "",
    }


def _contacts_warning(development: Development) -> str:
    """培养联系人 are one or two formal members, from the stage of activist on."""
    if development.stage not in (Stage.ACTIVIST, Stage.TARGET) or development.ended_on:
        return ""
    if 1 <= len(read_names(development.contacts)) <= 2:
        return ""
    return BY_CODE["contacts"].asks


def _notices(development: Development) -> list[dict[str, str]]:
    """Publicity that can be printed at this stage."""
    kinds = {
        Stage.ACTIVIST: (("target", "打印发展对象公示"),),
        Stage.TARGET: (("target", "打印发展对象公示"),),
        Stage.PROBATIONARY: (("conversion", "打印转正公示"),),
    }.get(development.stage, ())
    return [
        {"label": label, "url": link("members:development_notice", development.pk, kind=kind)}
        for kind, label in kinds
    ]


# What is published: its title, the step with its days, and what the person is to become.
_PUBLISHED = {
    "target": ("发展对象公示", Step.TARGET_PUBLICITY, "拟确定为发展对象"),
    "conversion": ("预备党员转正公示", Step.CONVERSION_PUBLICITY, "拟按期转为正式党员"),
}
_WORKING_DAYS = 5


@require_safe
def development_notice(request, pk):
    """公示 on A4: name, sex, month of birth, stage, days, where to write; no number, no address."""
    development = _development(request, pk)
    today = current_day()
    kind = request.GET.get("kind", "")
    title, step, becoming = _PUBLISHED.get(kind, _PUBLISHED["target"])
    steps = {row.step: row for row in development.steps.all()}
    first, last, calendar = _publicity(steps.get(step), today)
    secretary = Post.objects.on(today).filter(
        organisation=development.organisation, title=PostTitle.SECRETARY
    )
    shown = development.member or development
    context = {
        "title": title,
        "becoming": becoming,
        "organisation": development.organisation.name,
        "superior": development.organisation.parent.name if development.organisation.parent else "",
        "name": shown.name,
        "sex": shown.get_gender_display(),
        "born": f"{shown.born_on.year}年{shown.born_on.month}月" if shown.born_on else "",
        "nation": shown.ethnicity,
        "education": shown.education,
        "occupation": shown.occupation,
        "stage": development.get_stage_display(),
        "dates": [
            {"label": Step(one).label, "date": full_date(steps[one].on)}
            for one in (Step.APPLIED, Step.ACTIVIST, Step.TARGET, Step.ADMISSION_MEETING)
            if one in steps
        ],
        "contacts": development.contacts,
        "first": full_date(first),
        "last": full_date(last),
        "signed_on": full_date(first),
        "working_days": calendar.working_days(first, last),
        "provisional": calendar.is_provisional(first, last),
        "contact_person": secretary.values_list("person_name", flat=True).first() or "",
        "back_url": reverse("members:development", args=[pk]),
        "printed_text": "",
    }
    return render(request, "print/development_notice.html", context)


def _publicity(row: DevelopmentStep | None, today: datetime.date):
    """The days of a publicity as registered, else five working days from today; the calendar."""
    first = row.on if row else today
    calendar = calendar_of(first, first)
    until_on = row.until_on if row else None
    return first, until_on or calendar.end_of(first, _WORKING_DAYS), calendar
