"""What the pages of a 民主评议 have in common: the row, the head, the call of a service."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import TrailLine
from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link
from branches.scope import get_for
from branches.words import recent
from meetings import appraising
from meetings.forms.meeting import is_key
from meetings.models import Appraisal
from meetings.services import Refused, appraisals
from meetings.tabs import meeting_tabs

PAGE = "meetings:appraisals"
RECORD = Action.RECORD_BRANCH_MEETING
_WITHOUT_DAY = (appraisals.reopen_appraisal, appraisals.withdraw_appraisal)


def appraisal_for(request, pk: int, action: str = Action.LOOK) -> Appraisal:
    rows = Appraisal.objects.select_related("organisation__parent", "meeting")
    return get_for(rows, request.user, action, pk=pk)


def frame(appraisal: Appraisal) -> dict[str, object]:
    """What every page of an appraisal says at its head."""
    return {
        "pk": appraisal.pk,
        "tabs": meeting_tabs(appraisal.organisation, PAGE),
        "title": f"{appraisal.year}年民主评议",
        "organisation": appraisal.organisation.short_name,
        "list_url": link(PAGE, branch=appraisal.organisation.code),
        "detail_url": url_of("appraisal", appraisal),
        "version": appraisal.version,
    }


def url_of(name: str, appraisal: Appraisal) -> str:
    return reverse(f"meetings:{name}", args=[appraisal.pk])


def results_of(appraisal: Appraisal) -> list:
    return list(appraisal.results.select_related("member").order_by("pk"))


def shown(result, appraisal: Appraisal) -> dict[str, object]:
    ballots = appraising.ballots_of(result)
    return {
        "name": result.member.name,
        "url": reverse("members:detail", args=[result.member_id]),
        "standing": "正式" if result.was_formal else "预备",
        "part": "参加" if result.took_part else result.absence_note,
        "counts": ["—" if count is None else count for count in ballots.by_grade().values()],
        "counted": not ballots.is_empty,
        "abstained": appraising.abstentions(ballots, appraisal.ballots_valid),
        "grade": appraising.result_words(result),
        "kind": "done" if result.grade else "todo" if appraising.to_grade([result]) else "",
    }


def attempt(request, form, faults, appraisal: Appraisal, service, **facts) -> bool:
    """Call a service with the version that was seen; whether it was done.

    Refused, the reason goes into the form, and into `faults` the newer version that the next
    save is made on knowingly.
    """
    version = request.POST.get("version", "")
    try:
        service(
            appraisal=appraisal,
            version=int(version) if is_key(version) else -1,
            by=request.user,
            **facts,
            **({} if service in _WITHOUT_DAY else {"today": current_day()}),
        )
    except appraisals.ChangedMeanwhile as refused:
        faults["version"] = refused.appraisal.version
        form.add_error(None, f"{_who_changed(refused.appraisal)}{refused}")
    except Refused as refused:
        put(form, refused, faults)
    else:
        return True
    return False


def put(form, refused: Refused, faults: dict) -> None:
    """The reason where it belongs: at its field, at its row, or above the form."""
    if refused.field in form.fields:
        form.add_error(refused.field, str(refused))
        return
    if refused.field:
        faults[refused.field] = str(refused)
    form.add_error(None, str(refused))


def _who_changed(appraisal: Appraisal) -> str:
    last = (
        TrailLine.objects.filter(area=appraisals.TRAIL_AREA, object_id=appraisal.pk)
        .order_by("-pk")
        .first()
    )
    if last is None:
        return ""
    what = "、".join(list(last.after)[:5])
    at = recent(timezone.localtime(last.at), current_day())
    return f"{last.by_name} {at} {last.action}{f'（{what}）' if what else ''}。"


def done(request, appraisal: Appraisal, said: str):
    messages.success(request, said)
    return redirect("meetings:appraisal", appraisal.pk)
