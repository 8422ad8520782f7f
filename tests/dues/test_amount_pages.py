"""The pages 标准核定: the grid of a branch, one member, the rates, the branches of an overseer."""

import datetime
from decimal import Decimal

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from dues.models import ApprovedAmount, Charge
from dues.rates import Category
from dues.values import CEILING, ROUNDING
from tests import factories as make
from tests.compliance.verdicts import county_value
from tests.queries import count_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_day")]
TODAY = datetime.date(2026, 3, 20)
JANUARY = datetime.date(2026, 1, 1)
PAGE = reverse("dues:amounts")
RATES = reverse("dues:rates")


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    return make.make_branch(name="望春社区第一党支部")


@pytest.fixture
def secretary(branch, client):
    user = make.make_user(Role.SECRETARY, branch, name="林守正")
    client.force_login(user)
    return user


def amount_of(member, from_month, amount="132.00", category=Category.EMPLOYED, base="8800"):
    return ApprovedAmount.objects.create(
        member=member,
        organisation=member.organisation,
        from_month=from_month,
        category=category,
        base=base and Decimal(base),
        amount=Decimal(amount),
        computed=Decimal(amount) if base else None,
    )


def last_year(member, *facts):
    return amount_of(member, datetime.date(2025, 1, 1), *facts)


def rows_of(client, **query):
    return {row["name"]: row for row in client.get(PAGE, query).context["rows"]}


def typed(client, rows, act="save", approved_on="3.18", **changes):
    """Post the grid as the browser would: every open row as shown, with these changes by name."""
    data = {"act": act, "approved_on": approved_on}
    for name, row in rows.items():
        if row["is_open"]:
            values = row["values"] | changes.get(name, {})
            values |= {"seen": row["seen"], "was": row["was"]}
            data |= {f"{row['pk']}-{field}": value for field, value in values.items()}
    return client.post(PAGE, data)


def said(response):
    return [str(message) for message in response.wsgi_request._messages]


def amounts(year=2026):
    return {
        row.member.name: row.amount for row in ApprovedAmount.objects.filter(from_month__year=year)
    }


# --- Who -----------------------------------------------------------------------------------


def addresses(member):
    return [PAGE, reverse("dues:amount", args=[member.pk])]


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ORGANISER])
def test_who_enters_dues_may_approve(client, branch, role):
    member = make.make_member(branch)
    last_year(member)
    client.force_login(make.make_user(role, branch))
    assert "沿用去年标准核定 1 人" in client.get(PAGE).content.decode()
    assert typed(client, rows_of(client), act="carry").status_code == 302
    assert ApprovedAmount.objects.filter(from_month=JANUARY).count() == 1


@pytest.mark.parametrize("role", [Role.COMMITTEE_OFFICER, Role.GROUP_LEADER])
def test_who_only_looks_sees_no_form_and_is_refused(client, branch, role):
    member = make.make_member(branch)
    last_year(member)
    where = branch.parent if role == Role.COMMITTEE_OFFICER else branch
    client.force_login(make.make_user(role, where))
    for address in addresses(member):
        page = client.get(address, {"branch": branch.code})
        assert page.status_code == 200
        assert 'name="approved_on"' not in page.content.decode()
        data = {"branch": branch.code, "act": "carry", "approved_on": "3.18"}
        assert client.post(address, data).status_code == 403
    assert ApprovedAmount.objects.count() == 1


def test_the_neighbour_finds_nothing(client, branch):
    member = make.make_member(branch)
    client.force_login(make.make_user(Role.SECRETARY, make.make_branch()))
    for method in (client.get, client.post):
        assert method(reverse("dues:amount", args=[member.pk])).status_code == 404
        assert method(f"{PAGE}?branch={branch.code}").status_code == 404


def test_who_looks_at_no_branch_sees_no_list(client):
    client.force_login(make.make_user(Role.SYSTEM_ADMIN, make.make_county()))
    assert client.get(PAGE).status_code == 403


# --- The grid ------------------------------------------------------------------------------


def test_the_grid_shows_everybody_with_his_state_those_to_approve_first(client, branch, secretary):
    done, carried, new = (make.make_member(branch, name) for name in ("许文桥", "周韩", "贺云"))
    amount_of(done, JANUARY)
    last_year(carried)
    rows = rows_of(client)
    assert list(rows) == ["贺云", "周韩", "许文桥"]
    assert [row["state"] for row in rows.values()] == ["待核定", "沿用去年", "已核定"]
    assert [row["is_open"] for row in rows.values()] == [True, True, False]
    assert rows["周韩"]["values"] == {
        "category": "employed",
        "base": "8800.00",
        "amount": "",
        "reason": "",
    }
    assert (rows["周韩"]["computed"], rows["周韩"]["from_month"]) == ("132.00", "1月")
    assert new.name in client.get(PAGE).content.decode()


def test_one_act_carries_last_year_forward_and_names_who_has_nothing(client, branch, secretary):
    for name in ("许文桥", "周韩"):
        last_year(make.make_member(branch, name))
    make.make_member(branch, "贺云")
    response = typed(client, rows_of(client), act="carry")
    assert response.status_code == 302
    assert amounts() == {"许文桥": 132, "周韩": 132}
    row = ApprovedAmount.objects.filter(from_month=JANUARY).first()
    assert (row.approved_on, row.approved_by) == (datetime.date(2026, 3, 18), secretary)
    assert said(response) == [
        "已沿用去年标准核定 2 人",
        "没有上一次的标准，请逐人填写：贺云",
    ]
    assert Charge.objects.filter(month=datetime.date(2026, 3, 1)).count() == 2


def test_rows_that_were_typed_are_saved_together_and_the_others_left(client, branch, secretary):
    for name in ("许文桥", "周韩", "贺云", "康琴"):
        make.make_member(branch, name)
    last_year(make.make_member(branch, "孟平"))
    response = typed(
        client,
        rows_of(client),
        许文桥={"category": "employed", "base": "8,800 元"},
        周韩={"category": "farmer", "amount": "0。5"},
        贺云={"category": "student"},
    )
    assert response.status_code == 302
    assert said(response) == ["已核定 3 人"]
    assert amounts() == {"许文桥": 132, "周韩": Decimal("0.50"), "贺云": Decimal("0.20")}


def test_a_changed_base_of_last_year_gives_the_new_amount(client, branch, secretary):
    last_year(make.make_member(branch, "许文桥"))
    typed(client, rows_of(client), 许文桥={"base": "9600"})
    assert amounts() == {"许文桥": 144}


def test_carrying_forward_saves_what_was_typed_first(client, branch, secretary):
    for name in ("许文桥", "周韩"):
        last_year(make.make_member(branch, name))
    response = typed(client, rows_of(client), act="carry", 许文桥={"base": "9600"})
    assert said(response) == ["已核定 1 人", "已沿用去年标准核定 1 人"]
    assert amounts() == {"许文桥": 144, "周韩": 132}


def test_a_row_in_error_comes_back_as_typed_and_the_others_are_saved(client, branch, secretary):
    for name in ("许文桥", "周韩", "贺云"):
        make.make_member(branch, name)
    last_year(make.make_member(branch, "孟平"))
    response = typed(
        client,
        rows_of(client),
        act="carry",
        许文桥={"category": "employed", "base": "约九千"},
        周韩={"category": "employed", "base": "8800", "amount": "150"},
        贺云={"category": "student"},
    )
    assert response.status_code == 200
    assert amounts() == {"贺云": Decimal("0.20"), "孟平": 132}
    rows = {row["name"]: row for row in response.context["rows"]}
    assert rows["许文桥"]["values"]["base"] == "约九千"
    assert rows["许文桥"]["errors"] == {"base": "“约九千”读不出金额，请只写数字，如 132.00"}
    assert rows["周韩"]["errors"] == {"reason": "按标准计算是 132.00 元，核定 150.00 元要写明理由"}
    page = response.content.decode()
    assert "有 2 处要改，其他行已保存" in page
    assert f'href="#id_{rows["周韩"]["pk"]}-reason"' in page
    # With the reason it goes through.
    again = typed(client, rows, 周韩={"reason": "自愿多交"}, 许文桥={"base": "9000"})
    assert again.status_code == 302
    assert amounts()["周韩"] == 150


def test_less_than_the_rates_give_leads_to_the_request(client, branch, secretary):
    member = make.make_member(branch, "许文桥")
    make.make_member(branch, "周韩")
    typing = {"category": "employed", "base": "8800", "amount": "100", "reason": "困难"}
    response = typed(client, rows_of(client), 许文桥=typing, 周韩={"category": "student"})
    assert response.status_code == 200
    assert amounts() == {"周韩": Decimal("0.20")}
    row = next(row for row in response.context["rows"] if row["name"] == "许文桥")
    assert row["errors"]["amount"].startswith("许文桥月应缴 100.00 元，低于标准 132.00 元")
    assert row["values"] == typing
    url = f"{reverse('dues:request_new')}?branch={branch.code}&member={member.pk}&kind=reduction"
    assert row["relief_url"] == url
    assert url.replace("&", "&amp;") in response.content.decode()
    form = client.get(url).context["form"]
    assert (form["member"].value(), form["kind"].value()) == (str(member.pk), "reduction")


def test_a_reduced_sum_of_last_year_is_not_offered_and_named(client, branch, secretary):
    last_year(make.make_member(branch, "许文桥"))
    ApprovedAmount.objects.update(computed="150.00", base="10000.00")
    last_year(make.make_member(branch, "周韩"))
    page = client.get(PAGE)
    assert page.context["to_carry"] == 1
    assert "低于标准，不能沿用" in page.content.decode()
    response = typed(client, rows_of(client), act="carry")
    assert amounts() == {"周韩": 132}
    assert said(response)[1].startswith("没有核定：许文桥月应缴 132.00 元，低于标准 150.00 元")


def test_a_refusal_about_the_month_stands_in_the_row(client, branch, secretary):
    member = make.make_member(branch, "许文桥")
    last_year(member)
    make.make_charge(member, JANUARY, "132.00")
    with override_settings(TODAY_OVERRIDE=datetime.date(2026, 5, 20)):
        make.make_remittance(branch, JANUARY)
        response = typed(client, rows_of(client), 许文桥={"base": "9600"})
    (row,) = response.context["rows"]
    assert list(row["errors"]) == [""]
    assert "请从2026年4月起调整" in response.content.decode()
    assert amounts() == {}


def test_years_before_the_county_kept_dues_are_only_shown(client, branch, secretary):
    member = make.make_member(branch, "许文桥")
    last_year(member)
    make.make_charge(member, JANUARY)
    for address in addresses(member):
        assert 'name="approved_on"' not in client.get(address, {"year": 2025}).content.decode()
        assert 'name="approved_on"' in client.get(address, {"year": 2026}).content.decode()
    data = {"act": "save", "approved_on": "3.18", "year": "2025"}
    response = client.post(PAGE, data)
    assert response.status_code == 200
    assert said(response) == ["本县从2026年1月起记党费，2025年的标准不在这里核定"]


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("", "请填写核定日期（支部研究决定的那一天）"),
        ("2026-03-21", "核定日期2026年3月21日还没有到，请核对"),
        ("31.2", "没有 31 月"),
    ],
)
def test_without_a_good_day_nothing_is_saved_and_nothing_lost(
    client, branch, secretary, day, words
):
    make.make_member(branch, "许文桥")
    response = typed(client, rows_of(client), approved_on=day, 许文桥={"category": "student"})
    page = response.content.decode()
    assert response.status_code == 200
    assert words in page
    assert '<option value="student" selected>' in page
    assert amounts() == {}


def test_who_saves_over_somebody_else_is_told_and_keeps_what_was_typed(client, branch, secretary):
    member = make.make_member(branch, "许文桥")
    rows = rows_of(client)
    amount_of(member, JANUARY)
    response = typed(client, rows, 许文桥={"category": "student"})
    (row,) = response.context["rows"]
    assert row["errors"] == {"": "许文桥的标准刚被别人改过，请看最新的数再核定"}
    assert (row["is_open"], row["values"]["category"], row["amount"]) == (True, "student", "132.00")
    assert amounts() == {"许文桥": 132}


def test_a_row_nobody_touched_is_not_saved_whatever_happened_to_it(client, branch, secretary):
    member = make.make_member(branch, "许文桥")
    last_year(member)
    rows = rows_of(client)
    amount_of(member, JANUARY, "144.00", Category.EMPLOYED, "9600")
    response = typed(client, rows)
    assert response.status_code == 302
    assert said(response) == ["没有填写或改动的行。标准不变的，用“沿用去年标准核定”"]
    assert amounts() == {"许文桥": 144}


def test_an_imported_amount_without_base_is_not_offered_and_named(client, branch, secretary):
    last_year(make.make_member(branch, "许文桥"))
    last_year(make.make_member(branch, "周韩"), "50.00", Category.EMPLOYED, None)
    assert client.get(PAGE).context["to_carry"] == 1
    response = typed(client, rows_of(client), act="carry")
    assert said(response)[0] == "已沿用去年标准核定 1 人"
    assert said(response)[1].startswith("没有核定：在职党员按比例交纳，请填写缴费基数")


def test_above_the_ceiling_is_advice(client, branch, secretary):
    make.make_member(branch, "许文桥")
    response = typed(client, rows_of(client), 许文桥={"category": "employed", "base": "60000"})
    assert said(response) == [
        "已核定 1 人",
        "许文桥 1,200.00 元，每月超过 1000 元：一般不超过，多交的部分按自愿掌握",
    ]
    assert rows_of(client)["许文桥"]["above_ceiling"]


def test_a_branch_without_any_standard_says_what_to_do_next(client, branch, secretary):
    page = client.get(PAGE).content.decode()
    assert "名册里没有党员" in page
    make.make_member(branch)
    page = client.get(PAGE).content.decode()
    assert "还没有月缴标准" in page
    assert reverse("ledgers:import") in page


def test_another_year_has_rows_of_its_own(client, branch, secretary):
    member = make.make_member(branch, "许文桥")
    last_year(member)
    assert rows_of(client, year=2025)["许文桥"]["state"] == "已核定"
    assert rows_of(client, year=2026)["许文桥"]["state"] == "沿用去年"


def test_the_grid_costs_as_many_queries_with_three_members_as_with_one(client, branch, secretary):
    last_year(make.make_member(branch))
    one = count_of(lambda: client.get(PAGE))
    for member in make.make_members(branch, 2):
        amount_of(member, JANUARY)
    assert count_of(lambda: client.get(PAGE)) == one


# --- One member ----------------------------------------------------------------------------


@pytest.fixture
def member(branch):
    return make.make_member(branch, "许文桥")


def give(client, member, **changes):
    address = reverse("dues:amount", args=[member.pk])
    form = client.get(address).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data["approved_on"] = "3.18"
    return client.post(address, data | changes)


def test_a_first_amount_begins_in_january_and_follows_the_rates(client, member, secretary):
    response = give(client, member, category="employed", base="8800")
    assert response.status_code == 302
    assert said(response) == ["已核定：许文桥2026年1月起每月 132.00 元"]
    row = ApprovedAmount.objects.get()
    assert (row.from_month, row.amount, row.approved_on) == (
        JANUARY,
        132,
        datetime.date(2026, 3, 18),
    )


def test_a_change_is_offered_from_this_month_on_and_asks_for_its_reason(client, member, secretary):
    amount_of(member, JANUARY)
    refused = give(client, member, base="9600")
    assert refused.status_code == 200
    assert refused.context["form"].errors["reason"] == [
        "年内一般不变，年内调整要写明理由，如“工资调整”"
    ]
    assert 'value="9600"' in refused.content.decode()
    assert give(client, member, base="9600", reason="工资调整").status_code == 302
    assert [
        (row.from_month.month, row.amount) for row in member.approved_amounts.order_by("pk")
    ] == [
        (1, 132),
        (3, 144),
    ]
    page = client.get(reverse("dues:amount", args=[member.pk]))
    assert [row["from_month"] for row in page.context["amounts"]] == ["2026年3月", "2026年1月"]
    assert page.context["history"][0]["reason"] == "工资调整"


def test_an_amount_is_put_right_from_its_line(client, member, secretary):
    amount_of(member, JANUARY, "13.20", Category.EMPLOYED, "880")
    page = client.get(reverse("dues:amount", args=[member.pk]))
    (row,) = page.context["amounts"]
    form = client.get(row["correct_url"]).context["form"]
    assert (form["from_month"].value(), form["base"].value()) == ("2026-01", "880.00")
    give(client, member, base="8800", from_month="2026-01", amount="", reason="录错")
    assert ApprovedAmount.objects.get().amount == 132


def test_an_organiser_neither_reduces_nor_exempts_a_member(client, branch, member):
    client.force_login(make.make_user(Role.ORGANISER, branch))
    typing = {"category": "employed", "base": "8800", "reason": "困难"}
    for amount in ("0", "100"):
        response = give(client, member, amount=amount, **typing)
        assert "低于标准 132.00 元" in response.context["form"].errors["amount"][0]
        # He may not ask either: the secretary does.
        assert response.context["relief_url"] == ""
    assert not ApprovedAmount.objects.exists()


@pytest.mark.parametrize(("amount", "kind"), [("0", "exemption"), ("100", "reduction")])
def test_a_secretary_is_led_to_the_request(client, member, secretary, amount, kind):
    response = give(client, member, category="employed", base="8800", amount=amount, reason="困难")
    url = (
        f"{reverse('dues:request_new')}?branch={member.organisation.code}"
        f"&member={member.pk}&kind={kind}"
    )
    assert response.context["relief_url"] == url
    assert url.replace("&", "&amp;") in response.content.decode()


def test_what_another_branch_approved_is_shown_and_not_put_right_here(
    client, branch, member, secretary
):
    row = amount_of(member, JANUARY)
    row.organisation = make.make_branch()
    row.save()
    page = client.get(reverse("dues:amount", args=[member.pk]))
    assert [row["correct_url"] for row in page.context["amounts"]] == [""]
    assert page.context["state"]["kind"] == "done"


def test_a_self_employed_member_is_changed_by_the_quarter_with_its_reason(
    client, member, secretary
):
    amount_of(member, JANUARY, "50.00", Category.SELF_EMPLOYED, "5000")
    with override_settings(TODAY_OVERRIDE=datetime.date(2026, 5, 20)):
        form = client.get(reverse("dues:amount", args=[member.pk])).context["form"]
    assert (form["from_month"].value(), form["reason"].value()) == (
        "2026-04",
        "按上季度月均收入调整",
    )


def test_who_joined_in_the_year_chooses_among_the_months_since(client, branch, secretary):
    new = make.make_member(branch, joined_on=datetime.date(2026, 2, 28))
    form = client.get(reverse("dues:amount", args=[new.pk])).context["form"]
    assert form.fields["from_month"].choices[0] == ("2026-02", "2026年2月")
    assert len(form.fields["from_month"].choices) == 11


def test_who_saves_an_old_form_of_a_member_is_told(client, member, secretary):
    address = reverse("dues:amount", args=[member.pk])
    amount_of(member, JANUARY)
    data = {"category": "student", "from_month": "2026-01", "approved_on": "3.18", "seen": ""}
    page = client.post(address, data).content.decode()
    assert "许文桥的标准刚被别人改过" in page
    assert ApprovedAmount.objects.get().amount == 132


# --- The rates -----------------------------------------------------------------------------


def test_the_rates_are_shown_with_sources_and_what_is_unsure(client, secretary):
    page = client.get(RATES).content.decode()
    for words in (
        "中组发〔2008〕3号",
        "组电明字〔2017〕5号，2017年",
        "超过 3000 元至 5000 元（含）：1%",
        "每月 0.20 至 1.00 元，由支部核定",
        "职业年金、企业年金",
        "四舍五入没有统一规定",
        "第八条",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("category", "base", "amount", "how"),
    [
        ("employed", "5100", "76.50", "5,100.00 × 1.5% = 76.5，四舍五入到 0.01 元"),
        ("retired", "5000.01", "50.00", "5,000.01 × 1% = 50.0001，四舍五入到 0.01 元"),
        ("employed", "0", "0.00", "0.00 × 0.5% = 0，四舍五入到 0.01 元"),
        ("student", "", "0.20", "固定数额"),
        ("farmer", "", "0.20 至 1.00", "由支部在这个范围内核定"),
    ],
)
def test_the_calculator_works_by_address_alone(client, secretary, category, base, amount, how):
    result = client.get(RATES, {"category": category, "base": base}).context["result"]
    assert (result["amount"], result["how"]) == (amount, how)


def test_the_calculator_uses_the_countys_rounding_and_ceiling(client, secretary):
    county_value(ROUNDING, "1", JANUARY)
    county_value(CEILING, "70", JANUARY)
    result = client.get(RATES, {"category": "employed", "base": "5100"}).context["result"]
    assert (result["amount"], result["above"]) == ("77.00", True)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"category": "employed"}, "请填写缴费基数（每月固定的、经常性的工资收入（税后））"),
        ({"base": "5000"}, "请选择缴费类别"),
        ({"category": "employed", "base": "-1"}, "缴费基数不能是负数"),
        ({"category": "employed", "base": "五千"}, "读不出金额"),
        ({"category": "x", "base": "1"}, "x"),
    ],
)
def test_the_calculator_says_what_is_missing(client, secretary, query, words):
    response = client.get(RATES, query)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not response.context["result"]


# --- Overseers -----------------------------------------------------------------------------


@pytest.fixture
def officer(branch, client):
    user = make.make_user(Role.COMMITTEE_OFFICER, branch.parent)
    client.force_login(user)
    return user


def test_an_overseer_sees_branches_with_most_missing_first(client, branch, officer):
    whole = make.make_branch(branch.parent, "望春社区第二党支部")
    amount_of(make.make_member(whole), JANUARY)
    empty = make.make_branch(branch.parent)
    for member in make.make_members(branch, 2):
        last_year(member)
    rows = client.get(PAGE).context["rows"]
    assert [(row["name"], row["members"], row["approved"], row["kind"]) for row in rows] == [
        (branch.short_name, 2, 0, "late"),
        (whole.short_name, 1, 1, "done"),
    ]
    assert empty.short_name not in [row["name"] for row in rows]
    page = client.get(PAGE, {"state": "done", "organisation": branch.parent.code})
    assert [row["name"] for row in page.context["rows"]] == [whole.short_name]
    assert page.context["context_text"] == "1月底前逐人核定，已核定 1/3 人"
    assert client.get(PAGE, {"q": "没有这个"}).context["rows"] == []


def test_branches_cost_as_many_queries_three_as_one(client, branch, officer):
    make.make_member(branch)
    make.make_member(make.make_branch(branch.parent))
    two = count_of(lambda: client.get(PAGE))
    for _ in range(2):
        amount_of(make.make_member(make.make_branch(branch.parent)), JANUARY)
    assert count_of(lambda: client.get(PAGE)) == two
