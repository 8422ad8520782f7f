"""What an installation says about mail and robots, and what it must not forget."""

import os
import subprocess
import sys

from django.conf import settings

SHOW = (
    "from partybuild import settings as s;"
    "print(s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_USE_TLS, s.NOTICE_FROM, s.SITE_URL,"
    " s.NOTICE_WEBHOOK_HOSTS)"
)


def read_with(**environment):
    """The settings as a process of its own reads them."""
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "DEBUG": "1", "PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_mail_server_the_own_address_and_relays_come_from_the_environment():
    read = read_with(
        EMAIL_URL="smtp+tls://bot:secret@mail.example.cn:587",
        NOTICE_FROM="bot@example.cn",
        SITE_URL="https://zb.example.cn/",
        NOTICE_WEBHOOK_HOSTS="relay.example.cn,10.1.2.3:8080",
    )
    assert read.stdout.strip() == (
        "mail.example.cn 587 True bot@example.cn https://zb.example.cn"
        " ['relay.example.cn', '10.1.2.3:8080']"
    )


def test_a_mail_server_without_a_sender_is_refused():
    read = read_with(EMAIL_URL="smtp://mail.example.cn:25")
    assert read.returncode == 1
    assert "NOTICE_FROM must be set with EMAIL_URL." in read.stderr
