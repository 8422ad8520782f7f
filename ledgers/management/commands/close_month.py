from django.core.management.base import BaseCommand, CommandError

from branches.clock import today
from branches.models import Organisation
from ledgers.closing import NotClosed, close_month
from ledgers.management.commands.export_ledger import counting, month_typed


class Command(BaseCommand):
    """Closes a month: what its ledger says then stays. Twice is harmless.

    Without --organisation it is the topmost there is. Prints the content hash.
    """

    help = "封账：close_month 2026-03"

    def add_arguments(self, parser):
        parser.add_argument("month", type=month_typed, metavar="YYYY-MM")
        parser.add_argument("--organisation", metavar="CODE")

    def handle(self, *, month, organisation, **options):
        chosen = self._organisation(organisation)
        try:
            closed, is_new = close_month(
                organisation=chosen,
                month=month,
                today=today(),
                by=None,
                on_progress=counting(self.stderr),
            )
        except NotClosed as refused:
            raise CommandError(str(refused)) from refused
        self.stderr.write(f"{chosen.name} {month.label}{'已' if is_new else '早已'}封账")
        self.stdout.write(closed.ledger.content_hash)

    def _organisation(self, code) -> Organisation:
        chosen = Organisation.objects.filter(**({"code": code} if code else {"parent": None}))
        found = list(chosen[:2])
        if not found:
            raise CommandError(f"没有编码为 {code} 的组织" if code else "没有可以封账的组织")
        if len(found) > 1:
            raise CommandError("有多个组织，请用 --organisation 指定", returncode=2)
        return found[0]
