"""Members who are away or out of reach, the contacts made, and cases for the committee."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.dated import standing_on
from branches.models import Organisation
from branches.scope import ScopedQuerySet
from members.enums import AbsenceKind, CaseKind, ContactWay
from members.models.people import Member


class AbsenceQuerySet(ScopedQuerySet):
    scope_path = "member__organisation__path"

    def on(self, day):
        """Absences in force on `day`."""
        return self.filter(standing_on(day))


class Absence(models.Model):
    """A member's time as floating (流动), abroad (出国境) or lost to contact (失联)."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="absences")
    kind = models.CharField("类别", max_length=10, choices=AbsenceKind.choices)
    # For lost contact: the last attendance or the last dues payment.
    starts_on = models.DateField("自")
    ends_on = models.DateField("至", null=True, blank=True)
    place = models.CharField("去向", max_length=80, blank=True)
    reason = models.CharField("事由", max_length=120, blank=True)
    contact_person = models.CharField("联系人", max_length=40, blank=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = "流动、出国境和失联"
        verbose_name_plural = "流动、出国境和失联"
        ordering = ["-starts_on", "-pk"]
        indexes = [models.Index(fields=["kind", "ends_on"])]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "kind"],
                condition=Q(ends_on__isnull=True),
                name="absence_open_once_per_kind",
                violation_error_message="这名党员已有一段未结束的同类记录",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="absence_ends_after_start",
                violation_error_message="结束日期早于开始日期",
            ),
        ]

    def __str__(self):
        return f"{self.member} {self.get_kind_display()}"


class MemberRows(ScopedQuerySet):
    scope_path = "member__organisation__path"


class Contact(models.Model):
    """A contact made with a member: when, by whom, by what way."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="contacts")
    on = models.DateField("联系日期")
    by_name = models.CharField("联系人", max_length=40)
    way = models.CharField("方式", max_length=10, choices=ContactWay.choices)
    note = models.CharField("情况", max_length=300, blank=True)

    objects = MemberRows.as_manager()

    class Meta:
        verbose_name = "联系记录"
        verbose_name_plural = "联系记录"
        ordering = ["-on", "-pk"]
        indexes = [models.Index(fields=["member", "on"])]

    def __str__(self):
        return f"{self.member} {self.on:%Y-%m-%d}"


class Case(models.Model):
    """A matter for the branch committee: opened by what the records show, decided by people.

    Nothing here changes anybody's status. `suspended_on` is the day from which the organisation
    suspended the membership (停止党籍), where that was what it decided: two years run from it.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="cases")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="cases")
    kind = models.CharField("事由", max_length=16, choices=CaseKind.choices)
    since = models.DateField("起算日期")
    opened_on = models.DateField("提请日期")
    decision = models.CharField("支委会意见", max_length=300, blank=True)
    decided_on = models.DateField("研究日期", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    suspended_on = models.DateField("停止党籍日期", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "提请支委会研究"
        verbose_name_plural = "提请支委会研究"
        ordering = ["-opened_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["member", "kind", "since"], name="case_opened_once"),
            models.CheckConstraint(
                condition=Q(decided_on__isnull=True) | ~Q(decision=""),
                name="case_decided_with_words",
                violation_error_message="请写明支委会的意见",
            ),
            models.CheckConstraint(
                condition=Q(suspended_on__isnull=True) | Q(decided_on__isnull=False),
                name="case_suspended_by_a_decision",
                violation_error_message="停止党籍须先有支委会的意见",
            ),
        ]

    def __str__(self):
        return f"{self.member} {self.get_kind_display()}"
