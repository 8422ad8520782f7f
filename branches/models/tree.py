"""The tree of organisations: what stands where, since when, and its Party groups."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from branches.codes import CODE
from branches.scope import ScopedQuerySet


class Kind(models.TextChoices):
    """组织类别: what sort of organisation."""

    COUNTY = "county", "县委"
    COMMITTEE = "committee", "党委"
    WORKING_COMMITTEE = "working_committee", "党工委"
    LEADING_GROUP = "leading_group", "党组"
    GENERAL_BRANCH = "general_branch", "党总支"
    BRANCH = "branch", "党支部"


# Bodies whose secretary must give a lecture each year, and which oversee branches.
COMMITTEE_KINDS = frozenset({Kind.COMMITTEE, Kind.WORKING_COMMITTEE, Kind.LEADING_GROUP})


class Sector(models.TextChoices):
    """所属领域."""

    VILLAGE = "village", "农村"
    COMMUNITY = "community", "社区"
    OFFICE = "office", "机关"
    PUBLIC_INSTITUTION = "public_institution", "事业单位"
    STATE_ENTERPRISE = "state_enterprise", "国有企业"
    PRIVATE_ENTERPRISE = "private_enterprise", "非公有制企业"
    SOCIAL_ORGANISATION = "social_organisation", "社会组织"
    SCHOOL = "school", "学校"
    RETIRED = "retired", "离退休"
    FLOATING = "floating", "流动党员"
    OTHER = "other", "其他"


class Form(models.TextChoices):
    """设置形式: how a branch is set up. Members of a temporary or functional branch keep their
    formal relation (组织关系) elsewhere, so it has no dues, admissions or elections."""

    SINGLE = "single", "单独"
    JOINT = "joint", "联合"
    TEMPORARY = "temporary", "临时"
    FUNCTIONAL = "functional", "功能型"


# Forms whose members hold their formal relation elsewhere (支部工作条例 2018, chapter 2).
WITHOUT_RELATIONS = frozenset({Form.TEMPORARY, Form.FUNCTIONAL})


class OrganisationQuerySet(ScopedQuerySet):
    scope_path = "path"

    def branches(self):
        """党支部 only."""
        return self.filter(kind=Kind.BRANCH)

    def standing(self, start, end):
        """Those that existed at some time between the two days, both included."""
        return self.filter(Q(founded_on__isnull=True) | Q(founded_on__lte=end)).filter(
            Q(dissolved_on__isnull=True) | Q(dissolved_on__gte=start)
        )

    def below(self, organisation):
        """The organisation itself and everything under it in today's tree."""
        return self.filter(path__gte=organisation.path, path__lt=organisation.path + "~")


class Organisation(models.Model):
    """A Party organisation: committee, general branch or branch.

    `parent` and `path` repeat the placement in force, so that rights and lists need no join.
    The path is the parent's path and the own key in base 36, six characters a level.
    """

    code = models.CharField(
        "组织编码",
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(
                rf"^{CODE.pattern}$",
                "编码里不能有斜线、引号等符号，请只用汉字、字母、数字、点和横线",
            )
        ],
    )
    name = models.CharField("组织名称", max_length=120)
    kind = models.CharField("组织类别", max_length=20, choices=Kind.choices)
    sector = models.CharField("所属领域", max_length=20, choices=Sector.choices, blank=True)
    form = models.CharField("设置形式", max_length=12, choices=Form.choices, default=Form.SINGLE)
    founded_on = models.DateField("成立日期", null=True, blank=True)
    dissolved_on = models.DateField("撤销日期", null=True, blank=True)
    merged_into = models.ForeignKey(
        "self",
        verbose_name="并入",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
    )
    parent = models.ForeignKey(
        "self",
        verbose_name="上级组织",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    path = models.CharField(max_length=120, unique=True, editable=False)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = "党组织"
        verbose_name_plural = "党组织"
        ordering = ["code"]
        indexes = [models.Index(fields=["kind", "path"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(dissolved_on__isnull=True)
                | Q(founded_on__isnull=True)
                | Q(dissolved_on__gte=F("founded_on")),
                name="organisation_dissolved_after_founded",
                violation_error_message="撤销日期早于成立日期",
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("id")),
                name="organisation_not_its_own_parent",
                violation_error_message="上级组织不能是它自己",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(dissolved_on__isnull=False),
                name="organisation_merged_is_dissolved",
                violation_error_message="并入其他组织的须写明撤销日期",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def short_name(self) -> str:
        """The name without 中共 and 委员会, for tables and the bar."""
        return shortened(self.name)

    @property
    def is_branch(self) -> bool:
        return self.kind == Kind.BRANCH

    @property
    def holds_relations(self) -> bool:
        """Whether members hold their formal relation here: with dues, admissions, elections."""
        return self.form not in WITHOUT_RELATIONS


def shortened(name: str) -> str:
    """中共望春社区第一支部委员会 → 望春社区第一党支部; committees lose only the frame."""
    name = name.removeprefix("中共")
    for ending, short in (
        ("县委员会", "县委"),
        ("总支部委员会", "党总支"),
        ("支部委员会", "党支部"),
        ("工作委员会", "党工委"),
        ("委员会", "党委"),
    ):
        if name.endswith(ending):
            return name.removesuffix(ending) + short
    return name


class EarlierFact(models.Model):
    """What a plain fact of an organisation (name, form, sector, kind) was up to and with a day."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="earlier_facts"
    )
    field = models.CharField(max_length=20)
    value = models.CharField("原值", max_length=120, blank=True)
    until_on = models.DateField("至")

    class Meta:
        verbose_name = "沿革"
        verbose_name_plural = "沿革"
        ordering = ["-until_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "field", "until_on"], name="earlier_fact_once_per_day"
            )
        ]

    def __str__(self):
        return f"{self.organisation_id} {self.field} {self.until_on:%Y-%m-%d}"


class Placement(models.Model):
    """Where an organisation stood in the tree between two days; an open end is today's place."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="placements"
    )
    parent = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    path = models.CharField(max_length=120)
    starts_on = models.DateField("自", null=True, blank=True)
    ends_on = models.DateField("至", null=True, blank=True)

    class Meta:
        verbose_name = "隶属关系"
        verbose_name_plural = "隶属关系"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(ends_on__isnull=True),
                name="placement_one_open_per_organisation",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True)
                | Q(starts_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="placement_ends_after_start",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} → {self.parent}"


class GroupQuerySet(ScopedQuerySet):
    def standing(self, start, end):
        """Groups that existed at some time between the two days."""
        return self.filter(Q(starts_on__isnull=True) | Q(starts_on__lte=end)).filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=start)
        )


class Group(models.Model):
    """A Party group (党小组) of a branch."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="groups")
    name = models.CharField("党小组", max_length=40)
    starts_on = models.DateField("自", null=True, blank=True)
    ends_on = models.DateField("至", null=True, blank=True)

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = "党小组"
        verbose_name_plural = "党小组"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"], name="group_name_once_per_branch"
            )
        ]

    def __str__(self):
        return self.name
