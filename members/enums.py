from django.db.models import TextChoices


class Gender(TextChoices):
    MALE = "male", "男"
    FEMALE = "female", "女"


class MemberKind(TextChoices):
    """人员类别."""

    FORMAL = "formal", "正式党员"
    PROBATIONARY = "probationary", "预备党员"


class LeaveReason(TextChoices):
    """Why somebody is no longer on a roster of the county; the label is what is stored."""

    MOVED = "moved", "组织关系转往县外"
    DIED = "died", "去世"
    WITHDREW = "withdrew", "本人要求退党"
    ADVISED = "advised", "劝其退党"
    REMOVED = "removed", "除名"
    EXPELLED = "expelled", "开除党籍"
    NOT_CONFIRMED = "not_confirmed", "取消预备党员资格"
    SUSPENDED = "suspended", "停止党籍"
    OTHER = "other", "其他"


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


class AssignmentRole(TextChoices):
    """Who is assigned to an organisation from outside or for its work alone."""

    INSTRUCTOR = "instructor", "党建指导员"
    LINKED_LEADER = "linked_leader", "包联领导"
    FULL_TIME_STAFF = "full_time_staff", "专职党务干部"


class RequestKind(TextChoices):
    """What is asked of the superior about a term."""

    ELECTION = "election", "换届请示"
    POSTPONEMENT = "postponement", "延期换届请示"


class RequestState(TextChoices):
    ASKED = "asked", "待批复"
    APPROVED = "approved", "同意"
    RETURNED = "returned", "退回"


class Stage(TextChoices):
    """Stages of development (发展党员)."""

    APPLICANT = "applicant", "入党申请人"
    ACTIVIST = "activist", "入党积极分子"
    TARGET = "target", "发展对象"
    PROBATIONARY = "probationary", "预备党员"
    CONFIRMED = "confirmed", "正式党员"


class Step(TextChoices):
    """Steps of development in their order (发展党员工作细则)."""

    APPLIED = "applied", "递交入党申请书"
    TALKED = "talked", "派人谈话"
    ACTIVIST = "activist", "确定为积极分子"
    ACTIVIST_FILED = "activist_filed", "积极分子上级备案"
    REVIEWED = "reviewed", "半年考察"
    THOUGHT_REPORT = "thought_report", "思想汇报"
    TARGET_PUBLICITY = "target_publicity", "列为发展对象前公示"
    TARGET = "target", "确定为发展对象"
    TARGET_FILED = "target_filed", "发展对象上级备案（同意）"
    POLITICAL_REVIEW = "political_review", "政治审查"
    COURSE = "course", "短期集中培训"
    COMMITTEE_CHECK = "committee_check", "支部委员会审查"
    PRE_REVIEW = "pre_review", "上级预审"
    ADMISSION_MEETING = "admission_meeting", "支部大会接收"
    APPROVAL_DELAYED = "approval_delayed", "审批延长（特殊情况）"
    APPROVAL = "approval", "上级审批"
    OATH = "oath", "入党宣誓"
    CONVERSION_REQUEST = "conversion_request", "转正申请"
    CONVERSION_PUBLICITY = "conversion_publicity", "转正公示"
    EXTENSION = "extension", "延长预备期"
    CONVERSION_MEETING = "conversion_meeting", "支部大会转正"
    CONVERSION_DECISION = "conversion_decision", "上级审批转正"
    ARCHIVED = "archived", "材料归档"


class TransferState(TextChoices):
    STARTED = "started", "已发起"
    LETTER_OUT = "letter_out", "介绍信已开"
    RECEIVED = "received", "已接收"
    REFUSED = "refused", "已退回"
    WITHDRAWN = "withdrawn", "已撤回"


class AbsenceKind(TextChoices):
    FLOATING = "floating", "流动党员"
    ABROAD = "abroad", "出国（境）"
    LOST = "lost", "失联党员"


class ContactWay(TextChoices):
    PHONE = "phone", "电话"
    MESSAGE = "message", "微信或短信"
    VISIT = "visit", "上门"
    MEETING = "meeting", "参加活动"
    OTHER = "other", "其他"


class CaseKind(TextChoices):
    """Why a matter goes to the branch committee. Grounds of belief or crime are not kept here."""

    LOST_6M = "lost_6m", "失去联系满 6 个月"
    LOST_2Y = "lost_2y", "停止党籍满 2 年仍无法联系"
    ABROAD_5Y = "abroad_5y", "出国（境）学习超过 5 年"
    UNPAID_6M = "unpaid_6m", "连续未交党费达到规定月数"


class PledgeKind(TextChoices):
    POST = "post", "设岗定责"
    AREA = "area", "党员责任区"
    VANGUARD = "vanguard", "党员先锋岗"
    PROMISE = "promise", "承诺事项"


class PledgeGrade(TextChoices):
    GOOD = "good", "好"
    FAIR = "fair", "较好"
    PLAIN = "plain", "一般"
    POOR = "poor", "差"
