from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Action
from branches.clock import today
from branches.scope import main_grant, paths_reached
from compliance.models import CheckRun
from dashboard import menus
from members.enums import PostTitle
from members.models import Post
from notices.inbox import own_paths, unread_count
from tasks.models import Task

# Checks run every night; after this many hours without one the page says so.
STALE_HOURS = 26


def shell(request) -> dict:
    """What the frame of every page needs: menu, names, and whether the checks have run."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    grant = main_grant(user)
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
            "checks_stale": stale_words(run),
            "check_now_url": (
                reverse("check_now") if paths_reached(user, Action.RUN_CHECKS) else ""
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
    hours = (timezone.now() - run.finished_at).total_seconds() / 3600
    if hours > STALE_HOURS:
        return f"核对已 {max(int(hours // 24), 1)} 天没有运行，下面的数字可能不准"
    if run.faults:
        return f"有要求没有核对成：{run.faults}"
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
