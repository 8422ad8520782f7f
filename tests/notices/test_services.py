"""Notices: sent once, read by those they are for, confirmed by one, taken back for all."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import TrailLine, User
from accounts.roles import Role
from branches.models import Attachment, Grant
from notices.inbox import answers_of, inbox, receives, sender_for, sent_by, tally, unread_count
from notices.models import Notice, NoticeKind, Receipt
from notices.services import (
    Letter,
    Refused,
    chase,
    confirm,
    files_of,
    mark_read,
    send_letters,
    send_notice,
    withdraw,
)
from tests import factories
from tests.queries import count_of
from tests.threads import at_once

TODAY = datetime.date(2026, 3, 18)
pytestmark = pytest.mark.django_db


@pytest.fixture
def town():
    return factories.make_committee()


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部")


@pytest.fixture
def officer(town):
    return factories.make_user(Role.COMMITTEE_OFFICER, town, "jiedao")


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, "shuji")


def fresh(user):
    """As the next request sees the user: rights are read once per object."""
    return User.objects.get(pk=user.pk)


def order(officer, *recipients, **facts):
    facts = {"title": "关于报送党员名册的通知", "on": TODAY} | facts
    sender = facts.pop("sender", recipients[0].parent if recipients else None)
    return send_notice(
        recipients=recipients, sender=sender, kind=NoticeKind.ORDER, by=officer, **facts
    )


# --- Sending ------------------------------------------------------------------------------------


def test_a_notice_goes_to_each_organisation_in_one_batch_and_leaves_a_line_each(
    town, branch, officer
):
    other = factories.make_branch(town)
    sent = order(officer, branch, other, branch, text=" 请本周报送 ", url="/members/")
    assert [one.organisation for one in sent] == [branch, other]
    assert len({one.batch for one in sent}) == 1
    assert (sent[0].sender, sent[0].sent_by, sent[0].text) == (town, officer, "请本周报送")
    lines = TrailLine.objects.filter(action="发通知", area="notices").order_by("pk")
    assert [(one.organisation_id, one.object_id) for one in lines] == [
        (one.organisation_id, one.pk) for one in sent
    ]
    assert lines[0].after == {"标题": "关于报送党员名册的通知"}


@pytest.mark.parametrize(
    ("facts", "field", "said"),
    [
        ({"title": " \n "}, "title", "标题"),
        (
            {"wants_receipt": True, "receipt_by": datetime.date(2026, 3, 17)},
            "receipt_by",
            "早于今天",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused(branch, officer, facts, field, said):
    with pytest.raises(Refused, match=said) as refused:
        order(officer, branch, **facts)
    assert refused.value.field == field
    assert not Notice.objects.exists()


def test_nobody_to_send_to_is_refused(officer):
    with pytest.raises(Refused, match="没有收通知的组织"):
        order(officer)


@pytest.mark.parametrize("url", ["https://example.com/", "//example.com/", "tasks/7/"])
def test_a_notice_leads_nowhere_but_into_the_system(branch, officer, url):
    with pytest.raises(ValueError, match="page of this system"):
        order(officer, branch, url=url)


def test_a_receipt_due_today_is_taken_and_a_long_title_is_cut(branch, officer):
    [notice] = order(officer, branch, title="通" * 151, wants_receipt=True, receipt_by=TODAY)
    assert notice.title == "通" * 149 + "…"
    assert notice.receipt_by == TODAY
    [plain] = order(officer, branch, receipt_by=TODAY)
    assert plain.receipt_by is None


def test_about_the_same_thing_a_recipient_is_told_once_a_day(town, branch, officer):
    other = factories.make_branch(town)
    assert len(order(officer, branch, about="task:71")) == 1
    assert [one.organisation for one in order(officer, branch, other, about="task:71")] == [other]
    assert order(officer, branch, about="task:71") == []
    assert len(order(officer, branch, about="task:72")) == 1
    tomorrow = TODAY + datetime.timedelta(days=1)
    assert len(order(officer, branch, about="task:71", on=tomorrow)) == 1
    assert len(order(officer, branch)) == len(order(officer, branch)) == 1
    assert TrailLine.objects.filter(area="notices").count() == Notice.objects.count() == 6


def test_different_letters_go_out_together_with_as_many_queries_as_one(town, officer):
    branches = [factories.make_branch(town) for _ in range(3)]

    def send(recipients):
        def act():
            Notice.objects.all().delete()
            return send_letters(
                [Letter(one, f"催办：{one}", about=f"remind:{one.pk}") for one in recipients],
                sender=town,
                kind=NoticeKind.REMINDER,
                on=TODAY,
                by=officer,
            )

        return act

    assert count_of(send(branches)) == count_of(send(branches[:1]))
    Notice.objects.all().delete()
    assert [one.title for one in send(branches)()] == [f"催办：{one}" for one in branches]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_remind_at_once_one_notice_is_made(branch, officer):
    def send():
        return send_notice(
            recipients=[branch],
            sender=None,
            kind=NoticeKind.REMINDER,
            title="催办",
            about="task:71",
            on=TODAY,
            by=officer,
        )

    results = at_once(send, send)
    assert sorted(len(one) for one in results) == [0, 1]
    assert Notice.objects.count() == TrailLine.objects.filter(action="催办").count() == 1


def test_the_files_are_stored_once_and_belong_to_every_notice_of_the_batch(
    settings, tmp_path, town, branch, officer
):
    settings.MEDIA_ROOT = tmp_path
    pdf = SimpleUploadedFile("名册样表.pdf", b"%PDF-1.4 sample")
    sent = order(officer, branch, factories.make_branch(town), uploads=[pdf])
    stored = Attachment.objects.get()
    assert (stored.organisation, stored.area, stored.object_id) == (town, "notices", sent[0].pk)
    assert [files_of(one).get() for one in sent] == [stored, stored]
    assert TrailLine.objects.filter(after__附件="名册样表.pdf").count() == 2
    bad = SimpleUploadedFile("名册.exe", b"MZ")
    with pytest.raises(Refused, match="不是可以上传的文件") as refused:
        order(officer, branch, uploads=[bad])
    assert refused.value.field == "files"
    assert Notice.objects.count() == 2


# --- Whose they are -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "level", "own"),
    [
        (Role.SECRETARY, "branch", True),
        (Role.ORGANISER, "branch", True),
        (Role.GROUP_LEADER, "branch", False),
        (Role.COMMITTEE_OFFICER, "town", False),
        (Role.INSPECTOR, "town", False),
        (Role.COUNTY_OFFICER, "county", False),
        (Role.SECRETARY, "neighbour", False),
    ],
)
def test_a_notice_is_the_mail_of_those_who_work_in_the_organisation(
    town, branch, officer, role, level, own
):
    factories.make_notice(branch, TODAY)
    places = {
        "branch": branch,
        "town": town,
        "county": town.parent,
        "neighbour": factories.make_branch(town),
    }
    user = factories.make_user(role, places[level])
    assert receives(user, branch) is own
    assert unread_count(user) == inbox(user).count() == int(own)


def test_a_committee_gets_its_own_mail_and_not_that_of_its_branches(town, branch, officer):
    factories.make_notice(branch, TODAY)
    to_town = factories.make_notice(town, TODAY)
    assert list(inbox(officer)) == [to_town]


def test_who_has_left_the_post_gets_nothing_more(branch, secretary):
    factories.make_notice(branch, TODAY)
    Grant.objects.filter(user=secretary).update(withdrawn_at=timezone.now())
    assert unread_count(fresh(secretary)) == 0
    assert unread_count(factories.make_user()) == 0


def test_the_bell_needs_one_query_beside_the_rights(branch, secretary, django_assert_num_queries):
    for _ in range(3):
        factories.make_notice(branch, TODAY)
    receives(secretary, branch)
    with django_assert_num_queries(1):
        assert unread_count(secretary) == 3
    nobody = factories.make_user(Role.INSPECTOR, branch.parent)
    receives(nobody, branch)
    with django_assert_num_queries(0):
        assert unread_count(nobody) == 0


# --- Reading and confirming ---------------------------------------------------------------------


def test_reading_counts_for_each_person_and_comes_after_what_is_unread(branch, secretary):
    organiser = factories.make_user(Role.ORGANISER, branch)
    old = factories.make_notice(branch, datetime.date(2026, 3, 1))
    new = factories.make_notice(branch, TODAY)
    assert mark_read([new], secretary) == 1
    assert mark_read([new], secretary) == 0
    assert [(one, one.is_read) for one in inbox(secretary)] == [(old, False), (new, True)]
    assert (unread_count(secretary), unread_count(organiser)) == (1, 2)


def test_a_superior_who_looks_in_is_no_reader(branch, officer):
    notice = factories.make_notice(branch, TODAY)
    assert mark_read([notice], officer) == 0
    assert not Receipt.objects.exists()


def test_one_confirmation_stands_for_the_branch(branch, secretary):
    organiser = factories.make_user(Role.ORGANISER, branch)
    notice = factories.make_notice(branch, TODAY, wants_receipt=True)
    mark_read([notice], secretary)
    assert tally(organiser) == {"all": 1, "unread": 1, "receipt": 1, "reminder": 0}
    receipt = confirm(notice=notice, user=secretary, reply=" 已布置 ")
    assert (receipt.reply, Receipt.objects.count()) == ("已布置", 1)
    line = TrailLine.objects.get(action="报回执")
    assert (line.by, line.after, line.organisation_id) == (
        secretary,
        {"回执": "已布置"},
        branch.pk,
    )
    with pytest.raises(Refused, match=f"{secretary}已在.*报过回执"):
        confirm(notice=notice, user=organiser)
    assert tally(organiser)["receipt"] == 0


def test_a_receipt_comes_from_who_works_there_and_only_where_it_is_asked(
    branch, officer, secretary
):
    asking = factories.make_notice(branch, TODAY, wants_receipt=True)
    with pytest.raises(Refused, match="回执由望春社区第一党支部的人来报"):
        confirm(notice=asking, user=officer)
    plain = factories.make_notice(branch, TODAY)
    with pytest.raises(Refused, match="不要求回执"):
        confirm(notice=plain, user=secretary)
    withdraw(batch=asking.batch, by=officer)
    with pytest.raises(Refused, match="已经撤回"):
        confirm(notice=asking, user=secretary)
    assert not Receipt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_once_one_is_told_of_the_other(branch):
    users = [factories.make_user(role, branch) for role in (Role.SECRETARY, Role.ORGANISER)]
    notice = factories.make_notice(branch, TODAY, wants_receipt=True)
    results = at_once(*[lambda user=user: confirm(notice=notice, user=user) for user in users])
    assert sorted(type(one).__name__ for one in results) == ["Receipt", "Refused"]
    assert Receipt.objects.filter(confirmed_at__isnull=False).count() == 1


# --- Taking back and chasing --------------------------------------------------------------------


def test_what_is_taken_back_leaves_every_inbox_and_stays_on_record(
    town, branch, officer, secretary
):
    sent = order(officer, branch, factories.make_branch(town))
    assert withdraw(batch=sent[0].batch, by=officer) == 2
    assert unread_count(secretary) == 0 and not inbox(secretary).exists()
    assert Notice.objects.filter(withdrawn_at__isnull=False).count() == 2
    assert TrailLine.objects.filter(action="撤回通知", by=officer).count() == 2
    with pytest.raises(Refused, match="已经撤回"):
        withdraw(batch=sent[0].batch, by=officer)


def test_a_reminder_is_not_taken_back(branch, officer):
    notice = factories.make_notice(branch, TODAY, kind=NoticeKind.REMINDER)
    with pytest.raises(Refused, match="催办写的是事实"):
        withdraw(batch=notice.batch, by=officer)


def test_who_has_not_confirmed_is_chased_once_a_day(town, branch, officer, secretary):
    other = factories.make_branch(town)
    sent = order(officer, branch, other, wants_receipt=True, receipt_by=TODAY)
    confirm(notice=sent[0], user=secretary)
    tomorrow = TODAY + datetime.timedelta(days=1)
    [reminder] = chase(notice=sent[0], by=officer, on=tomorrow)
    assert (reminder.organisation, reminder.kind) == (other, NoticeKind.REMINDER)
    assert reminder.url == f"/notices/{sent[1].pk}/"
    assert "2026年3月18日前请打开通知报回执" in reminder.text
    assert chase(notice=sent[0], by=officer, on=tomorrow) == []
    confirm(notice=sent[1], user=factories.make_user(Role.SECRETARY, other))
    with pytest.raises(Refused, match="都已回执"):
        chase(notice=sent[0], by=officer, on=tomorrow)
    [plain] = order(officer, branch)
    with pytest.raises(Refused, match="不等回执"):
        chase(notice=plain, by=officer, on=tomorrow)


# --- What was sent ------------------------------------------------------------------------------


def test_a_batch_is_one_row_with_its_answers(town, branch, officer, secretary):
    sent = order(officer, branch, factories.make_branch(town), wants_receipt=True)
    mark_read([sent[0]], secretary)
    [row] = sent_by(officer)
    assert (row["batch"], row["first"], row["recipients"]) == (sent[0].batch, sent[0].pk, 2)
    assert answers_of([row["batch"]], officer) == {row["batch"]: {"read": 1, "confirmed": 0}}
    confirm(notice=sent[0], user=secretary)
    assert answers_of([row["batch"]], officer)[row["batch"]] == {"read": 1, "confirmed": 1}


def test_own_and_lower_batches_are_told_apart(town, branch, officer):
    county_officer = factories.make_user(Role.COUNTY_OFFICER, town.parent)
    from_county = factories.make_notice(branch, TODAY, sender=town.parent)
    from_town = factories.make_notice(branch, TODAY)
    assert [row["first"] for row in sent_by(county_officer)] == [from_county.pk]
    assert [row["first"] for row in sent_by(county_officer, below=True)] == [from_town.pk]
    assert [row["first"] for row in sent_by(officer)] == [from_town.pk]
    assert list(sent_by(officer, below=True)) == []
    assert list(sent_by(factories.make_user(Role.SECRETARY, branch))) == []


def test_a_notice_is_sent_in_the_name_of_the_highest_that_the_user_holds(town, branch, officer):
    assert sender_for(officer) == sender_for(officer, branch) == town
    assert sender_for(officer, factories.make_branch()) is None
    assert sender_for(factories.make_user(Role.COUNTY_OFFICER, town.parent), branch) == town.parent
    assert sender_for(factories.make_user(Role.SECRETARY, branch)) is None
