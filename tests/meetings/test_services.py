import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import TrailLine
from branches.models import Attachment, Changed
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.hours import hours_by_member
from meetings.models import Meeting
from meetings.rosters import last_of_types, roster_on
from meetings.services import recording
from meetings.services.recording import Files, MeetingFacts, Presence
from meetings.values import entered_late
from members.enums import MemberKind, PostTitle
from tests import factories

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 3, 20)
TODAY = datetime.date(2026, 3, 24)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


def facts_for(branch, types=(Type.MEMBERS_MEETING,), held_on=DAY, away=None, **facts):
    """Everybody of the circle present, but those in `away` (member → state)."""
    presences = recording.expected_presences(roster_on(branch, held_on), types)
    presences |= {member.pk: Presence(state, "住院") for member, state in (away or {}).items()}
    return MeetingFacts(types=tuple(types), held_on=held_on, presences=presences, **facts)


def register(branch, by, facts=None, **options):
    options.setdefault("today", TODAY)
    return recording.register_meeting(
        organisation=branch, facts=facts or facts_for(branch), by=by, **options
    )


def test_registering_stores_types_roster_and_who_was_formal(branch, secretary):
    formal = factories.make_member(branch)
    probationary = factories.make_member(
        branch, kind=MemberKind.PROBATIONARY, joined_on=datetime.date(2025, 12, 1)
    )
    facts = facts_for(
        branch,
        (Type.MEMBERS_MEETING, Type.LECTURE),
        away={probationary: AttendanceState.LEAVE},
        hours=Decimal("1.5"),
        topic="听取一季度工作报告",
    )
    meeting = register(branch, secretary, facts)
    assert [row.type for row in meeting.types.all()] == [Type.MEMBERS_MEETING, Type.LECTURE]
    assert list(meeting.attendances.values_list("member", "state", "reason", "was_formal")) == [
        (formal.pk, AttendanceState.PRESENT, "", True),
        (probationary.pk, AttendanceState.LEAVE, "住院", False),
    ]
    assert meeting.state == MeetingState.HELD
    assert meeting.entered_by == secretary
    assert hours_by_member(DAY, DAY) == {formal.pk: Decimal("1.5")}


def test_registering_leaves_a_line_and_a_note_for_the_day(branch, secretary):
    member = factories.make_member(branch, "龚丽华")
    meeting = register(
        branch, secretary, facts_for(branch, away={member: AttendanceState.LEAVE}), reason="补记"
    )
    line = TrailLine.objects.get(area="meetings", object_id=meeting.pk)
    assert (line.action, line.by, line.reason) == ("登记会议", secretary, "补记")
    assert line.organisation_id == branch.pk
    assert line.after["请假"] == "龚丽华（住院）"
    assert (line.after["应到"], line.after["实到"]) == ("1", "0")
    note = Changed.objects.get(organisation=branch)
    assert (note.area, note.from_on, note.to_on) == ("meetings", DAY, DAY)


def test_the_roster_is_that_of_the_day_of_the_meeting(branch):
    there = factories.make_member(branch)
    factories.make_member(branch, starts_on=datetime.date(2026, 3, 21))
    gone = factories.make_member(branch, ends_on=datetime.date(2026, 3, 31))
    assert [p.member_id for p in roster_on(branch, DAY).people] == [there.pk, gone.pk]
    assert [p.member_id for p in roster_on(branch, datetime.date(2026, 4, 1)).people] != [
        there.pk,
        gone.pk,
    ]


def test_someone_who_joined_later_is_refused_on_the_roster(branch, secretary):
    factories.make_member(branch)
    later = factories.make_member(branch, starts_on=datetime.date(2026, 3, 21))
    facts = MeetingFacts(
        types=(Type.MEMBERS_MEETING,),
        held_on=DAY,
        presences={later.pk: Presence(AttendanceState.PRESENT)},
    )
    with pytest.raises(recording.Refused) as refused:
        register(branch, secretary, facts)
    assert refused.value.field == "held_on"
    assert not Meeting.objects.exists()
    assert not TrailLine.objects.exists()


def test_who_becomes_formal_counts_as_formal_from_that_day(branch):
    factories.make_member(
        branch, joined_on=datetime.date(2025, 3, 20), confirmed_on=datetime.date(2026, 3, 20)
    )
    before = roster_on(branch, datetime.date(2026, 3, 19)).people[0]
    on_the_day = roster_on(branch, DAY).people[0]
    assert (before.was_formal, on_the_day.was_formal) == (False, True)


def test_a_committee_meeting_calls_the_holders_of_committee_posts(branch):
    first, second, third = factories.make_members(branch, 3)
    factories.make_post(branch, PostTitle.SECRETARY, member=first)
    factories.make_post(branch, PostTitle.MEMBER, member=second)
    factories.make_post(branch, PostTitle.GROUP_LEADER, member=third)
    roster = roster_on(branch, DAY)
    assert roster.circle([Type.COMMITTEE]) == {first.pk, second.pk}
    assert roster.circle([Type.COMMITTEE, Type.LECTURE]) == {first.pk, second.pk, third.pk}


def test_with_one_post_on_record_the_last_committee_meeting_decides(branch):
    first, second, third = factories.make_members(branch, 3)
    factories.make_post(branch, PostTitle.SECRETARY, member=first)
    assert roster_on(branch, DAY).circle([Type.COMMITTEE]) == {first.pk, second.pk, third.pk}
    factories.make_meeting(
        branch, datetime.date(2026, 2, 10), [Type.COMMITTEE], present=[first], leave=[third]
    )
    assert roster_on(branch, DAY).circle([Type.COMMITTEE]) == {first.pk, third.pk}


def test_a_group_meeting_calls_the_members_of_the_group(branch):
    group = factories.make_group(branch)
    inside = factories.make_member(branch, group=group)
    outside = factories.make_member(branch)
    roster = roster_on(branch, DAY)
    assert roster.circle([Type.GROUP], group.pk) == {inside.pk}
    assert roster.circle([Type.GROUP]) == {inside.pk, outside.pk}


def test_an_empty_branch_has_an_empty_roster_and_may_record(branch, secretary):
    meeting = register(branch, secretary)
    assert meeting.attendances.count() == 0


def test_a_day_to_come_is_refused_as_held_and_taken_as_prepared(branch, secretary):
    facts = facts_for(branch, held_on=datetime.date(2026, 3, 25))
    with pytest.raises(recording.Refused, match="保存准备"):
        register(branch, secretary, facts)
    meeting = register(branch, secretary, facts, state=MeetingState.PLANNED)
    assert meeting.state == MeetingState.PLANNED
    assert TrailLine.objects.get().action == "准备会议"


def test_a_day_before_the_founding_is_refused_and_the_founding_day_is_not(secretary, branch):
    with pytest.raises(recording.Refused, match="2015年1月1日才成立"):
        register(branch, secretary, facts_for(branch, held_on=datetime.date(2014, 12, 31)))
    assert register(branch, secretary, facts_for(branch, held_on=factories.FOUNDED)).pk


def test_a_leap_day_is_a_day(branch, secretary):
    leap = datetime.date(2024, 2, 29)
    assert register(branch, secretary, facts_for(branch, held_on=leap)).held_on == leap


def test_an_end_before_the_start_is_refused(branch, secretary):
    facts = facts_for(branch, starts_at=datetime.time(15), ends_at=datetime.time(14, 30))
    with pytest.raises(recording.Refused, match="结束时间早于开始时间 15:00"):
        register(branch, secretary, facts)


def test_a_group_of_another_branch_is_refused(branch, secretary):
    facts = facts_for(branch, group=factories.make_group(factories.make_branch()))
    with pytest.raises(recording.Refused) as refused:
        register(branch, secretary, facts)
    assert refused.value.field == "group"


def test_a_second_meeting_of_the_type_on_the_day_is_refused_unless_meant(branch, secretary):
    first = register(branch, secretary, facts_for(branch, (Type.COMMITTEE,)))
    with pytest.raises(recording.AlreadyRegistered, match="3月20日已登记过支部委员会") as refused:
        register(branch, secretary, facts_for(branch, (Type.LECTURE, Type.COMMITTEE)))
    assert refused.value.meeting == first
    assert register(branch, secretary, facts_for(branch, (Type.LECTURE,))).pk
    assert register(branch, secretary, facts_for(branch, (Type.COMMITTEE,)), anyway=True).pk


def test_two_groups_may_meet_on_one_day(branch, secretary):
    for _ in range(2):
        group = factories.make_group(branch)
        assert register(branch, secretary, facts_for(branch, (Type.GROUP,), group=group)).pk


def test_a_cancelled_meeting_does_not_stand_in_the_way(branch, secretary):
    meeting = register(branch, secretary)
    recording.cancel_meeting(meeting=meeting, version=1, by=secretary, reason="记错了支部")
    assert register(branch, secretary).pk


def test_a_file_is_kept_once_with_the_meeting(branch, secretary):
    content = b"%PDF-1.7\n" + b"x" * 100
    meeting = register(
        branch,
        secretary,
        files=Files(
            uploads=(
                SimpleUploadedFile("签到表.pdf", content),
                SimpleUploadedFile("签到表 副本.pdf", content),
            )
        ),
    )
    attachment = Attachment.objects.get(area="meetings", object_id=meeting.pk)
    assert (attachment.name, attachment.organisation) == ("签到表.pdf", branch)
    assert TrailLine.objects.get().after["附件"] == "签到表.pdf"


def change(meeting, by, facts, **options):
    options.setdefault("version", meeting.version)
    options.setdefault("today", TODAY)
    return recording.change_meeting(meeting=meeting, facts=facts, by=by, **options)


def test_a_change_writes_what_differs_before_and_after(branch, secretary):
    member = factories.make_member(branch, "汤明亮")
    meeting = register(branch, secretary, facts_for(branch, place="一楼"))
    Changed.objects.all().delete()
    facts = facts_for(
        branch, held_on=datetime.date(2026, 3, 19), place="二楼", away={member: "absent"}
    )
    changed = change(meeting, secretary, facts)
    assert (changed.version, changed.place) == (2, "二楼")
    line = TrailLine.objects.filter(action="修改会议").get()
    assert line.before == {"日期": "2026-03-20", "地点": "一楼", "实到": "1", "缺席": ""}
    assert line.after == {
        "日期": "2026-03-19",
        "地点": "二楼",
        "实到": "0",
        "缺席": "汤明亮（住院）",
    }
    note = Changed.objects.get()
    assert (note.from_on, note.to_on) == (datetime.date(2026, 3, 19), DAY)


def test_the_second_of_two_who_save_is_told_who_was_first(branch, secretary):
    meeting = register(branch, secretary)
    colleague = factories.make_user("organiser", branch, name="周慧敏")
    change(meeting, colleague, facts_for(branch, place="二楼"))
    with pytest.raises(recording.ChangedMeanwhile) as refused:
        change(meeting, secretary, facts_for(branch, place="三楼"))
    assert refused.value.last.by_name == "周慧敏"
    assert refused.value.last.after == {"地点": "二楼"}
    assert Meeting.objects.get().place == "二楼"


def test_people_recorded_earlier_stay_on_the_frozen_roster(branch, secretary):
    stayed, moved = factories.make_members(branch, 2)
    meeting = register(branch, secretary)
    moved.memberships.update(ends_on=datetime.date(2026, 3, 1))
    facts = MeetingFacts(
        types=(Type.MEMBERS_MEETING,),
        held_on=DAY,
        topic="改了议题",
        presences={pk: Presence(AttendanceState.PRESENT) for pk in (stayed.pk, moved.pk)},
    )
    change(meeting, secretary, facts)
    assert set(meeting.attendances.values_list("member", flat=True)) == {stayed.pk, moved.pk}


def test_who_was_formal_stays_frozen_while_the_day_stays(branch, secretary):
    member = factories.make_member(
        branch, kind=MemberKind.PROBATIONARY, joined_on=datetime.date(2025, 3, 1)
    )
    meeting = register(branch, secretary)
    member.kind, member.confirmed_on = MemberKind.FORMAL, datetime.date(2026, 3, 1)
    member.save()
    change(meeting, secretary, facts_for(branch, topic="改了议题"))
    assert meeting.attendances.get().was_formal is False
    meeting.refresh_from_db()
    change(meeting, secretary, facts_for(branch, held_on=datetime.date(2026, 3, 19)))
    assert meeting.attendances.get().was_formal is True


def test_a_planned_meeting_becomes_held_and_is_entered_now(branch, secretary):
    planned = factories.make_meeting(
        branch,
        DAY,
        state=MeetingState.PLANNED,
        entered_at=datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC),
    )
    meeting = change(planned, secretary, facts_for(branch))
    assert meeting.state == MeetingState.HELD
    assert meeting.entered_at.year >= 2026
    assert meeting.entered_at > planned.entered_at
    assert meeting.entered_by == secretary
    assert TrailLine.objects.get().action == "登记会议"


def test_a_held_meeting_does_not_become_planned_again(branch, secretary):
    meeting = register(branch, secretary)
    with pytest.raises(recording.Refused, match="不能改回准备"):
        change(meeting, secretary, facts_for(branch), state=MeetingState.PLANNED)


def test_cancelling_takes_the_hours_back_and_leaves_a_line(branch, secretary):
    factories.make_member(branch)
    meeting = register(branch, secretary, facts_for(branch, hours=Decimal(2)))
    with pytest.raises(recording.Refused, match="原因"):
        recording.cancel_meeting(meeting=meeting, version=1, by=secretary, reason=" ")
    recording.cancel_meeting(meeting=meeting, version=1, by=secretary, reason="重复登记")
    assert hours_by_member(DAY, DAY) == {}
    assert TrailLine.objects.filter(action="作废会议", reason="重复登记").count() == 1
    with pytest.raises(recording.ChangedMeanwhile):
        recording.cancel_meeting(meeting=meeting, version=1, by=secretary, reason="再来一次")


def test_the_last_meeting_of_a_type_is_the_latest_by_its_day(branch):
    factories.make_meeting(branch, datetime.date(2026, 2, 1), [Type.LECTURE])
    latest = factories.make_meeting(branch, datetime.date(2026, 3, 1), [Type.LECTURE])
    factories.make_meeting(branch, datetime.date(2026, 1, 1), [Type.LECTURE])
    assert last_of_types(branch, [Type.LECTURE], DAY) == latest
    assert last_of_types(branch, [Type.COMMITTEE], DAY) is None


@pytest.mark.parametrize(
    ("held_on", "entered_on", "late"),
    [
        (datetime.date(2026, 3, 10), datetime.date(2026, 3, 17), False),
        (datetime.date(2026, 3, 10), datetime.date(2026, 3, 18), True),
        (datetime.date(2026, 3, 31), datetime.date(2026, 4, 1), True),
        (datetime.date(2026, 3, 31), datetime.date(2026, 3, 31), False),
        (datetime.date(2026, 12, 31), datetime.date(2027, 1, 1), True),
    ],
)
def test_late_entry_is_over_seven_days_or_a_later_month(held_on, entered_on, late):
    assert entered_late(held_on, entered_on, 7) is late
