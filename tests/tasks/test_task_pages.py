"""The pages of one task: who may do which step, what each state offers, what is never lost."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from branches.models import Attachment
from notices.models import Notice
from tasks.enums import ExtensionState
from tasks.models import Extension, Task, TaskState
from tasks.services import extensions, ledger
from tasks.states import STARTS, Step
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 7, 8)
DUE = datetime.date(2026, 7, 31)
PDF = b"%PDF-1.7\n" + b"x" * 50

# URL name → (step, what is posted, roles that may).
REPORTER, CHECKERS = {"secretary"}, {"committee_officer", "county_officer"}
POSTED = {
    "start": (Step.START, {}, REPORTER),
    "progress": (Step.PROGRESS, {"text": "在办了", "percent": "40"}, REPORTER),
    "request_close": (Step.REQUEST, {"text": "办完了"}, REPORTER),
    "ask": (Step.ASK, {"due_on": "2026.9.30", "reason": "雨季"}, REPORTER),
    "close": (Step.CHECK, {"text": ""}, CHECKERS),
    "county_close": (Step.COUNTY_CHECK, {"text": ""}, {"county_officer"}),
    "return": (Step.RETURN, {"text": "差一项"}, CHECKERS),
    "reopen": (Step.REOPEN, {"due_on": "2026.9.30", "reason": "反弹"}, CHECKERS),
    "cancel": (Step.CANCEL, {"reason": "重复"}, CHECKERS),
    "extend": (Step.EXTEND, {"due_on": "2026.9.30", "reason": "雨季"}, CHECKERS),
    "remind": (Step.REMIND, {}, CHECKERS),
    "change": (
        Step.CHANGE,
        {
            "source": "督查反馈",
            "problem": "制度未上墙",
            "responsible_leader": "高承远",
            "responsible_unit": "支部",
            "responsible_person": "许桂兰",
            "version": "1",
        },
        CHECKERS,
    ),
}
# Those with a form on a page of their own.
OWN_PAGES = ("ask", "reopen", "cancel", "extend", "change")
ROLES = (
    "secretary",
    "organiser",
    "group_leader",
    "committee_officer",
    "county_officer",
    "inspector",
)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def users(branch, committee, county):
    at = {"committee_officer": committee, "county_officer": county, "inspector": committee}
    return {role: factories.make_user(role, at.get(role, branch)) for role in ROLES}


def in_state(branch, state, problem=None, **changes):
    closed_on = TODAY if state == TaskState.CLOSED else None
    return factories.make_task(
        branch, problem, state=state, closed_on=closed_on, due_on=DUE, **changes
    )


def act(name, task):
    return reverse(f"tasks:{name}", args=[task.pk])


def words(response):
    return response.content.decode()


# --- Rights ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_each_role_does_its_own_steps_and_no_others(client, branch, users, role):
    client.force_login(users[role])
    for name, (step, body, may) in POSTED.items():
        task = in_state(branch, STARTS[step][0])
        response = client.post(act(name, task), body)
        assert response.status_code == (302 if role in may else 403), name
        moved = Task.objects.get(pk=task.pk)
        assert (moved.version, moved.events.count()) == ((1, 1) if role not in may else (
            moved.version, moved.events.count()
        )), name  # fmt: skip
        if name in OWN_PAGES:
            shown = client.get(act(name, in_state(branch, STARTS[step][0])))
            assert shown.status_code == (200 if role in may else 403), name
    page = client.get(act("detail", in_state(branch, TaskState.WORKING)))
    assert page.status_code == 200


def test_a_stranger_finds_no_page_of_a_task(client, branch, committee):
    client.force_login(factories.make_user("secretary", factories.make_branch(committee)))
    task = in_state(branch, TaskState.WORKING)
    extension = factories.make_extension(task, datetime.date(2026, 9, 30))
    for name, (_step, body, _may) in POSTED.items():
        assert client.post(act(name, task), body).status_code == 404
        if name in OWN_PAGES:
            assert client.get(act(name, task)).status_code == 404
    for name in ("grant", "refuse"):
        body = {"extension": extension.pk, "answer": "好"}
        assert client.post(act(name, task), body).status_code == 404
    assert client.get(act("detail", task)).status_code == 404
    assert client.get(reverse("tasks:file_replace", args=[task.pk, 1])).status_code == 404
    code = branch.code
    assert client.get(reverse("tasks:new"), {"organisation": code}).status_code == 404


# --- Forbidden steps -----------------------------------------------------------------------------


def test_every_forbidden_step_is_refused_with_its_reason_by_address(client, branch, users):
    for name, (step, body, may) in POSTED.items():
        client.force_login(users["county_officer" if "county_officer" in may else "secretary"])
        for state in TaskState:
            if state in STARTS[step]:
                continue
            task = in_state(branch, state)
            said = words(client.post(act(name, task), body, follow=True))
            assert f"这项任务现在是“{state.label}”，不能" in said, (name, state)
            if name in OWN_PAGES:
                shown = words(client.get(act(name, task), follow=True))
                assert f"现在是“{state.label}”" in shown, (name, state)
            kept = Task.objects.get(pk=task.pk)
            assert (kept.state, kept.version, kept.events.count()) == (state, 1, 1)


def test_what_was_typed_stays_when_somebody_else_was_faster(client, branch, users):
    task = in_state(branch, TaskState.REVIEW)
    client.force_login(users["committee_officer"])
    assert "通过，销号" in words(client.get(act("detail", task)))
    ledger.close_task(task=task, by=users["county_officer"], on=TODAY)
    page = words(client.post(act("return", task), {"text": "签到表缺三人"}))
    assert "现在是“已销号”" in page
    assert "签到表缺三人" in page
    assert "重新挂账" in page


def test_what_was_typed_stays_when_a_form_is_refused(client, branch, users):
    task = in_state(branch, TaskState.WORKING)
    client.force_login(users["secretary"])
    upload = SimpleUploadedFile("照片.pdf", PDF)
    page = words(
        client.post(act("request_close", task), {"text": "都办完了", "attachments": [upload]})
    )
    assert "附件要填材料日期" in page
    assert "都办完了" in page
    assert Task.objects.get().state == TaskState.WORKING
    page = words(client.post(act("ask", task), {"due_on": "2026.7.1", "reason": "雨季施工"}))
    assert "新时限要晚于现在的时限2026年7月31日" in page
    assert page.count("上级同意后时限才改") == 1
    assert "雨季施工" in page


# --- What the page shows ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "role", "shown", "hidden"),
    [
        ("pending", "secretary", ["保存进展", "申请销号", "开始整改", "申请延期"], ["通过，"]),
        ("working", "secretary", ["保存进展", "申请延期"], ["开始整改</button>", "撤销任务"]),
        ("review", "secretary", ["等镇街核查"], ["保存进展", "通过，销号"]),
        ("working", "committee_officer", ["催办", "延期", "变更任务", "撤销任务"], ["保存进展"]),
        ("review", "committee_officer", ["通过，销号", "退回整改"], ["催办</button>"]),
        ("closed", "committee_officer", ["重新挂账"], ["撤销任务", "通过，销号"]),
        ("county_review", "committee_officer", ["等县委组织部核查"], ["通过，销号", "退回整改"]),
        ("county_review", "county_officer", ["通过，销号", "退回整改"], []),
        ("review", "inspector", ["等镇街核查"], ["退回整改", "撤销任务"]),
        ("working", "organiser", ["整改中"], ["保存进展", "撤销任务", "申请延期"]),
    ],
)
def test_the_page_offers_what_fits_reader_and_state(
    client, branch, users, state, role, shown, hidden
):
    client.force_login(users[role])
    page = words(client.get(act("detail", in_state(branch, state))))
    assert [text for text in shown if text not in page] == []
    assert [text for text in hidden if text in page] == []


def test_a_task_for_the_county_says_where_a_check_leads(client, branch, users):
    task = in_state(branch, TaskState.REVIEW, by_county=True)
    client.force_login(users["committee_officer"])
    assert "通过，报县级核查" in words(client.get(act("detail", task)))
    client.force_login(users["county_officer"])
    page = client.get(act("detail", task))
    assert "报上来后再做县级核查" in words(page)
    assert page.context["review_form"]["url"] == ""
    assert [step["name"] for step in page.context["steps"]] == [
        *("挂账", "整改", "申请销号", "镇街核查", "县级核查", "销号")
    ]


def test_evidence_shows_its_own_day_that_it_came_late_and_its_older_versions(client, branch, users):
    task = in_state(branch, TaskState.WORKING, opened_on=datetime.date(2026, 6, 1))
    client.force_login(users["secretary"])
    client.post(
        act("progress", task),
        {
            "text": "补齐六月的签到表",
            "percent": "50",
            "attachments": [SimpleUploadedFile("签到表.pdf", PDF)],
            "dated_on": "6.30",
        },
    )
    file = Attachment.objects.get()
    # The database stamps the real day of the test; the page is of 8 July.
    Attachment.objects.update(uploaded_at=datetime.datetime(2026, 7, 8, 4, tzinfo=datetime.UTC))
    page = client.get(act("detail", task))
    (row,) = page.context["files"]
    assert (row["dated_text"], row["uploaded_text"]) == ("材料日期 6月30日", "7月8日补传")
    assert row["digest"] == file.sha256[:12]
    months = {one["month"]: one for one in page.context["months"]}
    assert (months["2026年6月"]["papers"], months["2026年6月"]["percent"]) == (1, 0)
    assert (months["2026年7月"]["papers"], months["2026年7月"]["percent"]) == (0, 50)
    assert months["2026年7月"]["texts"] == ["补齐六月的签到表"]
    url = reverse("tasks:file_replace", args=[task.pk, file.pk])
    newer = SimpleUploadedFile("签到表（补签）.pdf", PDF + b"y")
    assert client.get(url).status_code == 200
    assert client.post(url, {"upload": [newer], "dated_on": "6.30"}).status_code == 302
    (row,) = client.get(act("detail", task)).context["files"]
    assert row["name"] == "签到表（补签）.pdf"
    assert [old["name"] for old in row["older"]] == ["签到表.pdf"]


def test_the_time_line_holds_all_that_happened_the_newest_first(client, branch, users):
    task = in_state(branch, TaskState.PENDING)
    client.force_login(users["secretary"])
    client.post(act("start", task))
    client.post(act("progress", task), {"text": "在办", "percent": "30"})
    client.post(act("request_close", task), {"text": "办完"})
    client.force_login(users["committee_officer"])
    body = POSTED["change"][1] | {"version": Task.objects.get().version}
    client.post(act("change", task), body)
    client.post(act("return", task), {"text": "缺一项"})
    client.post(act("remind", task))
    page = client.get(act("detail", task))
    assert [entry["kind"] for entry in page.context["entries"]] == [
        *("催办", "退回整改", "变更任务", "申请销号", "填写进展", "开始整改", "挂账")
    ]
    assert page.context["task"]["reminded"] == "已催办 1 次，最近 7月8日"
    assert "责任人由“林守正”改为“许桂兰”" in words(page)
    again = words(client.post(act("remind", task), follow=True))
    assert "今天已经催办过" in again
    assert Notice.objects.get().organisation == branch


def test_a_request_for_time_is_answered_on_the_page_and_the_first_deadline_struck_through(
    client, branch, users
):
    task = in_state(branch, TaskState.WORKING)
    client.force_login(users["secretary"])
    client.post(act("ask", task), {"due_on": "2026.9.30", "reason": "雨季不能施工"})
    assert "待批复" in words(client.get(act("detail", task)))
    client.force_login(users["committee_officer"])
    page = client.get(act("detail", task))
    key = page.context["answer_form"]["form"].initial["extension"]
    said = words(client.post(act("refuse", task), {"extension": key, "answer": ""}))
    assert "不同意要写明理由" in said
    client.post(act("grant", task), {"extension": key, "answer": "同意"})
    shown = client.get(act("detail", task)).context["task"]
    assert (shown["due_text"], shown["first_due_text"]) == ("2026年9月30日", "2026年7月31日")
    late = words(client.post(act("refuse", task), {"extension": key, "answer": "不行了"}))
    assert "已经批复（同意）" in late
    assert "不行了" in late
    assert Extension.objects.get().state == ExtensionState.GRANTED


def test_the_request_of_another_task_is_not_answered_here(client, branch, users):
    task, other = in_state(branch, "working"), in_state(branch, "working")
    key = factories.make_extension(other, datetime.date(2026, 9, 30)).pk
    client.force_login(users["committee_officer"])
    said = words(client.post(act("grant", task), {"extension": key}))
    assert "不在这项任务里" in said
    assert Extension.objects.get().state == ExtensionState.ASKED


def test_a_change_made_beside_another_keeps_what_was_typed(client, branch, users):
    task = in_state(branch, TaskState.WORKING)
    client.force_login(users["committee_officer"])
    shown = client.get(act("change", task))
    version = shown.context["form"].initial["version"]
    extensions.extend_task(
        task=task, due_on=datetime.date(2026, 9, 30), reason="雨季", by=None, on=TODAY
    )
    body = POSTED["change"][1] | {"version": version}
    refused = client.post(act("change", task), body)
    assert "刚被别人改过" in words(refused)
    assert refused.context["form"]["responsible_person"].value() == "许桂兰"
    newer = refused.context["form"]["version"].value()
    client.post(act("change", task), body | {"version": newer})
    assert Task.objects.get().responsible_person == "许桂兰"


def test_the_page_takes_as_many_queries_for_much_as_for_little(client, branch, users):
    task = in_state(branch, TaskState.WORKING)
    client.force_login(users["committee_officer"])

    def load(count):
        for number in range(count):
            ledger.report_progress(
                task=task, text="在办", progress=10, by=users["secretary"], on=TODAY,
                uploads=[SimpleUploadedFile(f"{number}.pdf", PDF + str(task.version).encode())],
                dates=[TODAY],
            )  # fmt: skip
            factories.make_extension(
                task, DUE, state="refused", answered_by=users["county_officer"]
            )

    load(1)
    one = count_of(lambda: client.get(act("detail", task)))
    load(3)
    assert count_of(lambda: client.get(act("detail", task))) == one


# --- A committee's own task ----------------------------------------------------------------------


def test_a_committees_own_task_is_reported_by_itself_and_checked_above(client, committee, users):
    task = in_state(committee, TaskState.WORKING)
    client.force_login(users["committee_officer"])
    assert client.post(act("request_close", task), {"text": "已办"}).status_code == 302
    assert client.post(act("close", task), {"text": ""}).status_code == 403
    client.force_login(users["county_officer"])
    assert client.post(act("close", task), {"text": ""}).status_code == 302
    assert Task.objects.get().state == TaskState.CLOSED
