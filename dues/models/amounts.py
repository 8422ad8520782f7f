"""What is asked of a member a month, and what a superior allowed instead."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from dues.enums import RequestKind, RequestState
from dues.rates import Category
from members.models import Member


class ApprovedAmount(models.Model):
    """The monthly dues approved for a member from a month on; normally one a year.

    `computed` is what the rates in force gave for category and base, None where they give a range
    only; `amount` is what was approved. A second one inside a year carries the reason.
    Source: 组电明字〔2017〕5号, yearly approval.
    """

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="approved_amounts", db_index=False
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    from_month = models.DateField("自")
    category = models.CharField("缴费类别", max_length=20, choices=Category.choices)
    base = models.DecimalField("缴费基数", max_digits=12, decimal_places=2, null=True, blank=True)
    computed = models.DecimalField(
        "按标准计算", max_digits=10, decimal_places=2, null=True, blank=True
    )
    amount = models.DecimalField("月应缴", max_digits=10, decimal_places=2)
    reason = models.CharField("理由", max_length=200, blank=True)
    # The day of the branch's decision; unknown for what came with a yearly sheet.
    approved_on = models.DateField("核定日期", null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "党费核定"
        verbose_name_plural = "党费核定"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "from_month"], name="approved_amount_once_per_month"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="approved_amount_not_negative",
                violation_error_message="月应缴不能是负数",
            ),
            models.CheckConstraint(
                condition=Q(from_month__day=1), name="approved_amount_from_first_of_month"
            ),
        ]

    def __str__(self):
        return f"{self.member} {self.from_month:%Y-%m} {self.amount}"


class DuesRequest(models.Model):
    """What a branch asks the next higher committee for one member, for the months from … to ….

    A reduction asks `amount` yuan a month instead of the standard, an exemption asks nothing; both
    end by themselves. A back payment is leave to pay for months more than half a year ago.
    Source: 中组发〔2008〕3号 Art. 7 (hardship), Art. 12 (late payment).
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="dues_requests")
    kind = models.CharField("事项", max_length=14, choices=RequestKind.choices)
    from_month = models.DateField("自")
    until_month = models.DateField("至")
    amount = models.DecimalField(
        "减缴后每月", max_digits=10, decimal_places=2, null=True, blank=True
    )
    reason = models.CharField("理由", max_length=300)
    state = models.CharField(
        "状态", max_length=10, choices=RequestState.choices, default=RequestState.ASKED
    )
    asked_on = models.DateField("请示日期")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_on = models.DateField("审批日期", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    opinion = models.CharField("审批意见", max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "党费请示"
        verbose_name_plural = "党费请示"
        ordering = ["-asked_on", "-pk"]
        indexes = [models.Index(fields=["state", "from_month"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_month__gte=F("from_month")),
                name="dues_request_ends_after_it_begins",
                violation_error_message="结束月份不能早于开始月份",
            ),
            models.CheckConstraint(
                condition=Q(from_month__day=1, until_month__day=1),
                name="dues_request_of_whole_months",
            ),
            models.CheckConstraint(
                condition=Q(kind=RequestKind.REDUCTION, amount__gt=0)
                | (~Q(kind=RequestKind.REDUCTION) & Q(amount__isnull=True)),
                name="dues_request_sum_of_a_reduction_alone",
                violation_error_message="减缴要写明减缴后每月交多少",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(RequestState.ASKED, RequestState.WITHDRAWN))
                | Q(decided_on__isnull=False),
                name="dues_request_decided_on_a_day",
            ),
        ]

    def __str__(self):
        return f"{self.member} {self.get_kind_display()}"
