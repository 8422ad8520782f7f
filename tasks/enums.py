"""States and kinds of the work to be done."""

from django.db import models


class TaskState(models.TextChoices):
    PENDING = "pending", "待整改"
    WORKING = "working", "整改中"
    REVIEW = "review", "待核查"
    COUNTY_REVIEW = "county_review", "待县级核查"
    CLOSED = "closed", "已销号"
    CANCELLED = "cancelled", "已撤销"


class EventKind(models.TextChoices):
    LISTED = "listed", "挂账"
    STARTED = "started", "开始整改"
    PROGRESS = "progress", "填写进展"
    REQUESTED = "requested", "申请销号"
    CHECKED = "checked", "核查通过，报县级核查"
    RETURNED = "returned", "退回整改"
    CLOSED = "closed", "销号"
    REOPENED = "reopened", "重新挂账"
    ASKED = "asked", "申请延期"
    EXTENDED = "extended", "延期"
    REFUSED = "refused", "不同意延期"
    REMINDED = "reminded", "催办"
    CANCELLED = "cancelled", "撤销"


OPEN_STATES = (
    TaskState.PENDING,
    TaskState.WORKING,
    TaskState.REVIEW,
    TaskState.COUNTY_REVIEW,
)


class ExtensionState(models.TextChoices):
    ASKED = "asked", "待批复"
    GRANTED = "granted", "同意"
    REFUSED = "refused", "不同意"


class CampaignState(models.TextChoices):
    DRAFT = "draft", "草稿"
    RUNNING = "running", "实施中"
    CLOSED = "closed", "已结束"


class Addressed(models.TextChoices):
    """Which organisations a measure of a campaign names; each of them gets its own task."""

    BRANCHES = "branches", "所辖全部党支部"
    SECTOR = "sector", "某一领域的党支部"
    COMMITTEES = "committees", "所辖全部党（工）委、党总支"
    NAMED = "named", "指定的单位"
    OWN = "own", "牵头单位自己"


class Bound(models.TextChoices):
    """How a target's value is meant."""

    AT_LEAST = "at_least", "不少于"
    ABOVE = "above", "多于"
    EXACTLY = "exactly", "等于"
    BELOW = "below", "少于"
    AT_MOST = "at_most", "不多于"


class SelfCheckState(models.TextChoices):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "已报送"
    RETURNED = "returned", "退回补充"
    ACCEPTED = "accepted", "已审阅"


class PlusPart(models.TextChoices):
    """1+3+X of 党建+ (plan 3)."""

    PARTY = "party", "党建（1）"
    CENTRE = "centre", "中心工作（3）"
    KEY = "key", "重点任务（3）"
    DAILY = "daily", "日常工作（3）"
    FEATURE = "feature", "自身特色（X）"


class WeakState(models.TextChoices):
    PROPOSED = "proposed", "待认定"
    DECIDED = "decided", "已认定"
    WORKING = "working", "整顿中"
    ACCEPTANCE = "acceptance", "待验收"
    PASSED = "passed", "验收通过"
    REDO = "redo", "重新整顿"
    FOLLOW_UP = "follow_up", "跟踪巩固"
    ENDED = "ended", "已结束"


class WeakStepKind(models.TextChoices):
    PROPOSED = "proposed", "提出"
    DECIDED = "decided", "认定"
    DECLINED = "declined", "不予认定"
    PLAN_FILED = "plan_filed", "报备整顿方案"
    ASKED = "asked", "申请验收"
    PASSED = "passed", "验收通过"
    REDO = "redo", "验收未通过，重新整顿"
    CONSOLIDATION = "consolidation", "报备巩固方案"
    LOOKED_BACK = "looked_back", "回访"
    ENDED = "ended", "结束"


class WeakLinkKind(models.TextChoices):
    """The links of 四个一; the names of the variant of one published county (rules.md §10)."""

    COUNTY_LEADER = "county_leader", "县级领导联系"
    TOWN_LEADER = "town_leader", "镇街领导包抓"
    FIRST_SECRETARY = "first_secretary", "第一书记驻点"
    PAIRED_UNIT = "paired_unit", "单位结对"


class InspectionKind(models.TextChoices):
    SPECIAL = "special", "专项督查"
    MOBILE = "mobile", "机动检查"
    SPOT = "spot", "随机抽查"
    PLANNED = "planned", "计划督查"


class InspectionState(models.TextChoices):
    PLANNED = "planned", "计划中"
    RUNNING = "running", "督查中"
    CLOSED = "closed", "已结束"
    CANCELLED = "cancelled", "已取消"


class LetterKind(models.TextChoices):
    NOTICE = "notice", "督查整改通知书"
    TALK = "talk", "约谈通知书"


class FoundingStepKind(models.TextChoices):
    """Steps by which a Party organisation is founded in a unit."""

    MOBILISED = "mobilised", "动员部署"
    SURVEYED = "surveyed", "摸底建档"
    PREPARED = "prepared", "酝酿筹备"
    ASKED = "asked", "上报请示"
    APPROVED = "approved", "批复同意"
    MEETING = "meeting", "召开成立大会"
    FILED = "filed", "备案挂牌"


class MassOrganisation(models.TextChoices):
    TRADE_UNION = "trade_union", "工会"
    YOUTH = "youth", "共青团"
    WOMEN = "women", "妇联"
    OTHER = "other", "其他群团"


class BranchForm(models.TextChoices):
    """How the unit's members are organised (组建方式)."""

    OWN = "own", "单独组建"
    JOINT = "joint", "单位联建"
    ATTACHED = "attached", "挂靠组建"
    COMMUNITY = "community", "社区统建"
