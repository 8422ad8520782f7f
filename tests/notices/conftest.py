"""Servers to send to, and channels that lead there."""

import pytest

from accounts.roles import Role
from notices.models import Channel
from tests import factories
from tests.notices.servers import mail_sink, robot_server


@pytest.fixture
def town():
    return factories.make_committee()


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部", code="B1")


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, "shuji", name="林守正")


@pytest.fixture
def robot(settings):
    """A robot's server, allowed as a relay; `robot.host` is where it listens."""
    with robot_server() as (robot, host):
        settings.NOTICE_WEBHOOK_HOSTS = [host]
        robot.host = host
        yield robot


@pytest.fixture
def sink(settings):
    """A mail server that the installation sends through."""
    with mail_sink() as (sink, port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.NOTICE_FROM = "支部系统 <bot@example.cn>"
        sink.port = port
        yield sink


@pytest.fixture
def chat(robot, branch):
    """The branch's robot of 企业微信."""
    return make_robot(robot, branch)


@pytest.fixture
def box(sink, branch, secretary):
    """The secretary's mail box."""
    return Channel.objects.create(
        kind="mail", organisation=branch, user=secretary, address="lin@example.cn"
    )


PATHS = {
    "wecom": "/cgi-bin/webhook/send?key=k-secret-1",
    "dingtalk": "/robot/send?access_token=k-secret-1",
    "feishu": "/open-apis/bot/v2/hook/k-secret-1",
}


def make_robot(robot, organisation, kind="wecom", **facts):
    address = f"http://{robot.host}{PATHS[kind]}"
    return Channel.objects.create(
        kind=kind, organisation=organisation, address=address, **({"name": "支部群"} | facts)
    )
