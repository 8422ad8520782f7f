"""The pages of notices: who gets, who follows, who is kept out."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.roles import Role
from notices.models import Notice, NoticeKind, Receipt
from notices.services import Letter, confirm, mark_read, send_letters
from notices.words import lines_of
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
LIST, SENT, NEW = "/notices/", "/notices/sent/", "/notices/new/"
TITLE = "关于报送党员名册的通知"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def town():
    return factories.make_committee()


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部")


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, name="林守正")


@pytest.fixture
def officer(town):
    return factories.make_user(Role.COMMITTEE_OFFICER, town, name="宋佳宁")


def body(response):
    assert response.status_code == 200
    return response.content.decode()


# --- Received -----------------------------------------------------------------------------------


def test_the_list_shows_what_is_unread_first_and_counts_it(client, branch, secretary):
    read = factories.make_notice(branch, TODAY, title="已读的")
    mark_read([read], secretary)
    factories.make_notice(branch, datetime.date(2026, 3, 1), title="没读的", wants_receipt=True)
    client.force_login(secretary)
    response = client.get(LIST)
    assert [(row["title"], row["unread"]) for row in response.context["rows"]] == [
        ("没读的", True),
        ("已读的", False),
    ]
    assert [(chip["label"], chip["count"]) for chip in response.context["chips"]] == [
        ("未读", 1),
        ("待回执", 1),
        ("催办", 0),
        ("全部", 2),
    ]
    assert response.context["zb"]["notices"] == {"url": LIST, "count": 1}
    assert "发通知" not in body(response)
    [row] = client.get(LIST, {"show": "receipt"}).context["rows"]
    assert (row["title"], row["receipt"]) == ("没读的", {"kind": "run", "words": "待回执"})
    assert client.get(LIST, {"show": "reminder"}).context["rows"] == []


@pytest.mark.parametrize(
    ("receipt_by", "kind", "words"),
    [
        (datetime.date(2026, 3, 17), "late", "回执逾期 1 天"),
        (TODAY, "soon", "今天要回执"),
        (datetime.date(2026, 3, 19), "soon", "回执还剩 1 天"),
    ],
)
def test_a_receipt_is_late_from_the_day_after(client, branch, secretary, receipt_by, kind, words):
    sent_on = datetime.date(2026, 3, 1)
    factories.make_notice(branch, sent_on, wants_receipt=True, receipt_by=receipt_by)
    client.force_login(secretary)
    [row] = client.get(LIST).context["rows"]
    assert row["receipt"] == {"kind": kind, "words": words}


def test_the_list_needs_as_many_queries_for_three_as_for_one(client, branch, secretary):
    client.force_login(secretary)
    factories.make_notice(branch, TODAY, wants_receipt=True)
    one = count_of(lambda: client.get(LIST))
    for _ in range(2):
        factories.make_notice(branch, TODAY, wants_receipt=True)
    assert count_of(lambda: client.get(LIST)) == one


def test_opening_a_notice_marks_it_read_and_leads_on(client, branch, secretary):
    notice = factories.make_notice(branch, TODAY, text="先看办法\n台账 /tasks/", url="/tasks/")
    client.force_login(secretary)
    url = reverse("notices:detail", args=[notice.pk])
    client.head(url)
    assert not Receipt.objects.exists()
    page = client.get(url)
    assert Receipt.objects.get().user == secretary
    assert page.context["zb"]["notices"]["count"] == 0
    assert '<a href="/tasks/">台账</a>' in body(page)
    assert 'href="/tasks/">去办理' in body(page)


def test_everything_unread_can_be_marked_at_once(client, branch, secretary):
    for _ in range(2):
        factories.make_notice(branch, TODAY)
    client.force_login(secretary)
    assert client.post(reverse("notices:read_all")).status_code == 302
    assert Receipt.objects.filter(user=secretary).count() == 2


def test_a_receipt_is_given_with_a_word_or_without(client, branch, secretary):
    notice = factories.make_notice(branch, TODAY, wants_receipt=True)
    client.force_login(secretary)
    url = reverse("notices:detail", args=[notice.pk])
    assert ">报回执<" in body(client.get(url))
    confirm_url = reverse("notices:confirm", args=[notice.pk])
    long = client.post(confirm_url, {"reply": "字" * 301})
    assert "字" * 301 in body(long) and long.context["form"].errors
    client.post(confirm_url, {"reply": "已布置"})
    assert Receipt.objects.get().reply == "已布置"
    page = body(client.get(url))
    assert "已布置" in page and ">报回执<" not in page
    again = client.post(confirm_url, {"reply": "又报"}, follow=True)
    assert "林守正已在" in body(again)
    assert Receipt.objects.get().reply == "已布置"


def test_the_superior_looks_without_being_counted_and_cannot_confirm(client, branch, officer):
    notice = factories.make_notice(branch, TODAY, wants_receipt=True)
    client.force_login(officer)
    page = body(client.get(reverse("notices:detail", args=[notice.pk])))
    assert "看谁读了" in page and ">报回执<" not in page
    client.post(reverse("notices:confirm", args=[notice.pk]))
    assert not Receipt.objects.exists()
    assert client.get(LIST).context["rows"] == []
    [row] = client.get(reverse("notices:of", args=[branch.code])).context["rows"]
    assert (row["title"], row["unread"]) == (notice.title, True)


# --- Walls --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "where", "seen", "followed"),
    [
        (Role.SECRETARY, "branch", 200, 403),
        (Role.ORGANISER, "branch", 200, 403),
        (Role.GROUP_LEADER, "branch", 200, 403),
        (Role.SECRETARY, "neighbour", 404, 404),
        (Role.ORGANISER, "neighbour", 404, 404),
        (Role.COMMITTEE_OFFICER, "town", 200, 200),
        (Role.INSPECTOR, "town", 200, 403),
        (Role.COUNTY_OFFICER, "county", 200, 200),
        (Role.COMMITTEE_OFFICER, "other_town", 404, 404),
    ],
)
def test_who_sees_a_notice_and_who_follows_it(client, town, branch, role, where, seen, followed):
    notice = factories.make_notice(branch, TODAY)
    place = {
        "branch": lambda: branch,
        "neighbour": lambda: factories.make_branch(town),
        "town": lambda: town,
        "county": lambda: town.parent,
        "other_town": lambda: factories.make_committee(town.parent, "荻浦镇党委"),
    }[where]()
    client.force_login(factories.make_user(role, place))
    assert client.get(reverse("notices:detail", args=[notice.pk])).status_code == seen
    assert client.get(reverse("notices:of", args=[branch.code])).status_code == seen
    assert client.get(reverse("notices:sent_detail", args=[notice.pk])).status_code == followed
    assert client.get(reverse("notices:file", args=[notice.pk, 1])).status_code == 404


@pytest.mark.parametrize("name", ["chase", "withdraw"])
@pytest.mark.parametrize(
    ("role", "where", "status"),
    [
        (Role.SECRETARY, "branch", 403),
        (Role.COUNTY_OFFICER, "county", 403),
        (Role.COMMITTEE_OFFICER, "other_town", 404),
    ],
)
def test_only_who_sent_it_chases_and_takes_back(client, town, branch, name, role, where, status):
    notice = factories.make_notice(branch, TODAY, wants_receipt=True)
    place = {"branch": branch, "county": town.parent}.get(where) or factories.make_committee(
        town.parent, "荻浦镇党委"
    )
    client.force_login(factories.make_user(role, place))
    assert client.post(reverse(f"notices:{name}", args=[notice.pk])).status_code == status
    notice.refresh_from_db()
    assert notice.withdrawn_at is None and Notice.objects.count() == 1


def test_what_the_county_sent_is_followed_by_the_county_alone(client, town, branch, officer):
    notice = factories.make_notice(branch, TODAY, sender=town.parent)
    client.force_login(officer)
    assert client.get(reverse("notices:detail", args=[notice.pk])).status_code == 200
    assert client.get(reverse("notices:sent_detail", args=[notice.pk])).status_code == 404
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, town.parent))
    assert client.get(reverse("notices:sent_detail", args=[notice.pk])).status_code == 200


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER])
def test_a_branch_sends_nothing(client, branch, role):
    client.force_login(factories.make_user(role, branch))
    assert client.get(SENT).status_code == client.get(NEW).status_code == 403
    assert client.post(NEW, {"title": TITLE, "to": "branches"}).status_code == 403
    assert not Notice.objects.exists()


def test_an_account_without_rights_has_no_bell(client):
    client.force_login(factories.make_user())
    response = client.get(LIST)
    assert response.context["zb"]["notices"] is None
    assert client.get(NEW).status_code == client.get(SENT).status_code == 404


# --- Sent ---------------------------------------------------------------------------------------


def shown(response):
    """What a person would send by pressing 发出通知 after typing only a title."""
    form = response.context["form"]
    return {"to": form["to"].value(), "key": form["key"].value(), "title": TITLE}


def test_a_committee_sends_to_all_its_branches(client, town, branch, officer, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    other = factories.make_branch(town)
    factories.make_branch(town, dissolved_on=datetime.date(2026, 3, 1))
    factories.make_branch()
    client.force_login(officer)
    page = client.get(NEW)
    assert [(one["value"], one["count"]) for one in page.context["choices"]] == [
        ("branches", 2),
        ("chosen", None),
    ]
    sent = shown(page) | {"wants_receipt": "on", "receipt_by": "3.28", "text": "本周报送"}
    sent["files"] = SimpleUploadedFile("样表.pdf", b"%PDF-1.4 sample")
    answer = client.post(NEW, sent)
    notices = Notice.objects.order_by("pk")
    assert [one.organisation for one in notices] == [branch, other]
    first = notices[0]
    assert (first.sender, first.receipt_by, first.kind) == (
        town,
        datetime.date(2026, 3, 28),
        NoticeKind.ORDER,
    )
    assert answer["Location"] == reverse("notices:sent_detail", args=[first.pk])
    # The form pressed twice is one notice.
    again = client.post(NEW, sent | {"files": ""}, follow=True)
    assert "没有再发一次" in body(again)
    assert notices.count() == 2
    # Each recipient gets the file, the neighbour town does not.
    client.force_login(factories.make_user(Role.SECRETARY, other))
    detail = client.get(reverse("notices:detail", args=[notices[1].pk]))
    [file] = detail.context["files"]
    assert b"".join(client.get(file["url"]).streaming_content) == b"%PDF-1.4 sample"
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch()))
    assert client.get(file["url"]).status_code == 404


def test_the_county_sends_to_committees_or_to_chosen_ones(client, town, branch):
    other = factories.make_committee(town.parent, "荻浦镇党委")
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, town.parent))
    page = client.get(NEW)
    client.post(NEW, shown(page) | {"to": "committees"})
    assert {one.organisation for one in Notice.objects.all()} == {town, other}
    page = client.get(NEW, {"to": branch.code})
    assert page.context["form"]["to"].value() == "chosen"
    client.post(NEW, shown(page) | {"organisations": [branch.pk]})
    assert Notice.objects.latest("pk").organisation == branch


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": " "}, "请写通知的标题"),
        ({"to": "chosen"}, "请勾选收通知的组织"),
        ({"to": "branches", "organisations": ["own"]}, "请改选“选定的组织”"),
        ({"wants_receipt": "on", "receipt_by": "2026年3月17日"}, "早于今天"),
        ({"receipt_by": "3.28"}, "请同时勾选"),
    ],
)
def test_what_was_typed_stays_when_it_is_refused(client, branch, officer, changes, said):
    client.force_login(officer)
    if "organisations" in changes:
        changes = changes | {"organisations": [branch.pk]}
    response = client.post(NEW, shown(client.get(NEW)) | {"text": "本周报送"} | changes)
    assert said in body(response) and "本周报送" in body(response)
    assert not Notice.objects.exists()


def test_an_organisation_out_of_reach_is_not_sent_to(client, branch, officer):
    stranger = factories.make_branch()
    client.force_login(officer)
    sent = shown(client.get(NEW)) | {"to": "chosen", "organisations": [branch.pk, stranger.pk]}
    assert "不在下级里" in body(client.post(NEW, sent))
    assert not Notice.objects.exists()


def test_the_sender_sees_who_has_not_answered_and_chases_them(
    client, town, branch, officer, secretary
):
    factories.make_branch(town, "银杏路支部")
    client.force_login(officer)
    client.post(NEW, shown(client.get(NEW)) | {"wants_receipt": "on"})
    first = Notice.objects.get(organisation=branch)
    confirm(notice=first, user=secretary, reply="已布置")
    page = client.get(reverse("notices:sent_detail", args=[first.pk]))
    assert [(row["name"], row["words"][:5], row["reply"]) for row in page.context["rows"]] == [
        ("银杏路支部", "还没有回执", ""),
        (branch.short_name, page.context["rows"][1]["read"][:5], "已布置"),
    ]
    assert page.context["rows"][1]["words"].startswith("林守正，")
    assert [page.context[name] for name in ("total", "read", "confirmed", "missing")] == [
        *(2, 1, 1, 1)
    ]
    chase_url = page.context["chase_url"]
    assert "已催 1 个组织" in body(client.post(chase_url, follow=True))
    assert "今天都已催过" in body(client.post(chase_url, follow=True))
    assert Notice.objects.filter(kind=NoticeKind.REMINDER).count() == 1
    rows = client.get(SENT).context["rows"]
    assert [(row["kind_words"], row["to"], row["words"]) for row in rows] == [
        ("催办", "银杏路支部", "不要求回执"),
        ("上级通知", f"{branch.short_name}等 2 个", "回执 1/2"),
    ]
    client.post(page.context["withdraw_url"])
    after = client.get(reverse("notices:sent_detail", args=[first.pk]))
    assert (after.context["chase_url"], after.context["withdraw_url"]) == ("", "")
    assert "已撤回" in body(after)
    client.force_login(secretary)
    assert client.get(LIST).context["rows"] == []
    assert "已撤回" in body(client.get(reverse("notices:detail", args=[first.pk])))


def test_of_different_letters_the_sender_sees_which_went_to_whom(client, town, branch, officer):
    other = factories.make_branch(town, "银杏路支部")
    sent = send_letters(
        [Letter(one, f"催办：{one.name}的任务", f"{one.name}逾期") for one in (branch, other)],
        sender=town,
        kind=NoticeKind.REMINDER,
        on=TODAY,
        by=officer,
    )
    client.force_login(officer)
    text = body(client.get(reverse("notices:sent_detail", args=[sent[0].pk])))
    assert all(f"催办：{one.name}的任务" in text for one in (branch, other))
    assert "给各组织的内容不同" in text and f"{branch.name}逾期" not in text


def test_sent_lists_need_as_many_queries_for_three_as_for_one(client, town, branch, officer):
    client.force_login(officer)
    first = factories.make_notice(branch, TODAY, wants_receipt=True)
    mark_read([first], factories.make_user(Role.SECRETARY, branch))
    detail = reverse("notices:sent_detail", args=[first.pk])
    one = [count_of(lambda url=url: client.get(url)) for url in (SENT, detail)]
    for _ in range(2):
        user = factories.make_user(Role.SECRETARY, other := factories.make_branch(town))
        notice = factories.make_notice(other, TODAY, wants_receipt=True)
        Notice.objects.filter(pk=notice.pk).update(batch=first.batch)
        factories.make_notice(other, TODAY)
        mark_read([notice], user)
    assert [count_of(lambda url=url: client.get(url)) for url in (SENT, detail)] == one


# --- Words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words", "url"),
    [
        (
            "召开 2月支部委员会：逾期 18 天 /duties/7/",
            "召开 2月支部委员会：逾期 18 天",
            "/duties/7/",
        ),
        ("登记 /meetings/new/?branch=B1&x=2", "登记", "/meetings/new/?branch=B1&x=2"),
        ("见 //example.com/", "见 //example.com/", ""),
        ("见 https://example.com/", "见 https://example.com/", ""),
        ("和/或", "和/或", ""),
        ("/tasks/", "/tasks/", ""),
    ],
)
def test_only_an_own_address_at_the_end_of_a_line_is_a_link(line, words, url):
    assert lines_of(line) == [{"words": words, "url": url}]
