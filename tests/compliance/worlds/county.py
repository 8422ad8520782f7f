"""A small county in which anything may happen, by the services that people use.

Each act takes (who, number, day): two small numbers that choose whom and what, and a day.
"""

import datetime
import inspect

from django.db import transaction

from accounts.roles import Role
from branches.deadlines import BEGINS
from branches.premises import PremisesFault
from branches.services import OrganisationFault
from compliance import exemptions
from compliance.services import refresh_everybody, whole_night
from dues.services import Refused as DuesRefused
from meetings.services import Refused as MeetingRefused
from members.enums import PostTitle
from members.services import Refused as MemberRefused
from tasks.services import Refused as TaskRefused
from tests import factories
from tests.compliance.verdicts import county_value
from tests.compliance.worlds.dues import DuesActs
from tests.compliance.worlds.meetings import MeetingActs
from tests.compliance.worlds.organisations import OrganisationActs
from tests.compliance.worlds.people import PeopleActs
from tests.compliance.worlds.tasks import TaskActs

REFUSALS = (
    DuesRefused,
    MeetingRefused,
    MemberRefused,
    TaskRefused,
    OrganisationFault,
    PremisesFault,
    exemptions.Refused,
)
BEGINNING = datetime.date(2026, 5, 1)
FIRST_DAY = datetime.date(2026, 6, 20)
EARLIEST = datetime.date(2026, 4, 20)


class World(OrganisationActs, PeopleActs, MeetingActs, DuesActs, TaskActs):
    """Two committees with three branches, whose records begin in May 2026."""

    def __init__(self):
        county_value(BEGINS, BEGINNING.isoformat(), datetime.date(2024, 1, 1))
        self.county = factories.make_county(code="C")
        self.committees = [
            factories.make_committee(self.county, f"{name}党工委", code=code)
            for name, code in (("东街", "C1"), ("西街", "C2"))
        ]
        for number in range(3):
            self._branch(self.committees[number // 2], number)
        self.campaign = factories.make_campaign(self.county)
        factories.make_measure(self.campaign)
        # One who may do what branch, committee and county do.
        self.by = factories.make_user(Role.SECRETARY, self.county)
        self.superior = factories.make_user(Role.COUNTY_OFFICER, self.county)
        self.today = FIRST_DAY
        self.night()

    def _branch(self, committee, number: int) -> None:
        branch = factories.make_branch(
            committee, f"第{number}支部", code=f"{committee.code}-{number}"
        )
        members = factories.make_members(branch, 3 + number)
        for member in members:
            factories.make_approved_amount(member)
            factories.make_charge(member, BEGINNING)
        factories.make_post(branch, PostTitle.SECRETARY, member=members[0])
        factories.make_post(branch, PostTitle.ORGANISATION, member=members[1])
        factories.make_term(
            branch, starts_on=datetime.date(2023, 9, 1), ends_on=datetime.date(2026, 8, 31)
        )
        factories.make_group(branch)

    # --- Time ---

    def step(self, act: str, who: int, number: int, back: int) -> None:
        """Do something, or be refused it, on a day so long ago; then let the minute pass."""
        day = max(self.today - datetime.timedelta(days=back), EARLIEST)
        try:
            with transaction.atomic():
                getattr(self, act)(who, number, day)
        except REFUSALS:
            return
        refresh_everybody(self.today)

    def pass_days(self, who, number, day) -> None:
        """Some days on, with the night of the last of them."""
        self.today += datetime.timedelta(days=(1, 3, 5, 11, 31)[number % 5])
        self.night()

    def night(self) -> None:
        whole_night(self.today)


ACTS = sorted(
    name
    for name in dir(World)
    if callable(act := getattr(World, name))
    and not name.startswith("__")
    and inspect.signature(act).parameters.keys() >= {"who", "number", "day"}
)
