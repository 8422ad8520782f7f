"""The meeting form beyond its first fields: plan, invitation, resolutions, votes, files, twice."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Attachment
from meetings.enums import AttendanceState, InvitationState, MeetingState, Type
from meetings.models import Exclusion, JointInvitation, Meeting, Resolution
from members.enums import PostTitle
from tests import factories
from tests.meetings.test_pages import REGISTER, decision, register, shown
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
PDF = b"%PDF-1.7\n" + b"x" * 100


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee())


@pytest.fixture
def signed_in(client, branch):
    client.force_login(factories.make_user("secretary", branch))
    return client


def values(page):
    form = page.context["form"]
    return {name: form[name].value() for name in form.fields}


# --- From the plan ----------------------------------------------------------------------------


def planned(branch, type=Type.LECTURE, day=TODAY, **facts):
    facts.setdefault("topic", "学习党章")
    facts.setdefault("starts_at", datetime.time(15))
    facts.setdefault("ends_at", datetime.time(17))
    return factories.make_plan_item(branch, day, type, **facts)


def test_a_line_of_the_plan_fills_the_form_with_those_held_together(signed_in, branch):
    factories.make_members(branch, 2)
    line = planned(branch, place="二楼", lecturer_name="沈知行", host_name="林守正")
    planned(branch, Type.MEMBERS_MEETING, place="二楼")
    planned(branch, Type.THEME_DAY, topic="植树")
    page = signed_in.get(REGISTER, {"plan": line.pk})
    typed = values(page)
    assert page.context["shown_kinds"] == "members_meeting,lecture"
    assert page.context["lead"] == "已按年度计划填好，改动不同的地方即可"
    assert (typed["held_on"], typed["starts_at"], typed["place"]) == (
        "2026年3月28日",
        "15:00",
        "二楼",
    )
    assert (typed["topic"], typed["lecturer_name"], typed["host_name"]) == (
        "学习党章",
        "沈知行",
        "林守正",
    )
    assert typed["hours"] == "2.0"
    signed_in.post(REGISTER + f"?plan={line.pk}", shown(page))
    meeting = Meeting.objects.get()
    assert [row.type for row in meeting.types.all()] == ["members_meeting", "lecture"]
    assert meeting.lecturer_name == "沈知行"


def test_a_dutys_button_takes_the_nearest_open_line_no_later_than_today(signed_in, branch):
    planned(branch, Type.THEME_DAY, datetime.date(2026, 3, 30), topic="植树")
    page = signed_in.get(REGISTER, {"types": "theme_day", "source": "duty:meetings.theme_day:x"})
    assert values(page)["topic"] == "植树"
    assert values(page)["held_on"] == "2026年3月28日"
    assert page.context["prepare"] is False


def test_a_line_planned_for_a_month_alone_opens_in_that_month(signed_in, branch):
    line = planned(branch, day=datetime.date(2026, 2, 1), month_only=True)
    assert values(signed_in.get(REGISTER, {"plan": line.pk}))["held_on"] == "2026年2月28日"


def test_the_line_of_a_neighbour_and_an_odd_key_are_not_found(signed_in):
    line = planned(factories.make_branch())
    assert signed_in.get(REGISTER, {"plan": line.pk}).status_code == 404
    assert signed_in.get(REGISTER, {"plan": "²"}).status_code == 404
    assert signed_in.get(REGISTER, {"joined": "x"}).status_code == 404


# --- From an invitation -----------------------------------------------------------------------


def test_an_invited_branch_records_its_own_people_in_one_press(signed_in, branch):
    members = factories.make_members(branch, 3)
    host = factories.make_meeting(
        factories.make_branch(), TODAY, [Type.THEME_DAY], topic="联合植树", hours=2
    )
    invitation = factories.make_invitation(host, branch)
    page = signed_in.get(REGISTER, {"branch": branch.code, "joined": invitation.pk})
    assert values(page)["topic"] == "联合植树"
    address = f"{REGISTER}?joined={invitation.pk}"
    assert signed_in.post(address, shown(page)).status_code == 302
    own = Meeting.objects.get(organisation=branch)
    assert set(own.attendances.values_list("member", flat=True)) == {m.pk for m in members}
    invitation.refresh_from_db()
    assert (invitation.state, invitation.own_meeting) == (InvitationState.ACCEPTED, own)
    assert signed_in.post(address, shown(page)).status_code == 302
    assert Meeting.objects.filter(organisation=branch).count() == 1


def test_an_answer_that_is_refused_stores_no_meeting(signed_in, branch):
    host = factories.make_meeting(factories.make_branch(), TODAY, [Type.THEME_DAY])
    invitation = factories.make_invitation(host, branch)
    page = signed_in.get(REGISTER, {"joined": invitation.pk})
    JointInvitation.objects.update(state=InvitationState.WITHDRAWN)
    response = signed_in.post(f"{REGISTER}?joined={invitation.pk}", shown(page))
    assert response.status_code == 200
    assert not Meeting.objects.filter(organisation=branch).exists()


def test_the_list_shows_what_the_branch_was_invited_to(signed_in, branch):
    host = factories.make_meeting(factories.make_branch(), TODAY, [Type.THEME_DAY], topic="植树")
    invitation = factories.make_invitation(host, branch)
    text = signed_in.get(reverse("meetings:list")).content.decode()
    assert "植树" in text
    assert f"joined={invitation.pk}" in text
    assert "点名登记" in text


# --- Resolutions ------------------------------------------------------------------------------


def test_a_resolution_is_recorded_with_the_counts_of_the_roll_call(signed_in, branch):
    members = factories.make_members(branch, 5)
    sent = decision(text="同意学习计划", kind="ordinary", yes=3, no=1, abstained=0)
    register(signed_in, **sent, **{f"attendance-{members[0].pk}": "leave"})
    row = Resolution.objects.get()
    assert (row.should_attend, row.present, row.yes, row.no, row.abstained) == (5, 4, 3, 1, 0)
    text = signed_in.get(reverse("meetings:detail", args=[row.meeting_id])).content.decode()
    assert "应到会有表决权 5 人，到会 4 人，赞成 3 票，超过应到会有表决权党员的半数，通过" in text
    assert "不赞成 1 票，弃权 0 票" in text


def test_who_is_left_out_or_has_no_vote_is_not_counted(signed_in, branch):
    members = factories.make_members(branch, 5)
    sent = decision(text="选举", kind="election", yes=3, left_reason="abroad")
    sent["decision-0-left_out"] = [members[0].pk]
    register(signed_in, **sent, no_vote=[members[1].pk])
    row = Resolution.objects.get()
    assert (row.should_attend, row.present) == (3, 3)
    assert (Exclusion.objects.get().member, Exclusion.objects.get().reason) == (
        members[0],
        "abroad",
    )


def test_a_missed_quorum_is_recorded_and_said(signed_in, branch):
    members = factories.make_members(branch, 3)
    away = {f"attendance-{member.pk}": "absent" for member in members[:2]}
    register(signed_in, **decision(text="改期再议", yes=1), **away)
    meeting = Meeting.objects.get()
    text = signed_in.get(reverse("meetings:detail", args=[meeting.pk])).content.decode()
    assert "有表决权 3 人到 1 人，不足半数，不能表决" in text
    assert "应到会有表决权 3 人，到会 1 人，不足半数，不能表决" in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"text": "同意", "yes": 4}, "多于能投票的 3 人"),
        ({"text": "", "yes": 2}, "请写明决定了什么"),
        ({"text": "同意", "yes": "多数"}, "赞成要填人数"),
    ],
)
def test_votes_that_cannot_be_are_refused_and_stay_as_typed(signed_in, branch, typed, words):
    factories.make_members(branch, 3)
    response = register(signed_in, minutes="很长的记录", **decision(**typed))
    assert words in response.content.decode()
    assert not Meeting.objects.exists()
    assert response.context["decisions"][0].counts["yes"] == str(typed["yes"])
    assert values(response)["minutes"] == "很长的记录"


def test_more_lines_come_without_a_script_and_keep_what_was_typed(signed_in, branch):
    factories.make_members(branch, 3)
    page = signed_in.get(REGISTER)
    sent = shown(page) | decision(text="甲", yes=3) | {"add_decision": "1"}
    sent.pop("act")
    page = signed_in.post(REGISTER, sent)
    assert [line.text for line in page.context["decisions"]] == ["甲", ""]
    signed_in.post(REGISTER, shown(page) | {"kinds": ["lecture"]} | decision(1, text="乙"))
    assert list(Resolution.objects.values_list("text", "yes", "present")) == [
        ("甲", 3, 3),
        ("乙", None, None),
    ]


def test_an_amendment_shows_the_stored_lines_and_changes_them(signed_in, branch):
    factories.make_members(branch, 3)
    register(signed_in, **decision(text="同意", yes=3))
    meeting = Meeting.objects.get()
    url = reverse("meetings:change", args=[meeting.pk])
    page = signed_in.get(url)
    line = page.context["decisions"][0]
    assert (line.text, line.counts["yes"], line.counts["present"]) == ("同意", "3", "")
    signed_in.post(url, shown(page) | decision(yes=2, no=1))
    row = Resolution.objects.get()
    assert (row.pk, row.yes, row.no, row.present) == (int(line.key), 2, 1, 3)
    assert "赞成 2，不赞成 1" in TrailLine.objects.latest("pk").after["决议"]


def test_what_votes_mean_is_told_while_they_are_typed(signed_in, client, branch):
    url = reverse("meetings:votes")
    counts = {"should_attend": 21, "present": 18, "yes": 17}
    told = signed_in.get(url, {"kind": "ordinary", **counts}).json()
    assert told["kind"] == "done"
    assert told["text"].endswith("超过应到会有表决权党员的半数，通过")
    assert signed_in.get(url, {"kind": "election", **counts}).json()["notes"]
    late = signed_in.get(url, {"kind": "ordinary", **counts, "yes": 19}).json()
    assert (late["kind"], late["text"]) == (
        "late",
        "赞成、不赞成、弃权共 19 票，多于能投票的 18 人，请核对",
    )
    assert signed_in.get(url, {"kind": "nothing"}).status_code == 404
    client.logout()
    assert client.get(url).status_code == 302


def test_who_has_no_vote_is_taken_over_from_the_last_meeting(signed_in, branch):
    members = factories.make_members(branch, 3)
    register(signed_in, no_vote=[members[1].pk])
    page = signed_in.get(REGISTER, {"types": "lecture"})
    assert [person["votes"] for person in page.context["people"]] == [True, False, True]
    register(signed_in, "lecture", no_vote=[])
    page = signed_in.get(REGISTER, {"types": "theme_day"})
    assert [person["votes"] for person in page.context["people"]] == [True, True, True]


# --- The year meant, the lecturer, the group --------------------------------------------------


def test_a_life_meeting_in_spring_is_offered_for_last_year_until_that_has_one(signed_in, branch):
    factories.make_member(branch)
    page = signed_in.get(REGISTER, {"types": "life_meeting"})
    assert values(page)["for_year"] == 2025
    signed_in.post(REGISTER + "?types=life_meeting", shown(page))
    assert Meeting.objects.get().for_year == 2025
    assert values(signed_in.get(REGISTER, {"types": "life_meeting"}))["for_year"] == 2026


def test_a_life_meeting_in_april_and_one_of_a_young_branch_are_of_their_own_year(
    client, branch, settings
):
    young = factories.make_branch(founded_on=datetime.date(2026, 2, 1))
    client.force_login(factories.make_user("secretary", young))
    assert values(client.get(REGISTER, {"types": "appraisal"}))["for_year"] == 2026
    settings.TODAY_OVERRIDE = datetime.date(2026, 4, 1)
    client.force_login(factories.make_user("secretary", branch))
    assert values(client.get(REGISTER, {"types": "appraisal"}))["for_year"] == 2026


def test_the_secretary_above_may_be_the_lecturer_and_somebody_else_is_typed(signed_in, branch):
    factories.make_member(branch)
    superior = factories.make_member(factories.make_branch(branch.parent), "沈知行")
    factories.make_post(branch.parent, PostTitle.SECRETARY, member=superior)
    page = signed_in.get(REGISTER, {"types": "lecture"})
    offered = dict(page.context["form"].fields["lecturer"].choices)
    assert offered[superior.pk] == f"沈知行（{branch.parent.short_name}书记）"
    signed_in.post(REGISTER + "?types=lecture", shown(page) | {"lecturer": superior.pk})
    assert Meeting.objects.get().lecturer == superior
    register(signed_in, "lecture", anyway="1", lecturer="", lecturer_name="党校宋老师")
    meeting = Meeting.objects.latest("pk")
    assert (meeting.lecturer, meeting.lecturer_name) == (None, "党校宋老师")


def test_a_group_leader_finds_the_own_group_and_its_people(client, branch):
    group, other = factories.make_group(branch), factories.make_group(branch)
    mine = factories.make_member(branch, group=group)
    theirs = factories.make_member(branch, group=other)
    leader = factories.make_user("group_leader", branch)
    factories.make_post(branch, PostTitle.GROUP_LEADER, member=mine, account=leader, group=group)
    client.force_login(leader)
    page = client.get(REGISTER, {"types": "group"})
    assert (values(page)["group"], values(page)["host"]) == (group.pk, mine.pk)
    states = {person["id"]: person["state"] for person in page.context["people"]}
    assert states == {mine.pk: "present", theirs.pk: ""}
    client.post(REGISTER + "?types=group", shown(page))
    meeting = Meeting.objects.get()
    assert (meeting.group, meeting.attendances.get().member) == (group, mine)


# --- Twice, late, taken back ------------------------------------------------------------------


def test_the_same_page_sent_twice_is_one_meeting_without_a_warning(signed_in, branch):
    factories.make_members(branch, 2)
    page = signed_in.get(REGISTER, {"types": "lecture"})
    first = signed_in.post(REGISTER + "?types=lecture", shown(page))
    second = signed_in.post(REGISTER + "?types=lecture", shown(page))
    assert first["Location"] == second["Location"]
    assert Meeting.objects.count() == 1


def test_a_used_page_with_another_text_loses_nothing_and_may_become_another(signed_in, branch):
    factories.make_member(branch)
    page = signed_in.get(REGISTER, {"types": "lecture"})
    signed_in.post(REGISTER + "?types=lecture", shown(page))
    again = signed_in.post(REGISTER + "?types=lecture", shown(page) | {"minutes": "另一次"})
    assert "已登记过党课" in again.content.decode()
    signed_in.post(REGISTER + "?types=lecture", shown(again) | {"anyway": "1"})
    assert [meeting.minutes for meeting in Meeting.objects.order_by("pk")] == ["", "另一次"]


def test_an_entry_afterwards_is_said_on_the_form_the_list_and_the_page(signed_in, branch, settings):
    settings.TODAY_OVERRIDE = datetime.date(2026, 7, 8)
    factories.make_member(branch)
    page = signed_in.get(REGISTER, {"types": "members_meeting"})
    assert page.context["late_entry"] is False
    sent = shown(page) | {"held_on": "2026.6.30", "roster_on": "2026.6.30"}
    assert signed_in.post(REGISTER, sent | {"reload": "1"}).context["late_entry"] is True
    signed_in.post(REGISTER + "?types=members_meeting", sent)
    meeting = Meeting.objects.get()
    # The clock of the store is the real one: say that it was entered on 8 July.
    Meeting.objects.update(entered_at=datetime.datetime(2026, 7, 8, 2, tzinfo=datetime.UTC))
    rows = signed_in.get(reverse("meetings:list")).context["rows"]
    assert [row["state_words"] for row in rows] == ["补录"]
    context = signed_in.get(reverse("meetings:detail", args=[meeting.pk])).context
    assert context["meeting"]["late_entry"] is True
    assert "2026年二季度支部党员大会第 1 次" in [use.label for use in context["uses"]]


def test_taking_back_names_what_falls_and_wants_a_reason(signed_in, branch):
    members = factories.make_members(branch, 3)
    planned(branch, day=datetime.date(2026, 3, 5))
    for day in (1, 5, 9):
        meeting = factories.make_meeting(
            branch, datetime.date(2026, 3, day), [Type.LECTURE], present=members, hours=2
        )
    meeting = Meeting.objects.get(held_on=datetime.date(2026, 3, 1))
    factories.make_resolution(meeting)
    url = reverse("meetings:cancel", args=[meeting.pk])
    page = signed_in.get(url)
    assert [use.fall for use in page.context["consequences"]] == [
        "到会 3 人每人少 2.0 学时",
        "2026年党课 3 次变为 2 次",
        "2026年度计划的“3月5日 党课”重新待开",
        "1 项决议随会议作废，仍可查看",
        "台账里标为已作废，不再计数",
    ]
    refused = signed_in.post(url, {"reason": " ", "version": "1"})
    assert "请写明作废的原因" in refused.content.decode()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.HELD
    assert signed_in.post(url, {"reason": "重复登记", "version": "1"}).status_code == 302
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED
    assert TrailLine.objects.latest("pk").reason == "重复登记"


def test_a_meeting_an_appraisal_rests_on_shows_the_way_out(signed_in, branch):
    meeting = factories.make_meeting(branch, TODAY, [Type.APPRAISAL])
    factories.make_appraisal(branch, 2025, meeting=meeting)
    url = reverse("meetings:cancel", args=[meeting.pk])
    text = signed_in.get(url).content.decode()
    assert "2025年民主评议用了这次会议" in text
    assert "作废这次会议</button>" not in text
    assert "民主评议用了" in signed_in.post(url, {"reason": "x", "version": "1"}).content.decode()


def test_what_was_taken_back_is_listed_when_asked_for(signed_in, branch):
    factories.make_meeting(branch, datetime.date(2026, 3, 1), [Type.LECTURE])
    factories.make_meeting(
        branch, datetime.date(2026, 3, 2), [Type.LECTURE], state=MeetingState.CANCELLED
    )
    response = signed_in.get(reverse("meetings:list"))
    assert [row["date"] for row in response.context["rows"]] == ["3月1日"]
    assert [(chip["label"], chip["count"]) for chip in response.context["chips"]] == [
        ("党课", 1),
        ("已作废", 1),
    ]
    rows = signed_in.get(reverse("meetings:list"), {"state": "cancelled"}).context["rows"]
    assert [(row["date"], row["state_words"]) for row in rows] == [("3月2日", "已作废")]


# --- Files and the page of one meeting --------------------------------------------------------


def test_files_come_with_their_days_and_a_wrong_one_goes(signed_in, branch):
    files = [SimpleUploadedFile("签到表.pdf", PDF), SimpleUploadedFile("通知.pdf", PDF + b"2")]
    register(signed_in, attachments=files, dated_on=["", "3.10"])
    first, second = Attachment.objects.order_by("pk")
    assert (first.dated_on, second.dated_on) == (None, datetime.date(2026, 3, 10))
    meeting = Meeting.objects.get()
    url = reverse("meetings:change", args=[meeting.pk])
    page = signed_in.get(url)
    assert [file["dated_on"] for file in page.context["files"]] == [
        "2026年3月28日",
        "2026年3月10日",
    ]
    dates = {file["dated_name"]: file["dated_on"] for file in page.context["files"]}
    sent = shown(page) | dates | {f"file-{first.pk}-remove": "1"}
    assert signed_in.post(url, sent).status_code == 302
    assert Attachment.objects.get() == second
    assert TrailLine.objects.latest("pk").before["附件"] == "签到表.pdf、通知.pdf（2026年3月10日）"
    bad = signed_in.post(url, shown(signed_in.get(url)) | {f"file-{second.pk}-dated_on": "昨天"})
    assert bad.status_code == 200
    assert "材料日期：" in bad.content.decode()


def test_the_page_of_a_meeting_takes_as_many_queries_for_three_resolutions_as_for_one(
    signed_in, branch
):
    members = factories.make_members(branch, 3)

    def made(number):
        meeting = factories.make_meeting(branch, TODAY, [Type.LECTURE], present=members)
        for index in range(number):
            row = factories.make_resolution(meeting, f"决议{index}")
            row.exclusions.create(member=members[index], reason="away")
        return reverse("meetings:detail", args=[meeting.pk])

    one, three = made(1), made(3)
    assert count_of(lambda: signed_in.get(one)) == count_of(lambda: signed_in.get(three))


def test_who_studied_afterwards_stands_beside_the_absence(signed_in, branch):
    away = factories.make_member(branch)
    meeting = factories.make_meeting(branch, datetime.date(2026, 3, 1), leave=[away], hours=2)
    factories.make_make_up(meeting, away, datetime.date(2026, 3, 9))
    context = signed_in.get(reverse("meetings:detail", args=[meeting.pk])).context
    assert context["away"][0]["made_up"] == "3月9日已补学 2.0 学时"
    assert context["away"][0]["kind_words"] == AttendanceState.LEAVE.label
