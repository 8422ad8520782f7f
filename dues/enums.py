"""Fixed words of the dues ledger."""

from django.db.models import TextChoices


class Way(TextChoices):
    """How a sum was paid."""

    CASH = "cash", "现金"
    TRANSFER = "transfer", "转账"
    OTHER = "other", "其他"


class RequestKind(TextChoices):
    """What a branch asks the next higher committee about one member's dues."""

    REDUCTION = "reduction", "减缴"
    EXEMPTION = "exemption", "免缴"
    BACK_PAYMENT = "back_payment", "补交超期党费"


# What changes how much is owed.
RELIEFS = frozenset({RequestKind.REDUCTION, RequestKind.EXEMPTION})


class RequestState(TextChoices):
    ASKED = "asked", "待审批"
    APPROVED = "approved", "同意"
    RETURNED = "returned", "退回"
    WITHDRAWN = "withdrawn", "已撤回"


# Waiting or in force: what another request about the same months would collide with.
LIVE_REQUESTS = frozenset({RequestState.ASKED, RequestState.APPROVED})


class RemittanceState(TextChoices):
    DRAFT = "draft", "未报送"
    SENT = "sent", "待确认"
    CONFIRMED = "confirmed", "已确认"
    RETURNED = "returned", "已退回"


# What has gone up, confirmed or not.
GONE_UP = frozenset({RemittanceState.SENT, RemittanceState.CONFIRMED})


class ArrearsStep(TextChoices):
    """What is due with somebody who pays no dues, by how many months running; mildest first."""

    REMIND = "remind", "提醒"
    TALK = "talk", "谈话"
    URGENT = "urgent", "重点督促"
    CASE = "case", "提请支委会研究"
