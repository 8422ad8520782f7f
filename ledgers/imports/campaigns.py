"""The ledger 方案措施: measures typed into a draft of a campaign, then written.

A campaign is found by its title, who runs it and its year. Once it is issued its measures are the
units' tasks, and a workbook changes none of them.
"""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import F

from accounts.roles import Action
from branches.models import Sector
from ledgers.imports.county import County, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.campaigns import (
    ADDRESSED,
    BLOCK,
    COUNTED,
    DUE,
    FIELDS,
    LEAD,
    LEAD_CODE,
    PHASE,
    SECTOR,
    TEXT,
    TITLE,
    YEAR,
    stored,
)
from ledgers.sheets.columns import CLEAR, canonical
from tasks.campaign_progress import Tally, by_measure
from tasks.enums import Addressed, CampaignState
from tasks.models import Block, Campaign, Measure, Phase

AREA = "campaigns"
_WRITTEN = (*FIELDS.values(), "block", "phase")


@dataclass(eq=False, slots=True)
class MeasurePlan:
    """What one row will write; `block` is a name where the plan has no such block yet."""

    campaign: Campaign
    measure: Measure
    block: str = ""


class Campaigns:
    """Plans and writes the rows of the ledger 方案措施."""

    def __init__(self, county: County):
        self.county = county
        self.by_title: dict[str, list[Campaign]] = defaultdict(list)
        self.blocks: dict[tuple[int, str], Block] = {}
        self.phases: dict[tuple[int, str], Phase] = {}
        self.measures: dict[int, Measure] = {}
        self.by_text: dict[tuple[int, str], Measure] = {}
        self.tallies: dict[int, Tally] = {}
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by campaign and wording of the measure."""
        self._load(rows)
        for row in rows:
            row.label = row.values.get(TEXT.heading, "")
            campaign = self._campaign(row)
            if campaign is not None and not row.problems:
                self._plan_row(row, campaign)

    def _load(self, rows: list[Row]) -> None:
        titles = {row.values.get(TITLE.heading, "") for row in rows}
        for piece in chunks(titles):
            for one in Campaign.objects.filter(title__in=piece).select_related("organisation"):
                # Who may not run it learns nothing of it, not even that it is there.
                if self.county.may(self.county.by_pk[one.organisation_id], Action.RUN_CAMPAIGN):
                    self.by_title[canonical(one.title)].append(one)
        keys = {one.pk for found in self.by_title.values() for one in found}
        for piece in chunks(keys):
            for block in Block.objects.filter(campaign__in=piece):
                self.blocks[block.campaign_id, canonical(block.name)] = block
            for phase in Phase.objects.filter(campaign__in=piece):
                self.phases[phase.campaign_id, canonical(phase.name)] = phase
            measures = Measure.objects.filter(campaign__in=piece)
            for measure in measures.select_related("block", "phase"):
                self.measures[measure.pk] = measure
                self.by_text[measure.campaign_id, canonical(measure.text)] = measure
            self.tallies |= by_measure(measures, self.county.today)

    def _campaign(self, row: Row) -> Campaign | None:
        title = row.values.get(TITLE.heading, "")
        found = self.by_title.get(canonical(title), []) if title else []
        if year := row.values.get(YEAR.heading):
            found = [one for one in found if one.year == year]
        if code := row.values.get(LEAD_CODE.heading):
            found = [one for one in found if one.organisation.code == code]
        elif name := row.values.get(LEAD.heading):
            found = [
                one
                for one in found
                if canonical(name)
                in {canonical(one.organisation.name), canonical(one.organisation.short_name)}
            ]
        if len(found) == 1:
            return found[0]
        row.refuse(
            TITLE.heading,
            "有几个方案叫这个名称，请填年度和牵头单位编码"
            if found
            else "没有你可以编辑的这个方案，请先在“工作方案”里新建，或核对名称、年度和牵头单位",
            title,
        )
        return None

    def _plan_row(self, row: Row, campaign: Campaign) -> None:
        text = row.values.get(TEXT.heading, "")
        measure = self.by_text.get((campaign.pk, canonical(text)))
        if row.stamp:
            stamped = self.measures.get(int(row.stamp.pk))
            if stamped is None or stamped.campaign_id != campaign.pk:
                row.refuse(KEY, "这个方案里没有这一行，请核对方案名称，或清空行标识")
                return
            if measure is not None and measure.pk != stamped.pk:
                row.refuse(TEXT.heading, "方案里另有一条措施这样写，请核对", text)
                return
            measure = stamped
        if self._firsts.repeats(row, measure.pk if measure else (campaign.pk, canonical(text))):
            return
        if measure is None:
            self._add(row, campaign)
        else:
            self._compare(row, campaign, measure)

    def _add(self, row: Row, campaign: Campaign) -> None:
        row.is_new = True
        self._refuse_issued(row, campaign)
        for column in (TEXT, BLOCK, DUE):
            if not row.values.get(column.heading):
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        if row.problems:
            return
        facts = {
            FIELDS[heading]: row.values[heading]
            for heading in FIELDS
            if row.values.get(heading) not in (None, CLEAR)
        }
        row.plan = MeasurePlan(campaign, Measure(campaign=campaign, **facts))
        self._place(row, row.values)
        self._check(row)

    def _compare(self, row: Row, campaign: Campaign, measure: Measure) -> None:
        before = stored(measure)
        found = row.differences(before)
        for heading, new in found.items():
            row.change(heading, before[heading], new)
            if heading in FIELDS:
                setattr(measure, FIELDS[heading], new)
        tally = self.tallies.get(measure.pk, Tally())
        for heading, name in COUNTED.items():
            typed = row.values.get(heading)
            same = typed is None or typed == getattr(tally, name)
            if not same and not row.came_back(heading):
                row.note(heading, f"“{heading}”由系统得出，本行没有采用", typed)
        if not found:
            return
        row.plan = MeasurePlan(campaign, measure)
        self._refuse_issued(row, campaign)
        self._place(row, found)
        self._check(row)

    @staticmethod
    def _refuse_issued(row: Row, campaign: Campaign) -> None:
        if campaign.state != CampaignState.DRAFT:
            reason = (
                f"方案{campaign.get_state_display()}，措施已分解成任务，不能用表格增改；"
                "要改请在系统里办理，只有草稿可以导入"
            )
            row.refuse(TITLE.heading, reason, campaign.title)

    def _place(self, row: Row, found: dict) -> None:
        """The block and the phase that a row names; a block may be new, a phase may not."""
        plan = row.plan
        if name := found.get(BLOCK.heading):
            block = self.blocks.get((plan.campaign.pk, canonical(name)))
            if block is None:
                plan.block = name
                row.note(BLOCK.heading, "方案里还没有这个板块，导入时新增", name)
            else:
                plan.measure.block = block
        if PHASE.heading not in found:
            return
        name = found[PHASE.heading]
        if name in ("", CLEAR):
            plan.measure.phase = None
        elif phase := self.phases.get((plan.campaign.pk, canonical(name))):
            plan.measure.phase = phase
        else:
            row.refuse(PHASE.heading, "方案里没有这个阶段，请先在系统里添加，或核对名称", name)

    @staticmethod
    def _check(row: Row) -> None:
        measure = row.plan.measure
        if measure.addressed == Addressed.SECTOR and not measure.sector:
            labels = "、".join(Sector.labels)
            row.refuse(SECTOR.heading, f"分解到某一领域的，“领域”不能为空，请填：{labels}")
        if measure.addressed == Addressed.NAMED and (row.is_new or _turned(row)):
            row.refuse(
                ADDRESSED.heading,
                "指定的单位要在系统里勾选，请先填别的对象，导入后再改",
                Addressed.NAMED.label,
            )

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the campaigns of these rows; whether any has moved on since the plan."""
        known = {
            row.plan.campaign.pk: (row.plan.campaign.version, row.plan.campaign.state)
            for row in rows
        }
        return have_moved(Campaign, known, ("version", "state"))

    def write(self, rows: list[Row], writing: Writing) -> None:
        """New blocks, then the measures; new ones at the end of their block."""
        for row in rows:
            plan = row.plan
            if plan.block:
                plan.measure.block = self._block(plan.campaign, plan.block)
            if row.is_new:
                plan.measure.position = len(self.by_text) + row.number
        Measure.objects.bulk_create(
            [row.plan.measure for row in rows if row.is_new], batch_size=500
        )
        Measure.objects.bulk_update(
            [row.plan.measure for row in rows if not row.is_new], _WRITTEN, batch_size=500
        )
        touched = {row.plan.campaign.pk for row in rows}
        for piece in chunks(touched):
            Campaign.objects.filter(pk__in=piece).update(version=F("version") + 1)
        for row in rows:
            campaign = row.plan.campaign
            writing.line(row, AREA, campaign.pk, campaign.organisation_id)

    def _block(self, campaign: Campaign, name: str) -> Block:
        key = campaign.pk, canonical(name)
        if key not in self.blocks:
            last = sum(one == campaign.pk for one, _name in self.blocks)
            self.blocks[key] = Block.objects.create(campaign=campaign, name=name, position=last)
        return self.blocks[key]


def _turned(row: Row) -> bool:
    """Whether the row changes whom the measure is for."""
    return any(heading == ADDRESSED.heading for heading, _before, _after in row.changes)
