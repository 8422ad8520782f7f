"""The ledger 组织: planned against what is stored, then written."""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import F

from accounts.roles import Action
from branches.models import Group, Kind, Organisation, Placement
from branches.services import (
    create_organisations,
    move_organisation,
    remember_facts,
    set_group_count,
)
from ledgers.imports.county import Ambiguous, County, Person, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing
from ledgers.sheets.branches import (
    CODE,
    FORM,
    FOUNDED,
    GROUPS,
    KIND,
    NAME,
    PARENT,
    SECRETARY,
    SECTOR,
    TERM_END,
    values,
)
from ledgers.sheets.columns import CLEAR, split_person, write_person
from members.enums import PostTitle
from members.models import Post, Term

AREA = "branches"
_FIELDS = {
    NAME.heading: "name",
    KIND.heading: "kind",
    SECTOR.heading: "sector",
    FOUNDED.heading: "founded_on",
    FORM.heading: "form",
}
# What only those who keep the register may change.
_REGISTER = (*_FIELDS, PARENT.heading, TERM_END.heading, GROUPS.heading)
_NOT_YOURS = "修改这一项不在你的权限内，请联系县委组织部"


@dataclass(eq=False, slots=True)
class OrganisationPlan:
    """What one row will write."""

    place: Place
    facts: dict[str, object] = field(default_factory=dict)
    parent: Place | None = None
    term: Term | None = None
    added_groups: list[Group] = field(default_factory=list)
    changed_groups: list[Group] = field(default_factory=list)
    # The post that ends, and the one that begins or becomes linked to a member.
    ended_post: Post | None = None
    post: Post | None = None
    secretary: Person | None = None


class Branches:
    """Plans and writes the rows of the ledger 组织."""

    def __init__(self, county: County):
        self.county = county
        self.terms: dict[int, list[Term]] = defaultdict(list)
        self.groups: dict[int, list[Group]] = defaultdict(list)
        self.secretaries: dict[int, Post] = {}
        self.later: list[Row] = []
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match, check and compare; secretaries wait for the members."""
        rows = [row for row in rows if self._place(row)]
        self._load([row.plan.place.pk for row in rows if row.plan.place.pk])
        rows = [row for row in rows if not row.problems]
        parents = [row for row in rows if self._parent(row)]
        self._refuse_cycles(parents)
        for row in parents:
            if not row.problems and self._in_reach(row):
                self._compare(row)
        self.later = [row for row in rows if SECRETARY.heading in row.values]

    def _place(self, row: Row) -> bool:
        """Find the organisation meant, or begin a new one; False where that fails."""
        county, code, place = self.county, row.values.get(CODE.heading, ""), None
        row.label = row.values.get(NAME.heading, "") or code
        if row.stamp:
            place = county.by_pk.get(int(row.stamp.pk))
            if place is None:
                row.refuse("行标识", "系统里没有这一行对应的组织，请清空行标识")
            elif code and place.organisation.code != code:
                row.refuse(CODE.heading, f"组织编码不能改，原来是 {place.organisation.code}", code)
        elif not code:
            row.refuse(CODE.heading, "组织编码不能为空")
        else:
            place = county.place_coded(code)
        if place is None and code and not row.stamp:
            # With faults too, so that rows that name it are told where the fault lies.
            place = self._begin(row, code)
        elif place is not None:
            row.plan = OrganisationPlan(place)
            row.label = row.label or place.name
        return place is not None and not self._firsts.repeats(row, place) and not row.problems

    def _begin(self, row: Row, code: str) -> Place:
        for column in (NAME, KIND):
            if column.heading not in row.values and not any(
                problem.column == column.heading for problem in row.problems
            ):
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        facts = {
            name: row.values[heading]
            for heading, name in _FIELDS.items()
            if row.values.get(heading, CLEAR) is not CLEAR
        }
        organisation = Organisation(code=code, **({"kind": Kind.BRANCH, "name": code} | facts))
        place = Place(organisation, row=row)
        row.plan, row.is_new = OrganisationPlan(place, facts), True
        self.county.add_place(place)
        return place

    def _load(self, keys: list[int]) -> None:
        for piece in chunks(keys):
            for term in Term.objects.filter(organisation__in=piece).order_by("ends_on"):
                self.terms[term.organisation_id].append(term)
            for group in Group.objects.filter(organisation__in=piece).order_by("pk"):
                self.groups[group.organisation_id].append(group)
            posts = Post.objects.filter(
                organisation__in=piece, title=PostTitle.SECRETARY, ends_on__isnull=True
            )
            self.secretaries |= {post.organisation_id: post for post in posts}

    def _parent(self, row: Row) -> bool:
        """Find the superior; False where there is none of that code."""
        plan, code = row.plan, row.values.get(PARENT.heading, "")
        if not code:
            if row.is_new and plan.place.organisation.kind != Kind.COUNTY and self.county.user:
                row.refuse(PARENT.heading, "上级组织编码不能为空")
            return not row.problems
        parent = self.county.place_coded(code)
        if parent is None:
            row.refuse(
                PARENT.heading, f"没有编码为“{code}”的组织，请核对，或把它也列入组织表", code
            )
            return False
        if parent is plan.place:
            row.refuse(PARENT.heading, f"“{plan.place.name}”不能是自己的上级", code)
            return False
        if row.is_new:
            plan.place.above = parent
        elif plan.place.above is not parent:
            plan.parent = parent
        if parent.row:
            row.needs.add(parent.row)
        return True

    def _refuse_cycles(self, rows: list[Row]) -> None:
        """Refuse rows that would put an organisation under its own subordinate."""
        moved = {row.plan.place: row.plan.parent for row in rows if row.plan.parent}
        faulty = []
        for row in rows:
            seen, place = [], row.plan.place
            while place is not None and place not in seen:
                seen.append(place)
                place = moved.get(place) or place.above
            if place is row.plan.place:
                faulty.append((row, seen[1]))
        for row, parent in faulty:
            row.refuse(
                PARENT.heading,
                f"“{row.plan.place.name}”和“{parent.name}”互为上级，隶属关系成了一圈，请核对",
                row.values.get(PARENT.heading, ""),
            )
            # The planned tree is walked again when rights are asked.
            row.plan.parent = None
            if row.is_new:
                row.plan.place.above = None

    def _in_reach(self, row: Row) -> bool:
        plan, county = row.plan, self.county
        if row.is_new:
            if not county.may(plan.place, Action.CHANGE_ORGANISATION):
                row.refuse(CODE.heading, "新设组织不在你的权限内，请联系县委组织部")
        elif not county.may(plan.place):
            row.refuse(CODE.heading, "这个组织不在你的导入范围内")
        elif plan.parent and not county.may(plan.parent, Action.CHANGE_ORGANISATION):
            row.refuse(PARENT.heading, "调整隶属关系不在你的权限内，请联系县委组织部")
        return not row.problems

    def _compare(self, row: Row) -> None:
        plan = row.plan
        organisation = plan.place.organisation
        terms = self.terms[organisation.pk]
        standing = self._standing(organisation.pk)
        if FORM.heading in row.values and not organisation.is_branch:
            row.refuse(FORM.heading, "只有党支部有设置形式，请空着", row.written(FORM.heading))
        if row.is_new:
            self._plan_term(row, row.values.get(TERM_END.heading), terms)
            self._plan_groups(row, row.values.get(GROUPS.heading, 0), standing)
            return
        stored = values(
            organisation,
            parent_code=plan.place.above.organisation.code if plan.place.above else "",
            term_end=terms[-1].ends_on if terms else None,
            secretary="",
            groups=len(standing),
        )
        # Codes may be typed in small letters; posts are compared when members are known.
        del stored[CODE.heading], stored[SECRETARY.heading]
        if plan.parent is None:
            del stored[PARENT.heading]
        for heading, new in row.differences(stored).items():
            if heading == GROUPS.heading and not organisation.is_branch:
                self._plan_groups(row, new, standing)
                continue
            if heading in _REGISTER and not self._keeps_register(plan):
                row.refuse(heading, _NOT_YOURS)
            elif heading == FORM.heading:
                # It holds from a day on, and members and dues hang on it.
                row.refuse(heading, "设置形式的变更要写明日期，请在系统里办理", new.label)
            elif heading == TERM_END.heading:
                self._plan_term(row, new, terms)
            elif heading == GROUPS.heading and not self._plan_groups(row, new, standing):
                continue
            elif heading in _FIELDS:
                plan.facts[_FIELDS[heading]] = new if new is not None else None
            row.change(heading, stored[heading], new)
        if plan.parent and PARENT.heading not in {change[0] for change in row.changes}:
            plan.parent = None
        elif plan.parent:
            row.note(PARENT.heading, f"隶属关系自 {self.county.today} 起调整，以前的月份不变")

    def _keeps_register(self, plan: OrganisationPlan) -> bool:
        return self.county.may(plan.place, Action.CHANGE_ORGANISATION)

    def _plan_term(self, row: Row, ends_on, terms: list[Term]) -> None:
        """The current term is the one that ends last; it is corrected, or followed by a new one
        where it had been postponed and that day is past."""
        if not ends_on:
            return
        organisation = row.plan.place.organisation
        current = terms[-1] if terms else None
        if any(term.ends_on == ends_on for term in terms[:-1]):
            row.refuse(TERM_END.heading, "以前有一届在这一天届满，请核对", str(ends_on))
        elif current is None or (current.postponed_to and current.postponed_to <= ends_on):
            row.plan.term = Term(organisation=organisation, ends_on=ends_on)
        else:
            current.ends_on = ends_on
            row.plan.term = current

    def _standing(self, pk: int | None) -> list[Group]:
        today = self.county.today
        return [g for g in self.groups[pk] if g.ends_on is None or g.ends_on >= today]

    def _plan_groups(self, row: Row, count: int, standing: list[Group]) -> bool:
        """Add or end groups so that `count` stand; returns whether anything is to be done."""
        organisation = row.plan.place.organisation
        if organisation.kind != Kind.BRANCH:
            if count:
                row.note(GROUPS.heading, "只有党支部设党小组，这一格没有采用", count)
            return False
        yesterday = self.county.today - datetime.timedelta(days=1)
        added, ended = set_group_count(organisation, standing, count, on=yesterday)
        past = {group.name: group for group in self.groups[organisation.pk]}
        for group in added:
            if group.name in past:
                past[group.name].ends_on = None
                ended.append(past[group.name])
            else:
                row.plan.added_groups.append(group)
        row.plan.changed_groups = ended
        return True

    # --- Secretaries, when the members are known ------------------------------------------

    def plan_secretaries(self) -> None:
        """Match 书记 to the roster; by name inside the own branch only."""
        rows = [row for row in self.later if not row.problems]
        open_ones = [row for row in rows if self._wants_look_up(row)]
        if open_ones:
            self.county.load_rosters(row.plan.place for row in open_ones)
        for row in rows:
            self._plan_secretary(row)

    def _wants_look_up(self, row: Row) -> bool:
        place, typed = row.plan.place, row.values[SECRETARY.heading]
        if not place.organisation.is_branch or typed is CLEAR:
            return False
        post = self.secretaries.get(place.pk)
        return not (post and post.member_id and post.person_name == typed)

    def _plan_secretary(self, row: Row) -> None:
        plan, typed = row.plan, row.values[SECRETARY.heading]
        post = self.secretaries.get(plan.place.pk)
        if typed is CLEAR:
            if post and not self._keeps_register(plan):
                row.refuse(SECRETARY.heading, _NOT_YOURS)
            elif post:
                self._end(plan, post)
                row.change(SECRETARY.heading, post.person_name, "")
            return
        name, mark, _reason = split_person(typed)
        stored = post.person_name if post else ""
        if stored == name and (post.member_id is None or not mark):
            if post.member_id is None and self._keeps_register(plan):
                self._link(row, post, typed)
            return
        if row.untouched(SECRETARY.heading):
            return
        person = self._find(row, typed)
        if row.problems or (post and person and person.pk and post.member_id == person.pk):
            return
        if not self._keeps_register(plan):
            row.refuse(SECRETARY.heading, _NOT_YOURS, typed)
            return
        if post:
            self._end(plan, post)
        plan.secretary = person
        plan.post = Post(
            organisation=plan.place.organisation,
            title=PostTitle.SECRETARY,
            person_name=name,
            starts_on=self.county.today if post else None,
        )
        if not row.is_new:
            row.change(SECRETARY.heading, stored, typed)

    def _link(self, row: Row, post: Post, typed: str) -> None:
        """A secretary known by name only has come onto the roster."""
        person = self._find(row, typed)
        if person:
            row.plan.post, row.plan.secretary = post, person
            row.change(SECRETARY.heading, post.person_name, write_person(typed, "已关联名册"))

    def _find(self, row: Row, typed: str) -> Person | None:
        place = row.plan.place
        if not place.organisation.is_branch:
            return None
        try:
            person = self.county.named(typed, place, self.county.today)
        except Ambiguous as fault:
            row.refuse(SECRETARY.heading, str(fault), typed)
            return None
        if person is None:
            row.note(SECRETARY.heading, "支部名册里没有这个人，只记姓名", typed)
        return person

    def _end(self, plan: OrganisationPlan, post: Post) -> None:
        yesterday = self.county.today - datetime.timedelta(days=1)
        post.ends_on = max(yesterday, post.starts_on or yesterday)
        plan.ended_post = post

    # --- Writing --------------------------------------------------------------------------

    def write(self, rows: list[Row], writing: Writing) -> None:
        """Write organisations, moves, terms and groups; posts come after the members."""
        self._found([row for row in rows if row.is_new])
        changed = [row for row in rows if not row.is_new]
        self._change(changed, writing.today)
        for row in sorted(changed, key=lambda row: _depth(row.plan)):
            if row.plan.parent:
                move_organisation(
                    row.plan.place.organisation,
                    to=row.plan.parent.organisation,
                    by=writing.by,
                    on=writing.today,
                    reason="导入组织表",
                )
        terms = [row.plan.term for row in rows if row.plan.term]
        Term.objects.bulk_create([term for term in terms if not term.pk], batch_size=500)
        Term.objects.bulk_update([term for term in terms if term.pk], ["ends_on"], batch_size=500)
        Group.objects.bulk_create([g for row in rows for g in row.plan.added_groups], 500)
        Group.objects.bulk_update(
            [g for row in rows for g in row.plan.changed_groups], ["ends_on"], batch_size=500
        )
        for row in rows:
            self._trail(row, writing)

    @staticmethod
    def _found(rows: list[Row]) -> None:
        """One level of the tree at a time, so that parents are there first."""
        waiting = rows
        while waiting:
            level = [r for r in waiting if r.plan.place.above is None or r.plan.place.above.pk]
            for row in level:
                above = row.plan.place.above
                row.plan.place.organisation.parent = above.organisation if above else None
            create_organisations([row.plan.place.organisation for row in level])
            waiting = [row for row in waiting if row.plan.place.pk is None]

    @staticmethod
    def _change(rows: list[Row], today: datetime.date) -> None:
        rows = [row for row in rows if row.plan.facts]
        # Months before today keep the old names, as they keep the old superiors.
        remember_facts([(row.plan.place.organisation, row.plan.facts) for row in rows], today)
        founded = {
            row.plan.place.pk: row.plan.facts["founded_on"]
            for row in rows
            if row.plan.facts.get("founded_on")
        }
        # The first placement began with the founding.
        placements = list(
            Placement.objects.filter(
                organisation__in=founded, starts_on=F("organisation__founded_on")
            )
        )
        for placement in placements:
            founded_on = founded[placement.organisation_id]
            if placement.ends_on is None or placement.ends_on >= founded_on:
                placement.starts_on = founded_on
        Placement.objects.bulk_update(placements, ["starts_on"], batch_size=500)
        for row in rows:
            for name, value in row.plan.facts.items():
                setattr(row.plan.place.organisation, name, value)
        Organisation.objects.bulk_update(
            [row.plan.place.organisation for row in rows], [*_FIELDS.values()], batch_size=500
        )

    def write_secretaries(self, rows: list[Row]) -> None:
        """Write the posts; everybody has a key by now, or is known by name only."""
        Post.objects.bulk_update(
            [row.plan.ended_post for row in rows if row.plan.ended_post],
            ["ends_on"],
            batch_size=500,
        )
        posts = []
        for row in rows:
            if row.plan.post:
                person = row.plan.secretary
                row.plan.post.member_id = person.pk if person else None
                posts.append(row.plan.post)
        Post.objects.bulk_create([post for post in posts if not post.pk], batch_size=500)
        Post.objects.bulk_update([post for post in posts if post.pk], ["member"], batch_size=500)

    @staticmethod
    def _trail(row: Row, writing: Writing) -> None:
        organisation = row.plan.place.organisation
        # A move has left its own line.
        left = [change for change in row.changes if change[0] != PARENT.heading]
        if row.is_new or left:
            writing.line(row, AREA, organisation.pk, organisation.pk, changes=left)
        writing.note(organisation.pk, AREA, organisation.founded_on or writing.horizon)
        writing.note(organisation.pk, "members", writing.horizon)


def _depth(plan: OrganisationPlan) -> int:
    """How deep the organisation will lie, so that moves begin at the top."""
    depth, place = 0, plan.parent
    while place is not None and depth < 100:
        depth, place = depth + 1, place.above
    return depth


def link_secretaries(county: County, places: set[Place]) -> list[tuple[Post, Person]]:
    """Posts known by name only whose holder is now on the roster of the branch, one hit each.

    So that organisations first and members later give the same as both at once.
    """
    posts = []
    for piece in chunks({place.pk for place in places if place.pk}):
        posts += Post.objects.filter(
            organisation__in=piece,
            title=PostTitle.SECRETARY,
            ends_on__isnull=True,
            member__isnull=True,
            organisation__kind=Kind.BRANCH,
        )
    if not posts:
        return []
    county.load_rosters(county.by_pk[post.organisation_id] for post in posts)
    links = []
    for post in posts:
        try:
            person = county.named(
                post.person_name, county.by_pk[post.organisation_id], county.today
            )
        except Ambiguous:
            continue
        if person:
            links.append((post, person))
    return links
