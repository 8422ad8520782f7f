"""四议两公开: what the services do, refuse and leave behind, and how far a matter has come."""

import datetime

import pytest

from accounts.models import TrailLine
from branches.models import Sector
from meetings import matters
from meetings.enums import MatterStage, MeetingState, Type
from meetings.models import Matter, MatterStep
from meetings.services import Refused
from meetings.services.matters import (
    change_matter,
    drop_matter,
    record_stage,
    remove_stage,
    resume_matter,
    start_matter,
)
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)


def march(day):
    return datetime.date(2026, 3, day)


@pytest.fixture
def branch():
    return factories.make_branch(sector=Sector.VILLAGE)


@pytest.fixture
def by(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def matter(branch):
    return factories.make_matter(branch)


@pytest.fixture
def held(branch):
    return factories.make_meeting(branch, march(10), present=factories.make_members(branch, 4))


def record(matter, stage, by, on=None, **facts):
    matter.refresh_from_db()
    if stage in matters.PUBLICATIONS:
        facts.setdefault("ends_on", on + datetime.timedelta(days=7))
    facts = {"version": matter.version, "done_on": on, "by": by, "today": TODAY, **facts}
    return record_stage(matter=matter, stage=stage, **facts)


def refusal(act, *args, **facts):
    with pytest.raises(Refused) as refused:
        act(*args, **facts)
    return str(refused.value), refused.value.field


# --- Beginning ------------------------------------------------------------------------------


def test_a_matter_begins_with_a_line_in_the_trail(branch, by):
    matter = start_matter(organisation=branch, title=" 村内道路硬化 ", content="1.2 公里", by=by)
    assert (matter.title, matter.content, matter.entered_by) == ("村内道路硬化", "1.2 公里", by)
    line = TrailLine.objects.get()
    assert (line.action, line.area, line.object_id) == ("新增四议两公开事项", "matters", matter.pk)
    assert (line.organisation_id, line.after["事项"]) == (branch.pk, "村内道路硬化")


@pytest.mark.parametrize("sector", [Sector.OFFICE, Sector.SCHOOL, ""])
def test_only_villages_and_communities_decide_this_way(sector, by):
    branch = factories.make_branch(sector=sector)
    said, _field = refusal(start_matter, organisation=branch, title="修路", by=by)
    assert said == "四议两公开用于村和社区党支部，这里不用登记"
    assert not Matter.objects.exists()


def test_a_matter_needs_a_title(branch, by):
    assert refusal(start_matter, organisation=branch, title="  ", by=by)[1] == "title"


def test_the_same_matter_is_not_begun_twice(branch, by, matter):
    said, field = refusal(start_matter, organisation=branch, title="村内道路硬化", by=by)
    assert said == "“村内道路硬化”正在办理，请在原来那一件上登记，或者换个能区分的名称"
    assert field == "title"
    neighbour = factories.make_branch(sector=Sector.VILLAGE)
    assert start_matter(organisation=neighbour, title="村内道路硬化", by=by).pk


def test_a_finished_or_given_up_matter_may_come_up_again(branch, by):
    factories.make_matter(branch, "修渠", stages=[(MatterStage.RESULT_PUBLISHED, march(1))])
    factories.make_matter(branch, "修桥", dropped_on=march(1), drop_reason="没有资金")
    assert start_matter(organisation=branch, title="修渠", by=by).pk
    assert start_matter(organisation=branch, title="修桥", by=by).pk


def test_title_and_content_are_put_right(matter, by):
    facts = {"matter": matter, "version": 1, "by": by}
    assert change_matter(title="村内主路硬化", content="0.8 公里", **facts)
    line = TrailLine.objects.get()
    assert (line.before["事项"], line.after["事项"]) == ("村内道路硬化", "村内主路硬化")
    matter.refresh_from_db()
    assert matter.version == 2
    assert not change_matter(
        matter=matter, version=2, title="村内主路硬化", content="0.8 公里", by=by
    )
    assert TrailLine.objects.count() == 1


def test_a_change_on_top_of_an_old_version_is_refused(matter, by):
    change_matter(matter=matter, version=1, title="修路", content="", by=by)
    said, _field = refusal(change_matter, matter=matter, version=1, title="修桥", content="", by=by)
    assert said.startswith("这件事刚被别人改过")
    matter.refresh_from_db()
    assert matter.title == "修路"


# --- Stages ---------------------------------------------------------------------------------


def test_a_stage_is_entered_with_its_line(matter, by):
    step = record(matter, MatterStage.PROPOSED, by, march(2), note="支委会提议")
    assert (step.done_on, step.note, step.meeting) == (march(2), "支委会提议", None)
    line = TrailLine.objects.get()
    assert (line.action, line.label) == ("登记四议两公开环节", "村内道路硬化 村党组织提议")
    assert line.after == {"日期": "2026年3月2日", "情况": "支委会提议"}
    matter.refresh_from_db()
    assert matter.version == 2


def test_the_same_stage_again_is_put_right_and_the_same_words_leave_no_line(matter, by):
    record(matter, MatterStage.PROPOSED, by, march(2))
    record(matter, MatterStage.PROPOSED, by, march(3))
    record(matter, MatterStage.PROPOSED, by, march(3))
    assert matter.steps.get().done_on == march(3)
    actions = list(TrailLine.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["登记四议两公开环节", "更正四议两公开环节"]
    matter.refresh_from_db()
    assert matter.version == 3


def test_a_meeting_gives_its_own_day(matter, by, held):
    step = record(matter, MatterStage.REVIEWED, by, meeting=held)
    assert (step.done_on, step.meeting) == (march(10), held)
    said, field = refusal(record, matter, MatterStage.REVIEWED, by, march(11), meeting=held)
    assert said == "所选会议是2026年3月10日召开的，日期请填同一天或空着"
    assert field == "done_on"


def test_the_review_rests_on_a_recorded_members_meeting(matter, by):
    said, field = refusal(record, matter, MatterStage.REVIEWED, by, march(10))
    assert said == "请选支部党员大会；还没有登记的，先登记会议再回来选"
    assert field == "meeting"


@pytest.mark.parametrize("wrong", ["type", "state", "branch"])
def test_a_meeting_of_another_type_state_or_branch_is_refused(matter, branch, by, wrong):
    where = factories.make_branch() if wrong == "branch" else branch
    types = [Type.LECTURE] if wrong == "type" else [Type.MEMBERS_MEETING]
    state = MeetingState.PLANNED if wrong == "state" else MeetingState.HELD
    meeting = factories.make_meeting(where, march(10), types, state=state)
    said, field = refusal(record, matter, MatterStage.REVIEWED, by, meeting=meeting)
    assert (said, field) == ("这次会议不能用于这一步，请重新选", "meeting")


def test_stages_keep_the_order_of_their_days(matter, by):
    record(matter, MatterStage.DISCUSSED, by, march(5))
    record(matter, MatterStage.RESOLVED, by, march(12))
    said, field = refusal(record, matter, MatterStage.PROPOSED, by, march(6))
    assert (said, field) == ("晚于村“两委”会议商议（2026年3月5日），请核对日期", "done_on")
    said, _field = refusal(record, matter, MatterStage.RESOLUTION_PUBLISHED, by, march(11))
    assert said == "早于村民会议或村民代表会议决议（2026年3月12日），请核对日期"
    # The same day is in order.
    record(matter, MatterStage.PROPOSED, by, march(5))
    record(matter, MatterStage.RESOLUTION_PUBLISHED, by, march(12))


def test_a_day_to_come_is_not_done_yet(matter, by):
    said, _field = refusal(record, matter, MatterStage.PROPOSED, by, march(29))
    assert said == "这一天还没有到，做完了再登记"
    record(matter, MatterStage.PROPOSED, by, TODAY)


def test_a_stage_without_a_day_is_refused(matter, by):
    assert refusal(record, matter, MatterStage.PROPOSED, by)[1] == "done_on"


@pytest.mark.parametrize("stage", sorted(matters.PUBLICATIONS))
def test_a_publication_has_its_last_day(matter, by, stage):
    assert refusal(record, matter, stage, by, march(14), ends_on=None)[1] == "ends_on"
    assert refusal(record, matter, stage, by, march(14), ends_on=march(13))[1] == "ends_on"
    assert record(matter, stage, by, march(14), ends_on=march(14)).ends_on == march(14)


@pytest.mark.parametrize(
    ("should", "present", "yes", "field"),
    [(30, 31, None, "present"), (30, 25, 26, "yes"), (30, None, 31, "yes")],
)
def test_counts_that_cannot_be_are_refused(matter, by, should, present, yes, field):
    facts = {"should_attend": should, "present": present, "yes": yes}
    assert refusal(record, matter, MatterStage.RESOLVED, by, march(12), **facts)[1] == field
    assert not MatterStep.objects.exists()


def test_a_skipped_stage_is_no_obstacle(matter, by):
    record(matter, MatterStage.RESOLUTION_PUBLISHED, by, march(14))
    assert matters.standing_of(matter, matter.steps.all()).missing == [
        MatterStage.PROPOSED,
        MatterStage.DISCUSSED,
        MatterStage.REVIEWED,
        MatterStage.RESOLVED,
    ]


def test_a_stage_is_taken_back_with_a_reason(matter, by):
    record(matter, MatterStage.PROPOSED, by, march(2))
    matter.refresh_from_db()
    facts = {"matter": matter, "stage": MatterStage.PROPOSED, "by": by}
    assert refusal(remove_stage, version=2, reason=" ", **facts)[1] == "reason"
    assert refusal(remove_stage, version=1, reason="填错", **facts)[0].startswith("这件事刚被别人")
    remove_stage(version=2, reason="填错", **facts)
    assert not matter.steps.exists()
    line = TrailLine.objects.latest("pk")
    assert (line.action, line.reason) == ("撤销四议两公开环节", "填错")
    assert line.before == {"日期": "2026年3月2日"}
    assert refusal(remove_stage, version=3, reason="填错", **facts)[0].startswith("这一步没有登记")


# --- Giving up ------------------------------------------------------------------------------


def test_a_matter_is_given_up_and_taken_up_again(matter, by):
    record(matter, MatterStage.PROPOSED, by, march(2))
    facts = {"matter": matter, "by": by, "today": TODAY}
    assert refusal(drop_matter, version=2, dropped_on=march(9), reason="", **facts)[1] == "reason"
    early = refusal(drop_matter, version=2, dropped_on=march(1), reason="没有资金", **facts)
    assert early == ("终止日期早于村党组织提议（2026年3月2日），请核对", "dropped_on")
    late = refusal(drop_matter, version=2, dropped_on=march(29), reason="没有资金", **facts)
    assert late[1] == "dropped_on"
    drop_matter(version=2, dropped_on=march(9), reason="没有资金", **facts)
    assert TrailLine.objects.latest("pk").after["终止原因"] == "没有资金"
    assert refusal(record, matter, MatterStage.DISCUSSED, by, march(10))[0].startswith(
        "这件事已终止"
    )
    said, _field = refusal(drop_matter, version=3, dropped_on=march(9), reason="再说", **facts)
    assert said == "这件事已经终止"
    resume_matter(matter=matter, version=3, by=by)
    matter.refresh_from_db()
    assert (matter.dropped_on, matter.drop_reason) == (None, "")
    assert refusal(resume_matter, matter=matter, version=4, by=by)[0].startswith("这件事没有终止")


# --- How far --------------------------------------------------------------------------------


def mark(matter, today=TODAY):
    return matters.standing_of(matter, matter.steps.all()).mark(today)


def test_the_mark_names_the_next_stage_and_what_is_missing(matter, by):
    assert mark(matter) == ("todo", "还没有开始")
    record(matter, MatterStage.PROPOSED, by, march(2))
    assert mark(matter) == ("run", "待商议")
    record(matter, MatterStage.RESOLVED, by, march(12))
    assert mark(matter) == ("soon", "缺商议、审议")
    Matter.objects.filter(pk=matter.pk).update(dropped_on=march(20))
    matter.refresh_from_db()
    assert mark(matter) == ("wait", "已终止")


def test_a_publication_runs_to_the_end_of_its_last_day(branch, by):
    days = [(stage, march(2 + n)) for n, stage in enumerate(MatterStage)]
    matter = factories.make_matter(branch, stages=days)
    matter.steps.filter(stage=MatterStage.RESULT_PUBLISHED).update(ends_on=march(28))
    assert mark(matter, march(28)) == ("run", "公开至2026年3月28日")
    assert mark(matter, march(29)) == ("done", "已办结")


def test_the_counts_of_the_list_agree_with_the_steps(branch):
    factories.make_matter(branch, "甲")
    factories.make_matter(branch, "乙", stages=[(MatterStage.REVIEWED, march(3))])
    both = [(MatterStage.PROPOSED, march(2)), (MatterStage.DISCUSSED, march(3))]
    factories.make_matter(branch, "丙", stages=both)
    found = matters.with_counts(Matter.objects.order_by("title"))
    assert sorted((one.title, one.steps_done, one.furthest) for one in found) == [
        ("丙", 2, 2),
        ("乙", 1, 3),
        ("甲", 0, 0),
    ]


def test_a_community_has_words_of_its_own():
    named = [matters.stage_name(stage, Sector.COMMUNITY) for stage in MatterStage]
    assert named[0] == "社区党组织提议"
    assert named[1] == "社区“两委”会议商议"
    assert named[3] == "居民会议或居民代表会议决议"
    assert matters.stage_name(MatterStage.RESOLVED, Sector.VILLAGE) == "村民会议或村民代表会议决议"


# --- Votes of the members' meeting ----------------------------------------------------------


def numbers(matter):
    return matters.numbers_of(matter.steps.get(), matter.title)


def test_the_numbers_are_those_of_the_minutes_where_they_hold_a_resolution(branch, by, held):
    matter = factories.make_matter(branch, stages=[(MatterStage.REVIEWED, held)])
    MatterStep.objects.update(should_attend=9, present=9, yes=9)
    assert (numbers(matter).words, numbers(matter).is_recorded) == (
        "应到 9 人，实到 9 人，同意 9 人",
        False,
    )
    factories.make_resolution(held, kind="village", should=30, present=25, yes=24)
    assert (numbers(matter).words, numbers(matter).is_recorded) == (
        "应到 30 人，实到 25 人，同意 24 人",
        True,
    )


def test_of_several_resolutions_the_one_counts_that_names_the_matter(branch, held):
    matter = factories.make_matter(branch, "修渠", stages=[(MatterStage.REVIEWED, held)])
    factories.make_resolution(held, "同意修路", kind="village", should=30, present=25, yes=24)
    factories.make_resolution(held, "同意修渠", kind="village", should=30, present=25, yes=14)
    factories.make_resolution(held, "同意修渠经费", kind="ordinary", should=30, present=25, yes=1)
    assert numbers(matter).yes == 14


@pytest.mark.parametrize(
    ("should", "present", "yes", "passed"),
    [(30, 15, 16, True), (30, 25, 15, False), (30, 14, 14, False), (31, 16, 16, True)],
)
def test_the_review_passes_with_more_than_half_of_those_who_may_vote(should, present, yes, passed):
    assert matters.review_outcome(matters.Numbers(should, present, yes)).passed is passed


def test_without_counts_nothing_is_said_about_passing():
    assert matters.review_outcome(matters.Numbers(None, None, None)) is None
    assert matters.review_outcome(matters.Numbers(30, 25, None)).passed is None
