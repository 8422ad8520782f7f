from django.db.models import TextChoices


class Type(TextChoices):
    """会议类型; the label is the short form used on buttons."""

    MEMBERS_MEETING = "members_meeting", "党员大会"
    COMMITTEE = "committee", "支委会"
    GROUP = "group", "党小组会"
    LECTURE = "lecture", "党课"
    THEME_DAY = "theme_day", "主题党日"
    LIFE_MEETING = "life_meeting", "组织生活会"
    APPRAISAL = "appraisal", "民主评议"


# The names a ledger prints.
FULL_NAMES = {
    Type.MEMBERS_MEETING: "支部党员大会",
    Type.COMMITTEE: "支部委员会",
    Type.GROUP: "党小组会",
    Type.LECTURE: "党课",
    Type.THEME_DAY: "主题党日",
    Type.LIFE_MEETING: "组织生活会",
    Type.APPRAISAL: "民主评议",
}

# What a meeting on the building of the branch is called (PLAN-1: at least one a year).
BRANCH_BUILDING = "专题研究支部建设"

# Held for a year, often in the first months of the next one.
FOR_A_YEAR = frozenset({Type.LIFE_MEETING, Type.APPRAISAL})


class MeetingState(TextChoices):
    PLANNED = "planned", "已计划"
    HELD = "held", "已召开"
    CANCELLED = "cancelled", "已取消"


class AttendanceState(TextChoices):
    PRESENT = "present", "到会"
    LEAVE = "leave", "请假"
    ABSENT = "absent", "缺席"


class DecisionKind(TextChoices):
    """What is decided; each has its own quorum and majority (`meetings.votes`)."""

    ORDINARY = "ordinary", "一般事项"
    COMMITTEE = "committee", "支委会决定"
    ADMISSION = "admission", "接收预备党员"
    CONVERSION = "conversion", "预备党员转正"
    ELECTION = "election", "选举"
    VILLAGE = "village", "村（社区）重要事项"


class ExclusionReason(TextChoices):
    """Why a member is left out of those who should attend a vote, by an explicit decision."""

    ILL_ABROAD_BEDRIDDEN = "unable", "因故不能表达意志或长期不能参加"
    ABROAD = "abroad", "自费出国半年以上"
    AWAY = "away", "外出半年以上未转组织关系"
    NO_VOTE = "no_vote", "没有表决权"
    OTHER = "other", "其他"


class MatterStage(TextChoices):
    """四议两公开: four deliberations and two publications, in their order."""

    PROPOSED = "proposed", "村党组织提议"
    DISCUSSED = "discussed", "村“两委”会议商议"
    REVIEWED = "reviewed", "党员大会审议"
    RESOLVED = "resolved", "村民会议或村民代表会议决议"
    RESOLUTION_PUBLISHED = "resolution_published", "决议公开"
    RESULT_PUBLISHED = "result_published", "实施结果公开"


class InvitationState(TextChoices):
    INVITED = "invited", "待点名"
    ACCEPTED = "accepted", "已登记"
    DECLINED = "declined", "未参加"
    WITHDRAWN = "withdrawn", "已撤回"


class MakeUpWay(TextChoices):
    """How somebody studied afterwards what was missed (补学)."""

    SELF_STUDY = "self_study", "自学"
    HOME_VISIT = "home_visit", "送学上门"
    ONLINE = "online", "线上学习"
    LATER_SESSION = "later_session", "集中补课"


class TrainingLevel(TextChoices):
    """Who organised a course."""

    BRANCH = "branch", "支部"
    COMMITTEE = "committee", "党（工）委"
    COUNTY = "county", "县级"
    ABOVE = "above", "县级以上"
    ONLINE = "online", "网络学习"


class TrainingKind(TextChoices):
    """What a course is for."""

    MEMBERS = "members", "党员培训"
    SECRETARIES = "secretaries", "书记轮训"
    INDUCTION = "induction", "新任书记任职培训"
    NEW_MEMBERS = "new_members", "新党员培训"


class Participation(TextChoices):
    """How a member stands to the yearly appraisal; OUT is chosen for who is not on its list."""

    HERE = "here", "参加"
    ELSEWHERE = "elsewhere", "在现居住地参加"
    ABSENT = "absent", "未参加"
    OUT = "out", "不在名单"


class Grade(TextChoices):
    """民主评议 grades; source: 支部条例 Art. 18."""

    EXCELLENT = "excellent", "优秀"
    QUALIFIED = "qualified", "合格"
    BASIC = "basic", "基本合格"
    UNQUALIFIED = "unqualified", "不合格"


class TalkRelation(TextChoices):
    """Who talked with whom; source: 支部条例 Art. 19."""

    AMONG_COMMITTEE = "among_committee", "支委之间"
    COMMITTEE_MEMBER = "committee_member", "支委与党员"
    AMONG_MEMBERS = "among_members", "党员之间"
    SUPERIOR = "superior", "上级与党员"


class VisitOccasion(TextChoices):
    NEW_YEAR = "new_year", "元旦春节"
    FOUNDING_DAY = "founding_day", "七一"
    HARDSHIP = "hardship", "日常帮扶"
    VETERAN = "veteran", "看望老党员"
    OTHER = "other", "其他"
