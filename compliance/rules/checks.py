from accounts.roles import Action
from branches.links import link
from branches.models import Organisation
from branches.periods import Span
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
from members.checks import with_progress
from members.models import FileCheck
from members.roster import roster


def _checks(question: Question, organisations):
    return FileCheck.objects.filter(organisation__in=organisations, period=str(question.period))


def _measure_checked(question: Question):
    finished = dict(
        _checks(question, question.organisations)
        .filter(finished_on__lte=question.as_of)
        .values_list("organisation_id", "finished_on")
    )
    with_members = (
        roster(question.organisations, question.ends_on)
        .order_by()
        .values_list("organisation_id", flat=True)
        .distinct()
    )
    for pk in {*with_members, *finished}:
        yield Measured(pk, 1, int(pk in finished), met_on=finished.get(pk))


def _checked_evidence(question: Question, organisation: Organisation) -> Evidence:
    counted, missing = [], []
    for check in with_progress(_checks(question, [organisation.pk])):
        finished = check.finished_on is not None and check.finished_on <= question.as_of
        gone_through = f"已核对 {check.total - check.unfinished}/{check.total} 人"
        record = Record(
            text=f"{question.period.label}清查",
            on=check.finished_on if finished else check.started_on,
            note=f"完成，有问题 {check.problems} 人" if finished else f"没有完成，{gone_through}",
            url=link("members:check_detail", check.pk),
        )
        (counted if finished else missing).append(record)
    return Evidence(counted, missing, [("截止", full_date(question.period.ends_on))])


FILES_ARE_CHECKED = register(
    Rule(
        code="members.files_checked",
        record="FILE-6M",
        title="组织关系清查",
        short="清查",
        headline="完成 {period}清查",
        asks="每半年 1 次",
        wording="对党员的档案、党籍、组织关系，每半年至少集中清查一次。",
        source="县方案（党员档案、党籍、组织关系清查）",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="已有：本半年的清查逐人核对完并写明完成日期，计 1；做了一半不算，过期补做的算完成。期中成立的支部从下一个半年起，没有党员的支部不算。",
        span=Span.HALF,
        areas=frozenset({"members", "branches"}),
        measure=_measure_checked,
        evidence=_checked_evidence,
        cure=Cure("开始清查", "members:checks", actions=(Action.CHANGE_MEMBER,)),
        needs_relations=True,
    )
)
