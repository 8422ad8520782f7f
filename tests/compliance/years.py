"""The sample county, trimmed, and what goes on happening in it after its last day.

The samples know the county from January to September 2026. Afterwards each branch goes on as it
did: its meetings and payments come again 39 weeks and nine months later. To that come the events
of EVENTS, of which nobody could know before.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import openpyxl
from django.core.management import call_command
from django.test import override_settings

from branches.models import Kind, Organisation
from branches.periods import add_months
from branches.services import found_organisation
from compliance import exemptions
from compliance.registry import RULES
from dues.models import Charge, Payment
from meetings.models import Attendance, Meeting, MeetingType
from members.enums import AbsenceKind, PostTitle
from members.models import Member, Post
from members.roster import roster
from members.services import contacts, people, posts
from members.services.organisations import dissolve_organisation
from tasks.services import ledger
from tests import factories

LAST_KNOWN = datetime.date(2026, 9, 30)
DAY = datetime.timedelta(days=1)
THEME_DAY = "meetings.theme_day"
_AGAIN = datetime.timedelta(weeks=39)
_CODES = ("党支部编码", "组织编码")
# Every so many meetings one is entered so many days after it was held.
_LATE_EACH, _LATE_BY = 5, 10
_PAID_ON = 20


def trimmed(folder: Path, into: Path, *, every: int) -> Path:
    """The workbooks of a sample with one branch of `every`, and with all committees."""
    into.mkdir()
    for path in sorted(folder.glob("*.xlsx")):
        book = openpyxl.load_workbook(path, read_only=True)
        rows = book.active.iter_rows(values_only=True)
        small = openpyxl.Workbook(write_only=True)
        sheet = small.create_sheet(book.active.title)
        headings = next(rows)
        sheet.append(headings)
        column = next(headings.index(name) for name in _CODES if name in headings)
        for row in rows:
            _committee, dash, number = row[column].partition("-")
            if not dash or int(number) % every == 1:
                sheet.append(row)
        small.save(into / path.name)
    return into


def import_county(folder: Path) -> None:
    """The county as its workbooks know it on 30 September 2026."""
    with override_settings(TODAY_OVERRIDE=LAST_KNOWN):
        call_command("import_workbooks", str(folder))


class Life:
    """What happens on which day. `news` holds, by rule and organisation, the last day on which an
    event about it happened that nobody could foresee."""

    def __init__(self, until: datetime.date):
        self.branches = list(Organisation.objects.filter(kind=Kind.BRANCH).order_by("code"))
        self.news: dict[tuple[str, int], datetime.date] = {}
        self._days: dict[datetime.date, list[Callable]] = defaultdict(list)
        self._by = factories.make_user("county_officer", Organisation.objects.get(parent=None))
        self._meetings_again(until)
        self._payments_again(until)
        self._events()

    def live(self, day: datetime.date) -> None:
        """Everything that happens on a day."""
        for act in self._days.get(day, ()):
            act(day)

    # --- What goes on as before ---

    def _meetings_again(self, until: datetime.date) -> None:
        for number, meeting in enumerate(Meeting.objects.order_by("held_on", "pk")):
            held_on = meeting.held_on + _AGAIN
            while held_on <= until:
                entered_on = held_on + DAY * (_LATE_BY if number % _LATE_EACH == 0 else 0)
                self._days[entered_on].append(self._meeting_again(meeting, held_on))
                held_on += _AGAIN

    @staticmethod
    def _meeting_again(old: Meeting, held_on: datetime.date) -> Callable:
        def act(_day):
            ended = Organisation.objects.filter(dissolved_on__lte=held_on)
            if ended.filter(pk=old.organisation_id).exists():
                return
            meeting = Meeting.objects.create(
                organisation_id=old.organisation_id,
                held_on=held_on,
                state=old.state,
                hours=old.hours,
                topic=old.topic,
                lecturer_id=old.lecturer_id,
                lecturer_name=old.lecturer_name,
            )
            MeetingType.objects.bulk_create(
                MeetingType(meeting=meeting, type=row.type) for row in old.types.all()
            )
            Attendance.objects.bulk_create(
                Attendance(
                    meeting=meeting,
                    member_id=row.member_id,
                    state=row.state,
                    was_formal=row.was_formal,
                    may_vote=row.may_vote,
                )
                for row in old.attendances.all()
            )

        return act

    def _payments_again(self, until: datetime.date) -> None:
        """On the 20th of a month those pay what is charged who paid nine months before, to the
        branch whose roster they are on."""
        month = LAST_KNOWN.replace(day=1)
        while (month := add_months(month, 1)) <= until:
            self._days[month.replace(day=_PAID_ON)].append(self._pay(month))

    @staticmethod
    def _pay(month: datetime.date) -> Callable:
        def act(day):
            before = Payment.objects.filter(month=add_months(month, -9))
            homes = dict(
                roster(Organisation.objects.all(), day).values_list("member_id", "organisation_id")
            )
            charges = Charge.objects.filter(month=month, member__in=before.values("member"))
            Payment.objects.bulk_create(
                Payment(
                    member_id=charge.member_id,
                    organisation_id=homes[charge.member_id],
                    month=month,
                    amount=charge.amount,
                    paid_on=day,
                )
                for charge in charges
                if charge.amount and charge.member_id in homes
            )

        return act

    # --- What nobody could know ---

    def _on(self, day: datetime.date, act: Callable, *about: tuple[str, int]) -> None:
        """Something happens on a day; `about` are the rules and organisations it is news of."""

        def with_news(on):
            act(on)
            self.news |= dict.fromkeys(about, on)

        self._days[day].append(with_news)

    def _events(self) -> None:
        few = self.branches
        self._on(datetime.date(2026, 11, 4), self._task(few[0], 12), ("tasks.overdue", few[0].pk))
        self._on(datetime.date(2026, 11, 6), self._task(few[1], 80))
        self._on(datetime.date(2026, 12, 10), self._resign(few[2]), *self._posts_of(few[2]))
        self._on(datetime.date(2027, 1, 5), self._appoint(few[2]))
        self._on(datetime.date(2026, 12, 23), self._die(few[3]), *self._people_of(few[3]))
        self._on(
            datetime.date(2027, 1, 12), self._lose(few[1]), ("members.lost_contact", few[1].pk)
        )
        self._on(datetime.date(2026, 12, 28), self._waive(few[4]))
        self._on(datetime.date(2027, 3, 9), self._found())
        self._on(
            datetime.date(2027, 5, 18), self._dissolve(few[5], few[0]), *self._people_of(few[0])
        )

    @staticmethod
    def _posts_of(branch) -> list[tuple[str, int]]:
        codes = ("branches.no_secretary", "branches.no_committee", "branches.committee_size")
        return [(code, branch.pk) for code in codes]

    def _people_of(self, branch) -> list[tuple[str, int]]:
        """People who come or go may leave a branch too small, too large, or in arrears."""
        codes = ("branches.too_small", "branches.too_large", "dues.arrears", "dues.paid")
        return [*self._posts_of(branch), *((code, branch.pk) for code in codes)]

    def _task(self, branch, days: int) -> Callable:
        def act(day):
            facts = ledger.TaskFacts(
                source="镇街检查",
                problem=f"{day:%m%d}检查发现的问题",
                responsible_leader="沈知行",
                responsible_unit=branch.name,
                responsible_person="林守正",
                opened_on=day,
                due_on=day + DAY * days,
            )
            ledger.list_task(organisation=branch, facts=facts, by=self._by, on=day)

        return act

    def _resign(self, branch) -> Callable:
        def act(day):
            held = Post.objects.filter(organisation=branch, title=PostTitle.SECRETARY, ends_on=None)
            for post in held:
                posts.end_post(post=post, on=day, by=self._by)

        return act

    def _appoint(self, branch) -> Callable:
        def act(day):
            factories.make_post(branch, member=self._somebody(branch), starts_on=day)

        return act

    @staticmethod
    def _somebody(branch) -> Member:
        standing = Member.objects.filter(organisation=branch, left_on=None, kind="formal")
        return standing.order_by("-pk").first()

    def _die(self, branch) -> Callable:
        def act(day):
            facts = {"on": day, "reason": "去世", "by": self._by, "today": day}
            people.leave(member=self._somebody(branch), **facts)

        return act

    def _lose(self, branch) -> Callable:
        def act(day):
            contacts.register_absence(
                member=self._somebody(branch),
                kind=AbsenceKind.LOST,
                starts_on=day,
                by=self._by,
                today=day,
            )

        return act

    def _waive(self, branch) -> Callable:
        def act(day):
            if THEME_DAY not in RULES:
                # The year of the other half of the rules.
                return
            exemptions.grant(
                rule=THEME_DAY,
                organisation=branch,
                starts_on=day,
                ends_on=day + DAY * 75,
                reason="抗雪救灾",
                by=self._by,
                today=day,
            )

        return act

    def _found(self) -> Callable:
        def act(day):
            committee = Organisation.objects.get(code="QH04")
            branch = found_organisation(
                by=self._by,
                on=day,
                parent=committee,
                kind=Kind.BRANCH,
                code="QH04-9001",
                name="新设党支部",
                sector="community",
            )
            factories.make_members(branch, 4, joined_on=day)
            # Whatever it owes is news.
            self.news[("", branch.pk)] = day

        return act

    def _dissolve(self, branch, to) -> Callable:
        def act(day):
            dissolve_organisation(
                branch, by=self._by, on=day, today=day, reason="云组发〔2027〕3号", to=to
            )

        return act
