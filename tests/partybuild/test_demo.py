import datetime
import re
from io import StringIO
from random import Random

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import User
from branches.models import Organisation, Placement
from dues.models import ApprovedAmount, Charge, Payment
from meetings.enums import MeetingState
from meetings.models import Attendance, Meeting, MeetingType
from members.identity import read_id_number
from members.models import Member, Membership, Post, Term
from partybuild.demo import names, organisations
from partybuild.demo.members import Numbers
from partybuild.demo.window import Window
from tasks.models import Task, TaskEvent

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


def read(model):
    """All rows without keys and what is made of them, and without ciphers."""
    left_out = {"id", "path", "id_number", "phone"}
    return [
        {
            field.attname: getattr(row, field.attname)
            for field in model._meta.concrete_fields
            if field.attname not in left_out and not field.is_relation
        }
        for row in model.objects.order_by("pk")
    ]


# --- The command ------------------------------------------------------------------------


def made(*options):
    """What a county holds, which is then taken back."""
    with transaction.atomic():
        make(*options)
        held = {model: read(model) for model in MODELS}
        transaction.set_rollback(True)
    return held


@pytest.mark.django_db
def test_the_same_options_make_the_same_county(time_machine):
    time_machine.move_to(NOON, tick=False)
    options = ("--branches", "9", "--members", "120", "--months", "3", "--until", "2026-09")
    first = made(*options)
    assert all(first.values())
    assert made(*options) == first
    assert made(*options, "--seed", "2")[Member] != first[Member]


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
