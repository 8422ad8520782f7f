import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Action, works_in_branch
from branches.clock import today
from branches.scope import main_grant, paths_reached
from compliance.models import CheckRun
from compliance.running import STALE
from dashboard import menus
from jobs.pulses import silence
from members.enums import PostTitle
from members.models import Post
from notices.inbox import own_paths, unread_count
from tasks.models import Task

# So many names of what failed are said at the head of every page.
_NAMED = 3


def shell(request) -> dict:
    """What the frame of every page needs: menu, names, and whether the checks have run."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    grant, running_url = main_grant(user), _running_url(user)
    # The page of running has its own button for it.
    there = request.path == running_url
    overdue = Task.objects.visible_to(user).overdue(today()).count()
    run = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at").first()
    return {
        "zb": {
            "user_name": user.name or user.username,
            "role_label": grant.get_role_display() if grant else "",
            "organisation_name": grant.organisation.short_name if grant else "",
            "menu": menus.drawn(menus.entries_for(user), request, overdue),
            "tabs": menus.drawn(menus.tabs_for(user), request, overdue),
            "contact": _contact(grant),
            "notices": _bell(user),
            "large_type": user.large_type,
            "checked_at": _moment(run.finished_at) if run else "",
            "checks_stale": stale_words(run) or _silent_words(grant),
            "running_url": "" if there else running_url,
            "check_now_url": (
                reverse("check_now") if paths_reached(user, Action.RUN_CHECKS) and not there else ""
            ),
            "today": today(),
            "session_seconds": settings.SESSION_COOKIE_AGE,
            "keepalive_url": reverse("keep_alive"),
        }
    }


def _bell(user) -> dict | None:
    """Where notices stand and how many are unread; None for who neither gets nor sends any."""
    if not own_paths(user) and not paths_reached(user, Action.SEND_NOTICE):
        return None
    return {"url": reverse("notices:list"), "count": unread_count(user)}


def stale_words(run: CheckRun | None) -> str:
    """The warning that the figures may be wrong; "" while the checks run as they should."""
    if run is None:
        return "核对还没有运行过，下面的数字可能不准"
    since = timezone.now() - run.finished_at
    if since > STALE:
        return f"核对已 {max(since.days, 1)} 天没有运行，下面的数字可能不准"
    if run.faults:
        faults = run.faults.split("、")
        more = f"等 {len(faults)} 项" if len(faults) > _NAMED else ""
        return f"有要求没有核对成：{'、'.join(faults[:_NAMED])}{more}"
    return ""


def _silent_words(grant) -> str:
    """Nobody judges what is changed during the day. A branch is judged before its desk is read, so
    it concerns only those who read sums."""
    if grant and works_in_branch(grant.role):
        return ""
    silent = silence("refresh", timezone.now())
    if silent is None:
        return ""
    return f"后台已{_length(silent)}没有运行，别处刚改的可能还没有算进来"


def _length(silent: datetime.timedelta) -> str:
    minutes = int(silent.total_seconds() // 60)
    if minutes < 120:
        return f" {minutes} 分钟"
    return f" {minutes // 60} 小时" if minutes < 48 * 60 else f" {silent.days} 天"


def _running_url(user) -> str:
    """Where it is told what runs and what failed; "" for who has nothing to do with it."""
    if paths_reached(user, Action.RUN_CHECKS) or paths_reached(user, Action.OPERATE):
        return reverse("compliance:running")
    return ""


def _contact(grant) -> dict | None:
    """The committee one level up, with its secretary."""
    if not grant or grant.organisation.parent is None:
        return None
    superior = grant.organisation.parent
    post = Post.objects.filter(
        organisation=superior, title=PostTitle.SECRETARY, ends_on__isnull=True
    ).first()
    return {
        "superior": superior.short_name,
        "person": f"书记 {post.person_name}" if post else "",
        "phone": "",
    }


def _moment(moment) -> str:
    local = timezone.localtime(moment)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
