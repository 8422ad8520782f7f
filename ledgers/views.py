from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.clock import today
from branches.models import ClosedMonth, Organisation
from branches.periods import month_of
from branches.scope import get_for, paths_reached
from branches.values import Values
from branches.words import one_line
from jobs.models import Job, JobState
from jobs.panel import panel
from jobs.services import RESULTS_KEPT, start_job
from ledgers import batches, closing, previews
from ledgers.blanks import blank_workbook
from ledgers.exports.registers import export_register
from ledgers.forms import ExportForm, ImportForm, YearForm
from ledgers.jobs import DUES_BOOK, EXPORT, MEETINGS_BOOK, ROSTER
from ledgers.models import BatchState, ImportBatch
from ledgers.reading import LARGEST_FILE, MIB
from ledgers.services import ImportRefused
from ledgers.sheets import REGISTERS, SHEETS

_PAGE = 50
_LINES = 100
# What stands under 资料报表: the monthly ledgers, and long lists made in the background.
_BOOKS = (DUES_BOOK, MEETINGS_BOOK)
_KINDS = (EXPORT, ROSTER, closing.CLOSE, *_BOOKS)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A failed job is shown for a day, with the way to try again.
_FAILURE_SHOWN = timedelta(days=1)


@require_http_methods(["GET", "HEAD", "POST"])
def export(request):
    """资料报表: ask for a month's ledger, and fetch the ones that are ready."""
    user = request.user
    if not paths_reached(user, Action.EXPORT_LEDGER):
        raise PermissionDenied
    code = request.POST.get("organisation") or request.GET.get("organisation")
    chosen = None
    if code:
        chosen = get_for(Organisation.objects.all(), user, Action.EXPORT_LEDGER, code=code)
    form = ExportForm(request.POST or None, user=user, today=today(), chosen=chosen)
    if request.method == "POST" and form.is_valid():
        _start_export(user, form)
        return redirect("ledgers:export")
    page = Paginator(_ready(user), _PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    unfinished = _unfinished(user, now)
    closed = _made_when_closed(page.object_list)
    context = {
        "form": form,
        "job": panel(unfinished, now) if unfinished else None,
        "ledgers": [_ledger(job, closed) for job in page],
        "page": page,
        "query": "",
        "close": _closing_offered(user),
    }
    return render(request, "ledgers/export.html", context)


def _closing_offered(user) -> dict | None:
    """The last month of the county, closed or to be closed; None for who may not."""
    month = closing.last_month(today())
    county = _county_to_close(user)
    if county is None:
        return None
    if closing.closings_of(county, month):
        return {"month_text": month.label, "text": f"{month.label}已封账。", "url": ""}
    if closing.being_closed(county, month):
        return {"month_text": month.label, "text": "正在封账", "url": ""}
    day = Values().on(closing.CLOSING_DAY, today())
    return {
        "month_text": month.label,
        "text": f"{month.label}还没有封账。" + (f"到{day}日会自动封账。" if day else ""),
        "url": reverse("ledgers:close", args=[month]),
    }


def _county_to_close(user) -> Organisation | None:
    """The highest organisation whose months the user closes."""
    return Organisation.objects.permitting(user, Action.CLOSE_MONTH).order_by("path").first()


@require_POST
def close(request, month: str):
    """封账: close a month of the whole county, in the background."""
    county = _county_to_close(request.user)
    if county is None:
        raise PermissionDenied
    try:
        chosen = month_of(month)
    except ValueError:
        raise Http404 from None
    if chosen.ends_on >= today():
        messages.error(request, f"{chosen.label}还没有结束，结束后才能封账")
    elif closing.closings_of(county, chosen):
        messages.info(request, f"{chosen.label}早已封账")
    elif not closing.being_closed(county, chosen):
        start_job(
            kind=closing.CLOSE,
            title=f"{county.short_name}{chosen.label}封账",
            by=request.user,
            organisation=county,
            parameters={"month": str(chosen)},
        )
        messages.success(request, f"正在给{chosen.label}封账，做好后这里会显示")
    return redirect("ledgers:export")


def _start_export(user, form: ExportForm) -> None:
    """Start the job, unless the same one waits or runs already."""
    organisation, month = form.cleaned_data["organisation"], form.cleaned_data["month"]
    parameters = {"month": str(month), "reason": form.reason_given}
    same = Job.objects.belonging_to(user).filter(
        kind=EXPORT,
        organisation=organisation,
        parameters=parameters,
        state__in=(JobState.QUEUED, JobState.RUNNING),
    )
    if not same.exists():
        start_job(
            kind=EXPORT,
            title=f"{organisation.short_name}{month.label}台账",
            by=user,
            organisation=organisation,
            parameters=parameters,
        )


def _ready(user):
    """The user's finished ledgers whose files are still kept, newest first."""
    return (
        Job.objects.belonging_to(user)
        .filter(
            kind__in=_KINDS, state=JobState.DONE, finished_at__gte=timezone.now() - RESULTS_KEPT
        )
        .exclude(result="")
        .visible_to(user)
        .select_related("organisation")
    )


def _unfinished(user, now) -> Job | None:
    """The newest export that waits, runs, or has lately failed; a later success ends the matter."""
    newest = Job.objects.belonging_to(user).filter(kind__in=_KINDS).first()
    if newest is None or newest.state == JobState.DONE:
        return None
    if newest.is_over and newest.finished_at < now - _FAILURE_SHOWN:
        return None
    return newest


def _made_when_closed(jobs) -> set[int]:
    """Keys of the monthly ledgers among these that hold a closed month; one query."""
    made = [job for job in jobs if job.kind == EXPORT]
    months = {month_of(job.parameters["month"]).starts_on for job in made}
    closings = list(ClosedMonth.objects.filter(month__in=months).select_related("organisation"))
    return {
        job.pk
        for job in made
        for closed in closings
        if f"{closed.month:%Y-%m}" == job.parameters["month"]
        and job.organisation.path.startswith(closed.organisation.path)
        and closed.closed_at <= job.started_at
    }


def _ledger(job: Job, closed: set[int]) -> dict:
    made_at = timezone.localtime(job.finished_at)
    try:
        size = filesizeformat(job.result.size)
    except FileNotFoundError:
        size = ""
    return {
        "name": job.result_name.removesuffix(".xlsx"),
        "organisation": job.organisation.short_name,
        "month_text": _span_text(job),
        "made_text": f"{made_at.month}月{made_at.day}日 {made_at:%H:%M}",
        "made_by": "完整号码" if job.parameters.get("reason") else "",
        "size": size,
        "url": reverse("jobs:result", args=[job.pk]),
        "frozen": job.pk in closed,
    }


def _span_text(job: Job) -> str:
    """The month or year a finished ledger is about."""
    if job.kind == EXPORT:
        return month_of(job.parameters["month"]).label
    return f"{job.parameters['year']}年" if job.kind in _BOOKS else "—"


@require_safe
def register(request, kind):
    """The workbook of one ledger (班子, 发展党员, 组织关系转接), of one organisation or of all in reach."""
    user = request.user
    if not paths_reached(user, Action.EXPORT_LEDGER):
        raise PermissionDenied
    declared = next((sheet for sheet in REGISTERS if sheet.kind == kind), None)
    if declared is None:
        raise Http404
    code = one_line(request.GET.get("branch") or request.GET.get("organisation"), 40)
    within = None
    if code:
        within = get_for(Organisation.objects.all(), user, Action.EXPORT_LEDGER, code=code)
    name = f"{within.short_name if within else ''}{declared.name}.xlsx"
    return _workbook(export_register(declared=declared, by=user, within=within), name)


# --- Import -------------------------------------------------------------------------------

_STEPS = ("选择文件", "核对差异", "完成导入")
# How a batch is marked in the list of earlier ones.
_MARKS = {
    BatchState.CHECKING: "run",
    BatchState.CHECKED: "soon",
    BatchState.WRITING: "run",
    BatchState.IMPORTED: "done",
    BatchState.REFUSED: "late",
    BatchState.ABANDONED: "todo",
}


@require_http_methods(["GET", "HEAD", "POST"])
def import_upload(request):
    """导入 Excel, first step: choose files. Nothing is written here."""
    user = request.user
    _may_import(user)
    form = ImportForm(today=today())
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES, today=today())
        if form.is_valid():
            return _receive(request, form)
    context = {
        "form": form,
        "max_mb": LARGEST_FILE // MIB,
        "templates": [
            {"label": f"{sheet.name}模板", "url": reverse("ledgers:template", args=[sheet.kind])}
            for sheet in SHEETS
        ],
        "steps": _steps(0),
        "crumbs": _crumbs(),
        "batches": [_batch_line(batch) for batch in _own_batches(user)[:10]],
    }
    return render(request, "ledgers/import_upload.html", context)


def _receive(request, form: ImportForm):
    uploads = [(upload.name, upload.read()) for upload in form.cleaned_data["files"]]
    batch = batches.receive(uploads, by=request.user, year=form.cleaned_data["year"])
    try:
        rows = sum(batches.rows_in(content) for _name, content in uploads)
        batches.begin_check(batch, rows=rows, today=today())
    except Exception:
        # Not left lying about half read.
        batches.abandon(batch)
        raise
    return redirect("ledgers:batch", batch.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def import_batch(request, pk):
    """The second and third step: the preview, and what came of it. POST gives a missing year."""
    batch = _own_batch(request.user, pk)
    batches.settle(batch)
    if request.method == "POST":
        return _check_with_year(request, batch)
    match batch.state:
        case BatchState.ABANDONED:
            messages.info(request, "这次导入已放弃，没有写入")
            return redirect("ledgers:import")
        case BatchState.CHECKING | BatchState.WRITING:
            return render(request, "ledgers/import_preview.html", _waiting(batch))
        case BatchState.IMPORTED:
            return render(request, "ledgers/import_done.html", _done(batch))
        case _:
            return render(request, "ledgers/import_preview.html", _preview(request, batch))


@require_POST
def import_confirm(request, pk):
    """Keep the ticks of the page; then turn to another page, or write what is ticked."""
    batch = _own_batch(request.user, pk)
    batches.settle(batch)
    if batch.state != BatchState.CHECKED:
        return redirect("ledgers:batch", pk)
    batches.keep_ticks(batch, _numbers(request, "shown"), _numbers(request, "accept"))
    if page := request.POST.get("page"):
        return redirect(f"{reverse('ledgers:batch', args=[pk])}?page={page}")
    try:
        batches.confirm(batch, today=today())
    except (batches.NotNow, ImportRefused) as refused:
        messages.error(request, str(refused))
    return redirect("ledgers:batch", pk)


@require_POST
def import_abandon(request, pk):
    """Give the batch up and choose other files."""
    batch = _own_batch(request.user, pk)
    batches.abandon(batch)
    return redirect("ledgers:import")


@require_safe
def import_refused_rows(request, pk):
    """The rows that were refused, with what is wrong beside them."""
    content = batches.refused_rows(_own_batch(request.user, pk))
    if content is None:
        raise Http404
    return _workbook(content, "需更正的行.xlsx")


@require_safe
def import_template(request, kind):
    """A blank workbook of one ledger."""
    for sheet in SHEETS:
        if sheet.kind == kind:
            return _workbook(blank_workbook(sheet, today().year), f"{sheet.name}模板.xlsx")
    raise Http404


def _may_import(user) -> None:
    if not paths_reached(user, Action.IMPORT_WORKBOOK):
        raise PermissionDenied


def _own_batch(user, pk: int) -> ImportBatch:
    """The user's own batch; 404 for another's, and for whoever may not import any more."""
    batch = _own_batches(user).select_related("job").filter(pk=pk).first()
    if batch is None or not paths_reached(user, Action.IMPORT_WORKBOOK):
        raise Http404
    return batch


def _own_batches(user):
    return ImportBatch.objects.belonging_to(user).prefetch_related("files")


def _check_with_year(request, batch: ImportBatch):
    form = YearForm(request.POST, today=today())
    if form.is_valid():
        try:
            batches.set_year(batch, form.cleaned_data["year"])
            batches.begin_check(batch, rows=batches.rows_read(batch), today=today())
        except batches.NotNow as refused:
            messages.error(request, str(refused))
    return redirect("ledgers:batch", batch.pk)


def _numbers(request, name: str) -> set[int]:
    return {int(text) for text in request.POST.getlist(name) if _is_key(text)}


def _is_key(text: str) -> bool:
    """Whether the text is a number the database can hold; "²" is a digit and none."""
    return text.isdecimal() and len(text) <= 18


def _workbook(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=_XLSX,
        headers={
            "Content-Disposition": content_disposition_header(True, name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _steps(current: int) -> list[dict]:
    return [
        {
            "name": name,
            "state": "done" if place < current else "current" if place == current else "todo",
        }
        for place, name in enumerate(_STEPS)
    ]


def _crumbs() -> list[dict]:
    return [
        {"label": "资料报表", "url": reverse("ledgers:export")},
        {"label": "导入 Excel", "url": reverse("ledgers:import")},
    ]


def _moment(at) -> str:
    local = timezone.localtime(at)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def _names(batch: ImportBatch) -> str:
    """The files of a batch; of an imported one the sheets still know them."""
    names = [kept.name for kept in batch.files.all() if kept.name != batches.REFUSED_ROWS]
    names = names or list(dict.fromkeys(sheet["file"] for sheet in batch.sheets))
    return "、".join(names[:3]) + (f" 等 {len(names)} 个文件" if len(names) > 3 else "")


def _batch_line(batch: ImportBatch) -> dict:
    return {
        "name": _names(batch) or "导入",
        "at": _moment(batch.created_at),
        "kind": _MARKS[batch.state],
        "words": batch.get_state_display(),
        "url": reverse("ledgers:batch", args=[batch.pk]),
    }


def _waiting(batch: ImportBatch) -> dict:
    return {
        "title": "正在核对" if batch.state == BatchState.CHECKING else "正在导入",
        "lead": _names(batch),
        "crumbs": _crumbs(),
        "steps": _steps(1 if batch.state == BatchState.CHECKING else 2),
        "job": panel(batch.job, timezone.now()) if batch.job else None,
        "waiting": True,
        "abandon_url": reverse("ledgers:abandon", args=[batch.pk]),
    }


def _preview(request, batch: ImportBatch) -> dict:
    page = Paginator(batches.preview(batch), _LINES).get_page(request.GET.get("page"))
    sums = previews.sums(batch)
    chosen = batch.lines.filter(chosen=True, outcome__in=batches.WRITTEN).count()
    files = {sheet["file"] for sheet in batch.sheets}
    needs_year = any(sheet["needs_year"] for sheet in batch.sheets)
    return {
        "title": "核对差异",
        "lead": f"{_names(batch)}，{sums['read']} 行，{_moment(batch.created_at)} 读取",
        "crumbs": _crumbs(),
        "steps": _steps(1),
        "sums": sums,
        **previews.grouped(page, several=len(files) > 1),
        "notes": previews.sheet_notes(batch),
        "message": batch.message,
        "page": page,
        "chosen": chosen,
        "may_confirm": batch.state == BatchState.CHECKED
        and (sums["new"], sums["changed"]) != ("0", "0"),
        "year_form": YearForm(today=today(), initial={"year": today().year})
        if needs_year
        else None,
        "batch_url": reverse("ledgers:batch", args=[batch.pk]),
        "confirm_url": reverse("ledgers:confirm", args=[batch.pk]),
        "abandon_url": reverse("ledgers:abandon", args=[batch.pk]),
        "refused_url": _refused_url(batch),
    }


def _done(batch: ImportBatch) -> dict:
    return {
        "lead": f"{_names(batch)}，{_moment(batch.imported_at)} 导入",
        "crumbs": _crumbs(),
        "steps": _steps(3),
        "sheets": [
            sheet | {"refused": sheet["refused"] + sheet["skipped"]}
            for sheet in batch.sheets
            if sheet["ledger"]
        ],
        "refused_url": _refused_url(batch),
        "list_url": "/",
        "again_url": reverse("ledgers:import"),
    }


def _refused_url(batch: ImportBatch) -> str:
    kept = any(kept.name == batches.REFUSED_ROWS for kept in batch.files.all())
    return reverse("ledgers:refused_rows", args=[batch.pk]) if kept else ""
