"""What happens to organisations, county values and waivers."""

from decimal import Decimal

from branches.models import BranchUnit, Form, Group, Kind, Organisation, Sector
from branches.premises import set_budget
from branches.services import (
    add_group,
    change_facts,
    change_organisation,
    found_organisation,
    move_organisation,
    set_value,
)
from branches.units import add_unit, end_unit
from compliance import exemptions
from compliance.models import Exemption
from compliance.registry import ON_KEYS, RULES, STRICT_KEYS
from compliance.scopes import campaign_scope, sector_scope
from dues.values import ARREARS_MONTHS, PUBLISH_EVERY, REMIT_DAY
from meetings.hours import YEARLY_HOURS
from meetings.values import LECTURES_A_YEAR, THEME_DAYS_A_MONTH
from members.enums import AssignmentRole
from members.posts import COMMITTEE_FROM
from members.services import (
    assignments,
)
from members.services.organisations import dissolve_organisation, end_group
from members.terms import REQUEST_MONTHS
from tests.compliance.worlds.choosing import DAY, Choosing, picked

# County values that a history changes, each with values to take.
CHANGEABLE = [
    (THEME_DAYS_A_MONTH, (1, 2)),
    (LECTURES_A_YEAR, (2, 4, 6)),
    (YEARLY_HOURS, (16, 32)),
    (COMMITTEE_FROM, (3, 5, 7)),
    (REQUEST_MONTHS, (1, 4, 6)),
    (ARREARS_MONTHS, (1, 2, 6)),
    (PUBLISH_EVERY, (PUBLISH_EVERY.default,)),
    (REMIT_DAY, (1, 10, 28)),
    (STRICT_KEYS["meetings.theme_day"], (True, False)),
    (STRICT_KEYS["dues.paid"], (True, False)),
]


class OrganisationActs(Choosing):
    """What happens to organisations, county values and waivers."""

    def found(self, who, number, day):
        found_organisation(
            by=self.by,
            on=day,
            parent=picked(self.committees, who),
            kind=Kind.BRANCH,
            name=f"新{number}支部{day:%m%d}",
            code=f"N{Organisation.objects.count()}",
            form=(Form.SINGLE, Form.JOINT, Form.TEMPORARY)[number % 3],
            sector=Sector.COMMUNITY,
        )

    def refound(self, who, number, day):
        change_organisation(self.branch(who), by=self.by, founded_on=day)

    def reform(self, who, number, day):
        form = (Form.JOINT, Form.SINGLE, Form.FUNCTIONAL)[number % 3]
        change_facts(self.branch(who), by=self.by, on=day, today=self.today, form=form)

    def move_branch(self, who, number, day):
        to = picked(self.committees, number)
        move_organisation(self.branch(who), to=to, by=self.by, on=day, today=self.today)

    def dissolve(self, who, number, day):
        dissolve_organisation(
            self.branch(who),
            by=self.by,
            on=day,
            today=self.today,
            reason="云组发〔2026〕7号",
            to=self.branch(who + 1 + number % 2),
        )

    def group(self, who, number, day):
        add_group(self.branch(who), name=f"第{number}小组", on=day, today=self.today, by=self.by)

    def group_ends(self, who, number, day):
        if group := picked(Group.objects.order_by("pk"), who):
            end_group(group, on=day, today=self.today, by=self.by)

    def unit(self, who, number, day):
        for one in range(number):
            name = f"第{one}协会"
            add_unit(self.branch(who), name=name, on=day, today=self.today, by=self.by)

    def unit_ends(self, who, number, day):
        if row := picked(BranchUnit.objects.order_by("pk"), who):
            end_unit(row, on=day, today=self.today, by=self.by)

    def budget(self, who, number, day):
        amount = Decimal(number * 150)
        set_budget(organisation=self.branch(who), year=day.year, amount=amount, by=self.by)

    def instructor(self, who, number, day):
        assignments.assign(
            organisation=self.branch(who),
            role=AssignmentRole.INSTRUCTOR,
            person_name=f"方立{number}",
            starts_on=day,
            ends_on=day + DAY * 20 if number % 2 else None,
            by=self.by,
        )

    # --- Values and waivers ---

    def value(self, who, number, day):
        key, values = CHANGEABLE[who % len(CHANGEABLE)]
        on = day + DAY * (10 * (number % 4))
        set_value(key, values[number % len(values)], by=self.by, on=on, reason="县里决定")

    def value_of_sector(self, who, number, day):
        key, values = CHANGEABLE[who % len(CHANGEABLE)]
        sector = (Sector.COMMUNITY, Sector.VILLAGE)[number % 2]
        value = (*values, None)[number % (len(values) + 1)]
        scope = sector_scope(sector)
        set_value(key, value, by=self.by, on=day, reason="分领域", scope=scope, scope_words="领域")

    def resector(self, who, number, day):
        sector = (Sector.VILLAGE, Sector.COMMUNITY)[number % 2]
        change_facts(self.branch(who), by=self.by, on=day, today=self.today, sector=sector)

    def switch(self, who, number, day):
        key = ON_KEYS[picked(RULES, who)]
        set_value(key, bool(number % 2), by=self.by, on=day, reason="县里决定")

    def value_of_campaign(self, who, number, day):
        key, values = CHANGEABLE[who % len(CHANGEABLE)]
        value, scope = values[number % len(values)], campaign_scope(self.campaign)
        set_value(key, value, by=self.by, on=day, reason="方案", scope=scope, scope_words="方案")

    def waive(self, who, number, day):
        code = list(RULES)[(who * 7 + number) % len(RULES)]
        kinds = RULES[code].kinds
        exemptions.grant(
            rule=code,
            organisation=picked(Organisation.objects.filter(kind__in=kinds).order_by("pk"), who),
            starts_on=day,
            ends_on=day + DAY * (5 + 20 * number),
            reason="抗汛",
            by=self.by,
            today=self.today,
        )

    def waive_no_more(self, who, number, day):
        if waiver := picked(Exemption.objects.order_by("pk"), who):
            exemptions.withdraw(waiver, reason="取消", by=self.by, today=self.today)
