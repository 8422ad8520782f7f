"""The units (单位) behind the branches."""

from django.db import models
from django.db.models import F, Q

from branches.models.tree import Organisation
from branches.scope import ScopedQuerySet


class UnitKind(models.TextChoices):
    """单位类别."""

    VILLAGE = "village", "行政村"
    COMMUNITY = "community", "社区"
    OFFICE = "office", "机关"
    PUBLIC_INSTITUTION = "public_institution", "事业单位"
    STATE_ENTERPRISE = "state_enterprise", "国有企业"
    PRIVATE_ENTERPRISE = "private_enterprise", "非公有制企业"
    SOCIAL_ORGANISATION = "social_organisation", "社会组织"
    SCHOOL = "school", "学校"
    OTHER = "other", "其他"


class Unit(models.Model):
    """A unit (单位): village, office, enterprise, social organisation; kept by one organisation."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="登记的党组织", on_delete=models.PROTECT, related_name="units"
    )
    name = models.CharField("单位名称", max_length=120)
    kind = models.CharField("单位类别", max_length=20, choices=UnitKind.choices)
    credit_code = models.CharField("统一社会信用代码", max_length=18, blank=True)
    # The first day on the register of its own authority; unknown counts as always.
    registered_on = models.DateField("成立登记日期", null=True, blank=True)
    # The day it was struck off that register, the first one without it; it stays here.
    ended_on = models.DateField("注销日期", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "单位"
        verbose_name_plural = "单位"
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code"],
                condition=~Q(credit_code=""),
                name="unit_credit_code_once",
                violation_error_message="这个统一社会信用代码已登记过",
            )
        ]

    def __str__(self):
        return self.name


class BranchUnit(models.Model):
    """A unit that a branch covers between two days; a joint branch has several."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="branch_units"
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="branch_units")
    starts_on = models.DateField("自", null=True, blank=True)
    ends_on = models.DateField("至", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "所辖单位"
        verbose_name_plural = "所辖单位"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "unit"],
                condition=Q(ends_on__isnull=True),
                name="branch_unit_open_once",
                violation_error_message="这个单位已在这个支部名下",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True)
                | Q(starts_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="branch_unit_ends_after_start",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.unit}"
