from django.core.management.base import BaseCommand
from django.utils import timezone

from branches.clock import today
from compliance import services
from ledgers.closing import NotClosed, close_month, to_close
from notices.delivering import deliver_due
from notices.models import DeliveryState


class Command(BaseCommand):
    """Does what the schedule does, once, now."""

    help = "补做：核对待核对的变动，补上没有运行的夜间核对和封账，发出等着发送的通知"

    def handle(self, **options):
        consumed = services.refresh(as_of=today())
        self.stdout.write(f"已重新核对变动 {consumed} 处")
        run = services.catch_up(today())
        if run is None:
            self.stdout.write("今天的核对已完成")
        else:
            self.stdout.write(f"已核对 {run.judged} 项，变动 {run.written} 项")
        for organisation, month in to_close(today()):
            self._close(organisation, month)
        sent = deliver_due(timezone.now())
        if sent:
            waiting = sent.total() - sent[DeliveryState.SENT]
            self.stdout.write(f"已发出通知 {sent[DeliveryState.SENT]} 条，没有发成 {waiting} 条")

    def _close(self, organisation, month) -> None:
        try:
            close_month(organisation=organisation, month=month, today=today(), by=None)
        except NotClosed as refused:
            self.stderr.write(str(refused))
        else:
            self.stdout.write(f"{organisation.short_name}{month.label}已封账")
