from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from dues.rates import Category
from members.models import Member


class ApprovedAmount(models.Model):
    """The monthly dues approved for a member from a month on; normally one a year.

    Source: 2017 notice, yearly approval; a change inside the year needs a reason.
    """

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="approved_amounts", db_index=False
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    from_month = models.DateField("自")
    category = models.CharField("缴费类别", max_length=20, choices=Category.choices)
    base = models.DecimalField("缴费基数", max_digits=12, decimal_places=2, null=True, blank=True)
    amount = models.DecimalField("月应缴", max_digits=10, decimal_places=2)
    reason = models.CharField("理由", max_length=200, blank=True)

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


class Charge(models.Model):
    """What one member owes for one month, in yuan, to the branch of that month."""

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="charges", db_index=False
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    month = models.DateField("月份")
    amount = models.DecimalField("应缴", max_digits=10, decimal_places=2)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "应缴党费"
        verbose_name_plural = "应缴党费"
        indexes = [models.Index(fields=["organisation", "month"]), models.Index(fields=["month"])]
        constraints = [
            models.UniqueConstraint(fields=["member", "month"], name="charge_once_per_month"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="charge_not_negative"),
            models.CheckConstraint(condition=Q(month__day=1), name="charge_month_is_a_first"),
        ]

    def __str__(self):
        return f"{self.member} {self.month:%Y-%m} 应缴 {self.amount}"


class Payment(models.Model):
    """A sum paid for one month. Never edited: what was wrong is reversed by a negative entry
    that points at it, and entered anew; the sum of entries is always what was paid.

    `paid_on` is unknown for sums that came from a yearly sheet.
    """

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    month = models.DateField("月份")
    amount = models.DecimalField("实缴", max_digits=10, decimal_places=2)
    paid_on = models.DateField("交纳日期", null=True, blank=True)
    entered_at = models.DateTimeField("录入时间", auto_now_add=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    reason = models.CharField("说明", max_length=200, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "党费收缴"
        verbose_name_plural = "党费收缴"
        indexes = [
            models.Index(fields=["organisation", "month"]),
            models.Index(fields=["member", "month"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, amount__gt=0)
                | Q(reverses__isnull=False, amount__lt=0),
                name="payment_negative_only_as_reversal",
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="payment_month_is_a_first"),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True) | ~Q(reverses=F("id")),
                name="payment_reverses_another",
            ),
        ]

    def __str__(self):
        return f"{self.member} {self.month:%Y-%m} 实缴 {self.amount}"
