import datetime
from collections import defaultdict

from django.urls import reverse

from accounts.roles import Action
from branches.models import Organisation
from branches.periods import Span
from branches.values import Key
from branches.words import full_date
from compliance.registry import (
    Certainty,
    Cure,
    Evidence,
    Measured,
    Nature,
    Question,
    Record,
    Rule,
    register,
)
from members.contacts import cases_due, contact_days, to_contact
from members.enums import AbsenceKind, CaseKind

FLOATING_CONTACTS = Key(
    "members.floating_contacts",
    "流动党员每季度至少联系几次",
    1,
    unit="次",
    minimum=1,
    maximum=12,
)

# What goes red; abroad for over five years is only 一般 and stays a case without a colour.
_STRICT_CASES = (CaseKind.LOST_6M, CaseKind.LOST_2Y)


def _contacted(question: Question, organisations, kind: str):
    """(membership, days of contact) of everybody of that kind on the last day that counts."""
    memberships = to_contact(organisations, kind, question.ends_on)
    days = contact_days(memberships, question.starts_on, question.ends_on)
    for membership in memberships.select_related("member").order_by("member_id"):
        yield membership, days.get(membership.member_id, [])


def _measured(question: Question, kind: str, times: int):
    met: dict[int, list[datetime.date | None]] = defaultdict(list)
    for membership, days in _contacted(question, question.organisations, kind):
        met[membership.organisation_id].append(days[times - 1] if len(days) >= times else None)
    for pk, days in met.items():
        reached = [day for day in days if day]
        whole = len(reached) == len(days)
        yield Measured(pk, len(days), len(reached), met_on=max(reached) if whole else None)


def _contact_evidence(
    question: Question, organisation: Organisation, kind: str, times: int
) -> Evidence:
    counted, missing = [], []
    for membership, days in _contacted(question, [organisation.pk], kind):
        last = days[-1] if days else None
        record = Record(
            text=membership.member.name,
            on=last,
            note=f"联系 {len(days)} 次" if days else "没有联系记录",
            url=reverse("members:detail", args=[membership.member_id]),
        )
        (counted if len(days) >= times else missing).append(record)
    return Evidence(counted, missing, [("每人至少", f"{times} 次")])


def _measure_floating(question: Question):
    return _measured(question, AbsenceKind.FLOATING, question.value(FLOATING_CONTACTS))


def _floating_evidence(question: Question, organisation: Organisation) -> Evidence:
    times = question.value(FLOATING_CONTACTS)
    return _contact_evidence(question, organisation, AbsenceKind.FLOATING, times)


def _measure_abroad(question: Question):
    return _measured(question, AbsenceKind.ABROAD, 1)


def _abroad_evidence(question: Question, organisation: Organisation) -> Evidence:
    return _contact_evidence(question, organisation, AbsenceKind.ABROAD, 1)


def _measure_lost(question: Question):
    due = defaultdict(list)
    for one in cases_due(question.organisations, question.as_of):
        if one.kind in _STRICT_CASES:
            due[one.organisation_id].append(one.due_on)
    for pk in question.organisations.values_list("pk", flat=True):
        days = due[pk]
        yield Measured(pk, 0, len(days), since=min(days) if days else None)


def _lost_evidence(question: Question, organisation: Organisation) -> Evidence:
    counted, advised = [], []
    for one in cases_due([organisation.pk], question.as_of):
        record = Record(
            text=one.name,
            on=one.due_on,
            note=f"{CaseKind(one.kind).label}，自 {full_date(one.since)}起算",
            url=reverse("members:detail", args=[one.member_id]),
        )
        (counted if one.kind in _STRICT_CASES else advised).append(record)
    facts = [
        (
            "依据不一致，待核实",
            "失去联系 6 个月以上、2 年以内，2019 年条例规定停止党籍，2024 年办法列入限期改正；"
            "怎样处置由支委会研究决定，系统不改变任何人的状态",
        )
    ]
    facts += [("一般应研究，不计数", f"{record.text}：{record.note}") for record in advised]
    return Evidence(counted=counted, facts=facts)


FLOATING_MEMBERS_ARE_CONTACTED = register(
    Rule(
        code="members.floating_contact",
        record="FLOW-CONTACT",
        title="联系流动党员",
        short="流动",
        headline="联系流动党员",
        asks="每人至少 {value} 次",
        wording="对外出6个月以上、没有转移组织关系的流动党员，党支部应当经常保持联系；农村党支部应当明确专人联系外出流动党员。",
        source="中国共产党党员教育管理工作条例（2019）第三十二条、第三十三条；没有规定次数，每季度 1 次为本县数值（可改）",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="应有：期末（或核对日）在册的流动党员，期内才外出的也算，已经回来的和失联的不算；"
        "已有：期内联系到的人数，外出前的联系、由原支部所作的联系都算，一天内多次算一次。"
        "花名册标为流动而没有登记外出日期的，一直算流动党员。",
        span=Span.QUARTER,
        areas=frozenset({"members", "branches"}),
        measure=_measure_floating,
        evidence=_floating_evidence,
        cure=Cure("登记联系", "members:absences", (("kind", "floating"),), (Action.CHANGE_MEMBER,)),
        unit="人",
        keys=(FLOATING_CONTACTS,),
        needs_relations=True,
    )
)
MEMBERS_ABROAD_ARE_CONTACTED = register(
    Rule(
        code="members.abroad_contact",
        record="ABROAD-6M",
        title="联系出国（境）党员",
        short="出国境",
        headline="联系出国（境）党员",
        asks="每人每半年至少 1 次",
        wording="对出国（境）学习研究的党员，保留组织关系的党组织应当每半年至少与其联系1次。",
        source="中国共产党党员教育管理工作条例（2019）第三十四条",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="应有：期末（或核对日）登记为出国（境）的在册党员，不分学习和工作，失联的不算；已有：期内联系到的人数。",
        span=Span.HALF,
        areas=frozenset({"members", "branches"}),
        measure=_measure_abroad,
        evidence=_abroad_evidence,
        cure=Cure("登记联系", "members:absences", (("kind", "abroad"),), (Action.CHANGE_MEMBER,)),
        unit="人",
        needs_relations=True,
    )
)
LOST_MEMBERS_ARE_DECIDED = register(
    Rule(
        code="members.lost_contact",
        record="LOST-6M/2Y",
        title="研究失联党员",
        short="失联",
        headline="研究失联党员",
        asks="到期的提请都已研究",
        wording="与党组织失去联系6个月以上、通过各种方式查找仍然没有取得联系的党员，予以停止党籍；停止党籍2年后确实无法取得联系的，按照自行脱党予以除名。系统只提请研究，不改变党籍。",
        source="中国共产党党员教育管理工作条例（2019）第二十四条；中国共产党不合格党员组织处置办法（2024）",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="数核对日到期、支委会还没有研究的失联党员：失联（从登记的起算日或其后最近一次联系起）满 6 个月，"
        "或者停止党籍满 2 年仍未恢复联系（已登记因停止党籍离开的，算在原支部）；到期当天不算逾期，从次日起算。"
        "起算后的一次研究记录即为已办。出国（境）超过 5 年的一般应研究，列出而不计数。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_lost,
        evidence=_lost_evidence,
        cure=Cure("看待研究事项", "members:cases", actions=(Action.CHANGE_MEMBER,)),
        unit="人",
        # The day itself is in time; late from the next.
        grace_days=1,
        needs_relations=True,
    )
)
