"""Members and their time in branches."""

from django.db import models
from django.db.models import F, Q

from accounts.encryption import keyed_hash
from accounts.fields import EncryptedTextField
from branches.dated import standing_on
from branches.models import Group, Organisation
from branches.scope import ScopedQuerySet
from members.enums import Gender, MemberKind
from members.identity import masked_id_number, masked_phone
from members.initials import initials


class InitialsField(models.CharField):
    """The pinyin initials of another field, kept up to date whenever the row is saved."""

    def __init__(self, *, source: str, **options):
        self.source = source
        super().__init__(**{"max_length": 40, "editable": False, "default": "", **options})

    def deconstruct(self):
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "source": self.source}

    def pre_save(self, row, add):
        text = initials(getattr(row, self.source))
        setattr(row, self.attname, text)
        return text


class MemberQuerySet(ScopedQuerySet):
    scope_path = "organisation__path"

    def for_list(self):
        """With what a list of members shows, in list order."""
        return self.select_related("organisation").order_by("organisation__code", "pk")


class Identified(models.Model):
    """A person known by identity number: encrypted at rest, found by hash, shown masked."""

    name = models.CharField("姓名", max_length=40)
    # Pinyin initials, so that 50,000 people are searched by the database.
    initials = InitialsField(source="name")
    id_number = EncryptedTextField("公民身份号码", blank=True)
    id_number_hash = models.CharField(max_length=64, null=True, editable=False)
    id_number_mask = models.CharField("公民身份号码", max_length=18, blank=True, editable=False)
    phone = EncryptedTextField("手机号码", blank=True)
    phone_mask = models.CharField("手机号码", max_length=18, blank=True, editable=False)
    gender = models.CharField("性别", max_length=6, choices=Gender.choices, blank=True)
    ethnicity = models.CharField("民族", max_length=20, blank=True)
    born_on = models.DateField("出生日期", null=True, blank=True)
    education = models.CharField("学历", max_length=20, blank=True)
    occupation = models.CharField("工作岗位", max_length=40, blank=True)

    class Meta:
        abstract = True

    def __str__(self):
        return self.name

    def set_id_number(self, id_number: str) -> None:
        """Set the number together with its hash and its mask."""
        self.id_number = id_number
        self.id_number_hash = keyed_hash(id_number) or None
        self.id_number_mask = masked_id_number(id_number)

    def set_phone(self, phone: str) -> None:
        """Set the phone together with its mask."""
        self.phone = phone
        self.phone_mask = masked_phone(phone)


class Member(Identified):
    """A Party member. Never deleted; who leaves keeps the row with `left_on` and a reason.

    `organisation` and `group` repeat the membership in force.
    """

    # Unlike an applicant, a number is one member.
    id_number_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)
    kind = models.CharField("人员类别", max_length=12, choices=MemberKind.choices)
    joined_on = models.DateField("入党日期", null=True, blank=True)
    confirmed_on = models.DateField("转正日期", null=True, blank=True)
    probation_extended_to = models.DateField("预备期延长至", null=True, blank=True)
    is_floating = models.BooleanField("是否流动党员", default=False)
    organisation = models.ForeignKey(
        Organisation,
        verbose_name="所在党支部",
        on_delete=models.PROTECT,
        related_name="members",
        db_index=False,
    )
    group = models.ForeignKey(
        Group, verbose_name="党小组", null=True, blank=True, on_delete=models.PROTECT
    )
    left_on = models.DateField("离开日期", null=True, blank=True)
    left_reason = models.CharField("离开原因", max_length=100, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = "党员"
        verbose_name_plural = "党员"
        ordering = ["organisation__code", "pk"]
        indexes = [
            models.Index(fields=["organisation", "left_on"]),
            models.Index(fields=["name"]),
            models.Index(fields=["initials"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_on__isnull=True)
                | Q(joined_on__isnull=True)
                | Q(confirmed_on__gte=F("joined_on")),
                name="member_confirmed_after_joining",
                violation_error_message="转正日期早于入党日期",
            ),
            models.CheckConstraint(
                condition=Q(left_on__isnull=True) | ~Q(left_reason=""),
                name="member_leaves_with_a_reason",
                violation_error_message="离开时须写明原因",
            ),
        ]


class MembershipQuerySet(ScopedQuerySet):
    def on(self, day):
        """Memberships in force on `day`."""
        return self.filter(standing_on(day))

    def formal(self):
        """Formal relations (组织关系) only."""
        return self.filter(is_attached=False)


class Membership(models.Model):
    """A member's time in one branch, and there in one group.

    `is_attached` says that the person only works with a temporary or functional branch; the
    formal relation (组织关系) stays where it is, with dues, votes on members and statistics.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships", db_index=False
    )
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.PROTECT)
    is_attached = models.BooleanField("编入（组织关系不转）", default=False)
    starts_on = models.DateField("自", null=True, blank=True)
    ends_on = models.DateField("至", null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "组织关系"
        verbose_name_plural = "组织关系"
        indexes = [models.Index(fields=["organisation", "starts_on"])]
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(ends_on__isnull=True, is_attached=False),
                name="membership_one_open_per_member",
            ),
            models.UniqueConstraint(
                fields=["member", "organisation"],
                condition=Q(ends_on__isnull=True, is_attached=True),
                name="membership_attached_once",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True)
                | Q(starts_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="membership_ends_after_start",
            ),
        ]

    def __str__(self):
        return f"{self.member} {self.organisation}"
