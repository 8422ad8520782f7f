"""The steps of a weak branch's case as forms: who may make which, what is asked, what it calls."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from accounts.roles import Action
from branches.periods import add_months
from branches.scope import reaches
from branches.values import Values
from branches.words import full_date
from tasks import weak_states
from tasks.enums import WeakStepKind
from tasks.forms import weak as forms
from tasks.models import WeakBranch
from tasks.services import weak as services
from tasks.values import WEAK_PLAN_DAYS, WEAK_TERM_MONTHS
from tasks.weak import obstacles, refusal_words

COUNTY = (Action.REVIEW_FOR_COUNTY,)
OVERSEER = (Action.REVIEW_TASK,)
# The branch itself, or who oversees it.
EITHER = (Action.REPORT_TASK, Action.REVIEW_TASK)


@dataclass(frozen=True)
class Step:
    """One step: the code in its address, who may make it, its form, its service and its words."""

    code: str
    kind: WeakStepKind
    actions: tuple[str, ...]
    form: type
    act: Callable
    button: str
    done: str
    # Asked once more, with what follows from it; "" for a step that is not asked about.
    confirm: str = ""


STEPS = (
    Step(
        "decide", WeakStepKind.DECIDED, COUNTY, forms.DecideForm, services.decide,
        "登记认定", "已登记认定，支部现在看得到",
    ),
    Step(
        "decline", WeakStepKind.DECLINED, COUNTY, forms.DeclineForm, services.decline,
        "不予认定", "已登记不予认定",
    ),
    Step(
        "plan", WeakStepKind.PLAN_FILED, EITHER, forms.PlanForm, services.file_plan,
        "报备整顿方案", "已报备整顿方案",
    ),
    Step(
        "accept", WeakStepKind.PASSED, COUNTY, forms.AcceptForm, services.accept,
        "验收通过", "已登记验收通过", "通过后转入跟踪，测评和措施不能再改。",
    ),
    Step(
        "redo", WeakStepKind.REDO, COUNTY, forms.RedoForm, services.redo,
        "重新整顿", "已登记重新整顿", "支部要重新整改、重新测评，再申请验收。",
    ),
    Step(
        "ask", WeakStepKind.ASKED, OVERSEER, forms.AskForm, services.ask_acceptance,
        "申请验收", "已申请验收，等县级验收", "送出后由县里验收。",
    ),
    Step(
        "consolidation", WeakStepKind.CONSOLIDATION, EITHER, forms.ConsolidationForm,
        services.file_consolidation, "报备巩固方案", "已报备巩固方案",
    ),
    Step(
        "look-back", WeakStepKind.LOOKED_BACK, OVERSEER, forms.LookBackForm, services.look_back,
        "登记回访", "已登记回访",
    ),
    Step(
        "end", WeakStepKind.ENDED, COUNTY, forms.TextForm, services.end,
        "结束跟踪", "已结束跟踪", "结束后这一条不能再改，要再整顿须重新提出。",
    ),
)  # fmt: skip
BY_CODE = {step.code: step for step in STEPS}


def is_allowed(step: Step, user, case: WeakBranch) -> bool:
    """Whether the user may make that step there, in whatever state the case is."""
    return any(reaches(user, action, case.organisation.path) for action in step.actions)


def may_file(user, case: WeakBranch) -> bool:
    """Whether the user files plans and reports there: the branch itself, or who oversees it."""
    return any(reaches(user, action, case.organisation.path) for action in EITHER)


def form_for(step: Step, case: WeakBranch, today: datetime.date, typed=None, files=None):
    """The form of a step, filled in with what is known."""
    prefix = step.code.replace("-", "_")
    initial = _initial(step, case, today)
    return step.form(typed, files, today=today, initial=initial, auto_id=f"{prefix}_%s")


def _initial(step: Step, case: WeakBranch, today: datetime.date) -> dict:
    if step.code == "decide":
        values = Values()
        plan_days = datetime.timedelta(days=values.on(WEAK_PLAN_DAYS, today))
        return {
            "decided_on": today,
            "decided_by": "县委常委会",
            "plan_due_on": today + plan_days,
            "due_on": add_months(today, values.on(WEAK_TERM_MONTHS, today)),
        }
    if step.code == "plan":
        return {"plan": case.plan}
    if step.code == "consolidation":
        return {"plan": case.consolidation}
    return {"on": today}


def offered(case: WeakBranch, user, today: datetime.date, refused=None) -> list[dict]:
    """The steps the user may make now; `refused` is (code, form) of one that was not taken.

    A step that is not possible yet stands there with its reason instead of its form.
    """
    found = []
    for step in STEPS:
        if not is_allowed(step, user, case) or not weak_states.may(step.kind, case.state):
            continue
        form = refused[1] if refused and refused[0] == step.code else None
        found.append(
            {
                "code": step.code,
                "title": _title(step, case),
                "button": step.button,
                "confirm": step.confirm,
                "form": form or form_for(step, case, today),
                "blocked": "" if form else _blocked(step, case, today),
                "is_open": form is not None,
            }
        )
    # The first step that can be made is the one the page is for.
    main = next((one for one in found if not one["blocked"] and not _is_aside(one, case)), None)
    for one in found:
        one["is_main"] = one is main
    # What was refused and the next step come first, what is folded comes last.
    return sorted(
        found, key=lambda one: (not one["is_open"], not one["is_main"], not one["blocked"])
    )


def _is_aside(one: dict, case: WeakBranch) -> bool:
    """Whether a step is no next step: a revision, a refusal, a visit."""
    revised = (one["code"] == "plan" and case.plan) or (
        one["code"] == "consolidation" and case.consolidation
    )
    return bool(revised) or one["code"] in ("decline", "redo")


def _title(step: Step, case: WeakBranch) -> str:
    if step.code == "plan" and case.plan:
        return "修订整顿方案"
    if step.code == "consolidation" and case.consolidation:
        return "修订巩固方案"
    if step.code == "redo" and case.passed_on:
        return "反弹了，重新整顿"
    return step.button


def _blocked(step: Step, case: WeakBranch, today: datetime.date) -> str:
    """Why the step cannot be made yet, said before anybody tries."""
    if step.code in ("ask", "accept"):
        return refusal_words(obstacles(case))
    if step.code == "end" and case.follow_up_until and today <= case.follow_up_until:
        return f"跟踪到{full_date(case.follow_up_until)}，期满后再结束"
    return ""
