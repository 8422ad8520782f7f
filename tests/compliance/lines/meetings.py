"""Lines of the rules about meetings, study and the branch's building."""

from datetime import date

from compliance.rules.meetings.training import INDUCTION_MONTHS, TRAININGS_A_YEAR
from meetings.enums import Type
from meetings.hours import LEADERS_HOURS, YEARLY_HOURS
from meetings.talking import TALKS_A_YEAR
from meetings.values import (
    BUILDING_STUDIES_A_YEAR,
    COMMITTEES_A_MONTH,
    LECTURES_A_YEAR,
    MEMBERS_MEETINGS_A_QUARTER,
    PLAN_MONTH,
    THEME_DAYS_A_MONTH,
    YEARLY_UNTIL,
)
from members.posts import (
    COMMITTEE_FROM,
)
from tests import factories
from tests.compliance.lines.scenes import (
    END_OF_SEPTEMBER,
    END_OF_YEAR,
    NOBODY,
    SEPTEMBER,
    Changed,
    Line,
    Scene,
    Undo,
    change,
    gone,
    meeting,
    nothing,
    people,
)


def _four_lectures(scene: Scene) -> Undo:
    days = (date(2026, 3, 5), date(2026, 6, 5), date(2026, 9, 5), date(2026, 11, 5))
    return gone([scene.hold(Type.LECTURE, on=day) for day in days][-1])


def _group(scene: Scene) -> None:
    scene.thing = factories.make_group(scene.branch)


def _talked(scene: Scene) -> Undo:
    first, *others = scene.people
    return gone(
        factories.make_talk(scene.branch, date(2026, 5, 8), initiators=[first], members=others)
    )


def _course(hours="8", on=date(2026, 6, 10), **facts):
    """Everybody was on a course of the committee's."""

    def mend(scene: Scene) -> Undo:
        course = factories.make_training(
            scene.branch.parent, on, people=scene.people, hours=hours, **facts
        )
        return lambda: change(course, cancelled_at="2026-12-01T00:00:00+08:00")

    return mend


def _secretary(scene: Scene) -> None:
    [person] = scene.add_people(1)
    factories.make_post(scene.branch, member=person)


def _new_secretary(scene: Scene) -> None:
    # Records begin with this meeting.
    scene.hold(Type.THEME_DAY, on=date(2026, 1, 8))
    [person] = scene.add_people(1)
    factories.make_post(scene.branch, member=person, starts_on=date(2026, 3, 1))


def _committee_secretary(scene: Scene) -> None:
    factories.make_post(scene.branch, person_name="沈知行")


def _committee_lecture(scene: Scene) -> Undo:
    below = factories.make_branch(scene.branch)
    return gone(
        factories.make_meeting(below, date(2026, 9, 10), [Type.LECTURE], lecturer_name="沈知行")
    )


LINES: dict[str, Line] = {
    "meetings.committee": Line(
        people(7),
        meeting(Type.COMMITTEE),
        END_OF_SEPTEMBER,
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 10),
        keys={COMMITTEES_A_MONTH: Changed(2, (2, 0, "overdue")), COMMITTEE_FROM: Changed(8, None)},
    ),
    "meetings.members_meeting": Line(
        nothing,
        meeting(Type.MEMBERS_MEETING),
        END_OF_SEPTEMBER,
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 10),
        keys={MEMBERS_MEETINGS_A_QUARTER: Changed(2, (2, 0, "overdue"))},
    ),
    "meetings.lecture": Line(
        nothing,
        _four_lectures,
        END_OF_YEAR,
        (4, 0, "behind"),
        (4, 0, "overdue"),
        (4, 4, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 11, 5),
        undone=(4, 3, "overdue"),
        founded_inside=(3, 0, "overdue"),
        keys={LECTURES_A_YEAR: Changed(2, (2, 0, "overdue"))},
    ),
    "meetings.theme_day": Line(
        nothing,
        meeting(Type.THEME_DAY),
        END_OF_SEPTEMBER,
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 10),
        keys={THEME_DAYS_A_MONTH: Changed(2, (2, 0, "overdue"))},
    ),
    "meetings.group": Line(
        _group,
        lambda scene: gone(scene.hold(Type.GROUP, group=scene.thing)),
        END_OF_SEPTEMBER,
        (1, 0, "open"),
        (1, 0, "behind"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 10),
    ),
    "meetings.life_meeting": Line(
        nothing,
        meeting(Type.LIFE_MEETING, on=date(2027, 2, 20), for_year=2026),
        date(2027, 3, 31),
        (1, 0, "behind"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2027, 2, 20),
        keys={YEARLY_UNTIL: Changed(4, (1, 0, "behind"))},
    ),
    "meetings.appraisal": Line(
        nothing,
        meeting(Type.APPRAISAL, on=date(2027, 2, 20), for_year=2026),
        date(2027, 3, 31),
        (1, 0, "open"),
        (1, 0, "behind"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2027, 2, 20),
        keys={YEARLY_UNTIL: Changed(4, (1, 0, "open"))},
    ),
    "meetings.talks": Line(
        people(3),
        _talked,
        END_OF_YEAR,
        (3, 0, "open"),
        (3, 0, "behind"),
        (3, 3, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 5, 8),
        keys={TALKS_A_YEAR: Changed(2, (3, 0, "behind"), mended=True)},
    ),
    "meetings.study_hours": Line(
        people(2),
        _course("32"),
        END_OF_YEAR,
        (2, 0, "behind"),
        (2, 0, "overdue"),
        (2, 2, "done"),
        of=SEPTEMBER,
        founded_inside=(2, 0, "overdue"),
        keys={YEARLY_HOURS: Changed(33, (2, 0, "overdue"), mended=True)},
    ),
    "meetings.leaders_study_hours": Line(
        _secretary,
        _course("56"),
        END_OF_YEAR,
        (1, 0, "behind"),
        (1, 0, "behind"),
        (1, 1, "done"),
        of=SEPTEMBER,
        founded_inside=(1, 0, "behind"),
        keys={LEADERS_HOURS: Changed(57, (1, 0, "behind"), mended=True)},
    ),
    "meetings.secretary_training": Line(
        _secretary,
        _course(kind="secretaries", level="committee"),
        END_OF_YEAR,
        (1, 0, "open"),
        (1, 0, "behind"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 6, 10),
        founded_inside=(1, 0, "behind"),
        keys={TRAININGS_A_YEAR: Changed(2, (2, 0, "behind"))},
    ),
    "meetings.new_secretary_training": Line(
        _new_secretary,
        _course(on=date(2026, 8, 20), kind="induction"),
        date(2026, 9, 1),
        NOBODY,
        (0, 1, "behind"),
        NOBODY,
        keys={INDUCTION_MONTHS: Changed(7, NOBODY)},
    ),
    "meetings.plan": Line(
        nothing,
        lambda scene: gone(factories.make_plan(scene.branch, 2026, filed_on=date(2026, 1, 20))),
        date(2026, 1, 31),
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=date(2026, 1, 1),
        met_on=date(2026, 1, 20),
        keys={PLAN_MONTH: Changed(2, (1, 0, "open"))},
    ),
    "meetings.secretary_lecture": Line(
        _committee_secretary,
        _committee_lecture,
        END_OF_YEAR,
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 10),
        of_committees=True,
    ),
    "assessments.standard_studied": Line(
        nothing,
        meeting(Type.COMMITTEE, on_branch_building=True),
        END_OF_YEAR,
        (1, 0, "open"),
        (1, 0, "overdue"),
        (1, 1, "done"),
        of=SEPTEMBER,
        met_on=date(2026, 9, 10),
        keys={BUILDING_STUDIES_A_YEAR: Changed(2, (2, 0, "overdue"))},
    ),
}
