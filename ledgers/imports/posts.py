"""The ledger 班子: planned against what is stored, then written.

A row is one time in office. The secretary's post is set by those who approve: nobody clears the
red light of the own branch by a workbook.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from accounts.roles import Action
from ledgers.imports.branches import Branches
from ledgers.imports.county import County, Person, Place, chunks
from ledgers.imports.persons import (
    note_kept_name,
    note_other_name,
    number_hashes,
    person_named,
    refuse_masked,
)
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import (
    BRANCH_CODE,
    BRANCH_NAME,
    CLEAR,
    ID_NUMBER,
    MEMBER_NAME,
    split_person,
)
from ledgers.sheets.posts import APPOINTED, ENDS, STARTS, TITLE, WAY, values
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Post
from members.services import Refused
from members.services.post_checks import refuse_days

# The area of trail lines, as of the service that writes single posts; and of what is judged.
TRAIL_AREA, AREA = "posts", "members"
_UPDATED = ("starts_on", "ends_on", "is_appointed", "member_id")
_NOT_YOURS = {
    True: "书记的任免由上级登记，请联系上级",
    False: "登记班子成员不在你的权限内，请联系支部书记或上级",
}


@dataclass(eq=False, slots=True)
class PostPlan:
    """What one row will write; `person` is the holder where he or she is on a roster."""

    place: Place
    post: Post
    person: Person | None = None
    # The row of the ledger 组织 that brings the post, where one does.
    source: Row | None = None
    before: tuple = ()

    def holds_with(self, other: "PostPlan") -> bool:
        """Whether both were held on some day."""
        return (
            self.post.ends_on is None
            or other.post.starts_on is None
            or other.post.starts_on <= self.post.ends_on
        ) and (
            other.post.ends_on is None
            or self.post.starts_on is None
            or self.post.starts_on <= other.post.ends_on
        )

    def same_holder(self, other: "PostPlan") -> bool:
        if self.person and other.person:
            return self.person is other.person
        return self.post.person_name == other.post.person_name


class Posts:
    """Plans and writes the rows of the ledger 班子."""

    def __init__(self, county: County, branches: Branches):
        self.county = county
        self.branches = branches
        # Every time in office of a branch, stored or planned.
        self.held: dict[Place, list[PostPlan]] = defaultdict(list)
        self.by_pk: dict[int, PostPlan] = {}
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch, person, post and day of taking office; check, compare."""
        hashes = number_hashes(rows)
        self.county.load_by_hash(hashes.values())
        placed = []
        for row in rows:
            row.label = row.values.get(MEMBER_NAME.heading, "")
            if (place := self.county.branch_of(row)) and not refuse_masked(row):
                placed.append((row, place))
        self._load({place for _row, place in placed})
        changed = [row for row, place in placed if self._plan_row(row, place, hashes.get(row))]
        for row in changed:
            self._check_others(row)

    def _load(self, places: set[Place]) -> None:
        self.county.load_rosters(places)
        for piece in chunks({place.pk for place in places if place.pk}):
            posts = list(
                Post.objects.filter(organisation__in=piece, title__in=COMMITTEE_TITLES).order_by(
                    "pk"
                )
            )
            self.county.load_by_pk({post.member_id for post in posts if post.member_id})
            for post in posts:
                place = self.county.by_pk[post.organisation_id]
                plan = PostPlan(place, post, self.county.people.get(post.member_id))
                self.held[place].append(plan)
                self.by_pk[post.pk] = plan
        for row in self.branches.later:
            # Secretaries that the same files bring with the ledger 组织.
            if row.plan.place in places and row.plan.post and not row.plan.post.pk:
                plan = PostPlan(row.plan.place, row.plan.post, row.plan.secretary, row)
                self.held[row.plan.place].append(plan)

    def _plan_row(self, row: Row, place: Place, number_hash: str | None) -> bool:
        """Whether the row writes something."""
        title = row.values.setdefault(TITLE.heading, PostTitle.MEMBER)
        starts_on = row.values.get(STARTS.heading)
        person = self._person(row, place, number_hash, starts_on)
        if title not in COMMITTEE_TITLES:
            row.refuse(TITLE.heading, "党小组长要选党小组，请在“班子任职”里登记", title.label)
        self._check_days(row)
        if row.problems:
            return False
        stored = self._match(row, place, person)
        if row.problems or self._firsts.repeats(row, stored or (place, *self._identity(row))):
            return False
        if stored is None:
            self._begin(row, place, person)
        else:
            self._compare(row, place, stored, person)
        return row.plan is not None and not row.problems

    def _person(self, row: Row, place: Place, number_hash, starts_on) -> Person | None:
        """The holder on the roster; a name that is not there is kept as a name."""
        if not row.label:
            row.refuse(MEMBER_NAME.heading, "“姓名”不能为空")
            return None
        if number_hash:
            person = self.county.by_hash.get(number_hash)
            if person is None:
                reason = "党员名册里没有这个身份证号，请核对，或先导入党员花名册"
                row.refuse(ID_NUMBER.heading, reason, row.written(ID_NUMBER.heading))
                return None
            ends_on = row.values.get(ENDS.heading)
            last = ends_on if isinstance(ends_on, datetime.date) else self.county.today
            if not any(
                span.place is place and span.touches(starts_on or last, last)
                for span in person.spans
            ):
                row.refuse(ID_NUMBER.heading, "任职时不在这个支部的名册上，请核对支部和日期")
                return None
            note_other_name(self.county, row, person)
            if person.row:
                row.needs.add(person.row)
            return person
        if row.stamp:
            return None
        return person_named(self.county, row, place, starts_on or self.county.today)

    def _match(self, row: Row, place: Place, person: Person | None) -> PostPlan | None:
        """The stored time in office a row means; None for a new one."""
        if row.stamp:
            stored = self.by_pk.get(int(row.stamp.pk))
            if stored is None or stored.place is not place:
                row.refuse(KEY, "这个支部没有这一行对应的任职，请核对党支部编码，或清空行标识")
                return None
            return stored
        title, starts_on = row.values[TITLE.heading], row.values.get(STARTS.heading)
        name = split_person(row.label)[0]
        fits = [
            held
            for held in self.held[place]
            if held.post.title == title
            and (
                (person and held.person is person)
                or (not (person and held.person) and held.post.person_name == name)
            )
        ]
        exact = [held for held in fits if held.post.starts_on == starts_on]
        undated = [held for held in fits if held.post.starts_on is None]
        if starts_on:
            return (exact or undated or [None])[0]
        standing = [held for held in fits if held.post.ends_on is None]
        return (standing or fits[-1:] or [None])[0]

    @staticmethod
    def _identity(row: Row) -> tuple:
        number = row.values.get(ID_NUMBER.heading, "")
        return row.values[TITLE.heading], row.label, number, row.values.get(STARTS.heading)

    def _may(self, row: Row, place: Place, title: str) -> bool:
        """Secretaries are set by the superior, the others by those who keep the posts."""
        secretary = title == PostTitle.SECRETARY
        if self.county.may(place, Action.APPROVE if secretary else Action.KEEP_POSTS):
            return True
        row.refuse(TITLE.heading, _NOT_YOURS[secretary], PostTitle(title).label)
        return False

    def _begin(self, row: Row, place: Place, person: Person | None) -> None:
        row.is_new = True
        if STARTS.heading not in row.values:
            row.refuse(STARTS.heading, "“任职日期”不能为空")
        if not self._may(row, place, row.values[TITLE.heading]) or row.problems:
            return
        if person is None:
            row.note(MEMBER_NAME.heading, "支部名册里没有这个人，只记姓名", row.label)
        ends_on = row.values.get(ENDS.heading)
        post = Post(
            title=row.values[TITLE.heading],
            person_name=person.name if person else split_person(row.label)[0],
            starts_on=row.values[STARTS.heading],
            ends_on=None if ends_on is CLEAR else ends_on,
            is_appointed=row.values.get(WAY.heading) == APPOINTED,
        )
        row.plan = PostPlan(place, post, person)
        self._check_life(row)
        self.held[place].append(row.plan)

    def _compare(self, row: Row, place: Place, held: PostPlan, person: Person | None) -> None:
        post = held.post
        if row.stamp and row.values[TITLE.heading] != post.title:
            reason = f"职务不能改，原来是“{post.get_title_display()}”。请填免职日期，再另起一行"
            row.refuse(TITLE.heading, reason, row.values[TITLE.heading].label)
            return
        note_kept_name(row, post.person_name)
        if held.person and person and held.person is not person:
            row.refuse(ID_NUMBER.heading, "与这一行原来的党员不同，换人请另起一行")
            return
        stored = values(post, place.organisation)
        for column in (BRANCH_CODE, BRANCH_NAME, MEMBER_NAME, ID_NUMBER, TITLE):
            del stored[column.heading]
        found = row.differences(stored)
        linked = person is not None and held.person is None
        if row.problems or not (found or linked) or not self._may(row, place, post.title):
            return
        held.before = tuple(getattr(post, name) for name in _UPDATED)
        row.plan = held
        if held.source:
            # The ledger 组织 brings the same secretary; this row says since when.
            row.needs.add(held.source)
        for heading, new in found.items():
            row.change(heading, stored[heading], new)
            if heading == WAY.heading:
                post.is_appointed = new == APPOINTED
            else:
                setattr(post, "starts_on" if heading == STARTS.heading else "ends_on", new)
        if linked:
            held.person = person
            row.change(ID_NUMBER.heading, "", person.mask)
        if post.starts_on and post.ends_on and post.ends_on < post.starts_on:
            row.refuse(ENDS.heading, f"免职日期早于任职日期 {post.starts_on}", post.ends_on)
        else:
            self._check_life(row)

    def _check_days(self, row: Row) -> None:
        starts_on, ends_on = row.values.get(STARTS.heading), row.values.get(ENDS.heading)
        for heading, day in ((STARTS.heading, starts_on), (ENDS.heading, ends_on)):
            if isinstance(day, datetime.date) and day > self.county.today:
                row.refuse(heading, "这一天还没有到，请核对", day)
        if starts_on and isinstance(ends_on, datetime.date) and ends_on < starts_on:
            row.refuse(ENDS.heading, f"免职日期早于任职日期 {starts_on}", ends_on)

    @staticmethod
    def _check_life(row: Row) -> None:
        """What the service refuses: days outside the organisation's life, and no end for somebody
        who is not there any more.
        """
        plan = row.plan
        post, organisation = plan.post, plan.place.organisation
        try:
            refuse_days(organisation, post.starts_on, post.ends_on)
        except Refused as fault:
            heading = ENDS.heading if fault.field == "ends_on" else STARTS.heading
            row.refuse(heading, str(fault), row.written(heading))
            return
        if (
            plan.person
            and post.ends_on is None
            # Elsewhere officers are attached, which spans do not say.
            and organisation.holds_relations
            and not any(
                span.place is plan.place and span.ends_on is None for span in plan.person.spans
            )
        ):
            row.refuse(ENDS.heading, "现在不在这个支部的名册上，请填免职日期")

    def _check_others(self, row: Row) -> None:
        """Nobody holds a post twice at once, and there is one secretary at a time."""
        plan = row.plan
        for other in self.held[plan.place]:
            if other is plan or other.post.title != plan.post.title or not plan.holds_with(other):
                continue
            if other.same_holder(plan):
                row.refuse(STARTS.heading, "这个人的同一职务有两段任职重叠，请核对日期")
                return
            if plan.post.title == PostTitle.SECRETARY:
                name = other.post.person_name
                row.refuse(TITLE.heading, f"与{name}任书记的时间重叠，请先填{name}的免职日期")
                return

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the posts of these rows; whether any has moved on since the plan."""
        known = {row.plan.post.pk: row.plan.before for row in rows if row.plan.post.pk}
        return have_moved(Post, known, _UPDATED)

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Write what ends before what begins; members have their keys by now."""
        for row in rows:
            plan = row.plan
            plan.post.organisation_id = plan.place.pk
            if plan.person:
                plan.post.member_id = plan.person.pk
        known = [row.plan.post for row in rows if row.plan.post.pk]
        names = [name.removesuffix("_id") for name in _UPDATED]
        Post.objects.bulk_update(known, names, batch_size=500)
        Post.objects.bulk_create(
            [row.plan.post for row in rows if not row.plan.post.pk], batch_size=500
        )
        for row in rows:
            post = row.plan.post
            writing.line(row, TRAIL_AREA, post.pk, post.organisation_id)
            writing.note(post.organisation_id, AREA, post.starts_on or writing.horizon)
