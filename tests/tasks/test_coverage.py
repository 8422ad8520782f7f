"""Coverage of units: the register, surveys, instructors, founding, and the figures of any day."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import BranchUnit, Changed, Setting, Unit
from branches.services import change_facts, move_organisation
from tasks.coverage import (
    Figure,
    Yardstick,
    by_committee,
    covering,
    figures,
    form_of,
    standings,
    tally,
    under,
    worst_first,
)
from tasks.enums import FoundingStepKind
from tasks.models import FoundingStep, UnitSurvey
from tasks.services import Refused
from tasks.services.coverage import (
    StepFacts,
    SurveyFacts,
    change_survey,
    cover,
    end_instructor,
    facts_of,
    record_survey,
    send_instructor,
    set_steps,
)
from tasks.services.coverage_units import (
    AREA,
    MovedOn,
    UnitFacts,
    change_unit,
    end_unit_life,
    register_unit,
    restore_unit,
    unit_print,
)
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 8, 20)
JULY = datetime.date(2026, 7, 22)
CODE = "51330203MJ8912345X"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def town(county):
    return factories.make_committee(county, "柳汀街道党工委")


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部")


@pytest.fixture
def unit(town):
    return factories.make_registered_unit(town, "望春书画协会")


def facts(**given):
    return UnitFacts(**{"name": "望春书画协会", "kind": "social_organisation"} | given)


def line(unit):
    return TrailLine.objects.about(AREA, unit.pk)[0]


def shares(organisation, on=TODAY, **options):
    found = figures(organisation, on, **options)
    return found["coverage.organisation"], found["coverage.work"]


# --- The register -------------------------------------------------------------------------------


def test_a_committee_registers_a_unit_and_the_trail_says_so(town):
    by = factories.make_user()
    unit = register_unit(
        organisation=town,
        facts=facts(credit_code=CODE, registered_on=JULY),
        by=by,
        today=TODAY,
    )
    assert (unit.organisation, unit.credit_code, unit.registered_on) == (town, CODE, JULY)
    said = line(unit)
    assert (said.action, said.by, said.organisation_id) == ("登记单位", by, town.pk)
    assert said.after["统一社会信用代码"] == CODE


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"credit_code": "123"}, "credit_code"),
        ({"credit_code": CODE}, "credit_code"),
        ({"name": "望春书画协会"}, "name"),
        ({"name": "新会", "registered_on": TODAY + DAY}, "registered_on"),
    ],
)
def test_what_cannot_stand_on_the_register_is_refused(town, branch, unit, given, field):
    factories.make_registered_unit(branch, "别家", credit_code=CODE)
    given = {"name": "另一家"} | given
    with pytest.raises(Refused) as refused:
        register_unit(organisation=town, facts=facts(**given), by=None, today=TODAY)
    assert refused.value.field == field
    assert Unit.objects.count() == 2


def test_a_dissolved_organisation_keeps_no_register(county):
    gone = factories.make_committee(county, "旧党委", dissolved_on=TODAY)
    with pytest.raises(Refused, match="已撤销"):
        register_unit(organisation=gone, facts=facts(), by=None, today=TODAY)


def test_a_unit_is_put_right_and_handed_to_another_keeper(unit, branch):
    seen = unit_print(unit)
    assert change_unit(
        unit=unit,
        seen=seen,
        facts=facts(credit_code=CODE),
        organisation=branch,
        by=None,
        today=TODAY,
    )
    unit.refresh_from_db()
    assert (unit.credit_code, unit.organisation) == (CODE, branch)
    assert line(unit).after["登记的党组织"] == branch.name
    with pytest.raises(MovedOn):
        change_unit(unit=unit, seen=seen, facts=facts(), by=None, today=TODAY)
    again = facts(credit_code=CODE)
    assert not change_unit(unit=unit, seen=unit_print(unit), facts=again, by=None, today=TODAY)


def test_a_unit_struck_off_takes_its_branch_and_instructor_along_and_comes_back(unit, branch):
    cover(unit=unit, branch=branch, on=JULY, by=None, today=TODAY)
    sent = factories.make_unit_instructor(unit)
    end_unit_life(unit=unit, on=TODAY, by=None, today=TODAY)
    unit.refresh_from_db()
    sent.refresh_from_db()
    assert unit.ended_on == TODAY
    assert (BranchUnit.objects.get().ends_on, sent.ends_on) == (TODAY - DAY, TODAY - DAY)
    assert line(unit).after == {
        "注销日期": "2026-08-20",
        "所属党支部": "1 项结束",
        "党建指导员": "1 项结束",
    }
    with pytest.raises(Refused, match="已于2026年8月20日注销"):
        end_unit_life(unit=unit, on=TODAY, by=None, today=TODAY)
    assert restore_unit(unit=unit, by=None)
    assert not restore_unit(unit=unit, by=None)
    assert Unit.objects.get().ended_on is None


def test_a_unit_covered_later_is_not_covered_by_another_before(unit, branch, town):
    cover(unit=unit, branch=branch, on=TODAY, by=None, today=TODAY)
    other = factories.make_branch(town, "望春社区第九党支部")
    with pytest.raises(Refused, match="这一天或以后已由"):
        cover(unit=unit, branch=other, on=JULY, by=None, today=TODAY)
    assert BranchUnit.objects.count() == 1


def test_the_branch_behind_a_unit_struck_off_is_judged_again(unit, branch):
    cover(unit=unit, branch=branch, on=JULY, by=None, today=TODAY)
    Changed.objects.all().delete()
    end_unit_life(unit=unit, on=TODAY, by=None, today=TODAY)
    noted = Changed.objects.values_list("organisation", "area", "from_on")
    assert list(noted) == [(branch.pk, "branches", TODAY)]


def test_a_unit_is_not_struck_off_tomorrow_or_before_it_began(town):
    unit = factories.make_registered_unit(town, registered_on=JULY)
    for on in (TODAY + DAY, JULY):
        with pytest.raises(Refused) as refused:
            end_unit_life(unit=unit, on=on, by=None, today=TODAY)
        assert refused.value.field == "on"


# --- Surveys ------------------------------------------------------------------------------------


def test_a_new_survey_keeps_the_old_one(unit):
    record_survey(unit=unit, facts=SurveyFacts(JULY, formal_working=1), by=None, today=TODAY)
    newer = record_survey(
        unit=unit,
        facts=SurveyFacts(TODAY, formal_working=3, floating=1, mass_organisations=("women",)),
        by=None,
        today=TODAY,
    )
    assert list(unit.surveys.values_list("surveyed_on", "formal_working")) == [
        (TODAY, 3),
        (JULY, 1),
    ]
    said = line(unit)
    assert said.action == "登记摸底"
    assert said.after["实际在本单位工作的正式党员"] == "3"
    assert said.after["群团组织"] == "妇联"
    assert facts_of(newer).mass_organisations == ("women",)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"surveyed_on": TODAY + DAY}, "surveyed_on"),
        ({"surveyed_on": datetime.date(2024, 2, 28)}, "surveyed_on"),
        ({"formal_working": 1, "floating": 2}, "floating"),
        ({"formal_working": 1, "part_time_members": 2}, "part_time_members"),
        ({"formal_working": 2, "relation_former": 2, "relation_other": 1}, "formal_working"),
        ({"guided": True}, "mass_organisations"),
    ],
)
def test_a_survey_that_cannot_be_is_refused(town, given, field):
    unit = factories.make_registered_unit(town, registered_on=datetime.date(2024, 2, 29))
    with pytest.raises(Refused) as refused:
        record_survey(
            unit=unit, facts=SurveyFacts(**{"surveyed_on": JULY} | given), by=None, today=TODAY
        )
    assert refused.value.field == field
    assert not UnitSurvey.objects.exists()


def test_a_unit_registered_on_29_february_is_surveyed_that_day(town):
    leap = datetime.date(2024, 2, 29)
    unit = factories.make_registered_unit(town, registered_on=leap)
    record_survey(unit=unit, facts=SurveyFacts(leap), by=None, today=TODAY)
    assert [shares(town, day)[0].denominator for day in (leap - DAY, leap, leap + DAY)] == [0, 1, 1]


def test_a_day_has_one_survey_and_a_struck_off_unit_none(unit):
    record_survey(unit=unit, facts=SurveyFacts(JULY), by=None, today=TODAY)
    with pytest.raises(Refused, match="已有摸底记录"):
        record_survey(unit=unit, facts=SurveyFacts(JULY), by=None, today=TODAY)
    end_unit_life(unit=unit, on=TODAY, by=None, today=TODAY)
    with pytest.raises(Refused, match="注销"):
        record_survey(unit=unit, facts=SurveyFacts(TODAY), by=None, today=TODAY)


def test_two_people_change_a_survey_and_the_second_is_told(unit):
    survey = record_survey(unit=unit, facts=SurveyFacts(JULY), by=None, today=TODAY)
    changed = change_survey(
        survey=survey, version=1, facts=SurveyFacts(JULY, formal_working=2), by=None, today=TODAY
    )
    assert (changed.formal_working, changed.version) == (2, 2)
    assert line(unit).before == {"实际在本单位工作的正式党员": "0"}
    with pytest.raises(MovedOn) as moved:
        change_survey(survey=survey, version=1, facts=SurveyFacts(JULY), by=None, today=TODAY)
    assert moved.value.row.version == 2


def test_a_survey_belongs_to_the_nearest_running_campaign_of_the_plan(county, town, unit):
    def campaign(organisation, **given):
        options = {
            "title": f"方案{organisation.pk}", "year": 2026, "template": "plan4",
            "state": "running", "starts_on": datetime.date(2026, 7, 15),
            "ends_on": datetime.date(2026, 8, 31),
        }  # fmt: skip
        return organisation.campaigns.create(**options | given)

    above = campaign(county)
    own = campaign(town)
    campaign(town, title="别的", template="plan0")
    campaign(town, title="草稿", state="draft")
    survey = record_survey(unit=unit, facts=SurveyFacts(JULY), by=None, today=TODAY)
    assert survey.campaign == own
    other = factories.make_registered_unit(county)
    assert (
        record_survey(unit=other, facts=SurveyFacts(JULY), by=None, today=TODAY).campaign == above
    )
    before = SurveyFacts(datetime.date(2026, 7, 14))
    assert record_survey(unit=unit, facts=before, by=None, today=TODAY).campaign is None


# --- Instructors, founding ----------------------------------------------------------------------


def test_an_instructor_is_sent_and_ended(unit):
    sent = send_instructor(
        unit=unit,
        person_name="方立平",
        from_unit="街道党建办",
        starts_on=JULY,
        by=None,
        today=TODAY,
    )
    assert line(unit).action == "选派指导员"
    with pytest.raises(Refused, match="已有党建指导员方立平"):
        send_instructor(
            unit=unit, person_name="贺云", from_unit="", starts_on=TODAY, by=None, today=TODAY
        )
    with pytest.raises(Refused, match="才选派"):
        end_instructor(instructor=sent, version=1, ends_on=JULY - DAY, by=None, today=TODAY)
    end_instructor(instructor=sent, version=1, ends_on=TODAY, by=None, today=TODAY)
    sent.refresh_from_db()
    assert (sent.ends_on, sent.version) == (TODAY, 2)
    with pytest.raises(MovedOn):
        end_instructor(instructor=sent, version=1, ends_on=TODAY, by=None, today=TODAY)
    with pytest.raises(Refused, match="已于2026年8月20日结束"):
        end_instructor(instructor=sent, version=2, ends_on=TODAY, by=None, today=TODAY)


def test_a_branch_takes_a_unit_in_once(unit, branch, town):
    row = cover(unit=unit, branch=branch, on=JULY, by=None, today=TODAY)
    assert (row.unit, row.organisation, row.starts_on) == (unit, branch, JULY)
    assert line(unit).after == {"党支部": branch.name, "自": "2026-07-22"}
    other = factories.make_branch(town)
    with pytest.raises(Refused, match="已由“望春社区第一党支部”覆盖"):
        cover(unit=unit, branch=other, on=TODAY, by=None, today=TODAY)


def test_a_unit_is_not_taken_in_tomorrow_nor_by_a_committee(unit, branch, town):
    with pytest.raises(Refused) as refused:
        cover(unit=unit, branch=branch, on=TODAY + DAY, by=None, today=TODAY)
    assert refused.value.field == "on"
    with pytest.raises(Refused, match="不是党支部"):
        cover(unit=unit, branch=town, on=TODAY, by=None, today=TODAY)


def test_founding_steps_are_planned_and_done_in_order(unit):
    steps = {
        "mobilised": StepFacts(planned_on=JULY, done_on=JULY),
        "prepared": StepFacts(planned_on=TODAY + DAY, note="等批复"),
    }
    assert set_steps(unit=unit, steps=steps, by=None, today=TODAY) == 2
    assert line(unit).action.startswith("组建步骤：")
    again = {
        "mobilised": StepFacts(planned_on=JULY, done_on=JULY, version=1),
        "prepared": StepFacts(done_on=JULY - DAY, version=1),
    }
    with pytest.raises(Refused) as refused:
        set_steps(unit=unit, steps=again, by=None, today=TODAY)
    assert refused.value.field == "prepared_done_on"
    with pytest.raises(Refused, match="还没有到"):
        set_steps(unit=unit, steps={"filed": StepFacts(done_on=TODAY + DAY)}, by=None, today=TODAY)
    with pytest.raises(MovedOn):
        set_steps(unit=unit, steps={"mobilised": StepFacts()}, by=None, today=TODAY)
    assert FoundingStep.objects.get(kind=FoundingStepKind.PREPARED).note == "等批复"


# --- Figures ------------------------------------------------------------------------------------


def test_67_of_213_are_31_46_per_cent():
    figure = Figure(67, 213)
    assert figure.percent == Decimal("31.46")
    assert (figure.reaches(60), figure.lacking(60)) == (False, 61)
    assert Figure(128, 213).reaches(60) and not Figure(127, 213).reaches(60)
    assert (Figure(0, 0).percent, Figure(0, 0).lacking(60)) == (None, 0)


def test_the_share_is_rounded_half_up_to_two_decimals():
    assert Figure(1, 800).percent == Decimal("0.13")
    assert Figure(94, 1346).percent == Decimal("6.98")


def test_organisation_and_work_coverage_count_what_they_say(town, branch):
    units = [factories.make_registered_unit(town) for _ in range(5)]
    cover(unit=units[0], branch=branch, on=JULY, by=None, today=TODAY)
    factories.make_unit_instructor(units[1])
    factories.make_unit_survey(units[2], mass_organisations=["trade_union"], guided=True)
    factories.make_unit_survey(units[3], mass_organisations=["trade_union"])
    factories.make_unit_instructor(units[4], ends_on=TODAY - DAY)
    assert shares(town) == (Figure(1, 5), Figure(3, 5))


def test_a_past_day_knows_nothing_of_what_came_later(town, branch):
    first = factories.make_registered_unit(town, registered_on=JULY)
    cover(unit=first, branch=branch, on=datetime.date(2026, 8, 1), by=None, today=TODAY)
    second = factories.make_registered_unit(town, registered_on=datetime.date(2026, 8, 10))
    factories.make_unit_instructor(second, starts_on=datetime.date(2026, 8, 12))
    third = factories.make_registered_unit(town)
    factories.make_unit_survey(
        third, datetime.date(2026, 8, 5), mass_organisations=["women"], guided=True
    )
    factories.make_unit_survey(third, datetime.date(2026, 8, 15))
    Unit.objects.filter(pk=third.pk).update(ended_on=datetime.date(2026, 8, 18))
    seen = {
        day: shares(town, datetime.date(2026, *day))
        for day in ((7, 21), (7, 31), (8, 1), (8, 5), (8, 12), (8, 15), (8, 17), (8, 18))
    }
    assert seen == {
        (7, 21): (Figure(0, 1), Figure(0, 1)),
        (7, 31): (Figure(0, 2), Figure(0, 2)),
        (8, 1): (Figure(1, 2), Figure(1, 2)),
        (8, 5): (Figure(1, 2), Figure(2, 2)),
        (8, 12): (Figure(1, 3), Figure(3, 3)),
        (8, 15): (Figure(1, 3), Figure(2, 3)),
        (8, 17): (Figure(1, 3), Figure(2, 3)),
        (8, 18): (Figure(1, 2), Figure(2, 2)),
    }


def test_a_branch_no_longer_there_covers_nothing(town, branch, unit):
    row = cover(unit=unit, branch=branch, on=JULY, by=None, today=TODAY)
    BranchUnit.objects.filter(pk=row.pk).update(ends_on=TODAY - DAY)
    assert shares(town, TODAY - DAY)[0] == Figure(1, 1)
    assert shares(town)[0] == Figure(0, 1)


def test_only_the_kinds_that_the_county_counts_are_on_the_register(town):
    factories.make_registered_unit(town)
    factories.make_registered_unit(town, kind="private_enterprise")
    factories.make_registered_unit(town, kind="village")
    assert shares(town)[0].denominator == 2
    assert shares(town, kinds=["village"])[0].denominator == 1
    Setting.objects.create(
        key="tasks.coverage_kinds", starts_on=TODAY, value=["社会组织"], reason="方案"
    )
    assert [shares(town, day)[0].denominator for day in (TODAY - DAY, TODAY)] == [2, 1]


def test_figures_of_a_past_day_follow_the_tree_of_that_day(county, town):
    branch = factories.make_branch(town)
    factories.make_registered_unit(branch)
    other = factories.make_committee(county, "荻浦镇党委")
    move_organisation(branch, to=other, by=None, on=datetime.date(2026, 8, 1), reason="区划调整")
    july = datetime.date(2026, 7, 31)
    assert [shares(place, july)[0].denominator for place in (county, town, other)] == [1, 1, 0]
    assert [shares(place)[0].denominator for place in (county, town, other)] == [1, 0, 1]


def test_the_committees_are_counted_with_the_groups_of_members_worst_first(county, town, branch):
    other = factories.make_committee(county, "荻浦镇党委")
    for members in (0, 1, 2, 3, 7):
        factories.make_unit_survey(
            factories.make_registered_unit(branch if members else town), working=members
        )
    cover(unit=Unit.objects.first(), branch=branch, on=JULY, by=None, today=TODAY)
    factories.make_registered_unit(other)
    factories.make_registered_unit(county)
    yardstick = Yardstick.on(TODAY)
    rows = standings(under(county, TODAY, yardstick.kinds), TODAY, yardstick)
    lines = by_committee(county, rows, TODAY)
    assert [(place, counted.units, counted.covered) for place, counted in lines] == [
        (other, 1, 0),
        (town, 5, 1),
        (county, 1, 0),
    ]
    assert lines[1][1].members == {"0": 1, "1": 1, "2": 1, "3+": 2}
    assert (tally(rows).units, tally(rows).surveyed) == (7, 5)


def test_figures_need_as_many_queries_for_three_units_as_for_one(town, branch):
    def more():
        unit = factories.make_registered_unit(town)
        factories.make_unit_survey(unit)
        factories.make_unit_instructor(unit)
        cover(unit=unit, branch=branch, on=JULY, by=None, today=TODAY)

    more()
    one = count_of(lambda: figures(town, TODAY))
    more()
    more()
    assert count_of(lambda: figures(town, TODAY)) == one <= 5


def test_the_worst_come_first(town, branch):
    names = ("过期", "三名", "未摸底", "有指导员", "已建")
    units = {name: factories.make_registered_unit(town, name) for name in names}
    factories.make_unit_survey(units["过期"], working=1, planned_on=TODAY - DAY)
    factories.make_unit_survey(units["三名"], working=3, planned_on=TODAY)
    factories.make_unit_instructor(units["有指导员"])
    cover(unit=units["已建"], branch=branch, on=JULY, by=None, today=TODAY)
    yardstick = Yardstick.on(TODAY)
    rows = standings(under(town, TODAY, yardstick.kinds), TODAY, yardstick)
    assert [row.name for row in worst_first(rows, TODAY)] == list(names)


def test_the_form_follows_from_the_branch_unless_a_survey_says_it(town):
    def joined(branch, *units):
        for unit in units:
            cover(unit=unit, branch=branch, on=JULY, by=None, today=TODAY)
        return form_of(covering([units[0].pk], TODAY)[units[0].pk][0], None)

    def unit():
        return factories.make_registered_unit(town)

    social = {"sector": "social_organisation"}
    assert joined(factories.make_branch(town, **social), unit()) == "own"
    assert joined(factories.make_branch(town), unit(), unit()) == "community"
    assert joined(factories.make_branch(town, **social), unit(), unit()) == "attached"
    joint = factories.make_branch(town, **social)
    change_facts(joint, by=None, on=JULY, today=TODAY, form="joint")
    joint.refresh_from_db()
    first = unit()
    assert joined(joint, first, unit()) == "joint"
    row = covering([first.pk], TODAY)[first.pk][0]
    before = factories.make_unit_survey(first, JULY - DAY, form="attached")
    assert form_of(row, before) == "joint"
    assert form_of(row, factories.make_unit_survey(first, TODAY, form="attached")) == "attached"
