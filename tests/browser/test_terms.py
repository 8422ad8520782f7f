"""换届, by those who do it: the committee reminds, the branch asks and elects, the committee files."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from compliance.models import Duty, DutyState
from compliance.services import run_night
from members.models import Election, Post, Term, TermRequest
from tests.browser.hand import Hand, fits, log_in
from tests.factories import (
    make_branch,
    make_committee,
    make_county,
    make_member,
    make_term,
    make_user,
)

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]
NAMES = ("林守正", "周慧敏", "韩立平", "许桂兰", "孟庆余")


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    """Five members; the term ends in three months, and nobody has done anything about it."""
    committee = make_committee(make_county())
    branch = make_branch(committee, "望春社区第一党支部")
    for name in NAMES:
        make_member(branch, name)
    make_term(branch, starts_on=datetime.date(2021, 6, 20), ends_on=datetime.date(2026, 6, 20))
    other = make_branch(committee, "望春社区第二党支部")
    make_term(other, starts_on=datetime.date(2021, 7, 1), ends_on=datetime.date(2026, 7, 1))
    run_night(TODAY)
    return branch


def test_the_committee_reminds_two_branches_on_one_page(page, branch):
    log_in(page, make_user(Role.COMMITTEE_OFFICER, branch.parent, "jiedao").username)
    page.goto(reverse("members:terms"))
    hand = Hand(page)
    expect(page.locator("button[data-zb-needs]")).to_be_disabled()
    for box in page.locator("tbody input[name=term]").all():
        box.check()
        hand.clicks += 1
    page.fill("#id_number", "柳组提〔2026〕12号")
    hand.click("button:has-text('发提醒函 2')")
    page.wait_for_load_state("networkidle")
    assert hand.clicks == 3
    assert page.locator("section.zb-sheet--formal").count() == 2
    expect(page.locator("main")).to_contain_text("柳组提〔2026〕13号")
    assert set(Term.objects.values_list("notified_on", flat=True)) == {TODAY}


def test_the_branch_asks_and_the_committee_answers(page, branch):
    term = Term.objects.get(organisation=branch)
    log_in(page, make_user(Role.SECRETARY, branch, "wangchun").username)
    # From the red line on the desk to the page that cures it.
    page.click("li:has-text('提出换届请示') a:has-text('提出请示')")
    page.click("a:has-text('办理换届')")
    page.fill("#election_to_on", "6.10")
    page.click("button:has-text('提出请示')")
    page.wait_for_load_state("networkidle")
    expect(page.locator("main")).to_contain_text("拟选举日期2026年6月10日")
    run_night(TODAY)
    duty = Duty.objects.get(rule="terms.request", organisation=branch)
    assert duty.state == DutyState.DONE

    page.context.clear_cookies()
    log_in(page, make_user(Role.COMMITTEE_OFFICER, branch.parent, "jiedao").username)
    page.goto(reverse("members:terms") + "?state=waiting")
    page.click("tbody th a")
    page.click("button:has-text('同意')")
    page.wait_for_load_state("networkidle")
    assert TermRequest.objects.get(term=term).state == "approved"
    expect(page.locator(".zb-steps .is-on")).to_contain_text("选举")


def test_an_election_is_typed_from_the_keyboard_and_closes_the_ladder(page, branch):
    log_in(page, make_user(Role.SECRETARY, branch, "wangchun").username)
    page.goto(reverse("members:election_register"))
    page.focus("#id_held_on")
    type_ = page.keyboard.type

    def next_field(times=1):
        for _ in range(times):
            page.keyboard.press("Tab")

    page.keyboard.press("ControlOrMeta+a")
    type_("3.12")
    next_field(2)  # the end is left to the length of the term
    type_("3")
    next_field()
    assert page.input_value("#id_voters") == "5"
    next_field(2)  # past the button that counts the electors again
    type_("5")
    page.focus("#id_candidate-0-name")
    lines = (("林守正", "5", "书记"), ("周慧敏", "4", "组织委员"), ("韩立平", "3", "宣传委员"))
    for name, votes, title in lines:
        type_(name)
        next_field()
        type_(votes)
        next_field(2)
        page.keyboard.press("Space")
        next_field()
        page.locator(":focus").select_option(label=title)
        next_field()
    type_("许桂兰")
    next_field()
    type_("2")
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")

    expect(page.locator("main")).to_contain_text("按应到过半须 3 票，按实到过半须 3 票")
    election = Election.objects.get()
    assert election.term.ends_on == datetime.date(2031, 3, 12)
    assert list(Post.objects.order_by("pk").values_list("person_name", "title")) == [
        ("林守正", "secretary"),
        ("周慧敏", "organisation"),
        ("韩立平", "publicity"),
    ]
    run_night(TODAY)
    states = Duty.objects.filter(organisation=branch, rule__startswith="terms.")
    assert dict(states.values_list("rule", "state")) == dict.fromkeys(
        ("terms.notice", "terms.request", "terms.election"), "done"
    )


def test_no_page_of_terms_scrolls_sideways(page, branch):
    log_in(page, make_user(Role.COMMITTEE_OFFICER, branch.parent, "jiedao").username)
    term = Term.objects.get(organisation=branch)
    addresses = [
        reverse("members:terms"),
        reverse("members:terms") + f"?branch={branch.code}",
        reverse("members:term", args=[term.pk]),
        reverse("members:term_change", args=[term.pk]),
        reverse("members:election_register") + f"?branch={branch.code}",
    ]
    for width, height in ((1366, 768), (390, 844), (360, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for address in addresses:
            assert page.goto(address).status == 200, address
            assert fits(page), f"{address} at {width}"
