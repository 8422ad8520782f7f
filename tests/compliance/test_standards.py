"""Published sets of requirements: side by side, tried, adopted, copied and written."""

from datetime import date
from importlib import import_module

import pytest
from django.apps import apps as all_apps

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed, Sector, Setting
from branches.values import KEYS, Values, typed
from compliance import standards
from compliance.models import Duty, Standard
from compliance.previewing import trials
from compliance.published import sets
from compliance.registry import RULES, Certainty
from meetings.enums import Type
from meetings.hours import YEARLY_HOURS
from meetings.values import LECTURES_A_YEAR, THEME_DAYS_A_MONTH
from tests import factories
from tests.compliance.verdicts import county_value, verdict
from tests.queries import count_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db

TODAY = date(2026, 9, 30)
YEAR = date(2026, 1, 1)
LIST = "/duties/standards/"
TRIAL = f"{LIST}trial/"


@pytest.fixture(autouse=True)
def last_of_september(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def branches(county):
    """A school and a village; the school held one theme day each month, the village two."""
    committee = factories.make_committee(county)
    school = factories.make_branch(committee, sector=Sector.SCHOOL)
    village = factories.make_branch(committee, sector=Sector.VILLAGE)
    for month in range(1, 10):
        for branch, days in ((school, (5,)), (village, (5, 6))):
            for day in days:
                factories.make_meeting(branch, date(2026, month, day), [Type.THEME_DAY])
    return [school, village]


@pytest.fixture(autouse=True)
def no_published_sets():
    """What a migration put in stays out of the tests."""
    Standard.objects.all().delete()


def make_set(code="twice", **facts):
    facts = {
        "title": "每月两次主题党日",
        "source": "外地文件",
        "certainty": "found",
        "values": {THEME_DAYS_A_MONTH.name: 2, LECTURES_A_YEAR.name: 4},
    } | facts
    return Standard.objects.create(code=code, **facts)


def officer(client, county, role=Role.COUNTY_OFFICER):
    user = factories.make_user(role, county)
    client.force_login(user)
    return user


def page_of(standard, part=""):
    return f"{LIST}{standard.code}/{part}"


def form_of(*keys, **facts) -> dict:
    return {
        "names": [key.name for key in keys],
        "scope": "",
        "starts_on": "2026.8.1",
        "reason": "清组发〔2026〕3号",
    } | facts


# --- The published sets -------------------------------------------------------------------


@pytest.mark.parametrize("facts", sets(), ids=lambda facts: facts["code"])
def test_every_line_of_a_published_set_fits_its_key_and_says_where_it_comes_from(facts):
    assert facts["values"].keys() == facts["sources"].keys() != set()
    for name, value in facts["values"].items():
        assert typed(KEYS[name], KEYS[name].cleaned(value)) == typed(KEYS[name], value)
        line = facts["sources"][name]
        assert line["source"] and line["certainty"] in Certainty.values
    assert facts["title"] and facts["source"] and facts["note"]
    assert facts["certainty"] in Certainty.values


def test_the_national_set_asks_no_lectures_of_a_branch_for_no_number_was_found():
    national = next(one for one in sets() if one["code"] == "national")
    assert LECTURES_A_YEAR.name not in national["values"]


def test_the_sets_are_put_in_once_and_what_was_changed_since_stays():
    fill = import_module("compliance.migrations.0006_standards").fill
    fill(all_apps, None)
    Standard.objects.filter(code="plan0").update(note="改过")
    fill(all_apps, None)
    assert list(Standard.objects.values_list("code", flat=True)) == [one["code"] for one in sets()]
    plan = Standard.objects.get(code="plan0")
    assert (plan.note, plan.values["meetings.lecture"], plan.is_own) == ("改过", 4, False)


# --- Side by side -------------------------------------------------------------------------


def test_a_line_stands_beside_what_is_in_force_and_beside_another_set():
    county_value(LECTURES_A_YEAR, 6, YEAR)
    one = make_set(sources={LECTURES_A_YEAR.name: {"source": "第三条", "certainty": "found"}})
    other = make_set("o", title="另一套", values={LECTURES_A_YEAR.name: 4, YEARLY_HOURS.name: 40})
    found = {line.key: line for line in standards.beside(one, Values(), TODAY, other)}
    assert list(found) == [
        key for key in KEYS.values() if key in (YEARLY_HOURS, THEME_DAYS_A_MONTH, LECTURES_A_YEAR)
    ]
    lecture = found[LECTURES_A_YEAR]
    assert (lecture.here, lecture.now, lecture.other) == ("4 次", "6 次", "4 次")
    assert (lecture.differs, lecture.differs_from_other) == (True, False)
    assert (lecture.source, lecture.certainty) == ("第三条", "有公开来源")
    hours = found[YEARLY_HOURS]
    assert (hours.here, hours.other, hours.differs) == ("", "40 学时", False)
    assert not hours.differs_from_other


def test_a_key_that_no_room_declares_any_more_is_left_out():
    one = make_set(values={"meetings.gone": 3, LECTURES_A_YEAR.name: 4})
    assert standards.values_of(one) == {LECTURES_A_YEAR: 4}


# --- Trying -------------------------------------------------------------------------------


def test_the_sets_are_tried_as_if_they_had_held_since_a_day(branches):
    twice = {THEME_DAYS_A_MONTH: 2}
    never = {RULES["meetings.theme_day"].on_key: False}
    (found,) = trials([twice, never, {THEME_DAYS_A_MONTH: 1}], YEAR, TODAY)
    assert found.rule.code == "meetings.theme_day"
    # September is not over.
    assert found.reds == [0, 8, 0, 0]
    assert found.who == [set(), {branches[0].pk}, set(), set()]
    assert trials([twice], date(2026, 8, 1), TODAY)[0].reds == [0, 1]
    assert not Duty.objects.exists() and not Setting.objects.exists()


def test_a_trial_overrides_what_the_county_entered_later(branches):
    county_value(THEME_DAYS_A_MONTH, 2, date(2026, 7, 1))
    (found,) = trials([{THEME_DAYS_A_MONTH: 1}], YEAR, TODAY)
    assert found.reds == [2, 0]


def test_sets_that_agree_are_judged_once(branches):
    one = count_of(lambda: trials([{THEME_DAYS_A_MONTH: 2}], YEAR, TODAY))
    three = count_of(lambda: trials([{THEME_DAYS_A_MONTH: 2}] * 3, YEAR, TODAY))
    assert one == three


# --- Adopting -----------------------------------------------------------------------------


def test_what_is_ticked_becomes_the_countys_from_a_day(county, branches):
    user = factories.make_user(Role.COUNTY_OFFICER, county)
    one = make_set()
    Changed.objects.all().delete()
    adopted = standards.adopt(
        one, [THEME_DAYS_A_MONTH.name], by=user, on=date(2026, 8, 1), reason=" 县委会议 "
    )
    (setting,) = Setting.objects.all()
    assert [setting] == adopted
    assert (setting.key, setting.scope, setting.value, setting.starts_on, setting.reason) == (
        THEME_DAYS_A_MONTH.name,
        "",
        2,
        date(2026, 8, 1),
        "采用《每月两次主题党日》；县委会议",
    )
    lines = TrailLine.objects.order_by("pk").values_list("action", "label")
    assert list(lines) == [
        ("要求设置", THEME_DAYS_A_MONTH.label),
        ("采用要求标准", "每月两次主题党日"),
    ]
    # Each organisation is noted once, however many lines were adopted.
    assert Changed.objects.filter(organisation=branches[0]).count() == 1
    assert verdict("meetings.theme_day", branches[0], TODAY, of=date(2026, 8, 1))[2] == "overdue"
    assert verdict("meetings.theme_day", branches[0], TODAY, of=date(2026, 7, 1))[2] == "done"


def test_a_set_may_be_adopted_for_one_sector(branches):
    one, names = make_set(), [THEME_DAYS_A_MONTH.name, LECTURES_A_YEAR.name]
    standards.adopt(one, names, scope="sector:village", by=None, on=YEAR, reason="县委会议")
    assert set(Setting.objects.values_list("scope", flat=True)) == {"sector:village"}
    found = [verdict("meetings.theme_day", branch, TODAY)[0] for branch in branches]
    assert found == [1, 2]


@pytest.mark.parametrize(
    ("names", "facts", "words"),
    [
        ([], {}, "请至少勾选一项"),
        (["meetings.theme_day"], {"reason": " "}, "请写明依据"),
        (["meetings.theme_day", "dues.ceiling"], {"scope": "sector:village"}, "只能全县统一"),
        (["meetings.theme_day", "meetings.lecture"], {}, "不能大于 50"),
    ],
)
def test_what_cannot_be_adopted_is_refused_and_nothing_is_stored(names, facts, words):
    one = make_set(values={"meetings.theme_day": 2, "dues.ceiling": 900, "meetings.lecture": 99})
    with pytest.raises(standards.Refused, match=words):
        standards.adopt(one, names, by=None, on=YEAR, **{"reason": "县委会议"} | facts)
    assert not Setting.objects.exists() and not TrailLine.objects.exists()


# --- Copying and writing ------------------------------------------------------------------


def test_a_copy_is_the_countys_own_and_every_copy_has_a_name(county):
    user = factories.make_user(Role.COUNTY_OFFICER, county)
    one = make_set()
    copies = [standards.copy(one, by=user) for _ in range(3)]
    titles = [copied.title for copied in copies]
    assert titles == [f"每月两次主题党日（本县修改）{number}" for number in ("", 2, 3)]
    assert {copied.code for copied in copies}.isdisjoint({one.code})
    assert all(copied.values == one.values and copied.is_own for copied in copies)
    assert TrailLine.objects.filter(action="复制要求标准").count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_who_copy_a_set_at_once_get_different_names(county):
    user, one = factories.make_user(Role.COUNTY_OFFICER, county), make_set()
    titles = at_once(*[lambda: standards.copy(one, by=user).title] * 3)
    assert sorted(titles) == [f"每月两次主题党日（本县修改）{number}" for number in ("", 2, 3)]


def written(standard, **facts):
    return standards.change(
        standard,
        **{
            "version": standard.version,
            "title": standard.title,
            "source": standard.source,
            "note": "",
            "values": {LECTURES_A_YEAR: 6},
            "by": standard.entered_by,
        }
        | facts,
    )


def test_a_set_of_its_own_is_written_anew_and_the_trail_says_what(county):
    user = factories.make_user(Role.COUNTY_OFFICER, county)
    source = {"source": "第三条", "certainty": "found"}
    one = make_set(sources=dict.fromkeys((LECTURES_A_YEAR.name, THEME_DAYS_A_MONTH.name), source))
    own = standards.copy(one, by=user)
    changed = written(own, values={LECTURES_A_YEAR: "6", THEME_DAYS_A_MONTH: 2})
    assert changed.values == {LECTURES_A_YEAR.name: 6, THEME_DAYS_A_MONTH.name: 2}
    # What was changed no longer comes from there.
    assert changed.sources.keys() == {THEME_DAYS_A_MONTH.name}
    line = TrailLine.objects.get(action="修改要求标准")
    assert (line.before, line.after) == (
        {LECTURES_A_YEAR.label: "4 次"},
        {LECTURES_A_YEAR.label: "6 次"},
    )


def test_what_cannot_be_written_is_refused(county):
    user = factories.make_user(Role.COUNTY_OFFICER, county)
    one = make_set()
    own = standards.copy(one, by=user)
    for standard, facts, words in (
        (one, {}, "请先复制一套"),
        (own, {"version": own.version - 1}, "刚被别人改过"),
        (own, {"title": one.title}, "已有同名的标准"),
        (own, {"values": {LECTURES_A_YEAR: 99}}, "不能大于 50"),
    ):
        with pytest.raises(standards.Refused, match=words):
            written(standard, **facts)
    own.refresh_from_db()
    assert (own.version, own.values) == (1, one.values)


# --- Pages --------------------------------------------------------------------------------


def test_the_list_says_how_many_lines_are_not_in_force(client, county):
    make_set()
    officer(client, county)
    page = client.get(LIST).content.decode()
    assert "每月两次主题党日" in page and "有公开来源" in page and TRIAL in page
    assert '<td data-label="与现在不同" class="zb-num"><b>1</b></td>' in page


def test_the_list_costs_as_many_queries_with_three_sets_as_with_one(client, county):
    officer(client, county)
    make_set()
    one = count_of(lambda: client.get(LIST))
    make_set("b", title="乙")
    make_set("c", title="丙")
    assert count_of(lambda: client.get(LIST)) == one


def test_a_set_is_tried_before_it_is_adopted(client, county, branches):
    one = make_set()
    officer(client, county)
    shown = client.get(page_of(one)).content.decode()
    assert 'value="meetings.theme_day" data-zb-pick="line" checked' in shown
    assert 'value="meetings.lecture" data-zb-pick="line">' in shown
    tried = client.post(page_of(one), form_of(THEME_DAYS_A_MONTH)).content.decode()
    assert "全县，采用 1 项" in tried and "有 1 个组织会变红" in tried
    assert branches[0].short_name in tried and not Setting.objects.exists()
    response = client.post(page_of(one), form_of(THEME_DAYS_A_MONTH, step="save"))
    assert response.url == page_of(one)
    assert Setting.objects.get().value == 2


def test_in_a_sector_only_those_of_the_sector_are_tried(client, county, branches):
    one = make_set()
    officer(client, county)
    tried = client.post(page_of(one), form_of(THEME_DAYS_A_MONTH, scope="sector:village"))
    page = tried.content.decode()
    assert "领域：农村，采用 1 项" in page and "没有组织会变红" not in page
    assert "现有结论不变" in page


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"names": []}, "请至少勾选一项"),
        ({"starts_on": "13.45"}, "日期"),
        ({"reason": ""}, "请写明依据"),
        ({"scope": "sector:moon"}, "选择"),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_typed_stays(client, county, facts, words):
    one = make_set()
    officer(client, county)
    page = client.post(page_of(one), form_of(LECTURES_A_YEAR, **{"step": "save", **facts}))
    page = page.content.decode()
    assert words in page and not Setting.objects.exists()
    assert (facts.get("starts_on") or "2026.8.1") in page
    ticked = 'value="meetings.lecture" data-zb-pick="line" checked' in page
    assert ticked == ("names" not in facts)


def test_a_set_is_shown_beside_another(client, county):
    one, other = make_set(), make_set("o", title="另一套", values={LECTURES_A_YEAR.name: 2})
    officer(client, county)
    page = client.get(page_of(one), {"with": other.code}).content.decode()
    assert '<td data-label="另一套"><b>2 次</b></td>' in page
    assert '<td data-label="另一套">未列</td>' in page


def test_the_trial_page_shows_each_set_beside_what_is_in_force(client, county, branches):
    make_set()
    officer(client, county)
    page = client.get(TRIAL).content.decode()
    assert '<td data-label="每月两次主题党日" class="zb-num"><b>8</b></td>' in page
    assert '<td data-label="现在执行的" class="zb-num">0</td>' in page
    assert "2026年1月1日" in page
    assert "<b>1</b>" in client.get(TRIAL, {"from": "8.1"}).content.decode()
    for wrong, words in (("13.45", "日期"), ("2026.10.1", "请填今天或以前的日期")):
        page = client.get(TRIAL, {"from": wrong}).content.decode()
        assert words in page and "2026年1月1日" in page


def test_a_copy_is_opened_changed_and_saved(client, county):
    user = officer(client, county)
    one = make_set()
    response = client.post(page_of(one, "copy/"))
    own = Standard.objects.get(entered_by=user)
    assert response.url == page_of(own, "edit/")
    assert 'name="meetings.theme_day" value="2"' in client.get(response.url).content.decode()
    form = {
        "title": "本县标准",
        "source": "县委文件",
        "note": "试行",
        "version": own.version,
        # Emptied, so it goes; a light and a list are added beside.
        "meetings.theme_day": "",
        "meetings.lecture": "６",
        "add_key": "strict.meetings.lecture",
        "add_value": "否",
    }
    assert client.post(response.url, form).url == page_of(own)
    form |= {"version": own.version + 1, "strict.meetings.lecture": "false"}
    form |= {"add_key": "branches.room_standard", "add_value": "党旗、桌椅"}
    assert client.post(response.url, form).status_code == 302
    own.refresh_from_db()
    assert own.title == "本县标准"
    assert own.values == {
        "meetings.lecture": 6,
        "strict.meetings.lecture": False,
        "branches.room_standard": ["党旗", "桌椅"],
    }
    stale = client.post(response.url, form).content.decode()
    assert "刚被别人改过" in stale and 'value="本县标准"' in stale
    assert f'name="version" value="{own.version}"' in stale


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"title": ""}, "请填这一套的名称"),
        ({"meetings.lecture": "99"}, "不能大于 50"),
        ({"add_key": "strict.meetings.lecture", "add_value": "也许"}, "请填 true 或 false"),
        ({"add_key": "meetings.talks"}, "请填这一项要求多少"),
    ],
)
def test_a_line_that_does_not_fit_is_said_at_its_field(client, county, facts, words):
    own = standards.copy(make_set(), by=officer(client, county))
    form = {"title": "本县标准", "source": "县委文件", "version": own.version}
    page = client.post(page_of(own, "edit/"), form | {"meetings.lecture": "4"} | facts)
    assert words in page.content.decode()
    own.refresh_from_db()
    assert own.version == 1


@pytest.mark.parametrize(
    ("role", "looks", "changes"),
    [
        (Role.COUNTY_OFFICER, 200, 302),
        (Role.INSPECTOR, 200, 403),
        (Role.COMMITTEE_OFFICER, 200, 403),
        (Role.SECRETARY, 200, 403),
        (Role.SYSTEM_ADMIN, 403, 403),
    ],
)
def test_everybody_reads_the_sets_and_the_county_alone_adopts_and_writes(
    client, county, role, looks, changes
):
    one = make_set()
    own = standards.copy(one, by=factories.make_user(Role.COUNTY_OFFICER, county))
    officer(client, county, role)
    assert {client.get(address).status_code for address in (LIST, page_of(one))} == {looks}
    assert client.post(page_of(one), form_of(LECTURES_A_YEAR, step="save")).status_code == changes
    assert client.post(page_of(one, "copy/")).status_code == changes
    for address in (page_of(own, "edit/"), TRIAL):
        assert client.get(address).status_code == (200 if changes == 302 else 403)
    assert Setting.objects.exists() == (changes == 302)


def test_nobody_reads_nothing_and_a_published_set_has_no_form(client, county):
    one = make_set()
    for address in (LIST, TRIAL, page_of(one), page_of(one, "edit/")):
        assert client.get(address).status_code == 302
    officer(client, county)
    assert client.get(page_of(one, "edit/")).status_code == 403
    assert client.get(f"{LIST}nothing/").status_code == 404
