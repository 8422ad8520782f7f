"""What happens to members, posts, terms and those who are away."""

import datetime

from branches.periods import Span, period_of
from members.enums import AbsenceKind, ContactWay, MemberKind, PostTitle, Step
from members.models import (
    Absence,
    Contact,
    Development,
    FileCheck,
    Member,
    Post,
    Term,
    Transfer,
)
from members.services import (
    checks,
    contacts,
    development,
    people,
    posts,
    records,
    terms,
    transfers,
)
from members.services.development_entry import Entry
from members.services.post_checks import Holder
from tests import factories
from tests.compliance.worlds.choosing import DAY, Choosing, picked


class PeopleActs(Choosing):
    """What happens to members, posts, terms and those who are away."""

    def join(self, who, number, day):
        people.create_member(
            branch=self.branch(who),
            by=self.by,
            on=day,
            name=f"林新{Member.objects.count()}",
            kind=(MemberKind.FORMAL, MemberKind.PROBATIONARY)[number % 2],
            joined_on=day - DAY * (400 * (number % 3)),
            confirmed_on=None,
            id_number=factories.make_id_number(),
        )

    def redate(self, who, number, day):
        joined_on = day - DAY * 365 * (number % 3)
        facts = {"joined_on": joined_on, "confirmed_on": joined_on + DAY * 366}
        facts["kind"] = (MemberKind.FORMAL, MemberKind.PROBATIONARY)[number % 2]
        if facts["kind"] == MemberKind.PROBATIONARY:
            facts["confirmed_on"] = None
        records.change_member(member=self.member(who), by=self.superior, **facts)

    def leave(self, who, number, day):
        person = self.member(who)
        people.leave(member=person, on=day, reason="去世", by=self.by, today=self.today)

    def return_(self, who, number, day):
        left = Member.objects.filter(left_on__isnull=False).order_by("pk")
        if person := picked(left, who):
            people.undo_leaving(member=person, by=self.by, reason="登记有误")

    def move(self, who, number, day):
        people.move_membership(member=self.member(who), to=self.branch(number), on=day, by=self.by)

    def transfer(self, who, number, day):
        person = self.member(who)
        transfer = transfers.start_transfer(
            member=person, by=self.by, on=day, to=self.branch(number)
        )
        transfers.issue_letter(
            transfer=transfer, number="介1", addressee="第0支部", on=day, valid_days=5, by=self.by
        )

    def transfer_ends(self, who, number, day):
        if transfer := picked(Transfer.objects.open().order_by("pk"), who):
            if number % 2:
                transfers.receive_member(transfer=transfer, on=day, by=self.by)
            else:
                transfers.withdraw_transfer(transfer=transfer, reason="不转", on=day, by=self.by)

    def apply(self, who, number, day):
        development.start_development(
            organisation=self.branch(who),
            applied_on=day,
            name=f"余申{number}",
            born_on=datetime.date(1990, 3, 4),
            id_number=factories.make_id_number(datetime.date(1990, 3, 4)),
            by=self.by,
            today=self.today,
        )

    def take_step(self, who, number, day):
        if way := picked(Development.objects.order_by("pk"), who):
            entry = Entry((Step.TALKED, Step.ACTIVIST)[number % 2], day, override_reason="补记")
            development.register_step(
                development=way, entry=entry, by=self.superior, today=self.today
            )

    def appoint(self, who, number, day):
        branch = self.branch(who)
        holder = Holder(
            title=(PostTitle.SECRETARY, PostTitle.ORGANISATION, PostTitle.MEMBER)[number % 3],
            member=picked(Member.objects.filter(organisation=branch).order_by("pk"), number),
        )
        posts.appoint(organisation=branch, holder=holder, on=day, by=self.by, ends_predecessor=True)

    def resign(self, who, number, day):
        if post := picked(Post.objects.order_by("pk"), who):
            if number % 3:
                posts.end_post(post=post, on=day, by=self.by)
            else:
                posts.remove_post(post=post, by=self.by, reason="误登")

    def term(self, who, number, day):
        terms.register_term(
            organisation=self.branch(who),
            starts_on=day,
            ends_on=day + DAY * (20 + 300 * number),
            by=self.by,
            today=self.today,
        )

    def correct_term(self, who, number, day):
        if term := picked(Term.objects.order_by("pk"), who):
            ends_on = day + DAY * (number * 40)
            facts = {"starts_on": term.starts_on, "ends_on": ends_on}
            terms.correct_term(term=term, by=self.by, today=self.today, **facts)

    def notify(self, who, number, day):
        if term := picked(Term.objects.order_by("pk"), who):
            terms.give_notices(
                terms=[term], on=self.today, first_number="柳组提1号", by=self.by, today=self.today
            )

    def go_away(self, who, number, day):
        contacts.register_absence(
            member=self.member(who),
            kind=list(AbsenceKind)[number % 3],
            starts_on=day - DAY * (number * 60),
            by=self.by,
            today=self.today,
        )

    def come_back(self, who, number, day):
        if absence := picked(Absence.objects.order_by("pk"), who):
            if number % 2:
                contacts.remove_absence(absence=absence, by=self.by, reason="误登")
            else:
                contacts.end_absence(absence=absence, on=day, by=self.by, today=self.today)

    def contact(self, who, number, day):
        facts = {"on": day, "by_name": "宋佳宁", "way": ContactWay.PHONE}
        contacts.record_contacts(members=[self.member(who)], by=self.by, today=self.today, **facts)

    def uncontact(self, who, number, day):
        if contact := picked(Contact.objects.order_by("pk"), who):
            contacts.remove_contact(contact=contact, by=self.by)

    def check_files(self, who, number, day):
        check = checks.start_check(
            organisation=self.branch(who),
            period=period_of(Span.HALF, day),
            on=day,
            by=self.by,
            today=self.today,
        )
        if number % 2:
            checks.tick_rest(check=check, by=self.by, on=day)
            checks.finish_check(check=check, on=day, by=self.by, today=self.today)

    def reopen_check(self, who, number, day):
        if check := picked(FileCheck.objects.order_by("pk"), who):
            checks.reopen_check(check=check, reason="漏了人", by=self.by)
