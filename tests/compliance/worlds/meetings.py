"""What happens to meetings, talks, courses and plans."""

from dataclasses import replace
from decimal import Decimal

from branches.models import Group
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import Meeting, StudyExemption, Talk, Training
from meetings.rosters import roster_on
from meetings.services import plans, recording, talks, trainings
from meetings.services.exemptions import end_exemption, enter_exemption
from members.models import (
    Member,
)
from tests.compliance.worlds.choosing import DAY, Choosing, picked


class MeetingActs(Choosing):
    """What happens to meetings, talks, courses and plans."""

    def meet(self, who, number, day):
        branch = self.branch(who)
        everybody = roster_on(branch, day).by_key()
        facts = recording.MeetingFacts(
            types=tuple(list(Type)[number % 7 :][:3]),
            held_on=day,
            hours=Decimal(number % 4 * 8),
            lecturer=picked(Member.objects.order_by("pk"), who) if number % 2 else None,
            group=picked(Group.objects.filter(organisation=branch), 0) if number % 2 else None,
            presences={pk: recording.Presence(AttendanceState.PRESENT) for pk in everybody},
        )
        recording.register_meeting(
            organisation=branch, facts=facts, by=self.by, today=self.today, anyway=True
        )

    def cancel(self, who, number, day):
        held = Meeting.objects.exclude(state=MeetingState.CANCELLED).order_by("pk")
        if meeting := picked(held, who):
            recording.cancel_meeting(
                meeting=meeting, version=meeting.version, by=self.by, reason="误登"
            )

    def redate_meeting(self, who, number, day):
        held = Meeting.objects.exclude(state=MeetingState.CANCELLED).order_by("pk")
        if meeting := picked(held, who):
            facts = recording.facts_of(meeting, meeting.attendances.all())
            recording.change_meeting(
                meeting=meeting,
                version=meeting.version,
                facts=replace(facts, held_on=day),
                by=self.by,
                today=self.today,
                anyway=True,
            )

    def talk(self, who, number, day):
        branch = self.branch(who)
        keys = list(roster_on(branch, day).by_key())
        facts = talks.TalkFacts(held_on=day, initiators=tuple(keys[:1]), members=tuple(keys[1:]))
        talks.register_talks(organisation=branch, facts=facts, by=self.by, today=self.today)

    def no_talk(self, who, number, day):
        if talk := picked(Talk.objects.order_by("pk"), who):
            talks.cancel_talk(talk=talk, version=talk.version, reason="误登", by=self.by)

    def train(self, who, number, day):
        facts = trainings.CourseFacts(
            title=f"培训{number}",
            level="county",
            kind=("secretaries", "members")[number % 2],
            is_central=True,
            starts_on=day,
            ends_on=day,
            hours=Decimal(40),
        )
        trainings.record_training(
            organisation=self.county,
            facts=facts,
            people={self.member(who).pk: None},
            by=self.superior,
            today=self.today,
        )

    def no_training(self, who, number, day):
        if training := picked(Training.objects.order_by("pk"), who):
            trainings.cancel_training(training=training, reason="误登", by=self.superior)

    def excuse(self, who, number, day):
        person = self.member(who)
        enter_exemption(
            member=person,
            organisation=person.organisation,
            starts_on=day,
            ends_on=day + DAY * 200,
            decided_on=day,
            decided_by="支委会",
            by=self.by,
            today=self.today,
        )

    def excuse_no_more(self, who, number, day):
        if excuse := picked(StudyExemption.objects.order_by("pk"), who):
            end_exemption(exemption=excuse, last_day=day, by=self.by, reason="已恢复")

    def plan(self, who, number, day):
        facts = {"organisation": self.branch(who), "year": day.year, "by": self.by}
        plan = plans.draft_plan(today=self.today, **facts)
        plans.file_plan(plan=plan, version=plan.version, by=self.by, today=self.today)
