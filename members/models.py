from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.encryption import keyed_hash
from accounts.fields import EncryptedTextField
from branches.models import Group, Organisation
from branches.scope import ScopedQuerySet
from members.enums import Gender, MemberKind, PostTitle
from members.identity import masked_id_number, masked_phone


def standing_on(day, starts: str = "starts_on", ends: str = "ends_on") -> Q:
    """A dated row that held on `day`; an unknown start counts as always."""
    return (Q(**{f"{starts}__isnull": True}) | Q(**{f"{starts}__lte": day})) & (
        Q(**{f"{ends}__isnull": True}) | Q(**{f"{ends}__gte": day})
    )


class MemberQuerySet(ScopedQuerySet):
    scope_path = "organisation__path"

    def for_list(self):
        """With what a list of members shows, in list order."""
        return self.select_related("organisation").order_by("organisation__code", "pk")


class Member(models.Model):
    """A Party member. Never deleted; who leaves keeps the row with `left_on` and a reason.

    `organisation` and `group` repeat the membership in force.
    """

    name = models.CharField("姓名", max_length=40)
    id_number = EncryptedTextField("公民身份号码", blank=True)
    id_number_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)
    id_number_mask = models.CharField("公民身份号码", max_length=18, blank=True, editable=False)
    phone = EncryptedTextField("手机号码", blank=True)
    phone_mask = models.CharField("手机号码", max_length=18, blank=True, editable=False)
    gender = models.CharField("性别", max_length=6, choices=Gender.choices, blank=True)
    ethnicity = models.CharField("民族", max_length=20, blank=True)
    born_on = models.DateField("出生日期", null=True, blank=True)
    education = models.CharField("学历", max_length=20, blank=True)
    kind = models.CharField("人员类别", max_length=12, choices=MemberKind.choices)
    joined_on = models.DateField("入党日期", null=True, blank=True)
    confirmed_on = models.DateField("转正日期", null=True, blank=True)
    occupation = models.CharField("工作岗位", max_length=40, blank=True)
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
        indexes = [models.Index(fields=["organisation", "left_on"]), models.Index(fields=["name"])]
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


class MembershipQuerySet(ScopedQuerySet):
    def on(self, day):
        """Memberships in force on `day`."""
        return self.filter(standing_on(day))


class Membership(models.Model):
    """A member's time in one branch, and there in one group."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships", db_index=False
    )
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.PROTECT)
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
                condition=Q(ends_on__isnull=True),
                name="membership_one_open_per_member",
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


class PostQuerySet(ScopedQuerySet):
    def on(self, day):
        """Posts held on `day`."""
        return self.filter(standing_on(day))


class Post(models.Model):
    """A post held in an organisation: by a member, or by a person known by name only."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="posts")
    title = models.CharField("职务", max_length=20, choices=PostTitle.choices)
    member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="posts"
    )
    person_name = models.CharField("姓名", max_length=40)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="posts",
    )
    starts_on = models.DateField("任职日期", null=True, blank=True)
    ends_on = models.DateField("免职日期", null=True, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = "职务"
        verbose_name_plural = "职务"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(ends_on__isnull=True, title=PostTitle.SECRETARY),
                name="post_one_secretary_at_a_time",
                violation_error_message="这个组织已有书记",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True)
                | Q(starts_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="post_ends_after_start",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.get_title_display()} {self.person_name}"


class Term(models.Model):
    """A term of office (届) of an organisation's committee, or of its secretary where there is none."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="terms")
    starts_on = models.DateField("选举日期", null=True, blank=True)
    ends_on = models.DateField("届满日期")
    postponed_to = models.DateField("批准延期至", null=True, blank=True)
    postponement_reason = models.CharField("延期理由", max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "届期"
        verbose_name_plural = "届期"
        ordering = ["organisation", "ends_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "ends_on"], name="term_end_once_per_organisation"
            ),
            models.CheckConstraint(
                condition=Q(postponed_to__isnull=True) | Q(postponed_to__gt=F("ends_on")),
                name="term_postponed_to_a_later_day",
                violation_error_message="延期须晚于届满日期",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.ends_on:%Y-%m-%d}"
