"""County values of the work to be done."""

from decimal import Decimal

from branches.values import Key

# --- Weak branches (软弱涣散): rules.md §10; every one of them differs between counties ---------

WEAK_SITUATIONS = Key(
    "tasks.weak_situations",
    "软弱涣散的认定情形",
    (
        "书记空缺时间较长",
        "班子配备不齐",
        "班子不团结影响工作",
        "书记不胜任现职",
        "组织生活不正常",
        "两年以上没有发展对象",
        "村务居务公开不落实",
        "联系服务群众不够",
        "年度考核排名靠后",
    ),
    help="各地 8 至 17 种不等，由本县定；认定时按当时的写法存下",
)
WEAK_SATISFIED = Key(
    "tasks.weak_satisfied", "软弱涣散整顿验收：满意度不低于", Decimal(80),
    unit="%", minimum=0, maximum=100,
    help="正好达到算通过；各地有 80% 的也有 90% 的",
)  # fmt: skip
WEAK_AWARE = Key(
    "tasks.weak_aware", "软弱涣散整顿验收：知晓率不低于", Decimal(80),
    unit="%", minimum=0, maximum=100,
    help="与满意度各自达到，不能互补",
)  # fmt: skip
WEAK_SCORE = Key(
    "tasks.weak_score", "软弱涣散整顿验收：得分不低于", Decimal(0),
    unit="分", minimum=0, maximum=100,
    help="0 表示本县验收不打分",
)  # fmt: skip
WEAK_PLAN_DAYS = Key(
    "tasks.weak_plan_days", "认定后几天内报备“一支一策”", 30,
    unit="天", minimum=1, maximum=180,
)  # fmt: skip
WEAK_TERM_MONTHS = Key(
    "tasks.weak_term_months", "软弱涣散整顿一般用几个月", 6,
    unit="个月", minimum=1, maximum=24,
    help="认定时预填整顿时限用，可以改",
)  # fmt: skip
WEAK_FOLLOW_MONTHS = Key(
    "tasks.weak_follow_months", "软弱涣散验收后跟踪几个月", 12,
    unit="个月", minimum=1, maximum=36,
)  # fmt: skip
WEAK_REPORT_DAY = Key(
    "tasks.weak_report_day", "软弱涣散整顿月报在当月几日前报", 31,
    unit="日", minimum=1, maximum=31,
    help="31 表示月底前",
)  # fmt: skip
WEAK_DUTIES = Key(
    "tasks.weak_duties",
    "“六大责任”清单",
    tuple(f"第{number}项责任" for number in "一二三四五六"),
    help="没有查到公开的统一内容，请按本县文件改写",
)
WEAK_PRECISIONS = Key(
    "tasks.weak_precisions",
    "“五个精准”清单",
    tuple(f"第{number}个精准" for number in "一二三四五"),
    help="没有查到公开的统一内容，请按本县文件改写",
)
WEAK_CHECKLISTS = {"六大责任": WEAK_DUTIES, "五个精准": WEAK_PRECISIONS}
WEAK_HINT_MISSED = Key(
    "tasks.weak_hint_missed", "近一年组织生活缺几次列为提名线索", 3,
    unit="次", minimum=1, maximum=48,
    help="三会一课、主题党日、组织生活会、民主评议逾期的期数；只作提示",
)  # fmt: skip
WEAK_HINT_YEARS = Key(
    "tasks.weak_hint_years", "村党支部几年没有发展对象列为提名线索", 2,
    unit="年", minimum=1, maximum=10,
    help="只作提示",
)  # fmt: skip
WEAK_HINT_SATISFIED = Key(
    "tasks.weak_hint_satisfied", "最近一次测评满意度低于多少列为提名线索", Decimal(60),
    unit="%", minimum=0, maximum=100,
    help="只作提示",
)  # fmt: skip

# --- 党建+ (plan 3): measures of each branch are shown publicly by the end of March ---------------

PLUS_MONTH = Key(
    "tasks.plus_month", "党建+ 在几月前公示", 3,
    unit="月", minimum=1, maximum=12,
    help="本县方案：每年 3 月底前公示",
)  # fmt: skip
PLUS_DAY = Key(
    "tasks.plus_day", "党建+ 在当月几日前公示", 31,
    unit="日", minimum=1, maximum=31,
    help="31 表示月底",
)  # fmt: skip

# --- Coverage of social organisations and new enterprises (两个覆盖): rules.md §12, plan 4 ------

COVERAGE_KINDS = Key(
    "tasks.coverage_kinds",
    "两个覆盖统计哪些类别的单位",
    ("社会组织", "非公有制企业"),
    help="写单位类别的名称；只推进社会组织的县写“社会组织”",
)
COVERAGE_ORGANISATION = Key(
    "tasks.coverage_organisation", "组织覆盖率不低于", 60,
    unit="%", minimum=0, maximum=100,
    help="某市社会组织建组织扩覆盖方案的目标，8月31日前达到",
)  # fmt: skip
COVERAGE_WORK = Key(
    "tasks.coverage_work", "工作覆盖率不低于", 100,
    unit="%", minimum=0, maximum=100,
    help="某市社会组织建组织扩覆盖方案的目标",
)  # fmt: skip
COVERAGE_BY_WORKING = Key(
    "tasks.coverage_by_working",
    "组建方式按实际在本单位工作的正式党员判断",
    True,
    help="选“是”，连同关系未转的流动党员和兼职党员；选“否”，只算组织关系在本单位的，与党内统计一致",
)
COVERAGE_TWO_OWN = Key(
    "tasks.coverage_two_own",
    "2 名正式党员的单位单独组建并派指导员",
    True,
    help="选“是”，按某市方案单独组建；选“否”，按通行做法联合组建",
)

# --- The rectification ledger (整改台账) ------------------------------------------------------

TASK_SOURCES = Key(
    "tasks.sources",
    "整改任务的问题来源（建任务时的提示）",
    ("巡视巡察", "督查反馈", "述职评议", "镇街检查", "主题教育", "群众反映", "自查"),
    help="只作提示，来源可以自己填写",
)
TASK_CATEGORIES = Key(
    "tasks.categories",
    "整改任务的类别（建任务时的提示）",
    ("班子建设", "党员队伍", "组织生活", "党费管理", "阵地建设", "基础保障", "作用发挥"),
    help="只作提示，类别可以自己填写，也可以不填",
)
