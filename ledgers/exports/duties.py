"""Sheet 应办事项: what each rule asks of each organisation, judged as of the day of the ledger.

Judged anew with the rules' own queries, not read from the stored duties: an old month then says
the same whenever it is made, and this one is right even if no night has run.
"""

from collections.abc import Iterable

from branches.periods import period_of
from branches.values import Values
from compliance.judging import judge, question_for
from compliance.models import DutyState
from compliance.registry import RULES, Rule
from ledgers.exports.scope import LedgerScope
from ledgers.exports.workbook import CellKind, Column

COLUMNS = [
    Column("编码"),
    Column("单位", width=34),
    Column("要求", width=24),
    Column("要求内容", CellKind.LONG_TEXT, width=48),
    Column("期间", width=14),
    Column("应有", CellKind.COUNT),
    Column("已有", CellKind.COUNT),
    Column("状态"),
    Column("到期日", CellKind.DATE),
    Column("完成日", CellKind.DATE),
]


def duty_rows(scope: LedgerScope, values: Values) -> Iterable[tuple[int, str, list]]:
    """Organisation, state and row of each duty, rule by rule, in the order of codes."""
    place = {pk: index for index, pk in enumerate(scope.codes)}
    for rule in RULES.values():
        period = None if rule.is_standing else period_of(rule.span, scope.month.starts_on)
        question = question_for(rule, period, scope.day, values, scope.organisations)
        verdicts = judge(rule, question)
        verdicts.sort(key=lambda verdict: place[verdict.organisation_id])
        for verdict in verdicts:
            # Since when a standing condition lasts is not always on record; then no day is due.
            due_on = verdict.due_on if period or verdict.since else None
            yield (
                verdict.organisation_id,
                verdict.state,
                [
                    *scope.codes[verdict.organisation_id],
                    rule.title,
                    rule.wording,
                    period.label if period else "随时",
                    verdict.required,
                    verdict.actual,
                    DutyState(verdict.state).label,
                    due_on,
                    verdict.met_on,
                ],
            )


def rule_versions(scope: LedgerScope, values: Values) -> Iterable[tuple[str, str]]:
    """Title and version of every rule, as of the day of the ledger."""
    for rule in RULES.values():
        yield rule.title, f"{rule.code}；{rule.version(values, _last_day(rule, scope))}"


def _last_day(rule: Rule, scope: LedgerScope):
    if rule.is_standing:
        return scope.day
    return min(period_of(rule.span, scope.month.starts_on).ends_on, scope.day)
