"""送达方式: mail boxes and robots of group chats of one's own organisation."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from branches.clock import today as current_day
from notices import channels, mail
from notices.channels import failing_words, masked
from notices.forms import MailForm, RobotForm
from notices.models import Channel, ChannelKind
from notices.quiet import quiet_at
from notices.services import Refused
from notices.views.frame import require_keeper, tabs_for
from notices.words import delivery_mark


@require_safe
def channel_list(request):
    """The user's mail box and the robots of his organisations, with how each last went."""
    require_keeper(request)
    rows = list(channels.channels_of(request.user))
    own = channels.own_organisations(request.user)
    today = current_day()
    context = {
        "tabs": tabs_for(request.user, "notices:channels"),
        "robots": [_row(one) for one in rows if one.kind != ChannelKind.MAIL],
        "boxes": [_row(one) for one in rows if one.kind == ChannelKind.MAIL],
        "several": own.count() > 1,
        "failing": [failing_words(one, today) for one in rows if one.failing_since],
        "mail_open": mail.is_open(),
        "quiet": _quiet_words(),
        "robot_url": reverse("notices:robot_new"),
        "mail_url": reverse("notices:mail_new"),
    }
    return render(request, "notices/channels.html", context)


def _row(channel: Channel) -> dict[str, object]:
    mark = delivery_mark(channel.last_state)
    if channel.failing_since:
        mark = {"kind": "late", "words": "发不出去"}
    elif mark["words"]:
        mark["words"] = f"上一条{mark['words']}"
    return {
        "kind": channel.get_kind_display(),
        "name": channel.name,
        "organisation": channel.organisation.short_name,
        "address": masked(channel),
        "mark": mark["kind"],
        "words": mark["words"],
        "answer": channel.last_fault or channel.last_answer or "",
        "test_url": reverse("notices:channel_test", args=[channel.pk]),
        "stop_url": reverse("notices:channel_stop", args=[channel.pk]),
    }


def _quiet_words() -> str:
    """免打扰 as it is set today."""
    quiet = quiet_at(timezone.now())
    hours = f"{quiet.starts} 点到 {quiet.ends} 点" if quiet.starts != quiet.ends else ""
    times = [one for one in (hours, "放假和周末" if quiet.on_free_days else "") if one]
    return f"{'、'.join(times)}不往外发，过后再发" if times else "随时发，没有免打扰时段"


@require_http_methods(["GET", "HEAD", "POST"])
def robot_new(request):
    """添加群机器人."""
    require_keeper(request)
    form = _form(RobotForm, request)
    if form.is_valid() and _opened(form, request, _open_robot):
        return redirect("notices:channels")
    return _form_page(request, form, "添加群机器人", "添加机器人")


def _form(kind, request):
    posted = request.POST if request.method == "POST" else None
    return kind(posted, own=channels.own_organisations(request.user))


def _open_robot(cleaned: dict, user) -> Channel:
    return channels.open_robot(**cleaned, by=user)


@require_http_methods(["GET", "HEAD", "POST"])
def mail_new(request):
    """添加邮箱."""
    require_keeper(request)
    form = _form(MailForm, request)
    if form.is_valid() and _opened(form, request, _open_mail):
        return redirect("notices:channels")
    return _form_page(request, form, "添加邮箱", "添加邮箱")


def _open_mail(cleaned: dict, user) -> Channel:
    return channels.open_mail(**cleaned, by=user)


def _opened(form, request, open_one) -> Channel | None:
    """The new channel; None where the service refused and the form says why."""
    try:
        channel = open_one(form.cleaned_data, request.user)
    except Refused as refused:
        form.add_error(refused.field, str(refused))
        return None
    messages.success(request, f"已添加{channel.get_kind_display()}，请发一条测试消息看看")
    return channel


def _form_page(request, form, title: str, act: str):
    back = reverse("notices:channels")
    kinds = []
    if "kind" in form.fields:
        chosen = form["kind"].value()
        kinds = [
            {"value": value, "label": label, "checked": value == chosen}
            for value, label in form.fields["kind"].choices
        ]
    context = {"form": form, "title": title, "act_label": act, "back_url": back, "kinds": kinds}
    return render(request, "notices/channel_form.html", context)


def _own(request, pk: int) -> Channel:
    """A channel the user keeps; another's is out of sight."""
    require_keeper(request)
    return get_object_or_404(channels.channels_of(request.user), pk=pk)


@require_POST
def channel_test(request, pk):
    """发测试消息."""
    try:
        channels.send_test(channel=_own(request, pk), by=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "测试消息一分钟内发出，结果在这一页和“送达记录”里看")
    return redirect("notices:channels")


@require_POST
def channel_stop(request, pk):
    """停用."""
    try:
        channels.stop(channel=_own(request, pk), by=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已停用，以后的通知不再从这里发出")
    return redirect("notices:channels")
