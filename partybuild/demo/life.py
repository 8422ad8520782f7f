"""What happens to the people of an invented branch: away and in contact, on the way in, moving,
checked every half-year, and what they take on."""

import datetime
from dataclasses import dataclass, field
from random import Random

from branches.periods import Span, add_months, add_years, period_of
from members.enums import (
    AbsenceKind,
    ContactWay,
    Gender,
    PledgeGrade,
    PledgeKind,
    Stage,
    Step,
    TransferState,
)
from members.models import (
    Absence,
    Contact,
    Development,
    DevelopmentPlan,
    DevelopmentStep,
    FileCheck,
    FileCheckLine,
    Pledge,
    Transfer,
)
from partybuild.demo import names
from partybuild.demo.members import Numbers, Person
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window

_DAY = datetime.timedelta(days=1)
_PLACES = ("邻省务工", "省城务工", "沿海务工", "外县经商", "随子女居住")
_POSTS = (
    ("政策宣传岗", "宣讲惠民政策，收集群众意见"),
    ("环境卫生岗", "带头清洁家园，劝导乱堆乱放"),
    ("矛盾调解岗", "排查调处邻里纠纷"),
    ("志愿服务岗", "每月参加一次志愿服务"),
    ("帮扶结对岗", "结对一户困难群众，每季度走访"),
)


@dataclass
class Life:
    """Rows to be, of one branch."""

    absences: list[Absence] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    checks: list[FileCheck] = field(default_factory=list)
    check_lines: list[FileCheckLine] = field(default_factory=list)
    developments: list[Development] = field(default_factory=list)
    steps: list[DevelopmentStep] = field(default_factory=list)
    plans: list[DevelopmentPlan] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    pledges: list[Pledge] = field(default_factory=list)


def life_of(
    branch: Branch, people: list[Person], numbers: Numbers, window: Window, rng: Random
) -> Life:
    """Everything of one branch; who is in order keeps contact, checks and reviews in time."""
    life = Life()
    staying = [person for person in people if person.member.left_on is None]
    here = [one for one in staying if one.member.organisation is branch.organisation]
    _away(life, branch, here, window, rng)
    _checks(life, branch, people, window, rng)
    _development(life, branch, numbers, window, rng)
    _transfers(life, branch, people, here, window, rng)
    _pledges(life, branch, here, window, rng)
    return life


def _in_order(branch: Branch, rng: Random) -> bool:
    return rng.random() < {Order.GOOD: 1.0, Order.FAIR: 0.85, Order.POOR: 0.3}[branch.order]


# --- Away -----------------------------------------------------------------------------------


def _away(life: Life, branch: Branch, here: list[Person], window: Window, rng: Random) -> None:
    contact = next((one.member.name for one in here if one.officer), "")
    kept = _in_order(branch, rng)
    for person in here:
        if not person.member.is_floating:
            continue
        starts_on = max(
            window.today - rng.randint(200, 900) * _DAY, person.stays[-1].starts_on + _DAY
        )
        _absence(life, person, AbsenceKind.FLOATING, starts_on, rng.choice(_PLACES), contact)
        if kept:
            _contacted(life, person, max(starts_on, window.first), window, contact, rng)
    settled = [
        one for one in here if not one.member.is_floating and not one.officer and one.stays[-1]
    ]
    if branch.size >= 30 and settled:
        student = min(settled, key=lambda one: abs((window.today - one.member.born_on).days - 8800))
        starts_on = max(add_months(window.today, -14), student.stays[-1].starts_on + _DAY)
        _absence(life, student, AbsenceKind.ABROAD, starts_on, "国外留学", contact)
        if kept:
            _contacted(life, student, max(starts_on, window.first), window, contact, rng)
        settled.remove(student)
    if branch.order is Order.POOR and settled:
        lost = rng.choice(settled)
        since = add_months(window.today, -8)
        if lost.stays[-1].starts_on < since:
            _absence(life, lost, AbsenceKind.LOST, since, "", contact)


def _absence(life, person: Person, kind, starts_on, place: str, contact: str) -> None:
    life.absences.append(
        Absence(
            member=person.member,
            kind=kind,
            starts_on=starts_on,
            place=place,
            contact_person=contact,
        )
    )


def _contacted(life, person: Person, first, window: Window, by_name: str, rng: Random) -> None:
    """Once in each quarter, the running one included."""
    quarter = period_of(Span.QUARTER, first)
    while quarter.starts_on <= window.today:
        start, end = max(quarter.starts_on, first), min(quarter.ends_on, window.today)
        life.contacts.append(
            Contact(
                member=person.member,
                on=start + rng.randint(0, min((end - start).days, 40)) * _DAY,
                by_name=by_name or "支部书记",
                way=rng.choice((ContactWay.PHONE, ContactWay.MESSAGE)),
                note="近况正常，已转达支部近期安排",
            )
        )
        quarter = quarter.following


# --- The half-yearly check --------------------------------------------------------------------


def _checks(life: Life, branch: Branch, people: list[Person], window: Window, rng: Random) -> None:
    half = period_of(Span.HALF, window.first)
    while half.starts_on <= window.today:
        started_on = half.ends_on - rng.randint(20, 45) * _DAY
        founded_in = branch.organisation.founded_on > half.starts_on
        if started_on < window.first or founded_in:
            half = half.following
            continue
        if started_on + 10 * _DAY <= window.today and _in_order(branch, rng):
            _check(life, branch, people, half, started_on, rng)
        half = half.following


def _check(life: Life, branch: Branch, people, half, started_on, rng: Random) -> None:
    check = FileCheck(
        organisation=branch.organisation,
        period=str(half),
        started_on=started_on,
        finished_on=started_on + rng.randint(1, 8) * _DAY,
    )
    life.checks.append(check)
    for person in people:
        stay = person.stay_on(started_on)
        if stay is None or stay.organisation is not branch.organisation:
            continue
        thin = rng.random() < 0.02
        life.check_lines.append(
            FileCheckLine(
                check_run=check,
                member=person.member,
                relation_ok=True,
                file_ok=not thin,
                contact_ok=True,
                note="缺转正审批表，联系原单位补档" if thin else "",
                checked_on=started_on,
            )
        )


# --- Development ------------------------------------------------------------------------------


def _development(life: Life, branch: Branch, numbers, window: Window, rng: Random) -> None:
    if branch.size < 8:
        return
    today = window.today
    slow = branch.order is Order.POOR
    for stage in (Stage.APPLICANT, Stage.ACTIVIST, Stage.TARGET)[: rng.randint(1, 3)]:
        if stage == Stage.TARGET and branch.order is not Order.GOOD:
            continue
        one = _candidate(branch, stage, numbers, window, rng)
        life.developments.append(one)
        for step, on, until_on, hours in _way(stage, slow, today, rng):
            life.steps.append(
                DevelopmentStep(development=one, step=step, on=on, until_on=until_on, hours=hours)
            )
    life.plans.append(
        DevelopmentPlan(
            organisation=branch.organisation,
            year=today.year,
            targets=1,
            admissions=1,
            filed_on=datetime.date(today.year, 1, 15),
            approved_on=None if slow else datetime.date(today.year, 2, 10),
        )
    )


def _candidate(branch: Branch, stage, numbers: Numbers, window: Window, rng: Random):
    male = rng.random() < 0.55
    born_on = window.today - rng.randint(22 * 365, 40 * 365) * _DAY
    one = Development(
        name=names.person_name(rng, male),
        gender=Gender.MALE if male else Gender.FEMALE,
        born_on=born_on,
        education=rng.choice(("高中", "大学专科", "大学本科")),
        organisation=branch.organisation,
        stage=stage,
    )
    one.set_id_number(numbers.identity(born_on, male))
    one.set_phone(numbers.phone())
    return one


def _way(stage, slow: bool, today: datetime.date, rng: Random):
    """(step, day, end, hours) up to the stage; a slow branch leaves out talks and reviews."""
    if stage == Stage.APPLICANT:
        applied = today - rng.randint(40, 80) * _DAY
        yield Step.APPLIED, applied, None, None
        if not slow:
            yield Step.TALKED, applied + rng.randint(5, 25) * _DAY, None, None
        return
    activist = today - rng.randint(430, 500) * _DAY
    applied = activist - rng.randint(100, 160) * _DAY
    yield Step.APPLIED, applied, None, None
    yield Step.TALKED, applied + 14 * _DAY, None, None
    yield Step.ACTIVIST, activist, None, None
    yield Step.ACTIVIST_FILED, activist + 12 * _DAY, None, None
    review = add_months(activist, 6)
    while review <= today and not slow:
        yield Step.REVIEWED, review - 5 * _DAY, None, None
        review = add_months(review, 6)
    if stage == Stage.TARGET:
        listed = add_years(activist, 1) + rng.randint(10, 30) * _DAY
        yield Step.TARGET_PUBLICITY, listed - 14 * _DAY, listed - 2 * _DAY, None
        yield Step.TARGET, listed, None, None
        yield Step.COURSE, listed + 8 * _DAY, listed + 10 * _DAY, 24


# --- Transfers --------------------------------------------------------------------------------


def _transfers(
    life: Life, branch: Branch, people, here: list[Person], window: Window, rng: Random
) -> None:
    for number, person in enumerate(people):
        for before, after in zip(person.stays, person.stays[1:], strict=False):
            life.transfers.append(
                _transfer(
                    person,
                    branch,
                    after.starts_on - 12 * _DAY,
                    f"{branch.organisation.code}-{number + 1}",
                    to_organisation=after.organisation,
                    state=TransferState.RECEIVED,
                    received_on=before.ends_on + _DAY,
                    receipt_on=before.ends_on + _DAY,
                )
            )
    moving = [one for one in here if not one.officer and len(one.stays) == 1]
    if not moving or branch.size < 10:
        return
    if branch.order is Order.POOR or (branch.order is Order.GOOD and rng.random() < 0.12):
        age = 120 if branch.order is Order.POOR else 20
        person = moving[len(moving) // 2]
        if person.stays[0].starts_on < window.today - (age + 20) * _DAY:
            life.transfers.append(
                _transfer(
                    person,
                    branch,
                    window.today - age * _DAY,
                    f"{branch.organisation.code}-90",
                    to_outside="中共邻溪县城关镇委员会",
                    state=TransferState.LETTER_OUT,
                )
            )


def _transfer(person: Person, branch: Branch, on, number: str, **facts) -> Transfer:
    member = person.member
    return Transfer(
        member=member,
        name=member.name,
        from_organisation=branch.organisation,
        reason="工作单位变动",
        started_on=on,
        letter_on=on + 2 * _DAY,
        letter_number=number,
        valid_days=90,
        dues_paid_until=on.replace(day=1),
        **facts,
    )


# --- Duty posts ---------------------------------------------------------------------------------


def _pledges(life: Life, branch: Branch, here: list[Person], window: Window, rng: Random) -> None:
    year = window.today.year
    for person in here[:: rng.randint(2, 4)]:
        title, content = rng.choice(_POSTS)
        taken_on = datetime.date(year, 3, 1)
        if taken_on > window.today or person.stays[-1].starts_on > taken_on:
            continue
        kept = branch.order is Order.GOOD
        life.pledges.append(
            Pledge(
                organisation=branch.organisation,
                member=person.member,
                year=year,
                kind=PledgeKind.POST,
                title=title,
                content=content,
                taken_on=taken_on,
                public_on=datetime.date(year, 3, 28) if kept else None,
                result="按要求完成" if kept and window.today.month > 10 else "",
                result_on=datetime.date(year, 11, 1) if kept and window.today.month > 10 else None,
                grade="",
            )
        )
    for pledge in life.pledges[:2]:
        if pledge.result_on and pledge.result_on <= window.today:
            pledge.grade, pledge.reviewed_on = PledgeGrade.GOOD, pledge.result_on
