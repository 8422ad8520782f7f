"""公示 on screen and on paper: who may, who may look, the neighbour, nobody."""

import datetime

import pytest
from django.urls import reverse

from dues.models import Publication
from dues.values import PUBLISH_EVERY
from tests import factories
from tests.compliance.verdicts import county_value
from tests.queries import count_of

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
TODAY = datetime.date(2026, 4, 1)
PAGE, POST, PAPER = (f"/dues/publication/{tail}" for tail in ("", "post/", "paper/"))
TYPED = {
    "period": "2026-Q1", "posted_on": "4.1", "posted_until": "4.7",
    "person": "支部组织委员", "phone": "内线 6118",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    branch = factories.make_branch(name="上荻村党支部")
    charged(branch, "许文桥")
    return branch


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def signed_in(client, secretary):
    client.force_login(secretary)
    return client


def charged(branch, name=None, paid=True):
    member = factories.make_member(branch, name, id_number="110101199003077571" if name else None)
    factories.make_approved_amount(member, "20.00")
    for month in (JANUARY, FEBRUARY, MARCH):
        factories.make_charge(member, month)
        if paid:
            factories.make_payment(member, month, paid_on=month)
    return member


# --- The page -------------------------------------------------------------------------------


def test_the_form_is_filled_in(signed_in):
    page = signed_in.get(PAGE).context
    assert page["period"] == "2026-Q1"
    form = page["form"]
    assert [form[name].value() for name in ("posted_on", "posted_until", "person", "phone")] == [
        "2026年4月1日", "2026年4月7日", "支部组织委员", "",
    ]  # fmt: skip
    assert page["mark"] == {"kind": "soon", "text": "未公示"}


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ({"period": "2026-H1"}, "2026-H1"),
        ({"period": "2026"}, "2026"),
        ({"source": "duty:dues.published:2025-Q4"}, "2025-Q4"),
        ({"source": "duty:meetings.plan:2026-03"}, "2026-Q1"),
    ],
)
def test_the_period_is_the_one_asked_for(signed_in, query, period):
    assert signed_in.get(PAGE, query).context["period"] == period


def test_the_duty_of_a_half_year_leads_to_the_half_year(signed_in):
    county_value(PUBLISH_EVERY, 6, datetime.date(2025, 1, 1))
    page = signed_in.get(PAGE, {"source": "duty:dues.published:2025-Q4"})
    assert page.context["period"] == "2025-H2"


@pytest.mark.parametrize("period", ["2026-03", "2026-Q5", "x", "2026-H3"])
def test_another_period_is_not_found(signed_in, period):
    assert signed_in.get(PAGE, {"period": period}).status_code == 404


def test_it_is_marked_as_posted_and_listed(signed_in, branch):
    answer = signed_in.post(POST, TYPED)
    assert answer.status_code == 302
    publication = Publication.objects.get()
    assert (publication.posted_on, str(publication.amount)) == (TODAY, "60.00")
    page = signed_in.get(answer.url).context
    assert page["mark"] == {"kind": "done", "text": "2026年4月1日已公示"}
    assert [one["label"] for one in page["earlier"]] == ["2026年一季度"]
    assert (page["changed"], "posted_anew" in page["form"].fields) == (False, False)


def test_a_refused_form_keeps_what_was_typed(signed_in):
    page = signed_in.post(POST, TYPED | {"posted_on": "4.2"})
    assert page.status_code == 200
    assert "还没有到" in page.context["form"].errors["posted_on"][0]
    assert page.context["form"]["phone"].value() == "内线 6118"
    assert not Publication.objects.exists()


def test_figures_that_changed_since_are_warned_of_and_posted_anew(signed_in, branch):
    signed_in.post(POST, TYPED)
    charged(branch)
    page = signed_in.get(PAGE, {"period": "2026-Q1"})
    assert page.context["changed"]
    assert "公示的是 1 人、¥60.00，现在是 2 人、¥120.00" in page.content.decode()
    signed_in.post(POST, TYPED | {"posted_anew": "on"})
    assert str(Publication.objects.get().amount) == "120.00"
    assert not signed_in.get(PAGE, {"period": "2026-Q1"}).context["changed"]


def test_the_branch_takes_it_back_with_a_reason(signed_in):
    signed_in.post(POST, TYPED)
    back = reverse("dues:publication_take_back")
    page = signed_in.post(back, {"period": "2026-Q1", "reason": ""})
    assert page.context["take_back_form"].errors["reason"] == ["请写明原因"]
    signed_in.post(back, {"period": "2026-Q1", "reason": "还没张贴"})
    assert not Publication.objects.exists()
    assert signed_in.post(back, {"period": "2026-Q1", "reason": "再撤"}).status_code == 404


# --- Paper ----------------------------------------------------------------------------------


def test_the_paper_has_the_days_and_the_contact_of_the_form(signed_in):
    typed = TYPED | {"posted_on": "4.3", "posted_until": "4.9"}
    text = signed_in.post(PAPER, typed).content.decode()
    assert "2026年第一季度党费收缴情况公示" in text
    assert "公示期为 2026年4月3日至4月9日。" in text
    assert "请向支部组织委员反映，电话：内线 6118。" in text
    assert "<p>2026年4月3日</p>" in text
    assert "合计（1人）" in text
    assert "第 1 页 共 1 页" in text
    assert "paper.js" in text
    assert not Publication.objects.exists()


def test_the_paper_has_no_number_phone_income_or_category(signed_in, branch, secretary):
    member = branch.members.get()
    secrets = (member.id_number, member.id_number_mask, "13600003471", member.phone_mask)
    assert all(secrets)
    for page in (signed_in.get(PAPER), signed_in.post(PAPER, TYPED)):
        text = page.content.decode()
        assert "许文桥" in text
        for secret in secrets:
            assert secret not in text
        for word in ("农民", "基数", "缴费类别", f"打印：{secretary}"):
            assert word not in text


def test_opened_by_itself_the_paper_has_the_stored_days(signed_in):
    signed_in.post(POST, TYPED | {"posted_until": "4.10"})
    text = signed_in.get(PAPER, {"period": "2026-Q1"}).content.decode()
    assert "公示期为 2026年4月1日至4月10日。" in text
    assert "paper.js" not in text


def test_a_form_that_cannot_be_printed_is_shown_again(signed_in):
    page = signed_in.post(PAPER, TYPED | {"posted_until": "3.1"})
    assert page.context["form"].errors["posted_until"] == ["公示结束日期不能早于开始日期"]
    assert page.templates[0].name == "dues/publication.html"


def test_many_members_stand_on_several_sheets(signed_in, branch):
    for _ in range(59):
        charged(branch)
    page = signed_in.get(PAPER, {"period": "2026-Q1"})
    assert [len(sheet) for sheet in page.context["sheets"]] == [26, 31, 3]
    text = page.content.decode()
    assert [text.count(f"第 {number} 页 共 3 页") for number in (1, 2, 3)] == [1, 1, 1]
    assert text.count("（盖章）") == 1


# --- Who ------------------------------------------------------------------------------------


def test_an_organiser_may_post(client, branch):
    client.force_login(factories.make_user("organiser", branch))
    assert client.post(POST, TYPED).status_code == 302


@pytest.mark.parametrize(
    "role", ["group_leader", "committee_officer", "county_officer", "inspector"]
)
def test_who_may_only_look_prints_and_does_not_post(client, branch, role):
    where = {"group_leader": branch, "county_officer": branch.parent.parent}
    client.force_login(factories.make_user(role, where.get(role, branch.parent)))
    page = client.get(PAGE, {"branch": branch.code})
    assert page.context["form"] is None
    assert "打印公示表" in page.content.decode()
    assert client.get(PAPER, {"branch": branch.code}).status_code == 200
    assert client.post(POST, TYPED | {"branch": branch.code}).status_code == 403
    back = reverse("dues:publication_take_back")
    assert client.post(back, TYPED | {"branch": branch.code, "reason": "x"}).status_code == 403


def test_the_neighbour_finds_nothing(client, branch):
    neighbour = factories.make_branch(branch.parent)
    client.force_login(factories.make_user("secretary", neighbour))
    for address in (PAGE, PAPER):
        assert client.get(address, {"branch": branch.code}).status_code == 404
    for address in (POST, PAPER, reverse("dues:publication_take_back")):
        assert client.post(address, TYPED | {"branch": branch.code}).status_code == 404


def test_nobody_is_sent_to_log_in(client):
    for address in (PAGE, PAPER, POST):
        assert client.get(address).url.startswith("/login/")


# --- Overseers ------------------------------------------------------------------------------


def test_the_superior_sees_who_has_posted_with_the_missing_first(client, branch):
    posted = factories.make_branch(branch.parent, code="0-A")
    charged(posted)
    factories.make_publication(posted, "2026-Q1", TODAY)
    factories.make_branch(branch.parent, "没有党费的支部")
    client.force_login(factories.make_user("committee_officer", branch.parent))
    page = client.get(PAGE, {"branch": branch.parent.code, "period": "2026-Q1"}).context
    assert [(row["name"], row["words"], row["posted"]) for row in page["rows"]] == [
        (branch.short_name, "未公示", ""),
        (posted.short_name, "已公示", "2026年4月1日"),
    ]
    assert [chip["count"] for chip in page["chips"]] == [1, 1]
    (row,) = client.get(PAGE, {"period": "2026-Q1", "state": "posted"}).context["rows"]
    assert row["name"] == posted.short_name


@pytest.mark.parametrize(
    ("day", "period", "kind", "words"),
    [
        (datetime.date(2026, 3, 31), "2026-Q1", "run", "收缴中"),
        (datetime.date(2026, 4, 7), "2026-Q1", "soon", "未公示"),
        (datetime.date(2026, 4, 8), "2026-Q1", "late", "未公示"),
        (datetime.date(2026, 7, 8), "2026-H1", "todo", "未公示"),
    ],
)
def test_superior_and_branch_read_the_same_mark(
    client, secretary, branch, settings, day, period, kind, words
):
    settings.TODAY_OVERRIDE = day
    client.force_login(factories.make_user("committee_officer", branch.parent))
    query = {"branch": branch.parent.code, "period": period}
    (row,) = client.get(PAGE, query).context["rows"]
    assert (row["kind"], row["words"]) == (kind, words)
    client.force_login(secretary)
    assert client.get(PAGE, {"period": period}).context["mark"] == {"kind": kind, "text": words}


def test_sheets_of_quarters_post_their_half_year(signed_in, branch):
    factories.make_publication(branch, "2026-Q1", TODAY)
    page = signed_in.get(PAGE, {"period": "2026-H1"}).context
    assert page["mark"] == {"kind": "run", "text": "收缴中"}
    factories.make_publication(branch, "2026-Q2", datetime.date(2026, 7, 2))
    page = signed_in.get(PAGE, {"period": "2026-H1"}).context
    assert page["mark"] == {"kind": "done", "text": "2026年7月2日已公示"}


def test_the_list_is_paged_and_keeps_its_filters(client, branch):
    for _ in range(51):
        factories.make_charge(factories.make_member(factories.make_branch(branch.parent)), JANUARY)
    client.force_login(factories.make_user("committee_officer", branch.parent))
    page = client.get(PAGE, {"period": "2026-Q1", "state": "missing", "page": 2})
    assert len(page.context["rows"]) == 2
    assert "period=2026-Q1&amp;state=missing&amp;page=1" in page.content.decode()


def test_as_many_queries_for_three_branches_as_for_one(client, branch):
    client.force_login(factories.make_user("committee_officer", branch.parent))
    one = count_of(lambda: client.get(PAGE, {"branch": branch.parent.code}))
    for _ in range(2):
        charged(factories.make_branch(branch.parent))
    assert count_of(lambda: client.get(PAGE, {"branch": branch.parent.code})) == one
