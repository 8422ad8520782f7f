import argparse
import sys
import tempfile
import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.roles import Action
from branches.clock import today
from branches.models import Organisation
from branches.periods import Period, month_of
from ledgers.exports.services import Refused, export_ledger

_SECONDS_BETWEEN_LINES = 3


class Command(BaseCommand):
    """Writes the monthly ledger of an organisation and prints its content hash.

    Without --organisation it is the topmost there is, with --as the topmost that user reaches.
    """

    help = "导出月度台账：export_ledger --month 2026-03 --output 台账.xlsx"

    def add_arguments(self, parser):
        parser.add_argument("--month", required=True, type=month_typed, metavar="YYYY-MM")
        parser.add_argument("--organisation", metavar="CODE")
        parser.add_argument("--as", dest="username", metavar="USER")
        parser.add_argument("--full-numbers", action="store_true")
        parser.add_argument("--reason", default="", metavar="TEXT")
        parser.add_argument("--output", required=True, type=Path, metavar="FILE.xlsx")

    def handle(self, *, month, organisation, username, full_numbers, reason, output, **options):
        reason = reason.strip()
        if full_numbers and not reason:
            raise CommandError("导出完整号码须用 --reason 写明理由", returncode=2)
        if not output.parent.is_dir():
            raise CommandError(f"没有这个文件夹：{output.parent}")
        by = self._user(username)
        chosen = self._organisation(organisation, by)
        # Unfinished sheets lie beside the output: same disk, and nobody else's folder.
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as folder:
            unfinished = Path(folder) / "ledger.xlsx"
            try:
                content_hash = export_ledger(
                    organisation=chosen,
                    month=month,
                    today=today(),
                    by=by,
                    path=unfinished,
                    folder=Path(folder),
                    reason=reason if full_numbers else "",
                    on_progress=counting(self.stderr),
                )
            except Refused as refused:
                raise CommandError(str(refused)) from refused
            unfinished.replace(output)
        self.stderr.write(f"已导出 {chosen.name} {month.label}台账：{output}")
        self.stdout.write(content_hash)

    def _user(self, username) -> User | None:
        if username is None:
            return None
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"没有账号 {username}")
        return user

    def _organisation(self, code, by) -> Organisation:
        reached = Organisation.objects.all()
        if by is not None:
            reached = reached.permitting(by, Action.EXPORT_LEDGER)
        if code:
            found = list(reached.filter(code=code))
        else:
            found = list(reached.exclude(parent__in=reached)[:2])
        if not found:
            raise CommandError(f"没有编码为 {code} 的组织" if code else "没有可以导出的组织")
        if len(found) > 1:
            raise CommandError("有多个组织，请用 --organisation 指定", returncode=2)
        return found[0]


def counting(stderr):
    """Reports progress: a counting line on a terminal, else a line every few seconds."""
    on_terminal = sys.stderr.isatty()
    said_at = time.monotonic()

    def report(rows, total, sheet):
        nonlocal said_at
        if time.monotonic() - said_at < (0.2 if on_terminal else _SECONDS_BETWEEN_LINES):
            return
        said_at = time.monotonic()
        line = f"{sheet}：{rows:,} / {total:,} 行"
        stderr.write(f"\r{line}   " if on_terminal else line, ending="" if on_terminal else "\n")
        stderr.flush()

    return report


def month_typed(text: str) -> Period:
    """A month of the command line."""
    try:
        return month_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"月份“{text}”应写成 2026-03") from None
