"""A worker is killed after the other side received a message: it is not sent a second time."""

import os
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from notices.channels import send_test
from notices.delivering import CLAIM, deliver_due, resend
from notices.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)

WORK = "from notices.jobs import deliver; deliver()"


def address_of_test_database() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path="/" + quote(name)).geturl()


def start_worker(**environment) -> subprocess.Popen:
    """The minute's job as a process of its own, on the database of this test."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    return subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-c", WORK],
        cwd=Path(settings.BASE_DIR),
        env=kept
        | {
            "DATABASE_URL": address_of_test_database(),
            "SECRET_KEY": settings.SECRET_KEY,
            "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
            "DEBUG": "1",
        }
        | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_when(arrived, process):
    """Kill the worker as soon as the other side has its message."""
    try:
        assert arrived.wait(60), process.poll()
    finally:
        process.kill()
        _out, said = process.communicate()
    assert process.returncode == -9, said


def is_left_unsure(delivery, got):
    """What the killed worker left is never sent by itself, and by a person once more."""
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sending", 1)
    now = timezone.now()
    assert deliver_due(now) == {}
    assert deliver_due(now + CLAIM * 2) == {}
    delivery.refresh_from_db()
    assert (delivery.state, len(got)) == ("unsure", 1)
    resend(delivery=delivery, by=None, now=now)
    assert deliver_due(now + CLAIM * 2) == {"sent": 1}
    assert len(got) == 2
    assert Delivery.objects.count() == 1


def test_a_worker_killed_after_the_robot_received_leaves_one_message(robot, chat, secretary):
    test = send_test(channel=chat, by=secretary, now=timezone.now())
    robot.silent = True
    kill_when(robot.arrived, start_worker(NOTICE_WEBHOOK_HOSTS=robot.host))
    robot.silent = False
    is_left_unsure(test, robot.got)


def test_a_worker_killed_after_the_mail_server_received_leaves_one_mail(sink, box, secretary):
    test = send_test(channel=box, by=secretary, now=timezone.now())
    sink.slow = True
    worker = start_worker(
        EMAIL_URL=f"smtp://127.0.0.1:{sink.port}", NOTICE_FROM="支部系统 <bot@example.cn>"
    )
    kill_when(sink.arrived, worker)
    sink.slow = False
    is_left_unsure(test, sink.mails)
    numbers = {message_from_bytes(mail.content)["Message-ID"] for mail in sink.mails}
    assert len(numbers) == 1, "the mail box can tell that the second is the first again"
