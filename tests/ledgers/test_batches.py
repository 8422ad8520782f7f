"""The import in a browser: upload, preview, ticks, confirmation."""

import datetime
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Grant
from jobs import services as jobs
from jobs.models import Job, JobState
from ledgers import batches
from ledgers.models import BatchState, ImportBatch, ImportFile, ImportLine, Outcome
from members.models import Member
from tests import factories as make

pytestmark = pytest.mark.django_db

HEADINGS = ["姓名", "公民身份号码", "性别", "人员类别", "入党日期", "党支部编码", "学历"]
ZHOU, XU = "000000198005170018", "000000198105170008"


@pytest.fixture
def branch():
    return make.make_branch(code="YX01-001")


@pytest.fixture
def secretary(branch, client):
    user = make.make_user(Role.SECRETARY, branch)
    client.force_login(user)
    return user


def number(born_on, index):
    return make.make_id_number(born_on, index)


def workbook(*rows, headings=HEADINGS, sheet="党员", name="党员名册.xlsx"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    book.active.append(headings)
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return SimpleUploadedFile(name, stream.getvalue())


def row(name, index, education="大学", code="YX01-001", born_on=datetime.date(1981, 5, 17)):
    return [name, number(born_on, index), "男", "正式党员", "2016-07-01", code, education]


def upload(client, *files, **more):
    response = client.post(reverse("ledgers:import"), {"files": list(files), **more})
    assert response.status_code == 302, response.context["form"].errors
    return ImportBatch.objects.first()


def page_of(client, batch, query=""):
    return client.get(reverse("ledgers:batch", args=[batch.pk]) + query)


def confirm(client, batch, *, without=(), **more):
    """Confirm with everything of the first page ticked, but for the rows named."""
    lines = page_of(client, batch).context["page"]
    ticks = [line for line in lines if line.outcome in (Outcome.NEW, Outcome.CHANGED)]
    return client.post(
        reverse("ledgers:confirm", args=[batch.pk]),
        {
            "shown": [line.pk for line in ticks],
            "accept": [line.pk for line in ticks if line.label not in without],
            **more,
        },
    )


def names():
    return sorted(Member.objects.values_list("name", flat=True))


# --- The three steps --------------------------------------------------------------------


def test_nothing_is_written_before_confirmation_and_everything_by_it(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1), row("许桂兰", 2)))
    assert batch.state == BatchState.CHECKED
    shown = page_of(client, batch)
    assert [item["key"] for item in shown.context["new"]] == ["周慧敏", "许桂兰"]
    assert names() == []
    confirm(client, batch)
    batch.refresh_from_db()
    assert batch.state == BatchState.IMPORTED
    assert names() == ["周慧敏", "许桂兰"]
    done = page_of(client, batch).context["sheets"]
    assert [(s["read"], s["new"], s["changed"], s["same"], s["refused"]) for s in done] == [
        (2, 2, 0, 0, 0)
    ]
    assert TrailLine.objects.filter(by=secretary, action="导入新增").count() == 2


def test_the_preview_shows_refused_new_changed_and_counts_the_rest(client, secretary, branch):
    same = make.make_member(
        branch, "林守正", id_number=number(datetime.date(1981, 5, 17), 1), education="大学"
    )
    make.make_member(
        branch, "周慧敏", id_number=number(datetime.date(1981, 5, 17), 2), education="高中"
    )
    Member.objects.update(gender="male", born_on=datetime.date(1981, 5, 17))
    bad = row("施玉珍", 4)
    bad[4] = "1987.13.5"
    batch = upload(client, workbook(row("林守正", 1), row("周慧敏", 2), row("许桂兰", 3), bad))
    context = page_of(client, batch).context
    assert context["sums"] == {
        "read": "4", "new": "1", "changed": "1", "same": "1", "refused": "1"
    }  # fmt: skip
    (refused,) = context["refused"]
    assert (refused["row"], refused["key"], refused["column"], refused["value"]) == (
        "5",
        "施玉珍",
        "入党日期",
        "1987.13.5",
    )
    assert "没有 13 月" in refused["reason"]
    (change,) = context["changes"]
    assert (change["key"], change["column"], change["old"], change["new"]) == (
        "周慧敏",
        "学历",
        "高中",
        "大学",
    )
    assert same.name not in [item["key"] for item in context["new"] + context["changes"]]
    html = page_of(client, batch).text
    assert html.index('id="refused"') < html.index('id="new"') < html.index('id="changed"')


def test_numbers_are_masked_in_what_is_kept(client, secretary):
    upload(client, workbook(row("周慧敏", 1)))
    line = ImportLine.objects.get()
    (cell,) = [cell for cell in line.cells if cell["column"] == "公民身份号码"]
    assert "********" in cell["after"]
    stored = ImportFile.objects.get().content.read()
    assert not stored.startswith(b"PK")
    assert number(datetime.date(1981, 5, 17), 1).encode() not in stored


def test_a_row_without_its_tick_is_left_out(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1), row("许桂兰", 2)))
    confirm(client, batch, without=["许桂兰"])
    assert names() == ["周慧敏"]
    batch.refresh_from_db()
    assert (batch.sheets[0]["new"], batch.sheets[0]["skipped"]) == (1, 1)


def test_without_any_tick_nothing_is_imported(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1)))
    confirm(client, batch, without=["周慧敏"])
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED
    assert "没有勾选任何一行" in page_of(client, batch).text


def test_the_same_file_again_says_that_nothing_changed(client, secretary):
    confirm(client, upload(client, workbook(row("周慧敏", 1))))
    again = page_of(client, upload(client, workbook(row("周慧敏", 1))))
    assert "和台账完全一样" in again.text
    assert not again.context["may_confirm"]


def test_a_second_click_writes_nothing_more(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1)))
    confirm(client, batch)
    lines = TrailLine.objects.count()
    client.post(reverse("ledgers:confirm", args=[batch.pk]))
    assert (names(), TrailLine.objects.count()) == (["周慧敏"], lines)


def test_ticks_are_kept_when_pages_are_turned(client, secretary):
    rows = [
        row(f"周慧敏{chr(0x4E00 + n)}", n + 1, born_on=datetime.date(1970, 1, 1))
        for n in range(120)
    ]
    batch = upload(client, workbook(*rows))
    left_out = rows[3][0]
    turned = confirm(client, batch, without=[left_out], page="2")
    assert turned.url.endswith("?page=2")
    second = page_of(client, batch, "?page=2")
    assert len(second.context["new"]) == 20
    assert second.context["chosen"] == 119
    client.post(
        reverse("ledgers:confirm", args=[batch.pk]),
        {
            "shown": [item["id"] for item in second.context["new"]],
            "accept": [item["id"] for item in second.context["new"]],
        },
    )
    assert Member.objects.count() == 119
    assert left_out not in names()


# --- Something is wrong -----------------------------------------------------------------


def test_what_changed_since_the_preview_is_shown_anew_and_nothing_written(
    client, secretary, branch
):
    member = make.make_member(
        branch,
        "周慧敏",
        id_number=number(datetime.date(1981, 5, 17), 1),
        education="高中",
        gender="male",
        born_on=datetime.date(1981, 5, 17),
    )
    batch = upload(client, workbook(row("周慧敏", 1), row("许桂兰", 2)))
    first = ImportLine.objects.get(label="许桂兰", outcome=Outcome.NEW)
    Member.objects.filter(pk=member.pk).update(education="中专")
    client.post(
        reverse("ledgers:confirm", args=[batch.pk]),
        {"shown": [first.pk], "accept": []},
    )
    assert names() == ["周慧敏"]
    shown = page_of(client, batch)
    assert batches.CHANGED_MEANWHILE in shown.text
    assert [item["old"] for item in shown.context["changes"]] == ["中专"]
    assert [item["ticked"] for item in shown.context["new"]] == [False]
    confirm(client, batch)
    assert names() == ["周慧敏", "许桂兰"]


def test_refused_rows_are_left_out_and_can_be_fetched(client, secretary):
    bad = row("施玉珍", 4)
    bad[4] = "1987.13.5"
    batch = upload(client, workbook(row("周慧敏", 1), bad))
    url = reverse("ledgers:refused_rows", args=[batch.pk])
    assert url in page_of(client, batch).text
    for _ in ("before", "after"):
        response = client.get(url)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
        assert [cell.value for cell in sheet[1]][-1] == "需更正"
        assert sheet.max_row == 2
        assert sheet["A2"].value == "施玉珍"
        confirm(client, batch) if _ == "before" else None
    assert names() == ["周慧敏"]
    assert [kept.name for kept in batch.files.all()] == [batches.REFUSED_ROWS]


def test_there_are_no_refused_rows_to_fetch_where_all_is_well(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1)))
    assert client.get(reverse("ledgers:refused_rows", args=[batch.pk])).status_code == 404


def test_rows_outside_the_makers_reach_are_refused(client, secretary):
    other = make.make_branch(code="YX02-001")
    batch = upload(client, workbook(row("周慧敏", 1), row("许桂兰", 2, code=other.code)))
    (refused,) = {item["key"] for item in page_of(client, batch).context["refused"]}
    assert refused == "许桂兰"
    confirm(client, batch)
    assert names() == ["周慧敏"]


def test_a_batch_that_cannot_be_read_says_so_and_cannot_be_confirmed(client, secretary):
    batch = upload(client, workbook(["a", "b"], headings=["甲", "乙"], sheet="杂项"))
    assert batch.state == BatchState.REFUSED
    shown = page_of(client, batch)
    assert "没有认出台账" in shown.text
    assert not shown.context["may_confirm"]
    client.post(reverse("ledgers:confirm", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.state == BatchState.REFUSED


def test_the_year_is_asked_for_where_a_dues_sheet_has_none(client, secretary, branch):
    make.make_member(branch, "周慧敏", id_number=number(datetime.date(1981, 5, 17), 1))
    dues = workbook(
        ["周慧敏", number(datetime.date(1981, 5, 17), 1), "YX01-001", "农民", 1, 1],
        headings=["姓名", "公民身份号码", "党支部编码", "缴费类别", "月应缴", "1月"],
        sheet="党费",
        name="党费.xlsx",
    )
    batch = upload(client, dues)
    assert page_of(client, batch).context["year_form"]
    year = timezone.localdate().year
    client.post(reverse("ledgers:batch", args=[batch.pk]), {"year": year})
    batch.refresh_from_db()
    assert (batch.year, batch.state) == (year, BatchState.CHECKED)
    shown = page_of(client, batch)
    assert shown.context["year_form"] is None
    confirm(client, batch)
    payment = Member.objects.get().payments.get()
    assert (payment.month, payment.amount) == (datetime.date(year, 1, 1), 1)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("名册.xls", b"PK", "不是 .xlsx"),
        ("名册.csv", b"a,b", "不是 .xlsx"),
        ("名册.xlsx", b"not a workbook", "打不开"),
        ("名册.xlsx", b"", "空"),
    ],
)
def test_a_file_that_is_no_workbook_is_not_taken(client, secretary, name, content, words):
    response = client.post(
        reverse("ledgers:import"), {"files": [SimpleUploadedFile(name, content)]}
    )
    assert response.status_code == 200
    assert words in str(response.context["form"].errors["files"])
    assert not ImportBatch.objects.exists()


def test_too_many_and_too_large_files_are_not_taken(client, secretary, monkeypatch):
    many = [workbook(name=f"{n}.xlsx") for n in range(21)]
    response = client.post(reverse("ledgers:import"), {"files": many})
    assert "一次最多 20 个文件" in str(response.context["form"].errors)
    monkeypatch.setattr("ledgers.forms.LARGEST_FILE", 1000)
    response = client.post(reverse("ledgers:import"), {"files": [workbook()]})
    assert "超过" in str(response.context["form"].errors)


def test_without_files_the_form_says_so(client, secretary):
    response = client.post(reverse("ledgers:import"))
    assert response.context["form"].errors["files"]


def test_two_files_of_one_name_are_told_apart(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1)), workbook(row("许桂兰", 2)))
    assert [kept.name for kept in batch.files.all()] == ["党员名册.xlsx", "党员名册(2).xlsx"]
    confirm(client, batch, without=["周慧敏"])
    assert names() == ["许桂兰"]


# --- As jobs ----------------------------------------------------------------------------


@pytest.fixture
def as_jobs(monkeypatch):
    """Everything is long work, and workers are not told: the test runs the jobs itself."""
    monkeypatch.setattr(batches, "ROWS_AT_ONCE", 0)
    monkeypatch.setattr(jobs, "send", lambda job_id: None)


def run_newest():
    job = Job.objects.first()
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_a_large_import_is_checked_and_written_by_jobs(client, secretary, as_jobs):
    batch = upload(client, workbook(row("周慧敏", 1)))
    assert batch.state == BatchState.CHECKING
    waiting = page_of(client, batch)
    assert waiting.context["job"]["state"] == JobState.QUEUED
    assert run_newest().state == JobState.DONE
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED
    confirm(client, batch)
    batch.refresh_from_db()
    assert (batch.state, names()) == (BatchState.WRITING, [])
    job = run_newest()
    assert (job.state, job.message) == (JobState.DONE, "新增 1 行，修改 0 行")
    batch.refresh_from_db()
    assert (batch.state, names()) == (BatchState.IMPORTED, ["周慧敏"])
    progress = client.get(reverse("jobs:progress", args=[job.pk]))
    assert progress.headers["HX-Redirect"] == reverse("ledgers:batch", args=[batch.pk])


def test_a_write_that_broke_down_is_done_once(client, secretary, as_jobs):
    batch = upload(client, workbook(row("周慧敏", 1)))
    run_newest()
    confirm(client, batch)
    job = Job.objects.first()
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING,
        attempts=1,
        lease_until=timezone.now() - datetime.timedelta(seconds=1),
    )
    jobs.sweep()
    jobs.run(job.pk)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, names()) == (JobState.DONE, 2, ["周慧敏"])


def test_a_write_stopped_before_its_end_leaves_nothing_behind(
    client, secretary, as_jobs, monkeypatch
):
    batch = upload(client, workbook(row("周慧敏", 1)))
    run_newest()
    confirm(client, batch)
    written = batches.write_import

    def write_and_stop(*args, **kwargs):
        written(*args, **kwargs)
        assert names() == ["周慧敏"]
        Job.objects.update(state=JobState.STOPPED, message=jobs.STOPPED_TEXT)

    monkeypatch.setattr(batches, "write_import", write_and_stop)
    run_newest()
    batch.refresh_from_db()
    assert (names(), batch.state) == ([], BatchState.WRITING)
    # The stop was written in the transaction that was undone; it is made again for the page.
    jobs.stop_job(Job.objects.first())
    assert jobs.STOPPED_TEXT in page_of(client, batch).text
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED


def test_a_write_that_fails_goes_back_to_its_preview(client, secretary, as_jobs, monkeypatch):
    batch = upload(client, workbook(row("周慧敏", 1)))
    run_newest()
    confirm(client, batch)

    def broken(*args, **kwargs):
        raise ValueError

    monkeypatch.setattr(batches, "write_import", broken)
    job = run_newest()
    assert job.state == JobState.FAILED
    assert f"技术支持编号 {job.pk}" in page_of(client, batch).text
    batch.refresh_from_db()
    assert (batch.state, names()) == (BatchState.CHECKED, [])
    monkeypatch.undo()
    confirm(client, batch)
    batch.refresh_from_db()
    assert names() == ["周慧敏"]


def test_a_check_that_fails_can_be_tried_again(client, secretary, as_jobs, monkeypatch):
    batch = upload(client, workbook(row("周慧敏", 1)))

    def broken(*args, **kwargs):
        raise ValueError

    monkeypatch.setattr(batches, "plan_import", broken)
    job = run_newest()
    panel = page_of(client, batch).context["job"]
    assert (panel["state"], panel["retry_url"]) == (
        JobState.FAILED,
        reverse("jobs:restart", args=[job.pk]),
    )
    monkeypatch.undo()
    client.post(panel["retry_url"])
    run_newest()
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED


def test_rows_are_counted_only_up_to_what_makes_a_job():
    assert batches.rows_in(workbook(*[["x"]] * 9, headings=["甲"]).read()) == 10
    assert batches.rows_in(workbook(*[["x"]] * 99, headings=["甲"]).read(), enough=50) >= 50
    assert batches.rows_in(b"no archive") == 0


# --- The end of a batch -----------------------------------------------------------------


def kept_files():
    return [
        kept for kept in ImportFile.objects.all() if kept.content.storage.exists(kept.content.name)
    ]


def test_files_are_gone_when_the_import_is_done(
    client, secretary, django_capture_on_commit_callbacks
):
    batch = upload(client, workbook(row("周慧敏", 1)))
    (kept,) = kept_files()
    with django_capture_on_commit_callbacks(execute=True):
        confirm(client, batch)
    assert not kept.content.storage.exists(kept.content.name)
    assert not ImportFile.objects.exists()
    assert not ImportLine.objects.exists()


def test_a_batch_given_up_leaves_nothing(client, secretary, django_capture_on_commit_callbacks):
    batch = upload(client, workbook(row("周慧敏", 1)))
    (kept,) = kept_files()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("ledgers:abandon", args=[batch.pk]))
    assert response.url == reverse("ledgers:import")
    assert not kept.content.storage.exists(kept.content.name)
    batch.refresh_from_db()
    assert (batch.state, ImportLine.objects.count(), names()) == (BatchState.ABANDONED, 0, [])
    assert page_of(client, batch).status_code == 302
    client.post(reverse("ledgers:confirm", args=[batch.pk]))
    assert names() == []


def test_an_imported_batch_cannot_be_given_up(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1)))
    confirm(client, batch)
    client.post(reverse("ledgers:abandon", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.state == BatchState.IMPORTED


def test_what_nobody_confirmed_is_gone_after_a_week(
    client, secretary, django_capture_on_commit_callbacks
):
    old, young = (upload(client, workbook(row("周慧敏", 1))) for _ in range(2))
    for batch, days in ((old, 8), (young, 6)):
        created_at = timezone.now() - datetime.timedelta(days=days)
        ImportBatch.objects.filter(pk=batch.pk).update(created_at=created_at)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep()
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.state, young.state) == (BatchState.ABANDONED, BatchState.CHECKED)
    assert {kept.batch for kept in kept_files()} == {young}


# --- Walls ------------------------------------------------------------------------------


def walls(batch):
    return [
        ("get", reverse("ledgers:batch", args=[batch.pk])),
        ("post", reverse("ledgers:batch", args=[batch.pk])),
        ("post", reverse("ledgers:confirm", args=[batch.pk])),
        ("post", reverse("ledgers:abandon", args=[batch.pk])),
        ("get", reverse("ledgers:refused_rows", args=[batch.pk])),
    ]


def test_only_its_maker_finds_a_batch(client, secretary, branch):
    bad = row("施玉珍", 4)
    bad[4] = "1987.13.5"
    batch = upload(client, workbook(row("周慧敏", 1), bad))
    strangers = [
        make.make_user(Role.SECRETARY, make.make_branch()),
        make.make_user(Role.SECRETARY, branch),
        make.make_user(Role.COUNTY_OFFICER, branch.parent.parent),
    ]
    for user in strangers:
        client.force_login(user)
        for method, url in walls(batch):
            assert getattr(client, method)(url).status_code == 404, (method, url)
        assert batch.pk not in [
            line["url"] for line in client.get(reverse("ledgers:import")).context["batches"]
        ]
    client.logout()
    for method, url in walls(batch):
        assert getattr(client, method)(url).status_code == 302
    batch.refresh_from_db()
    assert (batch.state, names()) == (BatchState.CHECKED, [])


def test_whoever_lost_the_right_lost_the_batch(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1)))
    Grant.objects.filter(user=secretary).update(withdrawn_at=timezone.now())
    for method, url in walls(batch):
        assert getattr(client, method)(url).status_code == 404


def test_importing_needs_its_right(client, branch):
    client.force_login(make.make_user(Role.ORGANISER, branch))
    assert client.get(reverse("ledgers:import")).status_code == 403
    assert client.post(reverse("ledgers:import")).status_code == 403


def test_what_changes_something_is_a_post(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1)))
    for name in ("confirm", "abandon"):
        assert client.get(reverse(f"ledgers:{name}", args=[batch.pk])).status_code == 405


# --- Templates --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["org", "mem", "due", "mtg", "tsk"])
def test_a_template_is_recognised_as_its_ledger(client, secretary, kind):
    response = client.get(reverse("ledgers:template", args=[kind]))
    assert response.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    blank = SimpleUploadedFile("模板.xlsx", response.content)
    batch = upload(client, blank)
    (sheet,) = batch.sheets
    assert (sheet["ledger"] in sheet["sheet"], sheet["refused"], sheet["unknown_columns"]) == (
        True,
        0,
        [],
    )


def test_a_template_keeps_identity_numbers_as_text(client, secretary):
    response = client.get(reverse("ledgers:template", args=["mem"]))
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    headings = [cell.value for cell in sheet[1]]
    for heading in ("公民身份号码", "手机号码", "党支部编码"):
        letter = openpyxl.utils.get_column_letter(headings.index(heading) + 1)
        assert sheet.column_dimensions[letter].number_format == "@"


def test_an_unknown_template_is_not_found(client, secretary):
    assert client.get(reverse("ledgers:template", args=["xxx"])).status_code == 404


def test_a_count_that_fails_leaves_no_batch_behind(client, secretary, monkeypatch):
    def fail(content):
        raise MemoryError

    monkeypatch.setattr(batches, "rows_in", fail)
    with pytest.raises(MemoryError):
        upload(client, workbook(row("周慧敏", 1)))
    assert ImportBatch.objects.get().state == BatchState.ABANDONED


def test_keys_that_are_none_are_passed_over(client, secretary):
    batch = upload(client, workbook(row("周慧敏", 1)))
    answer = client.post(
        reverse("ledgers:confirm", args=[batch.pk]), {"shown": ["²", "9" * 30], "accept": ["²"]}
    )
    assert answer.status_code == 302
