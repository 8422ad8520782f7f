"""Notices by e-mail, through the mail server of the installation (EMAIL_URL, NOTICE_FROM)."""

import contextlib
import re
import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.crypto import salted_hmac

from notices.messages import Line, Message
from notices.models import Delivery
from notices.outcomes import Outcome, Result


def is_open() -> bool:
    """Whether this installation can send mail at all."""
    return bool(settings.NOTICE_FROM)


def send(delivery: Delivery, message: Message) -> Outcome:
    """Hand the message to the mail server and say what it answered."""
    if not is_open():
        return Outcome(Result.LATER, "系统还没有设置发信邮箱，请联系系统管理员")
    connection = get_connection()
    try:
        connection.open()
    except (smtplib.SMTPException, OSError):
        # Also a wrong password: nothing has left, and the administrator may put it right.
        return Outcome(Result.LATER, "连不上发信服务器")
    try:
        _mail(delivery, message, connection).send()
    except smtplib.SMTPRecipientsRefused as refused:
        code, said = next(iter(refused.recipients.values()))
        return _answered(delivery, code, said)
    except smtplib.SMTPResponseException as fault:
        return _answered(delivery, fault.smtp_code, fault.smtp_error)
    except smtplib.SMTPNotSupportedError:
        return Outcome(Result.REFUSED, "发信服务器不支持这样的邮箱地址")
    except (smtplib.SMTPException, OSError):
        return Outcome(Result.UNSURE, "连接在发送时断开，不能确定邮件有没有发出")
    finally:
        # The message is through or not by now; how the connection ends changes nothing.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            connection.close()
    return Outcome(Result.SENT, "发信服务器已接收")


def message_id(delivery: Delivery) -> str:
    """The same for every attempt, so that a mailbox knows a second copy as such."""
    host = parseaddr(settings.NOTICE_FROM)[1].partition("@")[2] or "localhost"
    return f"<{salted_hmac('notices.delivery', str(delivery.pk)).hexdigest()}@{host}>"


def _mail(delivery: Delivery, message: Message, connection) -> EmailMessage:
    return EmailMessage(
        subject=message.title,
        body="\n".join(_said(line) for line in (*message.lines, *message.last)) + "\n",
        from_email=settings.NOTICE_FROM,
        to=[delivery.channel.address],
        headers={"Message-ID": message_id(delivery), "Auto-Submitted": "auto-generated"},
        connection=connection,
    )


def _said(line: Line) -> str:
    return f"{line.words}\n  {line.href}" if line.href else line.words


def _answered(delivery: Delivery, code: int, said) -> Outcome:
    """4xx asks to come again, 5xx refuses for good."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    text = _safe(" ".join(text.split()), delivery.channel.address)
    words = f"发信服务器退回（{code}）：{text[:120]}"
    return Outcome(Result.LATER if 400 <= code < 500 else Result.REFUSED, words)


def _safe(said: str, address: str) -> str:
    """The words of an answer without the address it may repeat, whole or without its host."""
    for told in (address, address.partition("@")[0]):
        said = re.sub(rf"(?<![\w.]){re.escape(told)}(?!\w)", "***", said, flags=re.IGNORECASE)
    return said
