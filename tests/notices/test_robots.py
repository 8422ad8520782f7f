"""The robots of 企业微信, 钉钉 and 飞书: what they are sent, and what their answers mean."""

import base64
import datetime
import hashlib
import hmac
import socket
from urllib.parse import parse_qs, urlsplit

import pytest

from notices import robots
from notices.messages import KEYWORD, Line, Message
from notices.models import Channel
from notices.outcomes import Result
from tests.notices.conftest import PATHS

AT = datetime.datetime(2026, 3, 18, 2, 0, tzinfo=datetime.UTC)
MESSAGE = Message(
    "到期提醒：本月还有 2 件事",
    (Line("支部委员会", "https://zb.example.cn/duties/7/"), Line("主题党日")),
    (Line("打开通知", "https://zb.example.cn/notices/5/"), Line(f"来自{KEYWORD}管理平台")),
)


def channel(robot, kind="wecom", secret=""):
    return Channel(kind=kind, address=f"http://{robot.host}{PATHS[kind]}", secret=secret)


def sign(key, text):
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def test_wecom_gets_markdown_in_its_format(robot):
    outcome = robots.post(channel(robot), MESSAGE, AT)
    assert (outcome.result, outcome.words) == (Result.SENT, "企业微信已接收")
    assert robot.got == [
        (
            PATHS["wecom"],
            {
                "msgtype": "markdown",
                "markdown": {
                    "content": "**到期提醒：本月还有 2 件事**\n"
                    "[支部委员会](https://zb.example.cn/duties/7/)\n主题党日\n"
                    "[打开通知](https://zb.example.cn/notices/5/)\n来自党支部工作管理平台"
                },
            },
        )
    ]


def test_dingtalk_is_signed_in_the_address(robot):
    assert robots.post(channel(robot, "dingtalk", "SECabc"), MESSAGE, AT).result == Result.SENT
    [(path, body)] = robot.got
    asked = parse_qs(urlsplit(path).query)
    stamp = str(int(AT.timestamp() * 1000))
    assert asked == {
        "access_token": ["k-secret-1"],
        "timestamp": [stamp],
        "sign": [sign("SECabc", f"{stamp}\nSECabc")],
    }
    assert body["msgtype"] == "markdown"
    assert body["markdown"]["title"] == MESSAGE.title
    assert body["markdown"]["text"].startswith(f"#### {MESSAGE.title}\n\n[支部委员会](https:")
    robots.post(channel(robot, "dingtalk"), MESSAGE, AT)
    assert robot.got[1][0] == PATHS["dingtalk"]


def test_feishu_is_signed_in_the_body(robot):
    robot.answers = [{"code": 0, "msg": "success", "data": {}}, {"StatusCode": 0}]
    assert robots.post(channel(robot, "feishu", "abc"), MESSAGE, AT).result == Result.SENT
    assert robots.post(channel(robot, "feishu"), MESSAGE, AT).result == Result.SENT
    [(path, signed), (_path, plain)] = robot.got
    stamp = str(int(AT.timestamp()))
    assert path == PATHS["feishu"]
    assert signed == plain | {"timestamp": stamp, "sign": sign(f"{stamp}\nabc", "")}
    post = plain["content"]["post"]["zh_cn"]
    assert (plain["msg_type"], post["title"]) == ("post", MESSAGE.title)
    assert post["content"] == [
        [{"tag": "a", "text": "支部委员会", "href": "https://zb.example.cn/duties/7/"}],
        [{"tag": "text", "text": "主题党日"}],
        [{"tag": "a", "text": "打开通知", "href": "https://zb.example.cn/notices/5/"}],
        [{"tag": "text", "text": "来自党支部工作管理平台"}],
    ]


DING = "tGWkA5eQOQNCNPDgphtxIoNLO+/gD8Lcb705KQoRzeY="
BIRD = "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def test_the_signature_follows_the_makers_rule():
    """DingTalk's and Feishu's rule, computed for this moment with openssl."""
    at = datetime.datetime.fromtimestamp(1599360473, datetime.UTC)
    ding = Channel(kind="dingtalk", address="https://x/?access_token=a", secret="SECdemo")
    address, _body = robots.signed(ding, MESSAGE, at)
    assert parse_qs(urlsplit(address).query)["sign"] == [DING]
    bird = Channel(kind="feishu", address="https://x/a", secret="demo")
    _address, body = robots.signed(bird, MESSAGE, at)
    assert (body["timestamp"], body["sign"]) == ("1599360473", BIRD)


@pytest.mark.parametrize(
    ("kind", "answer", "result", "said"),
    [
        ("wecom", {"errcode": 93000, "errmsg": "bad k-secret-1"}, "refused", "（93000 bad ***）"),
        ("wecom", {"errcode": 45009, "errmsg": "freq"}, "busy", "要求等一等"),
        ("wecom", {"errcode": -1, "errmsg": "busy"}, "later", "（-1 busy）"),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign"}, "refused", "签名密钥、关键词"),
        ("dingtalk", {"status": 1111, "wait": 5, "errcode": 130101}, "busy", "钉钉"),
        ("dingtalk", {"errcode": 410100, "errmsg": "fast"}, "busy", "钉钉"),
        ("feishu", {"code": 19021, "msg": "sign match fail"}, "refused", "19021"),
        ("feishu", {"code": 11232, "msg": "limited"}, "busy", "飞书"),
        ("feishu", (400, {"code": 99991400, "msg": "limit"}), "busy", "飞书"),
        ("wecom", (429, ""), "busy", "等一等"),
        ("wecom", (302, ""), "refused", "转到了别处"),
        ("wecom", (404, "not found"), "refused", "（404）"),
        ("wecom", (500, ""), "later", "故障（500）"),
        ("wecom", (504, ""), "unsure", "504"),
        ("wecom", "<html>", "later", "看不懂"),
        ("wecom", [1], "later", "看不懂"),
        ("wecom", {"errcode": True}, "later", "看不懂"),
    ],
)
def test_an_answer_that_is_not_zero_is_no_success(robot, kind, answer, result, said):
    robot.answers = [answer]
    outcome = robots.post(channel(robot, kind), MESSAGE, AT)
    assert outcome.result == Result(result)
    assert said in outcome.words and "k-secret-1" not in outcome.words
    assert len(robot.got) == 1, "no redirect is followed, nothing is tried twice"
    assert bool(outcome.wait) == (result == "busy")


def test_no_server_is_later_and_no_answer_is_unsure(robot, settings, monkeypatch):
    monkeypatch.setattr(robots, "_SECONDS", (1, 0.3))
    robot.silent = True
    outcome = robots.post(channel(robot), MESSAGE, AT)
    assert (outcome.result, len(robot.got)) == (Result.UNSURE, 1)
    assert "k-secret-1" not in outcome.words
    with socket.create_server(("127.0.0.1", 0)) as closed:
        robot.host = f"127.0.0.1:{closed.getsockname()[1]}"
    settings.NOTICE_WEBHOOK_HOSTS = [robot.host]
    assert robots.post(channel(robot), MESSAGE, AT).result == Result.LATER


def test_a_connection_cut_without_an_answer_is_unsure(robot):
    robot.silent = True
    robot.release()
    assert robots.post(channel(robot), MESSAGE, AT).result == Result.UNSURE


WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc-1234"


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("wecom", WECOM),
        ("wecom", WECOM.replace(".com/", ".com:443/")),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=0f1e"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/0f1e-22"),
        ("wecom", "http://relay.example.cn:8080/any?key=abc"),
        ("feishu", "https://relay.example.cn:8080/hook/abc"),
    ],
)
def test_a_robots_own_address_and_an_allowed_relay_are_taken(settings, kind, address):
    settings.NOTICE_WEBHOOK_HOSTS = ["relay.example.cn:8080"]
    assert robots.address_fault(kind, address) == ""


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("wecom", WECOM.replace("https", "http")),
        ("wecom", WECOM.replace("qyapi.weixin.qq.com", "qyapi.weixin.qq.com.evil.example")),
        ("wecom", WECOM.replace("qyapi", "evil@qyapi")),
        ("wecom", WECOM.replace("https://", "https://evil.example\\@")),
        ("wecom", WECOM.replace(".com/", ".com:8443/")),
        ("wecom", WECOM.replace("webhook/send", "gettoken")),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"),
        ("wecom", WECOM + "#x"),
        ("wecom", WECOM + " x"),
        ("wecom", "https://oapi.dingtalk.com/robot/send?access_token=0f1e"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/../../../im/v1/messages"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/%2e%2e/messages"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/.."),
        ("wecom", "http://127.0.0.1/?key=abc"),
        ("wecom", "http://169.254.169.254/latest?key=abc"),
        ("wecom", "http://[::1/?key=abc"),
        ("wecom", "https://qyapi.weixin.qq.com:x/?key=abc"),
        ("wecom", "file:///etc/passwd?key=a"),
        ("wecom", "企业微信"),
        ("wecom", ""),
    ],
)
def test_no_other_address_is_taken_or_spoken_to(kind, address):
    assert robots.address_fault(kind, address)
    outcome = robots.post(Channel(kind=kind, address=address), MESSAGE, AT)
    assert outcome.result == Result.REFUSED


def test_a_relay_without_a_key_is_refused(settings):
    settings.NOTICE_WEBHOOK_HOSTS = ["relay.example.cn"]
    assert "密钥" in robots.address_fault("wecom", "https://relay.example.cn/any")


def test_an_address_is_shown_by_its_last_four_letters_if_it_has_many():
    assert robots.masked("wecom", WECOM) == "qyapi.weixin.qq.com …"
    assert robots.masked("wecom", WECOM + "-5678") == "qyapi.weixin.qq.com …5678"
    feishu = "https://open.feishu.cn/open-apis/bot/v2/hook/0f1e2d3c-5b4a"
    assert robots.masked("feishu", feishu) == "open.feishu.cn …5b4a"


def test_a_long_message_is_cut_by_whole_lines_and_says_so(robot):
    lines = tuple(
        Line(f"望春社区第{n}党支部 支部委员会 还没有开", "https://z.cn/1") for n in range(90)
    )
    robots.post(channel(robot), Message("题", lines, (Line("打开通知"),)), AT)
    content = robot.bodies()[0]["markdown"]["content"]
    assert len(content.encode()) <= 4096
    kept = content.count("支部委员会")
    assert 30 < kept < 90
    assert content.endswith(f"还有 {90 - kept} 条，请打开系统看\n打开通知")
