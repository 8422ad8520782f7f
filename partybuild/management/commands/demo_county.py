"""Fills an empty database with an invented county."""

import os
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from branches.clock import today
from branches.periods import month_of
from partybuild.demo import accounts, county
from partybuild.demo.window import Window

# Seconds between two lines of progress.
_PAUSE = 3


class Command(BaseCommand):
    help = "在空数据库中生成一个虚构的演示县 Fill an empty database with an invented county."

    def add_arguments(self, parser):
        parser.add_argument("--branches", type=int, default=60, help="党支部数 (60)")
        parser.add_argument("--members", type=int, default=1400, help="党员数 (1400)")
        parser.add_argument("--months", type=int, default=12, help="月数 (12)")
        parser.add_argument("--until", metavar="YYYY-MM", help="最后一个月，默认本月")
        parser.add_argument("--seed", type=int, default=1, help="随机种子 (1)")

    def handle(self, *, branches, members, months, until, seed, **options):
        window = self._window(until, months)
        if branches < 1 or members < 4 * branches:
            raise CommandError("每个党支部至少要有 4 名党员 (at least 4 members a branch)")
        if not county.is_empty():
            raise CommandError("数据库里已有数据，演示县只写入空数据库 (the database is not empty)")
        self.told = self.started = time.monotonic()
        made = county.write(
            branches=branches,
            members=members,
            seed=seed,
            window=window,
            readable=settings.DEBUG,
            tell=self._tell,
        )
        seconds = time.monotonic() - self.started
        self.stdout.write(
            f"演示县已生成：{branches} 个党支部，{members} 名党员，"
            f"{window.months[0]:%Y-%m} 至 {window.months[-1]:%Y-%m}，用时 {seconds:.0f} 秒"
        )
        self._hand_out(made)

    def _window(self, until, months):
        now = today()
        try:
            last = month_of(until).starts_on if until else now.replace(day=1)
        except ValueError:
            raise CommandError(f"“{until}”不是 2026-09 这样的月份", returncode=2) from None
        if last > now:
            raise CommandError(f"{last:%Y-%m} 还没有到 (that month has not begun)")
        if not 1 <= months <= 120:
            raise CommandError("月数应在 1 到 120 之间 (1 to 120 months)", returncode=2)
        return Window.ending(last, months, now)

    def _tell(self, done, total):
        now = time.monotonic()
        if now - self.told >= _PAUSE and done < total:
            self.told = now
            self.stdout.write(f"  已生成 {done:,}/{total:,} 个党支部，{now - self.started:.0f} 秒")
            self.stdout.flush()

    def _hand_out(self, made):
        """Print the accounts; where the passwords are common knowledge, keep them for `make run`."""
        table = accounts.table(made)
        self.stdout.write(table)
        if settings.DEBUG:
            path = settings.VAR / "demo_accounts.txt"
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
            ) as file:
                file.write(table + "\n")
