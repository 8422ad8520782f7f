"""Transfers of the formal relation (组织关系转接)."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import DateField, DurationField, ExpressionWrapper, F, IntegerField, Q, Value
from django.db.models.functions import Cast

from branches.models import Organisation
from branches.scope import ScopedQuerySet, paths_reached, within_paths
from members.enums import TransferState
from members.letters import valid_until
from members.models.people import Identified, Member

_A_DAY = Value(datetime.timedelta(days=1), output_field=DurationField())


class TransferQuerySet(ScopedQuerySet):
    """Both sides see a transfer: whoever sees the old organisation, and whoever sees the new."""

    scope_path = "from_organisation__path"

    def permitting(self, user, action):
        paths = paths_reached(user, action)
        return self.filter(
            within_paths("from_organisation__path", paths)
            | within_paths("to_organisation__path", paths)
        )

    def within(self, organisation):
        paths = (organisation.path,)
        return self.filter(
            within_paths("from_organisation__path", paths)
            | within_paths("to_organisation__path", paths)
        )

    def open(self):
        """Neither received nor ended otherwise."""
        return self.filter(state__in=(TransferState.STARTED, TransferState.LETTER_OUT))

    def leaving(self, paths):
        """Transfers whose old side lies under one of the paths."""
        inside = self.filter(from_organisation__isnull=False)
        return inside.filter(within_paths("from_organisation__path", paths))

    def arriving(self, paths):
        """Transfers whose new side lies under one of the paths."""
        inside = self.filter(to_organisation__isnull=False)
        return inside.filter(within_paths("to_organisation__path", paths))

    def with_validity(self):
        """With `last_valid_day`, the last day on which the letter holds."""
        days = ExpressionWrapper(
            Cast("valid_days", IntegerField()) * _A_DAY, output_field=DurationField()
        )
        return self.annotate(
            last_valid_day=Cast(
                ExpressionWrapper(F("letter_on") + days, output_field=DateField()), DateField()
            )
        )

    def overdue(self, day):
        """Letters out on `day` whose validity had ended before it, as stored now."""
        return (
            self.with_validity()
            .filter(letter_on__lte=day, last_valid_day__lt=day)
            .filter(Q(receipt_on__isnull=True) | Q(receipt_on__gt=day))
            .filter(Q(ended_on__isnull=True) | Q(ended_on__gt=day))
        )


class Transfer(Identified):
    """A member's way from one branch to another, or over the county's border.

    One side may lie outside; it is then a text. Until received the old side stays responsible.
    Somebody who comes from outside has no `member` before he or she is received.
    """

    member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="transfers"
    )
    from_organisation = models.ForeignKey(
        Organisation,
        verbose_name="转出党支部",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="transfers_out",
    )
    from_outside = models.CharField("转出组织（县外）", max_length=120, blank=True)
    to_organisation = models.ForeignKey(
        Organisation,
        verbose_name="转入党支部",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="transfers_in",
    )
    to_outside = models.CharField("转入组织（县外）", max_length=120, blank=True)
    state = models.CharField(
        "状态", max_length=10, choices=TransferState.choices, default=TransferState.STARTED
    )
    reason = models.CharField("转接原因", max_length=120, blank=True)
    started_on = models.DateField("办理日期")
    addressee = models.CharField("介绍信抬头", max_length=120, blank=True)
    letter_number = models.CharField("介绍信编号", max_length=40, blank=True)
    letter_on = models.DateField("开具日期", null=True, blank=True)
    valid_days = models.PositiveSmallIntegerField("有效天数", null=True, blank=True)
    # First day of the last month paid.
    dues_paid_until = models.DateField("党费缴至", null=True, blank=True)
    received_on = models.DateField("接收日期", null=True, blank=True)
    receipt_on = models.DateField("回执日期", null=True, blank=True)
    ended_on = models.DateField("结束日期", null=True, blank=True)
    end_reason = models.CharField("退回或撤回理由", max_length=300, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = "组织关系转接"
        verbose_name_plural = "组织关系转接"
        ordering = ["-started_on", "-pk"]
        indexes = [models.Index(fields=["state", "letter_on"])]
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(state__in=(TransferState.STARTED, TransferState.LETTER_OUT)),
                name="transfer_one_open_per_member",
                violation_error_message="这名党员已有一份在办的转接",
            ),
            models.CheckConstraint(
                condition=Q(from_organisation__isnull=False) | ~Q(from_outside=""),
                name="transfer_comes_from_somewhere",
                violation_error_message="请写明从哪里转出",
            ),
            models.CheckConstraint(
                condition=Q(to_organisation__isnull=False) | ~Q(to_outside=""),
                name="transfer_goes_somewhere",
                violation_error_message="请写明转到哪里",
            ),
            models.CheckConstraint(
                condition=Q(from_organisation__isnull=False) | Q(to_organisation__isnull=False),
                name="transfer_touches_the_county",
                violation_error_message="转出和转入至少一方在本县",
            ),
            models.CheckConstraint(
                condition=~Q(from_organisation=F("to_organisation")),
                name="transfer_moves",
                violation_error_message="转出和转入是同一个支部",
            ),
        ]

    @property
    def valid_until(self) -> datetime.date | None:
        """The last day on which the letter holds; None before there is one."""
        return valid_until(self.letter_on, self.valid_days)

    @property
    def is_open(self) -> bool:
        return self.state in (TransferState.STARTED, TransferState.LETTER_OUT)

    @property
    def comes_from_outside(self) -> bool:
        """Whether the old side lies outside the county."""
        return self.from_organisation_id is None

    @property
    def goes_outside(self) -> bool:
        """Whether the new side lies outside the county."""
        return self.to_organisation_id is None

    @property
    def old_side(self) -> str:
        return self.from_organisation.name if self.from_organisation else self.from_outside

    @property
    def new_side(self) -> str:
        return self.to_organisation.name if self.to_organisation else self.to_outside
