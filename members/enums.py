from django.db.models import TextChoices


class Gender(TextChoices):
    MALE = "male", "男"
    FEMALE = "female", "女"


class MemberKind(TextChoices):
    """人员类别."""

    FORMAL = "formal", "正式党员"
    PROBATIONARY = "probationary", "预备党员"


class PostTitle(TextChoices):
    """Post in a Party organisation, highest first."""

    SECRETARY = "secretary", "书记"
    DEPUTY = "deputy", "副书记"
    ORGANISATION = "organisation", "组织委员"
    PUBLICITY = "publicity", "宣传委员"
    DISCIPLINE = "discipline", "纪检委员"
    MEMBER = "member", "委员"
    GROUP_LEADER = "group_leader", "党小组长"


# Posts that make up the branch committee (支委会).
COMMITTEE_TITLES = (
    PostTitle.SECRETARY,
    PostTitle.DEPUTY,
    PostTitle.ORGANISATION,
    PostTitle.PUBLICITY,
    PostTitle.DISCIPLINE,
    PostTitle.MEMBER,
)
