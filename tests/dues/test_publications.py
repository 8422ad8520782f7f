"""What a branch posts of its dues, and the services that say so."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from branches.paper import name_on_paper
from branches.periods import period_named
from dues import publishing
from dues.grid import Grid
from dues.models import Publication
from dues.publishing import Line, Posting
from dues.services import Refused, publications
from dues.words import money
from tests import factories
from tests.compliance.verdicts import county_value
from tests.queries import count_of

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
Q1, H1, YEAR = (period_named(text) for text in ("2026-Q1", "2026-H1", "2026"))
TODAY = datetime.date(2026, 4, 1)


@pytest.fixture
def branch():
    return factories.make_branch(name="中共望春社区第一支部委员会")


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


def charged(
    branch, name=None, amount="20.00", months=(JANUARY, FEBRUARY, MARCH), paid=None, **more
):
    member = factories.make_member(branch, name, **more)
    for month in months:
        factories.make_charge(member, month, amount)
    for month in months if paid is None else paid:
        factories.make_payment(member, month, amount, paid_on=month)
    return member


def post(branch, by, period=Q1, first=TODAY, last=datetime.date(2026, 4, 7), **more):
    facts = {"person": "支部组织委员", "phone": "内线 6118", "today": TODAY} | more
    return publications.mark_posted(
        organisation=branch, period=period, posted_on=first, posted_until=last, by=by, **facts
    )


# --- The rows -------------------------------------------------------------------------------


def test_each_sum_is_that_of_the_grid(branch):
    charged(branch, "林守正", "48.00")
    charged(branch, "周慧敏", "42.00", paid=(JANUARY,))
    charged(
        branch, "卢嘉禾", "36.00", months=(FEBRUARY, MARCH), starts_on=datetime.date(2026, 2, 9)
    )
    posting, grid = Posting(branch, Q1, TODAY), Grid(branch, Q1, TODAY)
    assert posting.lines == [
        Line(1, "林守正", ["48.00", "48.00", "48.00"], "144.00"),
        Line(2, "周慧敏", ["42.00", "0.00", "0.00"], "42.00"),
        Line(3, "卢嘉禾", ["—", "36.00", "36.00"], "72.00"),
    ]
    assert posting.totals == [money(grid.paid_in(month)) for month in grid.months]
    assert posting.totals == ["90.00", "84.00", "84.00"]
    assert (posting.amount, posting.member_count) == (Decimal("258.00"), 3)
    assert [label for label, _months in posting.columns] == ["1月", "2月", "3月"]


def test_who_left_in_mid_quarter_has_a_dash_afterwards(branch):
    charged(branch, "施玉珍", "20.00", months=(JANUARY,), ends_on=datetime.date(2026, 1, 20))
    (line,) = Posting(branch, Q1, TODAY).lines
    assert line.cells == ["20.00", "—", "—"]


def test_a_month_to_come_is_a_dash_and_no_debt(branch):
    charged(branch, months=(JANUARY,))
    factories.make_approved_amount(branch.members.get(), "20.00")
    posting = Posting(branch, Q1, datetime.date(2026, 2, 3))
    assert posting.lines[0].cells == ["20.00", "0.00", "—"]
    assert posting.totals == ["20.00", "0.00", "—"]


def test_a_corrected_sum_is_posted_as_it_stands(branch):
    member = charged(branch, paid=(JANUARY,), months=(JANUARY,))
    wrong = member.payments.get()
    factories.make_payment(member, JANUARY, "-20.00", reverses=wrong)
    factories.make_payment(member, JANUARY, "18.50")
    posting = Posting(branch, Q1, TODAY)
    assert posting.lines[0].cells[0] == "18.50"
    assert posting.amount == Decimal("18.50")


def test_a_half_year_has_six_months_and_a_year_four_quarters(branch):
    charged(branch)
    half, year = Posting(branch, H1, TODAY), Posting(branch, YEAR, TODAY)
    assert [label for label, _ in half.columns] == ["1月", "2月", "3月", "4月", "5月", "6月"]
    assert half.small and not year.small
    assert [label for label, _ in year.columns] == ["一季度", "二季度", "三季度", "四季度"]
    assert year.lines[0].cells == ["60.00", "—", "—", "—"]


def test_a_half_year_of_large_sums_has_two_quarters(branch):
    charged(branch, amount="10000.00", months=(JANUARY,))
    assert [label for label, _ in Posting(branch, H1, TODAY).columns] == ["一季度", "二季度"]


@pytest.mark.parametrize(
    ("count", "sheets"),
    [
        (0, [0]), (1, [1]), (23, [23]), (26, [26]), (27, [24, 3]), (29, [26, 3]), (58, [26, 32]),
        (59, [26, 30, 3]), (60, [26, 31, 3]), (90, [26, 32, 32]),
    ],
)  # fmt: skip
def test_the_signature_stays_with_three_rows_at_least(branch, count, sheets):
    posting = Posting(branch, Q1, TODAY)
    posting.lines = list(range(count))
    split = posting.sheets()
    assert [len(sheet) for sheet in split] == sheets
    assert [line for sheet in split for line in sheet] == posting.lines


def test_as_many_queries_for_three_members_as_for_one(branch):
    charged(branch)
    one = count_of(lambda: Posting(branch, Q1, TODAY))
    charged(branch)
    charged(branch)
    assert count_of(lambda: Posting(branch, Q1, TODAY)) == one


# --- Periods, days and words ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("quarter", "every", "asked"),
    [
        ("2026-Q1", 3, "2026-Q1"), ("2026-Q4", 3, "2026-Q4"), ("2026-Q1", 6, None),
        ("2026-Q2", 6, "2026-H1"), ("2026-Q3", 6, None), ("2026-Q4", 6, "2026-H2"),
        ("2026-Q2", 12, None), ("2026-Q4", 12, "2026"),
    ],
)  # fmt: skip
def test_the_county_says_what_is_posted_after_a_quarter(quarter, every, asked):
    found = publishing.asked_period(period_named(quarter), every)
    assert (found and str(found)) == asked


def test_the_days_are_those_of_the_county_from_the_first_of_the_next_month():
    assert publishing.usual_days(Q1, datetime.date(2026, 3, 18)) == (
        datetime.date(2026, 4, 1), datetime.date(2026, 4, 7),
    )  # fmt: skip
    assert publishing.usual_days(Q1, datetime.date(2026, 4, 3))[0] == datetime.date(2026, 4, 3)
    assert publishing.usual_days(YEAR, datetime.date(2026, 12, 31)) == (
        datetime.date(2027, 1, 1), datetime.date(2027, 1, 7),
    )  # fmt: skip
    county_value(publishing.PUBLICITY_DAYS, 5, datetime.date(2026, 1, 1))
    assert publishing.usual_days(Q1, TODAY)[1] == datetime.date(2026, 4, 5)


def test_what_is_posted_next_is_the_last_period_or_the_running_one(branch, secretary):
    charged(branch)
    assert str(publishing.usual_period(branch, TODAY)) == "2026-Q1"
    post(branch, secretary)
    assert str(publishing.usual_period(branch, TODAY)) == "2026-Q2"


def test_the_contact_is_carried_forward(branch, secretary):
    charged(branch)
    assert publishing.last_contact(branch) == ("支部组织委员", "")
    post(branch, secretary)
    assert publishing.last_contact(branch) == ("支部组织委员", "内线 6118")
    Publication.objects.update(contact="周慧敏")
    assert publishing.last_contact(branch) == ("周慧敏", "")


def test_the_words_on_paper():
    first, last = TODAY, datetime.date(2026, 4, 7)
    assert publishing.title_of(Q1) == "2026年第一季度党费收缴情况公示"
    assert publishing.title_of(H1) == "2026年上半年党费收缴情况公示"
    assert publishing.title_of(YEAR) == "2026年度党费收缴情况公示"
    assert publishing.opening_sentence(Q1, first, last, "支部组织委员", "内线 6118") == (
        "现将本支部 2026年1月至3月党费收缴情况公示如下。公示期为 2026年4月1日至4月7日。"
        "如有异议，请向支部组织委员反映，电话：内线 6118。"
    )
    over_new_year = publishing.opening_sentence(
        YEAR, datetime.date(2026, 12, 31), datetime.date(2027, 1, 6), "林守正", ""
    )
    assert "公示期为 2026年12月31日至2027年1月6日。" in over_new_year
    assert "请向林守正反映，电话：＿＿＿＿＿＿＿＿。" in over_new_year


def test_a_branch_with_a_committee_signs_for_it(branch):
    assert publishing.signature(branch, TODAY) == "中共望春社区第一支部"
    factories.make_members(branch, 7)
    assert publishing.signature(branch, TODAY) == "中共望春社区第一支部委员会"


def test_the_name_on_paper_is_in_full(branch):
    assert name_on_paper(branch) == "柳汀街道望春社区第一党支部"
    office = factories.make_branch(factories.make_committee(name="中共云溪县直属机关工作委员会"))
    assert name_on_paper(office) == office.short_name


# --- Marking as posted ----------------------------------------------------------------------


def test_a_posted_sheet_is_stored_with_its_figures_and_a_line(branch, secretary):
    charged(branch, amount="48.00")
    publication = post(branch, secretary)
    assert (publication.period, publication.starts_on, publication.ends_on) == (
        "2026-Q1", JANUARY, datetime.date(2026, 3, 31),
    )  # fmt: skip
    assert (publication.member_count, publication.amount) == (1, Decimal("144.00"))
    assert publication.contact == "支部组织委员，电话：内线 6118"
    line = TrailLine.objects.get(action="标为已公示")
    assert line.after["金额"] == "144.00"
    assert line.after["公示期"] == "2026年4月1日至2026年4月7日"
    changed = Changed.objects.get(area="dues")
    assert (changed.from_on, changed.to_on) == (JANUARY, datetime.date(2026, 12, 31))


@pytest.mark.parametrize(
    ("facts", "field", "says"),
    [
        ({"first": datetime.date(2026, 4, 2)}, "posted_on", "还没有到"),
        ({"first": datetime.date(2026, 2, 28)}, "posted_on", "最后一个月以前"),
        ({"last": datetime.date(2026, 3, 31)}, "posted_until", "不能早于"),
        ({"person": " "}, "person", "向谁反映"),
        ({"period": period_named("2026-Q2")}, None, "还没有到最后一个月"),
        ({"period": period_named("2026-03")}, None, "按季度、半年或全年"),
        ({"period": period_named("2025-Q1")}, None, "没有应缴也没有实缴"),
    ],
)
def test_what_cannot_be_posted_is_refused(branch, secretary, facts, field, says):
    charged(branch, joined_on=JANUARY)
    with pytest.raises(Refused, match=says) as refused:
        post(branch, secretary, **facts)
    assert refused.value.field == field
    assert not Publication.objects.exists()


def test_in_the_last_month_of_a_period_it_may_be_posted(branch, secretary):
    charged(branch)
    day = datetime.date(2026, 3, 31)
    assert post(branch, secretary, first=day, today=day).posted_on == day


def test_a_period_is_posted_once(branch, secretary):
    charged(branch)
    post(branch, secretary)
    with pytest.raises(Refused, match="已经公示过"):
        post(branch, secretary)
    assert Publication.objects.count() == 1


def correct(publication, by, **facts):
    given = {
        "posted_on": TODAY,
        "posted_until": datetime.date(2026, 4, 7),
        "person": "支部组织委员",
    }
    return publications.correct_posting(
        publication=publication, period=Q1, by=by, today=datetime.date(2026, 4, 9),
        **{**given, "phone": "内线 6118", **facts},
    )  # fmt: skip


def test_a_correction_leaves_the_figures_as_they_were_posted(branch, secretary):
    member = charged(branch, paid=(JANUARY,))
    publication = post(branch, secretary)
    factories.make_payment(member, FEBRUARY)
    assert Posting(branch, Q1, TODAY).differs_from(publication)
    assert correct(publication, secretary, posted_on=datetime.date(2026, 4, 2))
    publication.refresh_from_db()
    assert (publication.posted_on.day, publication.amount) == (2, Decimal("20.00"))
    assert TrailLine.objects.get(action="更正公示").before["公示期"].startswith("2026年4月1日")


def test_a_sheet_posted_anew_carries_the_figures_of_now(branch, secretary):
    member = charged(branch, paid=(JANUARY,))
    publication = post(branch, secretary)
    factories.make_payment(member, FEBRUARY)
    assert correct(publication, secretary, posted_anew=True)
    publication.refresh_from_db()
    assert publication.amount == Decimal("40.00")
    assert not Posting(branch, Q1, TODAY).differs_from(publication)
    assert TrailLine.objects.filter(action="重新公示").count() == 1


def test_a_correction_of_nothing_leaves_no_line(branch, secretary):
    charged(branch)
    publication = post(branch, secretary)
    assert not correct(publication, secretary)
    assert TrailLine.objects.count() == 1


def test_taking_back_wants_a_reason_and_keeps_a_line(branch, secretary):
    charged(branch)
    publication = post(branch, secretary)
    with pytest.raises(Refused, match="为什么撤销"):
        publications.take_back(publication=publication, period=Q1, reason=" ", by=secretary)
    publications.take_back(publication=publication, period=Q1, reason="还没张贴", by=secretary)
    assert not Publication.objects.exists()
    line = TrailLine.objects.get(action="撤销公示")
    assert (line.reason, line.before["人数"]) == ("还没张贴", "1")
    with pytest.raises(Refused, match="已被撤销"):
        publications.take_back(publication=publication, period=Q1, reason="再撤", by=secretary)
