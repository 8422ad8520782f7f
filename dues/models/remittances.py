"""What goes up to the superior, what is posted for the members, what is given beyond the dues."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from dues.enums import RemittanceState
from dues.models.reversing import EntrySet
from members.models import Member


class Remittance(models.Model):
    """A branch's dues of one quarter, sent up to its superior and confirmed or returned there.

    `computed` is the sum of the entries that went with it, `amount` what was handed over, in yuan;
    where they differ `explanation` says why.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="remittances", db_index=False
    )
    quarter = models.DateField("季度首日")
    amount = models.DecimalField("上缴金额", max_digits=12, decimal_places=2)
    computed = models.DecimalField("应上缴", max_digits=12, decimal_places=2)
    member_count = models.PositiveIntegerField("交纳人数")
    explanation = models.CharField("差额说明", max_length=300, blank=True)
    remitted_on = models.DateField("上缴日期")
    slip_number = models.CharField("回单号", max_length=40)
    state = models.CharField(
        "状态", max_length=10, choices=RemittanceState.choices, default=RemittanceState.DRAFT
    )
    sent_at = models.DateTimeField("报送时间", null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_on = models.DateField("确认日期", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    opinion = models.CharField("退回原因", max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "党费上缴"
        verbose_name_plural = "党费上缴"
        ordering = ["-quarter", "organisation"]
        indexes = [models.Index(fields=["quarter", "state"])]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "quarter"], name="remittance_once_per_quarter"
            ),
            models.CheckConstraint(
                condition=Q(quarter__day=1, quarter__month__in=(1, 4, 7, 10)),
                name="remittance_of_a_quarter",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="remittance_not_negative"),
            models.CheckConstraint(
                condition=Q(amount=F("computed"))
                | ~Q(explanation="")
                | Q(state=RemittanceState.DRAFT),
                name="remittance_difference_explained",
                violation_error_message="上缴金额与台账不一致，请写明差额说明",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.quarter:%Y-%m} {self.amount}"


class Publication(models.Model):
    """That a branch posted the dues of a period for its members, from when to when.

    `period` is 2026-Q3, 2026-H2 or 2026; count and sum are those on the sheet that was posted.
    Source: 中组发〔2008〕3号 Art. 28 (number to be verified): at least once a year.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    period = models.CharField("期间", max_length=7)
    starts_on = models.DateField("期间首日")
    ends_on = models.DateField("期间末日")
    posted_on = models.DateField("公示日期")
    posted_until = models.DateField("公示至")
    contact = models.CharField("联系人和电话", max_length=60)
    member_count = models.PositiveIntegerField("公示人数")
    amount = models.DecimalField("公示金额", max_digits=12, decimal_places=2)
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "党费公示"
        verbose_name_plural = "党费公示"
        ordering = ["-starts_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "period"], name="publication_once_per_period"
            ),
            models.CheckConstraint(
                condition=Q(posted_until__gte=F("posted_on")),
                name="publication_ends_after_it_begins",
                violation_error_message="公示结束日期不能早于开始日期",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.period}"


class Contribution(models.Model):
    """A large sum that a member gave once of free will, beside the dues and in no balance of them.

    All of it goes up to the centre; the receipt comes back from there.
    Source: 中组发〔2008〕3号 Art. 11; 组电明字〔2017〕5号.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="contributions")
    amount = models.DecimalField("金额", max_digits=12, decimal_places=2)
    paid_on = models.DateField("交纳日期")
    note = models.CharField("党员简要情况", max_length=300, blank=True)
    forwarded_on = models.DateField("转交上级日期", null=True, blank=True)
    receipt_number = models.CharField("收据号", max_length=40, blank=True)
    receipt_on = models.DateField("收据日期", null=True, blank=True)
    entered_at = models.DateTimeField("录入时间", auto_now_add=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    reason = models.CharField("冲正原因", max_length=200, blank=True)

    objects = EntrySet.as_manager()

    class Meta:
        verbose_name = "大额党费"
        verbose_name_plural = "大额党费"
        ordering = ["-paid_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, amount__gt=0)
                | Q(reverses__isnull=False, amount__lt=0),
                name="contribution_negative_only_as_reversal",
            ),
        ]

    def __str__(self):
        return f"{self.member} {self.paid_on:%Y-%m-%d} {self.amount}"
