from django.core.management.base import BaseCommand

from branches.clock import today
from compliance import services


class Command(BaseCommand):
    """Does what the schedule does, once, now."""

    help = "补做：处理待核对的变动，并补上没有运行的夜间核对"

    def handle(self, **options):
        consumed = services.refresh(as_of=today())
        self.stdout.write(f"已重新核对变动 {consumed} 处")
        run = services.catch_up(today())
        if run is None:
            self.stdout.write("今天的核对已完成")
        else:
            self.stdout.write(f"已核对 {run.judged} 项，变动 {run.written} 项")
