"""What happens to dues."""

from decimal import Decimal

from branches.periods import Span, add_months, period_named, period_of
from dues.enums import RemittanceState, RequestKind
from dues.models import Payment, Publication, Remittance
from dues.rates import Category
from dues.services import (
    amount_checks,
    amounts,
    fills,
    payments,
    publications,
    remittances,
    requests,
)
from tests.compliance.worlds.choosing import DAY, Choosing, picked


class DuesActs(Choosing):
    """What happens to dues."""

    def cell(self, who, day):
        person, month = self.member(who), day.replace(day=1)
        standing = Payment.objects.filter(
            member=person, organisation=person.organisation, month=month
        )
        return {
            "member": person,
            "organisation": person.organisation,
            "month": month,
            "seen": sum(standing.values_list("amount", flat=True), Decimal(0)),
            "by": self.by,
            "today": self.today,
            "confirmed": True,
        }

    def pay(self, who, number, day):
        payments.add_payment(**self.cell(who, day), amount=Decimal((10, 20, 30)[number % 3]))

    def fill(self, who, number, day):
        month = day.replace(day=1)
        branch = self.branch(who)
        fills.fill_month(organisation=branch, month=month, by=self.by, today=self.today)

    def unpay(self, who, number, day):
        payments.correct_payment(**self.cell(who, day), amount=Decimal(0), reason="看错一行")

    def approve(self, who, number, day):
        person = self.member(who)
        proposal = amount_checks.Proposal(
            person,
            Category.FARMER,
            amount=Decimal("20.00") + number,
            from_month=day.replace(day=1),
            reason="支部核定",
        )
        amounts.approve_amount(
            organisation=person.organisation,
            year=day.year,
            proposal=proposal,
            approved_on=self.today,
            by=self.by,
            today=self.today,
        )

    def relieve(self, who, number, day):
        person = self.member(who)
        request = requests.ask(
            member=person,
            organisation=person.organisation,
            kind=RequestKind.EXEMPTION,
            from_month=day.replace(day=1),
            until_month=add_months(day.replace(day=1), number % 3),
            reason="家庭困难",
            by=self.by,
            today=self.today,
        )
        requests.decide(
            request=request, approved=True, on=self.today, by=self.superior, today=self.today
        )

    def remit(self, who, number, day):
        branch, quarter = self.branch(who), period_of(Span.QUARTER, day)
        entries = Payment.objects.filter(
            organisation=branch, month__lte=quarter.ends_on, remittance=None
        )
        remittances.send(
            organisation=branch,
            quarter=quarter,
            amount=sum(entries.values_list("amount", flat=True), Decimal(0)),
            remitted_on=self.today,
            slip_number="回1",
            explanation="含上季度",
            by=self.by,
            today=self.today,
        )

    def confirm(self, who, number, day):
        sent = Remittance.objects.filter(state=RemittanceState.SENT).order_by("pk")
        if remittance := picked(sent, who):
            if number % 2:
                remittances.confirm(remittance=remittance, by=self.superior, today=self.today)
            else:
                remittances.send_back(
                    remittance=remittance, reason="金额不符", by=self.superior, today=self.today
                )

    def post(self, who, number, day):
        publications.mark_posted(
            organisation=self.branch(who),
            period=period_of((Span.QUARTER, Span.HALF, Span.YEAR)[number % 3], day),
            posted_on=day,
            posted_until=day + DAY * 7,
            person="组织委员",
            by=self.by,
            today=self.today,
        )

    def unpost(self, who, number, day):
        if posted := picked(Publication.objects.order_by("pk"), who):
            period = period_named(posted.period)
            publications.take_back(publication=posted, period=period, reason="误登", by=self.by)
