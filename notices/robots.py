"""Robots of group chats: 企业微信, 钉钉, 飞书. Their addresses, formats, signatures and answers.

An address of a robot is a secret: who knows it can write into the chat. It appears in no message of
ours and in no answer that is kept.
"""

import base64
import datetime
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, quote_plus, urlsplit

import requests
from django.conf import settings
from urllib3.exceptions import MaxRetryError

from notices.messages import Line, Message
from notices.models import Channel, ChannelKind
from notices.outcomes import Outcome, Result

# To connect, and to wait for each piece of the answer.
_SECONDS = (5, 10)
_LONGEST_ANSWER = 64 * 1024
# 企业微信 takes 4096 bytes of markdown, the others more.
_MOST = 3800
_MINUTE = datetime.timedelta(minutes=1)


@dataclass(frozen=True)
class Robot:
    """One kind of robot.

    `address` begins every address of it; the secret part is the parameter `key`, or what follows
    where there is none. `busy` are its codes for "too fast", after which it wants `pause`;
    `refusals` those that do not go away by themselves, with what to do.
    """

    name: str
    address: str
    key: str
    body: Callable[[Message], dict]
    busy: frozenset[int]
    pause: datetime.timedelta
    refusals: dict[int, str]
    can_sign: bool


def _markdown_line(line: Line) -> str:
    return f"[{line.words}]({line.href})" if line.href else line.words


def _wecom(message: Message) -> dict:
    text = "\n".join([f"**{message.title}**", *map(_markdown_line, message.within(_MOST))])
    return {"msgtype": "markdown", "markdown": {"content": text}}


def _dingtalk(message: Message) -> dict:
    # A single line end is no new line there.
    text = "\n\n".join([f"#### {message.title}", *map(_markdown_line, message.within(_MOST))])
    return {"msgtype": "markdown", "markdown": {"title": message.title, "text": text}}


def _feishu(message: Message) -> dict:
    content = [
        [
            {"tag": "a", "text": line.words, "href": line.href}
            if line.href
            else {"tag": "text", "text": line.words}
        ]
        for line in message.within(_MOST)
    ]
    post = {"zh_cn": {"title": message.title, "content": content}}
    return {"msg_type": "post", "content": {"post": post}}


_GONE = "机器人地址无效，可能已移出群聊；请停用后重新添加"
_CHECKED = "没有通过机器人的安全设置；请核对签名密钥、关键词和 IP 地址"
_UNFIT = "对方不接受消息的内容或格式"

ROBOTS: dict[str, Robot] = {
    ChannelKind.WECOM: Robot(
        name="企业微信",
        address="https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
        key="key",
        body=_wecom,
        busy=frozenset({45009}),
        pause=_MINUTE,
        refusals=dict.fromkeys((93000, 93004, 93008), _GONE)
        | dict.fromkeys((40008, 40058, 45002), _UNFIT),
        can_sign=False,
    ),
    ChannelKind.DINGTALK: Robot(
        name="钉钉",
        address="https://oapi.dingtalk.com/robot/send",
        key="access_token",
        body=_dingtalk,
        # Above 20 messages a minute it shuts the robot up for ten minutes.
        busy=frozenset({130101, 410100}),
        pause=10 * _MINUTE,
        refusals={310000: _CHECKED}
        | dict.fromkeys((300001, 300005, 400013, 400101, 400102, 400106), _GONE)
        | dict.fromkeys((40035, 43004, 400105, 430101, 430102, 430103, 430104), _UNFIT),
        can_sign=True,
    ),
    ChannelKind.FEISHU: Robot(
        name="飞书",
        address="https://open.feishu.cn/open-apis/bot/v2/hook/",
        key="",
        body=_feishu,
        busy=frozenset({11232, 99991400}),
        pause=_MINUTE,
        refusals={19021: _CHECKED, 19022: _CHECKED, 19024: _CHECKED, 19001: _GONE, 9499: _UNFIT},
        can_sign=True,
    ),
}


# --- Addresses ----------------------------------------------------------------------------------


def address_fault(kind: str, address: str) -> str:
    """What is wrong with an address; "" if messages may be sent there.

    Only the robots' own hosts over https, and the relays that the installation allows
    (NOTICE_WEBHOOK_HOSTS, `host` or `host:port`), which may also be spoken to without TLS.
    """
    robot = ROBOTS[kind]
    example = f"地址应以 {robot.address} 开头，请从{robot.name}的群机器人页面整个复制"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return example
    odd = not address.isascii() or not address.isprintable() or " " in address
    if odd or "@" in parts.netloc or parts.fragment:
        return example
    own = urlsplit(robot.address)
    if parts.scheme == "https" and parts.hostname == own.hostname and port in (None, 443):
        # Without a parameter the key is one piece, and nothing leads on from there or back.
        fits = parts.path == (own.path if robot.key else own.path + _key(robot, parts))
        return "" if fits and _key(robot, parts).strip(".") else example
    if parts.scheme in ("https", "http") and parts.netloc in settings.NOTICE_WEBHOOK_HOSTS:
        return "" if _key(robot, parts) else "地址里没有机器人的密钥，请整个复制"
    return example


def _key(robot: Robot, parts: SplitResult) -> str:
    """The secret part of an address."""
    if robot.key:
        return parse_qs(parts.query).get(robot.key, [""])[0]
    return parts.path.rpartition("/")[2]


def masked(kind: str, address: str) -> str:
    """Enough of an address to tell it from another: `qyapi.weixin.qq.com …a1b2`."""
    parts = urlsplit(address)
    key = _key(ROBOTS[kind], parts)
    # Four letters of a short key would be too much of it.
    return f"{parts.hostname} …{key[-4:] if len(key) >= 12 else ''}"


# --- Sending ------------------------------------------------------------------------------------


def signed(channel: Channel, message: Message, at: datetime.datetime) -> tuple[str, dict]:
    """Address and body of the request, signed where the robot was given a key to sign with.

    DingTalk: milliseconds and signature in the address, the key is the key. Feishu: seconds and
    signature in the body, time and key together are the key and nothing is what is signed.
    """
    body = ROBOTS[channel.kind].body(message)
    if not channel.secret or not ROBOTS[channel.kind].can_sign:
        return channel.address, body
    if channel.kind == ChannelKind.DINGTALK:
        stamp = str(round(at.timestamp() * 1000))
        sign = _digest(channel.secret, f"{stamp}\n{channel.secret}")
        return f"{channel.address}&timestamp={stamp}&sign={quote_plus(sign)}", body
    stamp = str(int(at.timestamp()))
    return channel.address, body | {
        "timestamp": stamp,
        "sign": _digest(f"{stamp}\n{channel.secret}", ""),
    }


def _digest(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def post(channel: Channel, message: Message, at: datetime.datetime) -> Outcome:
    """Send one message to a robot and say what it answered."""
    if fault := address_fault(channel.kind, channel.address):
        return Outcome(Result.REFUSED, fault)
    address, body = signed(channel, message, at)
    try:
        with requests.post(
            address,
            data=json.dumps(body, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
            timeout=_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as response:
            answer = next(response.iter_content(_LONGEST_ANSWER), b"")
            return _read(channel, response.status_code, answer)
    except requests.RequestException as fault:
        # The words of the fault hold the address: they are kept nowhere.
        if _never_left(fault):
            return Outcome(Result.LATER, "连不上对方的服务器")
        return Outcome(Result.UNSURE, "对方没有回应，不能确定有没有收到")


def _never_left(fault: requests.RequestException) -> bool:
    """Whether the connection failed before anything was sent."""
    if isinstance(fault, requests.exceptions.ConnectTimeout):
        return True
    cause = fault.args[0] if fault.args else None
    # Giving up before the request went out comes as this; a broken answer does not.
    return isinstance(fault, requests.ConnectionError) and isinstance(cause, MaxRetryError)


def _read(channel: Channel, status: int, answer: bytes) -> Outcome:
    robot = ROBOTS[channel.kind]
    code, said = _code(answer)
    if status == 429 or code in robot.busy:
        return Outcome(Result.BUSY, f"发得太快，{robot.name}要求等一等", robot.pause)
    if status == 504:
        return Outcome(Result.UNSURE, f"对方没有及时回应（{status}），不能确定有没有收到")
    if status >= 500:
        return Outcome(Result.LATER, f"对方服务器有故障（{status}）")
    detail = f"（{code} {_safe(channel, said)}）" if code else f"（{status}）"
    if code in robot.refusals:
        return Outcome(Result.REFUSED, robot.refusals[code] + detail)
    if 300 <= status < 400:
        return Outcome(Result.REFUSED, f"地址转到了别处{detail}，请重新复制机器人的地址")
    if status >= 400:
        return Outcome(Result.REFUSED, f"对方不接受{detail}，请核对机器人的地址")
    if code is None:
        return Outcome(Result.LATER, "对方的回应看不懂，没有说收到")
    if code != 0:
        return Outcome(Result.LATER, f"对方没有接收{detail}")
    return Outcome(Result.SENT, f"{robot.name}已接收")


def _code(answer: bytes) -> tuple[int | None, str]:
    """Code and words of an answer; None where it is not one of a robot. 0 means it was taken."""
    try:
        said = json.loads(answer)
    except ValueError:
        return None, ""
    if not isinstance(said, dict):
        return None, ""
    for code, words in (("errcode", "errmsg"), ("code", "msg"), ("StatusCode", "StatusMessage")):
        if isinstance(said.get(code), int) and not isinstance(said[code], bool):
            return said[code], str(said.get(words, ""))
    return None, ""


def _safe(channel: Channel, said: str) -> str:
    """The words of an answer without the secrets it may repeat."""
    for secret in (_key(ROBOTS[channel.kind], urlsplit(channel.address)), channel.secret):
        if secret:
            said = said.replace(secret, "***")
    return "".join(one for one in said if one.isprintable())[:120]
