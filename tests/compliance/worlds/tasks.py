"""What happens to tasks and weak branches."""

from tasks.models import Task, TaskState, WeakBranch
from tasks.services import extensions, ledger, weak, weak_parts
from tests.compliance.worlds.choosing import DAY, Choosing, picked


class TaskActs(Choosing):
    """What happens to tasks and weak branches."""

    def list_task(self, who, number, day):
        branch = self.branch(who)
        facts = ledger.TaskFacts(
            source="镇街检查",
            problem=f"第{Task.objects.count()}个问题",
            responsible_leader="沈知行",
            responsible_unit=branch.name,
            responsible_person="林守正",
            opened_on=day,
            due_on=day + DAY * (number * 12),
        )
        # Some come from a measure of the campaign, whose organisations thus become more.
        measure = self.campaign.measures.first() if number % 2 else None
        ledger.list_task(
            organisation=branch, facts=facts, by=self.by, on=self.today, measure=measure
        )

    def end_task(self, who, number, day):
        if task := picked(Task.objects.order_by("pk"), who):
            facts = {"task": task, "by": self.superior, "on": self.today}
            if number % 3 == 0:
                ledger.cancel_task(reason="重复", **facts)
            elif number % 3 == 1:
                ledger.request_close(text="已整改", **facts)
            else:
                ledger.close_task(**facts)

    def extend_task(self, who, number, day):
        if task := picked(Task.objects.order_by("pk"), who):
            facts = {"task": task, "by": self.superior, "on": self.today}
            due_on = self.today + DAY * (number * 10)
            if task.state == TaskState.CLOSED:
                ledger.reopen_task(reason="反弹", due_on=due_on, **facts)
            else:
                extensions.extend_task(reason="招标未完", due_on=due_on, **facts)

    def weaken(self, who, number, day):
        case = weak.propose(
            organisation=self.branch(who),
            situations=["班子不团结"],
            problems="班子不团结",
            by=self.superior,
            on=day,
            today=self.today,
        )
        decision = weak.Decision(day, "县委常委会", day + DAY * number, day + DAY * number * 5)
        weak.decide(
            case=case, version=case.version, decision=decision, by=self.superior, today=self.today
        )

    def mend(self, who, number, day):
        if case := picked(WeakBranch.objects.order_by("pk"), who):
            facts = {"case": case, "by": self.superior, "today": self.today}
            if number % 2:
                weak.file_plan(version=case.version, plan="一支一策", on=day, **facts)
            else:
                weak_parts.save_report(month=day, version=0, text="已谈话", **facts)
