import datetime

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts import services, trail
from accounts.models import TrailLine, User
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_a_line_keeps_who_what_before_and_after(django_assert_num_queries):
    user = make_user(name="许文桥")
    with django_assert_num_queries(1):
        line = trail.record(
            by=user,
            action="修改党员",
            area="members",
            label="林守正",
            object_id=7,
            organisation_id=3,
            before={"手机号码": "136****3471"},
            after={"手机号码": "136****3472"},
            reason="换号",
        )
    line.refresh_from_db()
    assert (line.by, line.by_name) == (user, "许文桥")
    assert (line.before, line.after) == ({"手机号码": "136****3471"}, {"手机号码": "136****3472"})
    assert (line.object_id, line.organisation_id, line.reason) == (7, 3, "换号")


def test_a_job_writes_as_the_system():
    line = trail.record(by=None, action="核对", area="compliance", label="夜间核对")
    assert (line.by, line.by_name) == (None, "系统")


def test_the_name_outlives_a_renamed_account():
    user = make_user(name="许文桥")
    line = trail.record(by=user, action="甲", area="x", label="乙")
    User.objects.filter(pk=user.pk).update(name="许文乔")
    line.refresh_from_db()
    assert line.by_name == "许文桥"


def test_long_texts_are_cut_and_not_refused():
    line = trail.record(by=None, action="甲", area="x", label="长" * 500, reason="因" * 500)
    assert (len(line.label), len(line.reason)) == (200, 300)


def test_many_lines_are_written_at_once(django_assert_num_queries):
    lines = [trail.line(by=None, action="导入", area="x", label=str(n)) for n in range(30)]
    with django_assert_num_queries(1):
        trail.record_all(lines)
    assert TrailLine.objects.count() == 30


def test_lines_about_an_object_come_newest_first():
    for label in ("先", "后"):
        trail.record(by=None, action="甲", area="tasks", label=label, object_id=5)
    trail.record(by=None, action="甲", area="members", label="别的", object_id=5)
    assert [line.label for line in TrailLine.objects.about("tasks", 5)] == ["后", "先"]


def test_whoever_has_written_cannot_be_deleted():
    user = make_user()
    trail.record(by=user, action="甲", area="x", label="乙")
    with pytest.raises(Exception, match="protected"):
        user.delete()


# --- Accounts leave lines ---------------------------------------------------------------


def only_line():
    (line,) = TrailLine.objects.all()
    return line


def test_a_new_account_gets_a_password_to_be_changed_and_a_line_without_it():
    clerk = make_user()
    account, password = services.create_account(
        username=" xu.wq ", name="许文桥", by=clerk, organisation_id=3
    )
    assert account.username == "xu.wq"
    assert account.check_password(password) and account.must_change_password
    line = only_line()
    assert (line.action, line.by, line.organisation_id) == ("新建账号", clerk, 3)
    assert line.after == {"账号": "xu.wq", "姓名": "许文桥"}
    assert password not in str([line.label, line.before, line.after])


def test_one_time_passwords_differ_and_pass_the_validators():
    passwords = {services.one_time_password() for _ in range(50)}
    assert len(passwords) == 50
    for password in passwords:
        validate_password(password)
        assert not set(password) & set("0O1lI")


@pytest.mark.parametrize("taken", ["xu.wq", "XU.WQ"])
def test_a_name_that_is_taken_is_refused_whatever_its_case(taken):
    make_user(username="xu.wq")
    with pytest.raises(services.AccountFault, match="已有人使用"):
        services.create_account(username=taken, name="另一人", by=None)
    assert not TrailLine.objects.exists()


def test_a_name_not_fit_for_logging_in_is_refused():
    with pytest.raises(ValidationError):
        services.create_account(username="许 文桥", name="许文桥", by=None)
    assert User.objects.count() == 0


def test_a_changed_name_leaves_both():
    account = make_user(name="许文桥")
    assert services.change_account(account, by=None, name="许文乔", phone_extension="")
    line = only_line()
    assert (line.before, line.after) == ({"姓名": "许文桥"}, {"姓名": "许文乔"})
    assert not services.change_account(account, by=None, name="许文乔")
    assert TrailLine.objects.count() == 1


def test_a_new_password_ends_open_sessions(client):
    account = make_user()
    client.force_login(account)
    before = account.get_session_auth_hash()
    password = services.reset_password(account, by=None)
    account.refresh_from_db()
    assert account.check_password(password) and account.must_change_password
    assert account.get_session_auth_hash() != before
    assert only_line().action == "重置密码"


def test_an_account_is_stopped_once():
    clerk, account = make_user(), make_user()
    services.set_active(account, False, by=clerk, reason="调离")
    services.set_active(account, False, by=clerk)
    account.refresh_from_db()
    assert not account.is_active
    assert (only_line().action, only_line().reason) == ("停用账号", "调离")


def test_nobody_stops_the_own_account():
    account = make_user()
    with pytest.raises(services.AccountFault, match="自己的账号"):
        services.set_active(account, False, by=account)


def test_an_own_new_password_ends_the_reminder():
    account = make_user(must_change_password=True)
    services.note_password_change(account)
    account.refresh_from_db()
    assert not account.must_change_password
    assert (only_line().action, only_line().by) == ("修改密码", account)


def test_failed_log_ins_are_forgotten_on_request():
    account = make_user(username="xu.wq")
    at = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    AccessAttempt.objects.create(
        username="xu.wq", ip_address="203.0.113.1", failures_since_start=5, attempt_time=at
    )
    assert services.unlock(account, by=None)
    assert not AccessAttempt.objects.exists()
    assert not services.unlock(account, by=None)
    assert only_line().action == "解除锁定"
