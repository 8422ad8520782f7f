import datetime
import json
import unicodedata

from django.core.management.base import BaseCommand, CommandError

from branches.clock import today
from branches.models import Organisation
from branches.periods import Period
from branches.values import Values
from compliance.judging import Verdict, horizon_on, judge, period_key, question_for
from compliance.models import CheckRun, Duty, DutyState
from compliance.registry import RULES, Rule
from compliance.services import reconcile, run_night


class Command(BaseCommand):
    """Judges as the night of a date would, writes the duties and prints a table.

    A day before the newest night, or after today, is only looked at: nothing is stored then,
    because the stored duties already speak of a later day.
    """

    help = "核对应办事项：check_duties --as-of 2026-09-30 [--json 文件]"

    def add_arguments(self, parser):
        parser.add_argument("--as-of", required=True, type=datetime.date.fromisoformat)
        parser.add_argument("--organisation", metavar="CODE")
        parser.add_argument("--rule", action="append", choices=list(RULES), metavar="CODE")
        parser.add_argument("--all-periods", action="store_true")
        parser.add_argument("--json", dest="file", metavar="FILE")

    def handle(self, *, as_of, organisation, rule, all_periods, file, **options):
        rules = [RULES[code] for code in rule] if rule else list(RULES.values())
        organisations = self._organisations(organisation)
        stores = self._stores(as_of)
        if not stores:
            self.stderr.write("这一天早于最近一次核对或晚于今天：只计算，不改动已存的事项")
        elif organisations is None and not rule:
            run = run_night(as_of, report=lambda title: self.stdout.write(f"核对 {title}"))
            if run.faults:
                raise CommandError(f"未能核对：{run.faults}")
        values = Values()
        horizon = horizon_on(as_of, values)
        lines = []
        for one in rules:
            for period in horizon.periods(one):
                if stores and (rule or organisations is not None):
                    reconcile(one, period, as_of=as_of, values=values, organisations=organisations)
                if all_periods or period is None or as_of in period:
                    lines += self._found(one, period, as_of, values, organisations, stores)
        self._print_table(rules, lines)
        if file:
            self._write(file, lines)

    def _organisations(self, code):
        if not code:
            return None
        found = Organisation.objects.filter(code=code).first()
        if found is None:
            raise CommandError(f"没有编码为 {code} 的组织")
        return Organisation.objects.below(found)

    def _stores(self, as_of) -> bool:
        newest = CheckRun.objects.filter(finished_at__isnull=False).first()
        return as_of <= today() and (newest is None or newest.day <= as_of)

    def _found(self, rule: Rule, period: Period | None, as_of, values, organisations, stores):
        """The duties of one rule and period as lines, stored ones or only computed ones."""
        label = period_key(period) or as_of.isoformat()
        question = question_for(rule, period, as_of, values, organisations)
        codes = dict(question.organisations.values_list("pk", "code"))
        rows: list[Verdict | Duty]
        if stores:
            rows = Duty.objects.filter(
                rule=rule.code, period=period_key(period), organisation__in=question.organisations
            )
        else:
            rows = judge(rule, question)
        lines = [
            {
                "organisation": codes[row.organisation_id],
                "rule": rule.code,
                "period": label,
                "required": row.required,
                "actual": row.actual,
                "state": row.state,
                "due_on": row.due_on and row.due_on.isoformat(),
                "met_on": row.met_on and row.met_on.isoformat(),
            }
            for row in rows
        ]
        return sorted(lines, key=lambda line: line["organisation"])

    def _print_table(self, rules, lines):
        states = list(DutyState)
        self.stdout.write(_padded("要求", 26) + "".join(_padded(s.label, 14) for s in states))
        for rule in rules:
            found = [line["state"] for line in lines if line["rule"] == rule.code]
            counts = "".join(_padded(str(found.count(state)), 14) for state in states)
            self.stdout.write(_padded(rule.title, 26) + counts)

    def _write(self, path, lines):
        try:
            with open(path, "w", encoding="utf-8") as target:
                for line in lines:
                    target.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise CommandError(f"写不了 {path}：{error.strerror}") from error


def _padded(text: str, width: int) -> str:
    """Padded to `width` columns of a terminal; Chinese characters take two."""
    used = sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in text)
    return text + " " * max(width - used, 1)
