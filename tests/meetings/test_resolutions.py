"""Resolutions, votes, the year meant, files and the same form twice: the services of one record."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import TrailLine
from branches.models import Attachment, Changed
from meetings.enums import MatterStage, MeetingState, Type
from meetings.models import Appraisal, Exclusion, Matter, MatterStep, Meeting, Resolution
from meetings.rosters import roster_on
from meetings.services import recording
from meetings.services.recording import Files, MeetingFacts
from meetings.services.resolutions import Decision
from members.enums import MemberKind
from tests import factories

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 3, 20)
TODAY = datetime.date(2026, 3, 24)
PDF = b"%PDF-1.7\n" + b"x" * 100


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


def facts_for(branch, types=(Type.MEMBERS_MEETING,), held_on=DAY, **facts):
    facts.setdefault("presences", recording.expected_presences(roster_on(branch, held_on), types))
    return MeetingFacts(types=tuple(types), held_on=held_on, **facts)


def register(branch, by, facts=None, **options):
    options.setdefault("today", TODAY)
    return recording.register_meeting(
        organisation=branch, facts=facts or facts_for(branch), by=by, **options
    )


def change(meeting, by, facts, **options):
    options.setdefault("version", meeting.version)
    options.setdefault("today", TODAY)
    return recording.change_meeting(meeting=meeting, facts=facts, by=by, **options)


def vote(text="同意全年学习计划", **facts):
    counts = {"should_attend": 3, "present": 3, "yes": 3, "no": 0, "abstained": 0}
    return Decision(**{"kind": "ordinary", "text": text, **counts, **facts})


# --- Resolutions ------------------------------------------------------------------------------


def test_resolutions_are_stored_with_the_meeting_and_stand_in_its_trail_line(branch, secretary):
    members = factories.make_members(branch, 4)
    left_out = vote(exclusions=((members[3].pk, "away"),))
    meeting = register(branch, secretary, facts_for(branch, decisions=(left_out,)))
    row = Resolution.objects.get()
    assert (row.meeting, row.text, row.should_attend, row.yes) == (
        meeting,
        "同意全年学习计划",
        3,
        3,
    )
    assert Exclusion.objects.get().member == members[3]
    line = TrailLine.objects.get()
    assert line.after["决议"] == (
        "一般事项：同意全年学习计划（应到 3，实到 3，赞成 3，不赞成 0，弃权 0，"
        f"{members[3].name}不计入应到（外出半年以上未转组织关系））"
    )


def test_a_missed_quorum_is_recorded(branch, secretary):
    factories.make_members(branch, 4)
    decision = vote(should_attend=4, present=1, yes=1)
    register(branch, secretary, facts_for(branch, decisions=(decision,)))
    assert Resolution.objects.get().present == 1


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (vote(text=" "), "没有写内容"),
        (vote(yes=4), "多于能投票的 3 人"),
        (vote(exclusions=((999_999, "away"),)), "不在名单里"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(branch, secretary, decision, words):
    with pytest.raises(recording.Refused, match=words):
        register(branch, secretary, facts_for(branch, decisions=(decision,)))
    assert not Meeting.objects.exists()
    assert not TrailLine.objects.exists()


def test_an_amendment_changes_adds_and_drops_resolutions_with_trail(branch, secretary):
    factories.make_members(branch, 3)
    meeting = register(branch, secretary, facts_for(branch, decisions=(vote("甲"), vote("乙"))))
    first, second = Resolution.objects.order_by("pk")
    changed = (vote("甲", yes=2, no=1, key=first.pk), vote("丙"))
    change(meeting, secretary, facts_for(branch, decisions=changed))
    assert list(Resolution.objects.values_list("text", "yes")) == [("甲", 2), ("丙", 3)]
    assert Resolution.objects.order_by("pk").first().pk == first.pk
    assert not Resolution.objects.filter(pk=second.pk).exists()
    line = TrailLine.objects.latest("pk")
    assert line.before.keys() == {"决议"}
    assert "乙" in line.before["决议"]
    assert "丙" in line.after["决议"]
    assert "赞成 2，不赞成 1" in line.after["决议"]


def test_saving_again_unchanged_writes_no_resolution_into_the_trail(branch, secretary):
    factories.make_members(branch, 3)
    meeting = register(branch, secretary, facts_for(branch, decisions=(vote(),)))
    key = Resolution.objects.get().pk
    change(meeting, secretary, facts_for(branch, place="二楼", decisions=(vote(key=key),)))
    assert TrailLine.objects.latest("pk").after == {"地点": "二楼"}
    assert Resolution.objects.get().pk == key


def test_a_key_of_another_meetings_resolution_changes_nothing_there(branch, secretary):
    factories.make_members(branch, 3)
    other = register(branch, secretary, facts_for(branch, decisions=(vote("别的会"),)))
    key = Resolution.objects.get().pk
    day = datetime.date(2026, 3, 21)
    register(branch, secretary, facts_for(branch, held_on=day, decisions=(vote("本次", key=key),)))
    assert other.resolutions.get().text == "别的会"
    assert Resolution.objects.count() == 2


# --- Who may vote -----------------------------------------------------------------------------


def test_formal_members_may_vote_unless_marked_and_probationary_never(branch, secretary):
    voting, marked = factories.make_members(branch, 2)
    probationary = factories.make_member(
        branch, kind=MemberKind.PROBATIONARY, joined_on=datetime.date(2025, 12, 1)
    )
    facts = facts_for(branch)
    presences = facts.presences | {
        marked.pk: recording.Presence("present", may_vote=False),
        probationary.pk: recording.Presence("present", may_vote=True),
    }
    meeting = register(branch, secretary, facts_for(branch, presences=presences))
    votes = dict(meeting.attendances.values_list("member", "may_vote"))
    assert votes == {voting.pk: True, marked.pk: False, probationary.pk: False}
    assert TrailLine.objects.get().after["没有表决权"] == marked.name


def test_an_amendment_that_says_nothing_about_votes_keeps_them(branch, secretary):
    marked = factories.make_member(branch)
    without = {marked.pk: recording.Presence("present", may_vote=False)}
    meeting = register(branch, secretary, facts_for(branch, presences=without))
    meeting = change(meeting, secretary, facts_for(branch, topic="补上议题"))
    assert meeting.attendances.get().may_vote is False
    change(
        meeting,
        secretary,
        facts_for(branch, presences={marked.pk: recording.Presence("present", may_vote=True)}),
    )
    assert meeting.attendances.get().may_vote is True
    line = TrailLine.objects.latest("pk")
    assert line.before["没有表决权"] == marked.name
    assert line.after["没有表决权"] == ""


# --- The year meant ---------------------------------------------------------------------------


def test_the_year_is_kept_for_yearly_meetings_alone_and_is_that_of_the_day_unless_said(
    branch, secretary
):
    life = (Type.LIFE_MEETING,)
    said = register(branch, secretary, facts_for(branch, life, for_year=2025))
    unsaid = register(branch, secretary, facts_for(branch, life), anyway=True)
    other = register(branch, secretary, facts_for(branch, for_year=2025))
    assert (said.for_year, unsaid.for_year, other.for_year) == (2025, 2026, None)
    assert TrailLine.objects.filter(after__所属年度="2025年").count() == 1


@pytest.mark.parametrize("year", [2024, 2027])
def test_a_year_far_from_the_day_is_refused(branch, secretary, year):
    with pytest.raises(recording.Refused, match="2025 年或 2026 年"):
        register(branch, secretary, facts_for(branch, (Type.APPRAISAL,), for_year=year))


# --- The same form twice ----------------------------------------------------------------------


def test_the_same_form_twice_is_one_meeting(branch, secretary):
    factories.make_members(branch, 2)
    facts = facts_for(branch, minutes="记录", decisions=(vote(),))
    first = register(branch, secretary, facts, form_key="k1")
    assert register(branch, secretary, facts, form_key="k1") == first
    assert (Meeting.objects.count(), TrailLine.objects.count()) == (1, 1)


def test_the_same_form_with_something_else_in_it_shows_the_first_meeting(branch, secretary):
    first = register(branch, secretary, form_key="k1")
    with pytest.raises(recording.AlreadyRegistered) as refused:
        register(branch, secretary, facts_for(branch, topic="别的"), form_key="k1")
    assert refused.value.meeting == first


def test_a_form_key_of_another_branch_says_nothing_here(branch, secretary):
    other = factories.make_branch()
    register(other, factories.make_user("secretary", other), form_key="k1")
    meeting = register(branch, secretary, form_key="k1")
    assert (meeting.organisation, meeting.form_key) == (branch, None)


def test_a_change_sent_twice_changes_once(branch, secretary):
    planned = factories.make_meeting(branch, DAY, state=MeetingState.PLANNED)
    held = change(planned, secretary, facts_for(branch), version=1, form_key="k2")
    again = change(planned, secretary, facts_for(branch), version=1, form_key="k2")
    assert (again.pk, again.version, held.version) == (planned.pk, 2, 2)
    assert TrailLine.objects.count() == 1


def test_a_change_sent_again_with_something_else_in_it_is_not_lost_silently(branch, secretary):
    planned = factories.make_meeting(branch, DAY, state=MeetingState.PLANNED)
    change(planned, secretary, facts_for(branch), version=1, form_key="k2")
    with pytest.raises(recording.ChangedMeanwhile):
        change(planned, secretary, facts_for(branch, place="二楼"), version=1, form_key="k2")
    assert Meeting.objects.get().version == 2


# --- Files ------------------------------------------------------------------------------------


def pdf(name, content=PDF):
    return SimpleUploadedFile(name, content)


def test_each_file_has_its_own_day_and_that_of_the_meeting_is_not_repeated(branch, secretary):
    files = Files(
        uploads=(pdf("签到表.pdf"), pdf("照片.pdf", PDF + b"2"), pdf("通知.pdf", PDF + b"3")),
        dates=(DAY, None, datetime.date(2026, 3, 10)),
    )
    register(branch, secretary, files=files)
    assert list(Attachment.objects.values_list("name", "dated_on")) == [
        ("签到表.pdf", None),
        ("照片.pdf", None),
        ("通知.pdf", datetime.date(2026, 3, 10)),
    ]
    assert (
        TrailLine.objects.get().after["附件"] == "签到表.pdf、照片.pdf、通知.pdf（2026年3月10日）"
    )


def test_a_paper_of_a_day_to_come_is_refused(branch, secretary):
    files = Files(uploads=(pdf("签到表.pdf"),), dates=(datetime.date(2026, 3, 25),))
    with pytest.raises(recording.Refused, match="还没有到"):
        register(branch, secretary, files=files)
    assert not Attachment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_wrong_file_is_taken_away_and_stays_named_in_the_trail(branch, secretary):
    meeting = register(
        branch, secretary, files=Files(uploads=(pdf("签到表.pdf"), pdf("错的.pdf", PDF + b"2")))
    )
    right, wrong = Attachment.objects.order_by("pk")
    storage, stored = wrong.file.storage, wrong.file.name
    files = Files(removed=frozenset({wrong.pk}), redated={right.pk: datetime.date(2026, 3, 18)})
    change(meeting, secretary, facts_for(branch), files=files)
    assert list(Attachment.objects.values_list("name", "dated_on")) == [
        ("签到表.pdf", datetime.date(2026, 3, 18))
    ]
    assert not storage.exists(stored)
    line = TrailLine.objects.latest("pk")
    assert line.before == {"附件": "签到表.pdf、错的.pdf"}
    assert line.after == {"附件": "签到表.pdf（2026年3月18日）"}


def test_the_file_of_another_meeting_is_not_reached(branch, secretary):
    other = register(branch, secretary, files=Files(uploads=(pdf("签到表.pdf"),)))
    key = Attachment.objects.get(object_id=other.pk).pk
    day = datetime.date(2026, 3, 21)
    meeting = register(branch, secretary, facts_for(branch, held_on=day))
    with pytest.raises(recording.Refused, match="刷新"):
        change(
            meeting,
            secretary,
            facts_for(branch, held_on=day),
            files=Files(removed=frozenset({key})),
        )
    assert Attachment.objects.count() == 1


# --- Taken back -------------------------------------------------------------------------------


def test_a_meeting_that_something_rests_on_is_not_taken_back(branch, secretary):
    meeting = register(branch, secretary)
    appraisal = Appraisal.objects.create(organisation=branch, year=2025, meeting=meeting)
    with pytest.raises(recording.Refused, match="2025年民主评议用了这次会议，请先"):
        recording.cancel_meeting(meeting=meeting, version=1, by=secretary, reason="重复登记")
    appraisal.delete()
    matter = Matter.objects.create(organisation=branch, title="修水渠")
    step = MatterStep.objects.create(
        matter=matter, stage=MatterStage.REVIEWED, done_on=DAY, meeting=meeting
    )
    with pytest.raises(recording.Refused, match="修水渠"):
        recording.cancel_meeting(meeting=meeting, version=1, by=secretary, reason="重复登记")
    step.delete()
    meeting = recording.cancel_meeting(meeting=meeting, version=1, by=secretary, reason="重复登记")
    assert meeting.state == MeetingState.CANCELLED


def test_a_meeting_that_something_rests_on_keeps_what_it_rests_on(branch, secretary):
    meeting = register(branch, secretary, facts_for(branch, [Type.APPRAISAL], for_year=2025))
    appraisal = Appraisal.objects.create(organisation=branch, year=2025, meeting=meeting)
    for given in (
        facts_for(branch, [Type.APPRAISAL], for_year=2026),
        facts_for(branch, [Type.LIFE_MEETING], for_year=2025),
    ):
        with pytest.raises(recording.Refused, match="2025年民主评议用了这次会议，不能改"):
            change(meeting, secretary, given)
    day_before = DAY - datetime.timedelta(days=1)
    meeting = change(
        meeting, secretary, facts_for(branch, [Type.APPRAISAL], day_before, for_year=2025)
    )
    appraisal.delete()
    MatterStep.objects.create(
        matter=Matter.objects.create(organisation=branch, title="修水渠"),
        stage=MatterStage.REVIEWED,
        done_on=day_before,
        meeting=meeting,
    )
    with pytest.raises(recording.Refused, match="修水渠"):
        change(meeting, secretary, facts_for(branch, [Type.APPRAISAL], for_year=2025))


def test_hours_of_who_moved_on_are_judged_again_in_the_branch_of_today(branch, secretary):
    member, other = factories.make_member(branch), factories.make_branch()
    meeting = register(branch, secretary, facts_for(branch, hours=2))
    member.organisation = other
    member.save(update_fields=["organisation"])
    Changed.objects.all().delete()
    recording.cancel_meeting(meeting=meeting, version=1, by=secretary, reason="重复登记")
    noted = {(note.organisation_id, note.from_on, note.to_on) for note in Changed.objects.all()}
    assert noted == {(branch.pk, DAY, DAY), (other.pk, DAY, DAY)}


def test_a_member_who_moves_away_afterwards_changes_nothing_in_the_meeting(branch, secretary):
    member = factories.make_member(branch, "汤明亮")
    meeting = register(branch, secretary, facts_for(branch, hours=2))
    member.memberships.update(ends_on=datetime.date(2026, 3, 22))
    other = factories.make_branch()
    member.organisation = other
    member.save(update_fields=["organisation"])
    row = meeting.attendances.get()
    assert (row.member, row.state, row.may_vote) == (member, "present", True)
    change(
        meeting,
        secretary,
        facts_for(
            branch,
            presences=recording.facts_of(meeting, meeting.attendances.all()).presences,
            hours=2,
            topic="补议题",
        ),
    )
    assert meeting.attendances.get().pk == row.pk
