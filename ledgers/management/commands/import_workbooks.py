"""Ledgers from workbooks: recognised by their headings, checked, written all or nothing."""

import json
import sys
import time
import unicodedata
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from branches.clock import today
from ledgers.services import ImportPlan, ImportRefused, plan_import, refused_workbook, write_import

_REFUSED, _USAGE = 1, 2
# How many problems of one sheet are printed; all of them stand in --json and --refused.
_PRINTED = 20
_OTHER_FORMATS = {".xls", ".et", ".csv", ".xlsb", ".ods"}


class Command(BaseCommand):
    help = "导入台账工作簿 Import ledgers from workbooks (.xlsx)."

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="+", metavar="PATH", help="工作簿或文件夹")
        parser.add_argument("--dry-run", action="store_true", help="只核对，不写入")
        parser.add_argument(
            "--accept-valid", action="store_true", help="有需更正的行也写入其余的行"
        )
        parser.add_argument("--year", type=int, metavar="YYYY", help="党费表没有写明年度时用")
        parser.add_argument("--as", dest="user", metavar="USER", help="以这个账号的权限和名义导入")
        parser.add_argument("--json", type=Path, metavar="FILE", help="各表结果写入此文件")
        parser.add_argument(
            "--refused", type=Path, metavar="FILE.xlsx", help="需更正的行写入此文件"
        )

    def handle(self, *, paths, dry_run, accept_valid, year, user, **options):
        if year is not None and not 2000 <= year <= 2100:
            raise CommandError(f"--year {year}：请写四位年份，如 2026", returncode=_USAGE)
        by = _account(user) if user else None
        progress = _Progress(self.stderr)
        plan = plan_import(
            self._read(paths), today=today(), year=year, user=by, on_progress=progress
        )
        progress.end()
        self._print_sheets(plan)
        self._print_remarks(plan)
        if options["json"]:
            sheets = [sheet.as_json() for sheet in plan.sheets]
            text = json.dumps(sheets, ensure_ascii=False, indent=1)
            options["json"].write_text(text + "\n", encoding="utf-8")
        if options["refused"] and plan.refused:
            options["refused"].write_bytes(refused_workbook(plan))
            self.stdout.write(f"需更正的行已写入 {options['refused']}")
        self._finish(plan, by, dry_run=dry_run, accept_valid=accept_valid)

    def _finish(self, plan: ImportPlan, by, *, dry_run: bool, accept_valid: bool) -> None:
        everything = sum(sheet.read for sheet in plan.sheets)
        if plan.refused and (not accept_valid or not everything - plan.refused > 0):
            raise CommandError(f"有 {plan.refused} 处需要更正，一行也没有写入", returncode=_REFUSED)
        if dry_run:
            self.stdout.write("只核对，没有写入 (dry run)")
            return
        progress = _Progress(self.stderr)
        try:
            result = write_import(plan, by=by, accept_valid=accept_valid, on_progress=progress)
        except ImportRefused as refused:
            raise CommandError(str(refused), returncode=_REFUSED) from None
        finally:
            progress.end()
        self.stdout.write(
            f"已导入：新增 {result.new} 行，修改 {result.changed} 行，无变化 {result.same} 行"
            + (f"，未导入 {result.refused} 行" if result.refused else "")
        )

    def _read(self, paths: list[str]) -> list[tuple[str, bytes]]:
        files = []
        for path in map(Path, paths):
            if path.is_dir():
                files += self._workbooks_in(path)
            elif path.is_file():
                files.append(path)
            else:
                raise CommandError(f"{path}：没有这个文件或文件夹", returncode=_USAGE)
        if not files:
            raise CommandError("文件夹里没有 .xlsx 工作簿", returncode=_REFUSED)
        try:
            return [(path.name, path.read_bytes()) for path in files]
        except OSError as error:
            raise CommandError(f"{error.filename}：读不了文件", returncode=_REFUSED) from error

    def _workbooks_in(self, folder: Path) -> list[Path]:
        """Workbooks of a folder by name; lock files of open workbooks are none."""
        found = []
        for path in sorted(folder.iterdir()):
            if path.name.startswith(("~$", ".")) or not path.is_file():
                continue
            if path.suffix.lower() == ".xlsx":
                found.append(path)
            elif path.suffix.lower() in _OTHER_FORMATS:
                self.stderr.write(f"{path.name}：不是 .xlsx，没有读取；请另存为 .xlsx 后再导入")
        return found

    def _print_sheets(self, plan: ImportPlan) -> None:
        heads = ["文件", "工作表", "台账", "读取", "新增", "修改", "无变化", "需更正"]
        lines = [
            [
                Path(sheet.file).name,
                sheet.sheet,
                sheet.ledger or "—",
                *(
                    f"{n}"
                    for n in (sheet.read, sheet.new, sheet.changed, sheet.same, sheet.refused)
                ),
            ]
            for sheet in plan.sheets
        ]
        widths = [max(map(_width, column)) for column in zip(heads, *lines, strict=True)]
        for line in (heads, *lines):
            cells = [
                text.rjust(width - _width(text) + len(text))
                if place > 2
                else text.ljust(width - _width(text) + len(text))
                for place, (text, width) in enumerate(zip(line, widths, strict=True))
            ]
            self.stdout.write("  ".join(cells).rstrip())

    def _print_remarks(self, plan: ImportPlan) -> None:
        for sheet in plan.sheets:
            where = " ".join(filter(None, (Path(sheet.file).name, sheet.sheet)))
            if sheet.unknown_columns:
                self.stdout.write(f"{where}：没有采用的列：{'、'.join(sheet.unknown_columns)}")
            for items, stream, more in (
                (sheet.notes, self.stdout, "条提示"),
                (sheet.problems, self.stderr, "处需更正"),
            ):
                for row, column, value, reason in items[:_PRINTED]:
                    place = "，".join(filter(None, (f"第 {row} 行" if row else "", column)))
                    text = f"“{value}”" if value else ""
                    stream.write(f"{where}{' ' + place if place else ''}{text}：{reason}")
                if len(items) > _PRINTED:
                    stream.write(f"{where}：另有 {len(items) - _PRINTED} {more}")


def _account(username: str):
    """The active account of that name."""
    try:
        return get_user_model().objects.get(username=username, is_active=True)
    except get_user_model().DoesNotExist:
        raise CommandError(f"--as {username}：没有这个账号，或已停用", returncode=_USAGE) from None


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


class _Progress:
    """A bar on a terminal, a line every few seconds otherwise; silent while it is quick."""

    EVERY = 3.0

    def __init__(self, stream):
        self.stream = stream
        self.terminal = sys.stderr.isatty()
        self.last = time.monotonic()
        self.drawn = False

    def __call__(self, phase: str, done: int, total: int) -> None:
        share = done / total if total else 1.0
        if self.terminal:
            filled = int(share * 30)
            bar = "#" * filled + "." * (30 - filled)
            self.stream.write(f"\r\033[K[{bar}] {share:4.0%} {phase}", ending="")
            self.stream.flush()
            self.drawn = True
        elif time.monotonic() - self.last >= self.EVERY:
            self.stream.write(f"{share:4.0%} {phase}")
            self.last = time.monotonic()

    def end(self) -> None:
        if self.drawn:
            self.stream.write("\r\033[K", ending="")
            self.drawn = False
