import datetime
import re
from io import StringIO
from random import Random

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q, Sum
from django.test import override_settings

from accounts.models import TrailLine, User
from accounts.roles import Role
from branches.models import COMMITTEE_KINDS, Changed, Kind, Organisation, Placement, Sector
from compliance.models import Duty, DutyState
from dues.models import ApprovedAmount, Charge, Payment
from dues.rates import fits_rates
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType
from members.enums import COMMITTEE_TITLES, PostTitle
from members.identity import gender_digit_is_male, read_id_number, read_phone
from members.models import Member, Membership, Post, Term
from partybuild.demo import names, organisations
from partybuild.demo.members import Numbers
from partybuild.demo.window import Window
from tasks.models import Task, TaskEvent, TaskState

TODAY = datetime.date(2026, 11, 22)
NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)
MODELS = (
    *(Organisation, Placement, Member, Membership, Post, Term, ApprovedAmount, Charge, Payment),
    *(Meeting, MeetingType, Attendance, Task, TaskEvent),
)


@pytest.fixture(autouse=True)
def var(settings, tmp_path):
    settings.VAR = tmp_path
    return tmp_path


def make(*options):
    out = StringIO()
    call_command("demo_county", *options, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def county(django_db_setup, django_db_blocker, tmp_path_factory):
    """The default county, made once: it is only read by the tests that use it."""
    time_machine = pytest.importorskip("time_machine")
    with (
        django_db_blocker.unblock(),
        override_settings(DEBUG=True, VAR=tmp_path_factory.mktemp("var")),
        time_machine.travel(NOON, tick=False),
    ):
        said = make()
        yield said
        call_command("flush", interactive=False, verbosity=0)


def read(model):
    """All rows without keys and without what differs from run to run: ciphers, times of insertion."""
    left_out = {"id", "id_number", "phone", "given_at"}
    return [
        {
            field.attname: getattr(row, field.attname)
            for field in model._meta.concrete_fields
            if field.attname not in left_out and not field.is_relation
        }
        for row in model.objects.order_by("pk")
    ]


# --- The command ------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_options_make_the_same_county(time_machine):
    time_machine.move_to(NOON, tick=False)
    options = ("--branches", "9", "--members", "120", "--months", "3", "--until", "2026-09")
    make(*options)
    first = {model: read(model) for model in MODELS}
    call_command("flush", interactive=False, verbosity=0)
    make(*options)
    assert {model: read(model) for model in MODELS} == first
    call_command("flush", interactive=False, verbosity=0)
    make(*options, "--seed", "2")
    assert read(Member) != first[Member]


@pytest.mark.django_db
def test_a_database_with_data_is_refused_and_left_alone():
    make("--branches", "2", "--members", "10", "--months", "1")
    before = {model: model.objects.count() for model in MODELS}
    with pytest.raises(CommandError, match="只写入空数据库") as refused:
        make("--branches", "2", "--members", "10", "--months", "1")
    assert refused.value.returncode == 1
    assert {model: model.objects.count() for model in MODELS} == before


@pytest.mark.django_db
def test_a_failure_leaves_the_database_empty(monkeypatch):
    monkeypatch.setattr("partybuild.demo.tasks.tasks_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make("--branches", "2", "--members", "10", "--months", "1")
    assert not any(model.objects.exists() for model in MODELS)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "options, code",
    [
        (("--until", "2026-9x"), 2),
        (("--until", "2026-13"), 2),
        (("--months", "0"), 2),
        (("--until", "2027-01"), 1),
        (("--branches", "0"), 1),
        (("--branches", "10", "--members", "20"), 1),
    ],
)
def test_options_that_make_no_county_are_refused(time_machine, options, code):
    time_machine.move_to(NOON, tick=False)
    with pytest.raises(CommandError) as refused:
        make(*options)
    assert refused.value.returncode == code
    assert not Organisation.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "branches, members, months", [(1, 4, 1), (1, 30, 2), (3, 12, 7), (25, 200, 1)]
)
def test_small_counties_can_be_made(branches, members, months):
    make("--branches", str(branches), "--members", str(members), "--months", str(months))
    assert Organisation.objects.branches().count() == branches
    assert Member.objects.count() == members


@pytest.mark.django_db
def test_a_closed_month_is_filled_to_its_end(time_machine):
    time_machine.move_to(NOON, tick=False)
    make("--branches", "8", "--members", "80", "--months", "2", "--until", "2026-08")
    days = Meeting.objects.values_list("held_on", flat=True)
    assert datetime.date(2026, 7, 1) <= min(days) and max(days) <= datetime.date(2026, 8, 31)
    assert set(Charge.objects.values_list("month", flat=True)) == {
        datetime.date(2026, 7, 1),
        datetime.date(2026, 8, 1),
    }
    assert not Meeting.objects.filter(state=MeetingState.PLANNED).exists()


# --- Accounts ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_without_debug_passwords_are_random_and_nothing_is_kept(var):
    said = make("--branches", "2", "--members", "20", "--months", "1")
    assert "Wangchun-shuji-26" not in said
    assert not (var / "demo_accounts.txt").exists()
    password = re.search(r"shuji +(\S+)", said)[1]
    assert authenticate(username="shuji", password=password)
    assert User.objects.get(username="shuji").must_change_password


def test_every_role_has_an_account_that_is_printed_and_kept(county, db):
    users = User.objects.prefetch_related("grants")
    assert {grant.role for user in users for grant in user.grants.all()} == set(Role)
    for user in users:
        line = next(line for line in county.splitlines() if f" {user.username} " in line)
        password = line.split()[2]
        validate_password(password, user)
        assert user.check_password(password)
        assert not user.must_change_password and not user.is_superuser and not user.is_staff


# --- What stands in it ------------------------------------------------------------------


def test_the_county_has_the_size_asked_for(county, db):
    branches = Organisation.objects.branches()
    assert branches.count() == 60
    assert Member.objects.count() == 1400
    assert set(branches.values_list("sector", flat=True)) == set(Sector)
    assert Organisation.objects.filter(kind=Kind.GENERAL_BRANCH).exists()
    names = " ".join(
        Organisation.objects.filter(kind__in=COMMITTEE_KINDS).values_list("name", flat=True)
    )
    for part in ("直属机关工作委员会", "镇委员会", "街道工作委员会", "社会组织工作委员会"):
        assert part in names
    assert branches.filter(parent__kind=Kind.GENERAL_BRANCH).exists()


def test_every_rule_has_done_and_unmet_rows(county, db):
    call_command("check_duties", "--as-of", "2026-11-22", "--all-periods", stdout=StringIO())
    rules = set(Duty.objects.values_list("rule", flat=True))
    assert rules >= {
        *("meetings.committee", "meetings.theme_day", "meetings.members_meeting"),
        *("meetings.lecture", "meetings.study_hours", "dues.paid", "dues.arrears"),
        *("tasks.overdue", "terms.election", "branches.too_large", "branches.too_small"),
        *("branches.no_secretary", "members.probation"),
    }
    for rule in rules:
        duties = Duty.objects.filter(rule=rule)
        assert duties.filter(state=DutyState.DONE).exists(), rule
        assert duties.unmet().exists(), rule
    late = Duty.objects.filter(state=DutyState.OVERDUE, organisation__kind=Kind.BRANCH)
    assert 6 <= late.values("organisation").distinct().count() <= 24
    shown = User.objects.get(username="shuji").grants.get().organisation
    unmet = Duty.objects.filter(organisation=shown).unmet()
    assert 2 <= unmet.count() <= 8
    assert unmet.filter(state=DutyState.OVERDUE).count() <= 2


def test_nothing_waits_to_be_judged_and_one_line_says_where_it_came_from(county, db):
    assert not Changed.objects.exists()
    assert TrailLine.objects.filter(action="生成演示县").count() == TrailLine.objects.count() == 1


def test_numbers_are_valid_different_and_nobodys(county, db):
    seen = set()
    for member in Member.objects.all():
        assert read_id_number(member.id_number) == member.id_number
        assert member.id_number.startswith("629901")
        assert gender_digit_is_male(member.id_number) == (member.gender == "male")
        assert member.id_number[6:14] == f"{member.born_on:%Y%m%d}"
        assert read_phone(member.phone).startswith("1990000")
        seen.add(member.id_number)
    assert len(seen) == 1400


def test_members_are_of_age_when_they_join_and_confirmed_a_year_later(county, db):
    for member in Member.objects.all():
        assert (member.joined_on - member.born_on).days > 18 * 365
        assert member.joined_on <= TODAY
        if member.confirmed_on:
            assert 365 <= (member.confirmed_on - member.joined_on).days < 390
        assert (member.kind == "formal") == (member.confirmed_on is not None)


def test_every_member_stands_where_the_open_membership_is(county, db):
    stays = Membership.objects.filter(ends_on__isnull=True)
    assert not stays.exclude(organisation=F("member__organisation")).exists()
    assert stays.count() == Member.objects.filter(left_on__isnull=True).count()
    assert Membership.objects.filter(ends_on__isnull=False).exists()
    assert (
        not Membership.objects.exclude(group=None)
        .exclude(group__organisation=F("organisation"))
        .exists()
    )


def test_only_branches_of_seven_have_a_committee_of_three_to_five(county, db):
    held = Q(posts__ends_on__isnull=True, posts__title__in=COMMITTEE_TITLES)
    for branch in Organisation.objects.branches().annotate(committee=Count("posts", filter=held)):
        formal = branch.members.filter(confirmed_on__isnull=False, left_on__isnull=True).count()
        if formal >= 7:
            assert 2 <= branch.committee <= 5, branch
        else:
            assert branch.committee <= 2, branch
    assert (
        Organisation.objects.exclude(kind=Kind.BRANCH)
        .filter(posts__title=PostTitle.SECRETARY)
        .distinct()
        .count()
        == Organisation.objects.exclude(kind=Kind.BRANCH).count()
    )


def test_committee_meetings_are_attended_by_the_committee_of_the_day(county, db):
    for meeting in Meeting.objects.filter(types__type=Type.COMMITTEE, state=MeetingState.HELD):
        sitting = {
            post.member_id
            for post in meeting.organisation.posts.filter(title__in=COMMITTEE_TITLES).on(
                meeting.held_on
            )
        }
        assert {row.member_id for row in meeting.attendances.all()} <= sitting


def test_rosters_hold_the_members_of_the_day_and_no_later_one(county, db):
    rows = Attendance.objects.select_related("meeting", "member")
    stays = {}
    for stay in Membership.objects.all():
        stays.setdefault((stay.member_id, stay.organisation_id), []).append(stay)
    for row in rows:
        day = row.meeting.held_on
        assert any(
            stay.starts_on <= day and (stay.ends_on is None or day <= stay.ends_on)
            for stay in stays[row.member_id, row.meeting.organisation_id]
        )
        formal = row.member.confirmed_on is not None and row.member.confirmed_on <= day
        assert row.was_formal == formal


def test_meetings_have_a_host_who_was_there_and_nothing_after_today_is_held(county, db):
    held = Meeting.objects.filter(state=MeetingState.HELD)
    assert held.count() > 2000
    assert not held.filter(held_on__gt=TODAY).exists()
    assert not held.filter(host=None).exists()
    present = Attendance.objects.filter(state=AttendanceState.PRESENT, member=F("meeting__host"))
    by_host = present.values("meeting").distinct().count()
    assert by_host >= held.count() * 0.98
    planned = Meeting.objects.filter(state=MeetingState.PLANNED)
    assert planned.exists() and not planned.filter(held_on__lte=TODAY).exists()


def test_meetings_are_entered_when_people_would_have_and_some_late(county, db):
    days = [
        (meeting.entered_at.date() - meeting.held_on).days
        for meeting in Meeting.objects.filter(state=MeetingState.HELD)
    ]
    assert min(days) >= 0
    assert sum(day > 15 for day in days) > 10
    assert sum(day <= 3 for day in days) > len(days) * 0.9


def test_dues_follow_the_rates_and_are_charged_once_a_month(county, db):
    for row in ApprovedAmount.objects.all():
        assert fits_rates(row.category, row.base, row.amount), row
    months = set(Charge.objects.values_list("month", flat=True))
    assert (min(months), max(months), len(months)) == (
        datetime.date(2025, 12, 1),
        datetime.date(2026, 11, 1),
        12,
    )
    assert (
        not Charge.objects.filter(month__lt=F("member__joined_on"))
        .exclude(
            month__year=F("member__joined_on__year"), month__month=F("member__joined_on__month")
        )
        .exists()
    )


def test_payments_are_full_in_part_late_missing_and_never_too_much(county, db):
    paid = {
        (row["member"], row["month"]): row["sum"]
        for row in Payment.objects.values("member", "month").annotate(sum=Sum("amount"))
    }
    due = {(row.member_id, row.month): row.amount for row in Charge.objects.all()}
    assert paid.keys() <= due.keys()
    part = [key for key, sum in paid.items() if sum < due[key]]
    assert part and not [key for key, sum in paid.items() if sum > due[key]]
    assert len(due) * 0.95 < len(paid) < len(due)
    assert Payment.objects.filter(reason="补交").exists()
    assert not Payment.objects.filter(paid_on__gt=TODAY).exists()


def test_tasks_have_their_three_responsible_and_a_life_in_order(county, db):
    assert set(Task.objects.values_list("state", flat=True)) >= {
        *(TaskState.PENDING, TaskState.WORKING, TaskState.REVIEW, TaskState.CLOSED),
    }
    blank = Q(responsible_leader="") | Q(responsible_unit="") | Q(responsible_person="")
    assert not Task.objects.filter(blank).exists()
    for task in Task.objects.prefetch_related("events"):
        days = [event.on for event in task.events.all()]
        assert days == sorted(days) and days[0] == task.opened_on and days[-1] <= TODAY


def test_words_that_do_not_belong_here_are_nowhere(county, db):
    texts = [
        *Meeting.objects.values_list("topic", "minutes"),
        *Task.objects.values_list("problem", "measures"),
    ]
    for word in ("宗教", "信仰", "违法", "犯罪", "涉黑", "扫黑"):
        assert not [text for pair in texts for text in pair if word in text]


# --- The pieces -------------------------------------------------------------------------


def test_a_window_ends_today_in_the_running_month():
    running = Window.ending(TODAY, 12, TODAY)
    assert (running.first, running.today) == (datetime.date(2025, 12, 1), TODAY)
    assert running.running == datetime.date(2026, 11, 1)
    closed = Window.ending(datetime.date(2026, 2, 1), 3, TODAY)
    assert (closed.first, closed.today) == (datetime.date(2025, 12, 1), datetime.date(2026, 2, 28))
    assert closed.running is None


@pytest.mark.parametrize("branches, members", [(60, 1400), (2000, 50000), (7, 28), (60, 240)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sizes_add_up_whatever_the_seed(branches, members, seed):
    window = Window.ending(TODAY, 12, TODAY)
    tree = organisations.plan(branches, members, seed, window)
    assert len(tree.branches) == branches
    assert sum(branch.size for branch in tree.branches) == members
    assert min(branch.size for branch in tree.branches) >= 2
    codes = [branch.organisation.code for branch in tree.branches]
    assert len(set(codes)) == branches
    assert sum(branch.is_shown for branch in tree.branches) == 1


@pytest.mark.parametrize("seed", range(1, 13))
def test_each_fault_is_somewhere_whatever_the_seed(seed):
    tree = organisations.plan(60, 1400, seed, Window.ending(TODAY, 12, TODAY))
    for fault in ("has_two_formal", "is_large", "lost_secretary", "forgot_confirmation"):
        assert any(getattr(branch, fault) for branch in tree.branches), fault
    assert {branch.term for branch in tree.branches} == {"past", "postponed", "soon", "running"}


def test_place_names_differ():
    for name, count in ((names.place, 4800), (names.community, 1200)):
        assert len({name(number) for number in range(count)}) == count
    assert (names.place(0), names.community(0)) == ("荻浦", "望春")


def test_no_number_is_given_twice_on_one_birthday():
    numbers = Numbers()
    born_on = datetime.date(1980, 5, 17)
    given = [numbers.identity(born_on, male) for male in (True, False) * 100]
    assert len(set(given)) == 200
    assert all(read_id_number(number) for number in given)


def test_names_are_drawn_from_the_generator_alone():
    drawn = [names.person_name(Random(5), True) for _ in range(3)]
    assert len(set(drawn)) == 1
    assert all(2 <= len(names.person_name(Random(n), n % 2 == 0)) <= 3 for n in range(50))
