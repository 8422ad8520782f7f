"""What is owed and what is paid: entries that are made once and never edited."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from dues.enums import Way
from dues.models.remittances import Remittance
from dues.models.reversing import EntrySet
from members.models import Member


class Charge(models.Model):
    """What one member owes for one month, in yuan, to the branch of that month.

    `amount` is what was charged first plus the sum of its changes, which stand beside it.
    """

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


class ChargeChange(models.Model):
    """By how much a charge was changed after it had been made, and why. Never edited."""

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="changes")
    difference = models.DecimalField("调整", max_digits=10, decimal_places=2)
    reason = models.CharField("原因", max_length=200)
    entered_at = models.DateTimeField("录入时间", auto_now_add=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class ChangeSet(ScopedQuerySet):
        scope_path = "charge__organisation__path"

    objects = ChangeSet.as_manager()

    class Meta:
        verbose_name = "应缴调整"
        verbose_name_plural = "应缴调整"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(difference=0), name="charge_change_not_nothing"),
            models.CheckConstraint(condition=~Q(reason=""), name="charge_change_with_reason"),
        ]

    def __str__(self):
        return f"{self.charge} {self.difference:+}"


class OpeningBalance(models.Model):
    """What a member still owed for the months before the county began to keep dues here.

    From `since_month` to `until_month`, the last before the start as it was at the entry, nothing
    was paid, `amount` yuan in all. These months are never charged besides, whatever earlier months
    other branches bring in. What was wrong is reversed by a negative entry that points at it, as
    with payments.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="opening_balances")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    since_month = models.DateField("欠缴起始月份")
    until_month = models.DateField("欠缴截止月份")
    amount = models.DecimalField("期初欠缴", max_digits=10, decimal_places=2)
    reason = models.CharField("说明", max_length=200, blank=True)
    entered_at = models.DateTimeField("录入时间", auto_now_add=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )

    objects = EntrySet.as_manager()

    class Meta:
        verbose_name = "期初欠缴"
        verbose_name_plural = "期初欠缴"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, amount__gt=0)
                | Q(reverses__isnull=False, amount__lt=0),
                name="opening_balance_negative_only_as_reversal",
            ),
            models.CheckConstraint(
                condition=Q(since_month__day=1), name="opening_balance_from_first_of_month"
            ),
            models.CheckConstraint(
                condition=Q(until_month__day=1), name="opening_balance_to_first_of_month"
            ),
            models.CheckConstraint(
                condition=Q(until_month__gte=F("since_month")),
                name="opening_balance_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.member} 期初 {self.amount}"

    def covers(self, month: datetime.date) -> bool:
        """Whether it is one of the months that were not paid."""
        return self.since_month <= month <= self.until_month


class Payment(models.Model):
    """A sum paid for one month. Never edited: what was wrong is reversed by a negative entry
    that points at it, and entered anew; the sum of entries is always what was paid.

    `paid_on` is unknown for sums that came from a yearly sheet. `remittance` is the one in which
    the entry went up to the superior; none yet for what is still in the branch's hands.
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
    way = models.CharField("方式", max_length=10, choices=Way.choices, blank=True)
    # Empty where the member came in person (中组发〔2008〕3号 Art. 12 allows others).
    brought_by = models.CharField("代交人", max_length=40, blank=True)
    in_booklet = models.BooleanField("党费证已登", default=True)
    remittance = models.ForeignKey(
        Remittance,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payments",
        db_index=False,
    )
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

    objects = EntrySet.as_manager()

    class Meta:
        verbose_name = "党费收缴"
        verbose_name_plural = "党费收缴"
        indexes = [
            models.Index(fields=["organisation", "month"]),
            models.Index(fields=["member", "month"]),
            models.Index(
                fields=["remittance"],
                condition=Q(remittance__isnull=False),
                name="payment_remitted",
            ),
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
