import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from accounts.drafts import read_draft
from accounts.models import Draft, TrailLine
from branches.models import Attachment, Grant
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import Meeting
from members.enums import MemberKind, PostTitle
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
REGISTER = "/meetings/new/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def signed_in(client, secretary):
    client.force_login(secretary)
    return client


def shown(response):
    """What a person would send by pressing 保存登记 without touching anything."""
    context = response.context
    form = context["form"]
    sent = {
        name: form[name].value()
        for name in form.fields
        if name not in ("kinds", "attachments", "dated_on")
    }
    sent = {name: value for name, value in sent.items() if value not in (None, "", False)}
    sent["kinds"] = [kind["code"] for kind in context["kinds"] if kind["checked"]]
    for person in context["people"]:
        sent[f"attendance-{person['id']}"] = person["state"]
        sent[f"reason-{person['id']}"] = person["reason"]
    for name in ("version", "roster_on", "shown_kinds", "source", "next", "form_key"):
        sent[name] = context[name]
    sent["votes_asked"] = "1"
    sent["no_vote"] = [
        person["id"] for person in context["people"] if person["formal"] and not person["votes"]
    ]
    for line in context["decisions"]:
        sent |= decision(line.index, key=line.key, kind=line.kind, text=line.text, **line.counts)
    sent["act"] = "prepare" if context["prepare"] else "save"
    return sent


def decision(index=0, **typed):
    """The fields of one resolution line as the form sends them."""
    return {f"decision-{index}-{name}": str(value) for name, value in typed.items()}


def register(client, types=Type.MEMBERS_MEETING, source="", **changes):
    """Open the form and press the button, with `changes` typed in between."""
    query = {"types": types, "source": source}
    response = client.get(REGISTER, query, follow=True)
    address = response.request["PATH_INFO"]
    return client.post(address + "?" + response.request["QUERY_STRING"], shown(response) | changes)


# --- Recording ------------------------------------------------------------------------------


def test_one_press_records_everybody_as_present(signed_in, branch):
    members = factories.make_members(branch, 3)
    response = register(signed_in)
    meeting = Meeting.objects.get()
    assert response["Location"] == reverse("meetings:detail", args=[meeting.pk])
    assert (meeting.held_on, meeting.state) == (TODAY, MeetingState.HELD)
    assert set(meeting.attendances.values_list("member", "state")) == {
        (member.pk, AttendanceState.PRESENT) for member in members
    }


def test_from_the_desk_the_way_leads_back_to_the_desk(signed_in, branch):
    factories.make_member(branch)
    source = "duty:meetings.members_meeting:2026-Q1"
    response = register(signed_in, source=source)
    assert response["Location"] == reverse("desk")
    messages = [str(message) for message in response.wsgi_request._messages]
    assert messages == ["已登记，3月28日 支部党员大会"]
    assert TrailLine.objects.get(action="登记会议").reason == source


def test_a_way_back_to_another_site_is_not_taken(signed_in, branch):
    response = register(signed_in, next="https://elsewhere.example/")
    assert response["Location"].startswith("/meetings/")
    response = register(signed_in, Type.LECTURE, next="/tasks/")
    assert response["Location"] == "/tasks/"


def test_absentees_are_stored_with_state_and_reason(signed_in, branch):
    present, sick, away = factories.make_members(branch, 3)
    register(
        signed_in,
        **{
            f"attendance-{sick.pk}": "leave",
            f"reason-{sick.pk}": "住院治疗",
            f"attendance-{away.pk}": "absent",
            f"reason-{present.pk}": "没有意义",
        },
    )
    assert list(Meeting.objects.get().attendances.values_list("member", "state", "reason")) == [
        (present.pk, "present", ""),
        (sick.pk, "leave", "住院治疗"),
        (away.pk, "absent", ""),
    ]


def test_everything_is_prefilled_from_the_last_meeting_of_the_type(signed_in, branch):
    host = factories.make_member(branch)
    factories.make_meeting(
        branch,
        datetime.date(2026, 2, 10),
        [Type.COMMITTEE],
        place="二楼党员活动室",
        host=host,
        host_name=host.name,
        starts_at=datetime.time(15),
        ends_at=datetime.time(16, 30),
        hours=Decimal("1.5"),
        topic="上次的议题",
        leave=[host],
    )
    factories.make_meeting(branch, datetime.date(2026, 3, 1), [Type.LECTURE], place="别处")
    response = signed_in.get(REGISTER, {"types": Type.COMMITTEE})
    form = response.context["form"]
    assert form["held_on"].value() == "2026年3月28日"
    assert form["place"].value() == "二楼党员活动室"
    assert form["host"].value() == host.pk
    assert (form["starts_at"].value(), form["ends_at"].value()) == ("15:00", "16:30")
    assert form["hours"].value() == "1.5"
    assert form["topic"].value() == ""
    assert response.context["people"][0]["last"] == "leave"
    assert response.context["people"][0]["state"] == "present"


def test_the_plan_is_opened_and_becomes_the_meeting(signed_in, branch):
    factories.make_member(branch)
    planned = factories.make_meeting(
        branch,
        datetime.date(2026, 3, 28),
        [Type.COMMITTEE],
        state=MeetingState.PLANNED,
        topic="研究发展党员",
    )
    response = signed_in.get(REGISTER, {"types": "committee"}, follow=True)
    assert response.request["PATH_INFO"] == reverse("meetings:change", args=[planned.pk])
    assert response.context["form"]["topic"].value() == "研究发展党员"
    register(signed_in, Type.COMMITTEE)
    meeting = Meeting.objects.get()
    assert (meeting.pk, meeting.state) == (planned.pk, MeetingState.HELD)
    assert meeting.attendances.count() == 1


@pytest.mark.parametrize(
    "typed", ["3.20", "3/20", "20260320", "2026年3月20日", "２０２６.３.２０", "2026-03-20"]
)
def test_the_date_is_read_as_people_type_it(signed_in, branch, typed):
    register(signed_in, held_on=typed, starts_at="1500", ends_at="16点30分")
    meeting = Meeting.objects.get()
    assert meeting.held_on == datetime.date(2026, 3, 20)
    assert (meeting.starts_at, meeting.ends_at) == (datetime.time(15), datetime.time(16, 30))


def test_hours_follow_the_times_when_left_empty(signed_in, branch):
    register(signed_in, starts_at="1500", ends_at="1650")
    assert Meeting.objects.get().hours == Decimal("1.5")


def test_hours_typed_are_kept(signed_in, branch):
    register(signed_in, starts_at="1500", ends_at="1630", hours="２")
    assert Meeting.objects.get().hours == Decimal("2.0")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"held_on": ""}, "请填日期"),
        ({"held_on": "3.32"}, "没有这一天"),
        ({"held_on": "明天"}, "读不出日期"),
        ({"starts_at": "25:00"}, "读不出时间"),
        ({"starts_at": "1500", "ends_at": "1430"}, "结束时间早于开始时间 15:00"),
        ({"hours": "一个半"}, "读不出学时"),
        ({"kinds": []}, "请选会议类型"),
        ({"held_on": "2014-12-31"}, "才成立"),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(signed_in, branch, changes, words):
    response = register(signed_in, minutes="写了很长的记录", **changes)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert "写了很长的记录" in response.content.decode()
    assert not Meeting.objects.exists()


def test_a_day_to_come_is_offered_as_preparation(signed_in, branch):
    response = register(signed_in, held_on="4.10")
    assert "会议还没有开" in response.content.decode()
    assert response.context["prepare"] is True
    assert "保存准备" in response.content.decode()
    assert not Meeting.objects.exists()
    response = register(signed_in, held_on="4.10", act="prepare")
    assert Meeting.objects.get().state == MeetingState.PLANNED


def test_a_second_meeting_shows_the_first_and_may_be_saved_all_the_same(signed_in, branch):
    first = factories.make_meeting(branch, TODAY, [Type.LECTURE])
    response = register(signed_in, Type.LECTURE)
    assert response.context["duplicate"] == {
        "text": "3月28日已登记过党课",
        "url": reverse("meetings:detail", args=[first.pk]),
    }
    assert "仍要登记" in response.content.decode()
    assert Meeting.objects.count() == 1
    register(signed_in, Type.LECTURE, anyway="1")
    assert Meeting.objects.count() == 2


def test_files_come_along_and_unfit_ones_are_refused(signed_in, branch):
    good = SimpleUploadedFile("签到表.png", b"\x89PNG\r\n\x1a\n" + b"x" * 100)
    bad = SimpleUploadedFile("程序.pdf", b"MZ" + b"x" * 100)
    response = register(signed_in, attachments=[good, bad])
    assert "程序.pdf" in response.content.decode()
    assert "附件没有保存，请重新选择" in response.content.decode()
    assert not Meeting.objects.exists()
    assert not Attachment.objects.exists()
    good.seek(0)
    register(signed_in, attachments=[good])
    assert Attachment.objects.get().object_id == Meeting.objects.get().pk


# --- The roster of the day ------------------------------------------------------------------


def test_the_roster_follows_the_day_when_asked(signed_in, branch):
    there = factories.make_member(branch, "林守正")
    later = factories.make_member(branch, "许桂兰", starts_on=datetime.date(2026, 3, 15))
    page = signed_in.get(REGISTER, {"types": "lecture"})
    assert [person["id"] for person in page.context["people"]] == [there.pk, later.pk]
    response = signed_in.post(
        REGISTER,
        shown(page) | {"held_on": "3.10", "topic": "写到一半", "reload": "1"},
    )
    assert [person["id"] for person in response.context["people"]] == [there.pk]
    assert response.context["form"]["topic"].value() == "写到一半"
    assert not response.context["form"].errors
    assert not Meeting.objects.exists()


def test_a_roster_that_changed_with_the_date_is_shown_before_saving(signed_in, branch):
    there = factories.make_member(branch, "林守正")
    factories.make_member(branch, "许桂兰", starts_on=datetime.date(2026, 3, 15))
    response = register(signed_in, held_on="3.10")
    assert "这一天的名册不同：少了许桂兰" in response.content.decode()
    assert not Meeting.objects.exists()
    signed_in.post(REGISTER, shown(response))
    meeting = Meeting.objects.get()
    assert meeting.held_on == datetime.date(2026, 3, 10)
    assert list(meeting.attendances.values_list("member", flat=True)) == [there.pk]


def test_the_committee_is_preselected_and_the_others_are_not_expected(signed_in, branch):
    first, second, other = factories.make_members(branch, 3)
    factories.make_post(branch, PostTitle.SECRETARY, member=first)
    factories.make_post(branch, PostTitle.MEMBER, member=second)
    page = signed_in.get(REGISTER, {"types": "committee"})
    assert [person["state"] for person in page.context["people"]] == ["present", "present", ""]
    assert page.context["counts"]["due"] == 2
    register(signed_in, Type.COMMITTEE)
    recorded = Meeting.objects.get().attendances.values_list("member", flat=True)
    assert set(recorded) == {first.pk, second.pk}
    assert other.pk not in recorded


@pytest.mark.parametrize(
    ("opened", "chosen", "expected"),
    [
        ("committee", ["members_meeting"], 3),
        ("committee", ["committee", "lecture"], 3),
        ("members_meeting", ["committee"], 2),
        ("", ["committee"], 2),
        ("", ["lecture"], 3),
    ],
)
def test_without_a_script_the_people_follow_the_type_chosen(
    signed_in, branch, opened, chosen, expected
):
    first, second, _other = factories.make_members(branch, 3)
    factories.make_post(branch, PostTitle.SECRETARY, member=first)
    factories.make_post(branch, PostTitle.MEMBER, member=second)
    register(signed_in, opened, kinds=chosen)
    assert Meeting.objects.get().attendances.count() == expected


def test_somebody_outside_the_circle_may_be_added(signed_in, branch):
    first, second, guest = factories.make_members(branch, 3)
    factories.make_post(branch, PostTitle.SECRETARY, member=first)
    factories.make_post(branch, PostTitle.MEMBER, member=second)
    register(signed_in, Type.COMMITTEE, **{f"attendance-{guest.pk}": "present"})
    assert Meeting.objects.get().attendances.count() == 3


def test_somebody_of_the_circle_may_be_left_out(signed_in, branch):
    member, excused = factories.make_members(branch, 2)
    register(signed_in, **{f"attendance-{excused.pk}": ""})
    assert list(Meeting.objects.get().attendances.values_list("member", flat=True)) == [member.pk]


def test_sixty_members_and_none_are_both_recorded(signed_in, branch):
    register(signed_in, Type.LECTURE)
    assert Meeting.objects.get().attendances.count() == 0
    factories.make_members(branch, 60)
    register(signed_in, Type.MEMBERS_MEETING)
    assert Meeting.objects.latest("pk").attendances.count() == 60


# --- Changing -------------------------------------------------------------------------------


def test_opening_a_stored_meeting_changes_nobody(signed_in, branch):
    first, second, third = factories.make_members(branch, 3)
    meeting = factories.make_meeting(
        branch, datetime.date(2026, 3, 1), [Type.COMMITTEE], present=[first], leave=[third]
    )
    url = reverse("meetings:change", args=[meeting.pk])
    page = signed_in.get(url)
    states = {person["id"]: person["state"] for person in page.context["people"]}
    assert states == {first.pk: "present", second.pk: "", third.pk: "leave"}
    assert page.context["frozen"] is True
    signed_in.post(url, shown(page) | {"topic": "补上议题"})
    meeting.refresh_from_db()
    assert (meeting.topic, meeting.version) == ("补上议题", 2)
    assert set(meeting.attendances.values_list("member", "state")) == {
        (first.pk, "present"),
        (third.pk, "leave"),
    }


def test_the_second_of_two_sees_what_the_first_did_and_loses_nothing(
    client, secretary, signed_in, branch
):
    meeting = factories.make_meeting(branch, datetime.date(2026, 3, 1), place="一楼")
    url = reverse("meetings:change", args=[meeting.pk])
    mine = shown(signed_in.get(url)) | {"topic": "我写的议题"}
    colleague = factories.make_user("organiser", branch, name="周慧敏")
    client.force_login(colleague)
    client.post(url, shown(client.get(url)) | {"place": "二楼"})
    client.force_login(secretary)
    response = client.post(url, mine)
    text = response.content.decode()
    assert "周慧敏" in text
    assert "地点：一楼 → 二楼" in text
    assert "我写的议题" in text
    meeting.refresh_from_db()
    assert (meeting.place, meeting.topic) == ("二楼", "")
    client.post(url, shown(response))
    meeting.refresh_from_db()
    assert meeting.topic == "我写的议题"
    assert meeting.version == 3


def test_a_cancelled_meeting_is_not_opened_for_change(signed_in, branch):
    meeting = factories.make_meeting(branch, TODAY)
    response = signed_in.post(
        reverse("meetings:cancel", args=[meeting.pk]), {"version": "1", "reason": "重复登记"}
    )
    assert response.status_code == 302
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED
    response = signed_in.get(reverse("meetings:change", args=[meeting.pk]), follow=True)
    assert "已作废，不能再改" in response.content.decode()


# --- Drafts ---------------------------------------------------------------------------------


def test_a_draft_is_kept_restored_and_gone_after_saving(signed_in, branch):
    member = factories.make_member(branch)
    page = signed_in.get(REGISTER, {"types": "lecture"})
    typed = shown(page) | {"minutes": "写到一半的记录", f"attendance-{member.pk}": "leave"}
    answer = signed_in.post(page.context["draft_url"], typed)
    assert set(answer.json()) == {"saved_at"}
    again = signed_in.get(REGISTER, {"types": "lecture"})
    assert again.context["form"]["minutes"].value() == "写到一半的记录"
    assert again.context["people"][0]["state"] == "leave"
    assert "已恢复上次没有保存的草稿" in again.content.decode()
    assert not Meeting.objects.exists()
    assert not signed_in.get(REGISTER, {"types": "committee"}).context["draft_saved_at"]
    signed_in.post(REGISTER + "?types=lecture", shown(again))
    assert Meeting.objects.get().minutes == "写到一半的记录"
    assert not Draft.objects.exists()


def test_a_draft_is_stored_as_ciphertext(signed_in, branch):
    page = signed_in.get(REGISTER, {"types": "lecture"})
    signed_in.post(page.context["draft_url"], shown(page) | {"minutes": "很私密"})
    with connection.cursor() as cursor:
        cursor.execute("select content from accounts_draft")
        (content,) = cursor.fetchone()
    assert content.startswith("v1:")
    assert "很私密" not in content


def test_a_draft_can_be_thrown_away(signed_in, branch):
    page = signed_in.get(REGISTER, {"types": "lecture"})
    signed_in.post(page.context["draft_url"], shown(page) | {"topic": "不要了"})
    page = signed_in.get(REGISTER, {"types": "lecture"})
    response = signed_in.post(page.context["discard_url"], follow=True)
    assert response.request["PATH_INFO"] == REGISTER
    assert not Draft.objects.exists()


def test_a_draft_of_an_older_version_is_told_of_the_change(signed_in, branch):
    meeting = factories.make_meeting(branch, datetime.date(2026, 3, 1))
    url = reverse("meetings:change", args=[meeting.pk])
    page = signed_in.get(url)
    signed_in.post(page.context["draft_url"], shown(page) | {"topic": "草稿里的议题"})
    Meeting.objects.update(version=2, place="别人改的")
    restored = signed_in.get(url)
    response = signed_in.post(url, shown(restored))
    assert "刚被别人改过" in response.content.decode()
    meeting.refresh_from_db()
    assert meeting.place == "别人改的"


def test_a_draft_that_is_too_long_is_refused(signed_in, secretary, branch):
    page = signed_in.get(REGISTER, {"types": "lecture"})
    answer = signed_in.post(page.context["draft_url"], {"minutes": "长" * 200_001})
    assert answer.status_code == 413
    assert not Draft.objects.exists()


def test_another_users_draft_is_not_mine(client, secretary, signed_in, branch):
    page = signed_in.get(REGISTER, {"types": "lecture"})
    signed_in.post(page.context["draft_url"], shown(page) | {"topic": "我的"})
    colleague = factories.make_user("organiser", branch)
    client.force_login(colleague)
    page = client.get(REGISTER, {"types": "lecture"})
    assert page.context["draft_saved_at"] == ""
    key = Draft.objects.get().key
    assert read_draft(user=colleague, area="meetings", key=key) is None


# --- Walls ----------------------------------------------------------------------------------


def pages(meeting, branch):
    code = f"?branch={branch.code}"
    return {
        "list": ("get", reverse("meetings:list") + code),
        "register": ("get", REGISTER + code),
        "register_post": ("post", REGISTER + code),
        "draft": ("post", reverse("meetings:draft") + code + "&form=new:1:x"),
        "detail": ("get", reverse("meetings:detail", args=[meeting.pk])),
        "change": ("get", reverse("meetings:change", args=[meeting.pk])),
        "change_post": ("post", reverse("meetings:change", args=[meeting.pk])),
        "cancel": ("post", reverse("meetings:cancel", args=[meeting.pk])),
    }


NAMES = list(pages(type("M", (), {"pk": 1}), type("B", (), {"code": "1"})))


@pytest.fixture
def meeting(branch):
    return factories.make_meeting(branch, datetime.date(2026, 3, 1))


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_sent_to_the_login(client, meeting, branch, name):
    method, url = pages(meeting, branch)[name]
    response = getattr(client, method)(url)
    assert response.status_code == 302
    assert reverse("login") in response["Location"]


@pytest.mark.parametrize("name", NAMES)
def test_the_neighbours_secretary_finds_nothing(client, committee, meeting, branch, name):
    client.force_login(factories.make_user("secretary", factories.make_branch(committee)))
    method, url = pages(meeting, branch)[name]
    assert getattr(client, method)(url).status_code == 404


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", ["inspector", "committee_officer"])
def test_a_reader_looks_and_does_not_write(client, committee, meeting, branch, name, role):
    client.force_login(factories.make_user(role, committee))
    method, url = pages(meeting, branch)[name]
    expected = 200 if name in ("list", "detail") else 403
    assert getattr(client, method)(url).status_code == expected
    meeting.refresh_from_db()
    assert (meeting.state, meeting.version) == (MeetingState.HELD, 1)


def test_without_a_branch_to_record_for_the_form_is_closed(client, committee, branch):
    client.force_login(factories.make_user("inspector", committee))
    assert client.get(REGISTER).status_code == 403


def test_who_has_two_branches_chooses_one(client, branch, committee, secretary):
    other = factories.make_branch(committee)
    Grant.objects.create(user=secretary, role="secretary", organisation=other)
    client.force_login(secretary)
    response = client.get(REGISTER, follow=True)
    assert response.request["PATH_INFO"] == reverse("meetings:list")
    assert client.get(REGISTER, {"branch": other.code}).status_code == 200


# --- List and detail ------------------------------------------------------------------------


def test_the_list_marks_late_entries_and_counts_by_type(signed_in, branch):
    first, second = factories.make_members(branch, 2)
    factories.make_meeting(
        branch,
        datetime.date(2026, 3, 10),
        [Type.LECTURE, Type.THEME_DAY],
        present=[first],
        leave=[second],
        entered_at=datetime.datetime(2026, 3, 10, 8, tzinfo=datetime.UTC),
    )
    factories.make_meeting(
        branch,
        datetime.date(2026, 2, 10),
        [Type.LECTURE],
        entered_at=datetime.datetime(2026, 3, 5, 8, tzinfo=datetime.UTC),
    )
    response = signed_in.get(reverse("meetings:list"))
    rows = response.context["rows"]
    assert [(row["date"], row["state_words"], row["attendance"]) for row in rows] == [
        ("3月10日", "已登记", "1/2"),
        ("2月10日", "补录", "0/0"),
    ]
    assert [(chip["label"], chip["count"]) for chip in response.context["chips"]] == [
        ("党课", 2),
        ("主题党日", 1),
    ]
    rows = signed_in.get(reverse("meetings:list"), {"types": "theme_day"}).context["rows"]
    assert len(rows) == 1


def test_the_list_holds_one_year_and_nothing_of_the_neighbours(signed_in, committee, branch):
    factories.make_meeting(factories.make_branch(committee), TODAY)
    factories.make_meeting(branch, datetime.date(2025, 12, 31))
    assert signed_in.get(reverse("meetings:list")).context["rows"] == []
    rows = signed_in.get(reverse("meetings:list"), {"year": 2025}).context["rows"]
    assert [row["date"] for row in rows] == ["2025年12月31日"]


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, committee, secretary, branch):
    officer = factories.make_user("committee_officer", committee)
    member = factories.make_member(branch)

    def one_more(day):
        factories.make_meeting(
            branch, datetime.date(2026, 3, day), [Type.LECTURE, Type.THEME_DAY], present=[member]
        )

    one_more(1)
    counts = {}
    for user in (secretary, officer):
        client.force_login(user)
        counts[user] = count_of(lambda: client.get(reverse("meetings:list")))
    one_more(2)
    one_more(3)
    for user in (secretary, officer):
        client.force_login(user)
        assert count_of(lambda: client.get(reverse("meetings:list"))) == counts[user]


def test_the_form_takes_as_many_queries_for_three_members_as_for_one(signed_in, branch):
    factories.make_member(branch)
    one = count_of(lambda: signed_in.get(REGISTER, {"types": "committee"}))
    factories.make_members(branch, 2)
    assert count_of(lambda: signed_in.get(REGISTER, {"types": "committee"})) == one


def test_the_detail_shows_people_and_votes(signed_in, branch):
    here, away = factories.make_members(branch, 2)
    probationary = factories.make_member(
        branch, kind=MemberKind.PROBATIONARY, joined_on=datetime.date(2025, 12, 1)
    )
    meeting = factories.make_meeting(
        branch, TODAY, [Type.MEMBERS_MEETING], present=[here, probationary], leave=[away]
    )
    context = signed_in.get(reverse("meetings:detail", args=[meeting.pk])).context
    assert context["counts"] == {"due": 3, "present": 2, "leave": 1, "absent": 0}
    assert context["meeting"]["votes_text"] == "有表决权 2 人到 1 人，刚到半数，可以表决"
    assert context["present"] == [here.name, probationary.name]


def test_the_detail_takes_as_many_queries_for_three_members_as_for_one(signed_in, branch):
    member = factories.make_member(branch)
    one = factories.make_meeting(branch, TODAY, present=[member])
    three = factories.make_meeting(branch, TODAY, present=factories.make_members(branch, 3))
    assert count_of(lambda: signed_in.get(reverse("meetings:detail", args=[one.pk]))) == count_of(
        lambda: signed_in.get(reverse("meetings:detail", args=[three.pk]))
    )


@pytest.mark.parametrize(
    "query",
    [
        "year=²",
        "year=99999",
        "page=x",
        "types=nothing",
        "q=%00",
        "organisation=%00",
        "branch=nobody",
    ],
)
def test_an_odd_address_is_no_fault_of_ours(signed_in, branch, query):
    factories.make_meeting(branch, TODAY)
    assert signed_in.get(f"/meetings/?{query}").status_code in (200, 404)


def test_control_characters_do_not_reach_the_store(signed_in, branch):
    member = factories.make_member(branch)
    register(
        signed_in,
        source="duty:\x00x",
        **{f"attendance-{member.pk}": "leave", f"reason-{member.pk}": "住\x00院\x1b"},
    )
    assert Meeting.objects.get().attendances.get().reason == "住院"


def test_a_plan_with_times_brings_its_own_hours(signed_in, branch):
    factories.make_meeting(branch, datetime.date(2026, 2, 1), [Type.LECTURE], hours=3)
    factories.make_meeting(
        branch,
        TODAY,
        [Type.LECTURE],
        state=MeetingState.PLANNED,
        starts_at=datetime.time(14),
        ends_at=datetime.time(16),
    )
    page = signed_in.get(REGISTER, {"types": "lecture"}, follow=True)
    assert page.context["form"]["hours"].value() == "2.0"
