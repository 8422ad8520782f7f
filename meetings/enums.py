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


class MeetingState(TextChoices):
    PLANNED = "planned", "已计划"
    HELD = "held", "已召开"
    CANCELLED = "cancelled", "已取消"


class AttendanceState(TextChoices):
    PRESENT = "present", "到会"
    LEAVE = "leave", "请假"
    ABSENT = "absent", "缺席"
