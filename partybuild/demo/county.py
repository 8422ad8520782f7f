"""Writing an invented county: chunk by chunk, so memory does not grow with its size."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from random import Random

from django.db import connection, transaction
from django.db.models import DateTimeField, TimeField
from psycopg2.extras import execute_values

from accounts import trail
from accounts.models import User
from accounts.roles import Role
from branches.bulk import batched, refresh_statistics
from branches.models import (
    ActivityRoom,
    Alliance,
    AllianceMember,
    BranchUnit,
    Budget,
    FundEntry,
    Group,
    Organisation,
    Unit,
)
from branches.periods import add_years
from branches.services import create_organisations
from dues.models import (
    ApprovedAmount,
    Charge,
    ChargeChange,
    Contribution,
    DuesRequest,
    OpeningBalance,
    Payment,
    Publication,
    Remittance,
)
from meetings.enums import MeetingState, Type
from meetings.models import (
    Appraisal,
    AppraisalResult,
    Attendance,
    JointInvitation,
    MakeUp,
    Matter,
    MatterStep,
    Meeting,
    MeetingType,
    PlanItem,
    Resolution,
    StudyExemption,
    Talk,
    TalkPerson,
    Training,
    TrainingAttendance,
    Visit,
    YearPlan,
)
from members.enums import PostTitle
from members.models import (
    Absence,
    Assignment,
    Contact,
    Development,
    DevelopmentPlan,
    DevelopmentStep,
    FileCheck,
    FileCheckLine,
    Member,
    Membership,
    Pledge,
    Post,
    Term,
    TermRequest,
    Transfer,
    UnitPost,
)
from notices.models import Notice
from partybuild.demo import (
    accounts,
    campaigns,
    coverage,
    deliberations,
    dues,
    life,
    meetings,
    members,
    organisations,
    plans,
    premises,
    remittances,
    study,
    tasks,
    work,
)
from partybuild.demo.clock import own_times
from partybuild.demo.organisations import Branch, Tree
from partybuild.demo.window import Window
from tasks.models import (
    Finding,
    FoundingStep,
    Inspection,
    InspectionVisit,
    Letter,
    PlusItem,
    PlusPlan,
    Task,
    TaskEvent,
    UnitInstructor,
    UnitSurvey,
    WeakReport,
    WeakStep,
    WeakSurvey,
)

# Branches made and written together; members move only among these.
CHUNK = 60
_BATCH = 4000

_TIMES_OF_ENTRY = (
    (Meeting, "entered_at"),
    (MakeUp, "entered_at"),
    (Matter, "entered_at"),
    (StudyExemption, "entered_at"),
    (Talk, "entered_at"),
    (Training, "entered_at"),
    (Visit, "entered_at"),
    (JointInvitation, "invited_at"),
    (Payment, "entered_at"),
    (ChargeChange, "entered_at"),
    (OpeningBalance, "entered_at"),
    (Contribution, "entered_at"),
    (TaskEvent, "at"),
    (Notice, "sent_at"),
    (WeakStep, "at"),
    *(
        (model, "entered_at")
        for model in (
            *(PlusPlan, PlusItem, WeakReport, WeakSurvey, Inspection, InspectionVisit, Finding),
            *(Letter, UnitSurvey, UnitInstructor, FoundingStep),
        )
    ),
)


def is_empty() -> bool:
    """Whether there is room for a county: nobody's data, none of its accounts."""
    return not (
        Organisation.objects.exists()
        or Member.objects.exists()
        or User.objects.filter(username__in=accounts.USERNAMES).exists()
    )


@contextmanager
def _no_statement_log() -> Iterator[None]:
    """With DEBUG Django writes out every statement with all its values: half of the work here."""
    connection.make_debug_cursor = connection.make_cursor
    try:
        yield
    finally:
        del connection.make_debug_cursor


@_no_statement_log()
@transaction.atomic
def write(
    *,
    branches: int,
    members: int,
    seed: int,
    window: Window,
    readable: bool,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[accounts.Entry]:
    """Store the whole county or nothing; `tell` hears of branches done. Returns the accounts."""
    tree = organisations.plan(branches, members, seed, window)
    _write_tree(tree)
    _write_leaders(tree, seed, window)
    _write_alliance(tree)
    with own_times(*_TIMES_OF_ENTRY):
        county = _County(tree, seed, window)
        for number, some in enumerate(batched(tree.branches, CHUNK)):
            county.write_chunk(some, number)
            tell(number * CHUNK + len(some), len(tree.branches))
        _invite_shown(tree)
        _write_coverage(coverage.coverage_of(tree, window, seed))
        _write_work(work.work_of(tree, window, seed))
    campaigns.write_campaigns(tree, window, seed)
    refresh_statistics()
    made = _write_accounts(tree, county.shown_posts, readable)
    trail.record(
        by=None,
        action="生成演示县",
        area="branches",
        label=tree.county.organisation.name,
        organisation_id=tree.county.organisation.pk,
        object_id=tree.county.organisation.pk,
        after={"党支部": str(branches), "党员": str(members), "随机种子": str(seed)},
    )
    return made


def _write_alliance(tree: Tree) -> None:
    """The shown branch builds together with two of its neighbours."""
    shown = next(branch for branch in tree.branches if branch.is_shown)
    neighbours = [branch for branch in shown.above.branches if branch is not shown][:2]
    starts_on = shown.organisation.founded_on.replace(year=2024)
    alliance = Alliance.objects.create(
        organisation=shown.organisation,
        name="望春片区党建联合体",
        aim="每季度联合开展一次主题党日，共用党员活动室",
        starts_on=starts_on,
    )
    _store(
        AllianceMember,
        [
            AllianceMember(alliance=alliance, organisation=branch.organisation, starts_on=starts_on)
            for branch in (shown, *neighbours)
        ],
    )


def _invite_shown(tree: Tree) -> None:
    """A neighbour holds its latest theme day with the shown branch, which has not answered yet."""
    shown = next(branch for branch in tree.branches if branch.is_shown)
    neighbours = [branch.organisation for branch in shown.above.branches if branch is not shown]
    meeting = Meeting.objects.filter(
        organisation__in=neighbours[:1], state=MeetingState.HELD, types__type=Type.THEME_DAY
    ).first()
    if meeting:
        JointInvitation.objects.create(
            meeting=meeting, organisation=shown.organisation, invited_at=meeting.entered_at
        )


def _write_coverage(made: coverage.Coverage) -> None:
    _store(Unit, made.units)
    for model, rows in (
        (UnitSurvey, made.surveys),
        (UnitInstructor, made.instructors),
        (FoundingStep, made.steps),
    ):
        _store(model, [_with_keys(row) for row in rows])


def _write_work(made: work.Work) -> None:
    """List after list: those that others point at come first."""
    for rows in made.in_order():
        of_a_kind: dict[type, list] = defaultdict(list)
        for row in rows:
            of_a_kind[type(row)].append(_with_keys(row))
        for model, same in of_a_kind.items():
            _store(model, same)


def _store(model, rows: Iterable) -> list:
    """Insert rows that others point at: they get their keys."""
    return model.objects.bulk_create(rows, batch_size=_BATCH)


def _insert(model, rows: Iterable) -> None:
    """Insert rows that nobody points at, without the work `bulk_create` does on every value."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = [field.attname for field in fields]
    adapting = {
        DateTimeField: connection.ops.adapt_datetimefield_value,
        TimeField: connection.ops.adapt_timefield_value,
    }
    times = [
        (n, adapting[type(field)]) for n, field in enumerate(fields) if type(field) in adapting
    ]
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    tuples = []
    for row in rows:
        values = [getattr(row, name) for name in names]
        for n, adapt in times:
            values[n] = adapt(values[n])
        tuples.append(values)
    with connection.cursor() as cursor:
        into = f"INSERT INTO {table} ({columns}) VALUES"
        if connection.vendor == "postgresql":
            execute_values(cursor.cursor, f"{into} %s", tuples, page_size=1000)
        else:
            cursor.executemany(f"{into} ({', '.join(['%s'] * len(fields))})", tuples)


def _write_tree(tree: Tree) -> None:
    """One level after the other: a path needs the parent's key."""
    county = tree.county.organisation
    create_organisations([county])
    for committee in tree.committees:
        committee.organisation.parent = county
    create_organisations([committee.organisation for committee in tree.committees])
    for committee in tree.committees:
        for general in committee.general_branches:
            general.organisation.parent = committee.organisation
    create_organisations([general.organisation for general in tree.general_branches])
    for branch in tree.branches:
        branch.organisation.parent = branch.above.organisation
    create_organisations([branch.organisation for branch in tree.branches])


def _write_leaders(tree: Tree, seed: int, window: Window) -> None:
    """Secretaries and terms of what stands above the branches; known by name only."""
    rng = Random(f"{seed}/leaders")
    terms, posts = [], []
    for unit in [tree.county, *tree.committees, *tree.general_branches]:
        ends_on = add_years(window.today, 1).replace(day=1, month=rng.randint(1, 12))
        starts_on = add_years(ends_on, -5)
        if unit is not tree.county:
            terms.append(Term(organisation=unit.organisation, starts_on=starts_on, ends_on=ends_on))
        posts.append(
            Post(
                organisation=unit.organisation,
                title=PostTitle.SECRETARY,
                person_name=unit.leader,
                starts_on=starts_on,
            )
        )
    _store(Term, terms)
    _store(Post, posts)


def _with_keys(row):
    """The row with the keys of what it points at, known only since that was stored."""
    for field in row._meta.concrete_fields:
        if field.is_relation and field.is_cached(row):
            setattr(row, field.name, getattr(row, field.name))
    return row


class _County:
    """What is carried from chunk to chunk."""

    def __init__(self, tree: Tree, seed: int, window: Window):
        self.tree, self.seed, self.window = tree, seed, window
        self.numbers = members.Numbers()
        self.shown_posts: list[Post] = []
        self.courses = study.courses_of(tree, window)
        _store(Training, self.courses.all())

    def write_chunk(self, branches: list[Branch], number: int) -> None:
        """Write everything of some branches."""
        people, posts = self._write_people(branches, number)
        home = {branch.organisation: branch for branch in branches}
        present = {branch: list(people[branch]) for branch in branches}
        for branch in branches:
            for person in people[branch]:
                for stay in person.stays[1:]:
                    present[home[stay.organisation]].append(person)
        self._write_premises(branches, posts)
        self._write_lives(branches, people)
        self._write_dues(branches, people, present)
        held = self._write_meetings(branches, present, posts)
        self._write_study(branches, present, posts, held)
        self._write_deliberations(branches, present, held)
        self._write_tasks(branches, posts)

    def _write_people(self, branches: list[Branch], number: int):
        _store(Group, [group for branch in branches for group in branch.groups])
        people, terms, posts, last_term = {}, [], {}, {}
        for branch in branches:
            rng = branch.random(self.seed, "members")
            people[branch] = members.people_of(branch, self.numbers, self.window, rng)
            own_terms = members.terms_of(branch, self.window, rng)
            terms += own_terms
            last_term[branch] = own_terms[-1]
            posts[branch] = members.posts_of(
                branch, people[branch], own_terms[-1], self.window, rng
            )
            if branch.is_shown:
                self.shown_posts = posts[branch]
        members.move_some(branches, people, self.window, Random(f"{self.seed}/moves/{number}"))
        everybody = [person for branch in branches for person in people[branch]]
        _store(Member, [person.member for person in everybody])
        _insert(Membership, [row for person in everybody for row in members.memberships(person)])
        _store(Term, terms)
        _store(Post, [post for branch in branches for post in posts[branch]])
        _insert(
            TermRequest,
            [
                request
                for branch in branches
                for request in members.requests_of(branch, last_term[branch], self.window)
            ],
        )
        return people, posts

    def _write_premises(self, branches: list[Branch], posts: dict) -> None:
        units, unit_posts, rooms, budgets, entries, assignments = [], [], [], [], [], []
        for branch in branches:
            rng = branch.random(self.seed, "premises")
            own = premises.units_of(branch, rng)
            units += own
            unit_posts += premises.unit_posts_of(branch, own, posts[branch])
            rooms += premises.rooms_of(branch, self.window, rng)
            planned, moved = premises.funds_of(branch, self.window, rng)
            budgets += planned
            entries += moved
            assignments += premises.assignments_of(branch, self.window, rng)
        _store(Unit, [one.unit for one in units])
        for model, rows in (
            (BranchUnit, units),
            (UnitPost, unit_posts),
            (ActivityRoom, rooms),
            (Budget, budgets),
            (FundEntry, entries),
            (Assignment, assignments),
        ):
            _store(model, rows)

    def _write_lives(self, branches: list[Branch], people: dict) -> None:
        lives = [
            life.life_of(
                branch,
                people[branch],
                self.numbers,
                self.window,
                branch.random(self.seed, "life"),
            )
            for branch in branches
        ]
        # What others point at comes first.
        for model, noun in (
            (Development, "developments"),
            (FileCheck, "checks"),
            (Absence, "absences"),
            (Transfer, "transfers"),
            (Pledge, "pledges"),
            (DevelopmentPlan, "plans"),
            (Contact, "contacts"),
            (DevelopmentStep, "steps"),
            (FileCheckLine, "check_lines"),
        ):
            _store(model, [row for one in lives for row in getattr(one, noun)])

    def _write_dues(self, branches: list[Branch], people: dict, present: dict) -> None:
        held, given = [], []
        for branch in branches:
            rng = branch.random(self.seed, "dues")
            own = dues.accounts_of(branch, people[branch], self.window, rng)
            held += own
            given += dues.contributions_of(branch, own, self.window, rng)
        # Who moved pays on where he is now.
        paid: dict[Organisation, list[Payment]] = defaultdict(list)
        for account in held:
            for payment in account.payments:
                paid[payment.organisation].append(payment)
        sent, posted = [], []
        for branch in branches:
            rng, own = branch.random(self.seed, "remittances"), paid[branch.organisation]
            sent += remittances.remittances_of(branch, own, self.window, rng)
            posted += remittances.publications_of(branch, present[branch], own, self.window, rng)
        _insert(ApprovedAmount, [row for account in held for row in account.approved])
        _insert(DuesRequest, [row for account in held for row in account.requests])
        changes = [row for account in held for row in account.changes]
        _store(Charge, [change.charge for change in changes])
        _insert(ChargeChange, [_with_keys(change) for change in changes])
        _insert(Charge, [row for account in held for row in account.charges if row.pk is None])
        _insert(OpeningBalance, [row for account in held for row in account.openings])
        _insert(Publication, posted)
        _insert(Contribution, given)
        self._write_payments(branches, held, sent)

    def _write_payments(self, branches: list[Branch], held: list, sent: list) -> None:
        _store(Remittance, [sending.remittance for sending in sent])
        for sending in sent:
            for payment in sending.entries:
                payment.remittance = sending.remittance
        payments = [row for account in held for row in account.payments]
        rng = branches[0].random(self.seed, "corrections")
        right, wrong = dues.some_wrong(payments, rng)
        _insert(Payment, right)
        _insert(Payment, dues.corrections(_store(Payment, wrong)))

    def _write_meetings(self, branches: list[Branch], present: dict, posts: dict) -> dict:
        """Plans and what became of them; returns what was held, by branch."""
        held, planned = {}, []
        for branch in branches:
            rng = branch.random(self.seed, "meetings")
            habits = meetings.Habits.drawn(rng)
            held[branch] = meetings.gatherings_of(
                branch, present[branch], posts[branch], habits, self.window, rng
            )
            plan = plans.plan_of(
                branch, posts[branch], habits, self.window, branch.random(self.seed, "plans")
            )
            planned += [plan] if plan else []
        everything = [gathering for own in held.values() for gathering in own]
        _store(Meeting, [gathering.meeting for gathering in everything])
        _insert(MeetingType, [row for gathering in everything for row in gathering.type_rows()])
        _insert(
            Attendance, [row for gathering in everything for row in gathering.attendance_rows()]
        )
        _store(YearPlan, [plan for plan, _items in planned])
        _insert(PlanItem, [_with_keys(item) for _plan, items in planned for item in items])
        return held

    def _write_study(self, branches, present: dict, posts: dict, held: dict) -> None:
        attendances, make_ups, exemptions = [], [], []
        for branch in branches:
            rng = branch.random(self.seed, "study")
            attendances += study.attendances_of(branch, posts[branch], self.courses, rng)
            make_ups += study.make_ups_of(branch, held[branch], self.window, rng)
            exemptions += study.exemptions_of(branch, present[branch], self.window)
        _insert(TrainingAttendance, attendances)
        _insert(MakeUp, [_with_keys(row) for row in make_ups])
        _insert(StudyExemption, exemptions)

    def _write_deliberations(self, branches, present: dict, held: dict) -> None:
        made = [
            deliberations.deliberations_of(
                branch,
                present[branch],
                held[branch],
                self.window,
                branch.random(self.seed, "deliberations"),
            )
            for branch in branches
        ]
        # What others point at comes first.
        for model, noun in (
            (Talk, "talks"),
            (TalkPerson, "talk_people"),
            (Visit, "visits"),
            (Appraisal, "appraisals"),
            (AppraisalResult, "results"),
            (Resolution, "resolutions"),
            (Matter, "matters"),
            (MatterStep, "matter_steps"),
        ):
            _store(model, [_with_keys(row) for one in made for row in getattr(one, noun)])

    def _write_tasks(self, branches: list[Branch], posts: dict) -> None:
        listed = []
        for branch in branches:
            rng = branch.random(self.seed, "tasks")
            listed += tasks.tasks_of(branch, posts[branch], self.window, rng)
        _store(Task, [one.task for one in listed])
        _store(TaskEvent, [event for one in listed for event in one.events])


def _write_accounts(tree: Tree, posts: list[Post], readable: bool) -> list[accounts.Entry]:
    """The accounts; what stands in the shown branch was typed by its secretary."""
    shown = next(branch for branch in tree.branches if branch.is_shown)
    made = accounts.entries(tree, shown, posts, readable=readable)
    users = accounts.create(made, readable=readable)
    secretary = users[Role.SECRETARY]
    organisation = shown.organisation
    Post.objects.filter(
        organisation=organisation, title=PostTitle.SECRETARY, ends_on__isnull=True
    ).update(account=secretary)
    Meeting.objects.filter(organisation=organisation).update(entered_by=secretary)
    Payment.objects.filter(organisation=organisation).update(entered_by=secretary)
    ApprovedAmount.objects.filter(organisation=organisation).update(approved_by=secretary)
    DuesRequest.objects.filter(organisation=organisation).update(asked_by=secretary)
    Remittance.objects.filter(organisation=organisation).update(sent_by=secretary)
    Publication.objects.filter(organisation=organisation).update(posted_by=secretary)
    TaskEvent.objects.filter(task__organisation=organisation).update(by=secretary)
    return made
