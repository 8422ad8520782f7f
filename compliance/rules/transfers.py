import datetime
from collections import defaultdict

from django.urls import reverse

from accounts.roles import Action
from branches.models import Organisation
from compliance.registry import (
    Certainty,
    Cure,
    Evidence,
    Measured,
    Nature,
    Question,
    Record,
    Rule,
    register,
)
from members.models import Transfer
from members.services.transfers import LETTER_DAYS

_DAY = datetime.timedelta(days=1)


def _run_out(question: Question):
    """Letters of these branches past their last valid day, without a receipt by the day."""
    return Transfer.objects.overdue(question.as_of).filter(
        from_organisation__in=question.organisations
    )


def _measure_letters(question: Question):
    last_days = defaultdict(list)
    for pk, last_day in _run_out(question).values_list("from_organisation_id", "last_valid_day"):
        last_days[pk].append(last_day)
    for pk in question.organisations.values_list("pk", flat=True):
        days = last_days[pk]
        yield Measured(pk, 0, len(days), since=min(days) + _DAY if days else None)


def _letters_evidence(question: Question, organisation: Organisation) -> Evidence:
    letters = _run_out(question).filter(from_organisation=organisation)
    return Evidence(
        counted=[
            Record(
                text=f"{transfer.name}转往{transfer.new_side}",
                on=transfer.last_valid_day,
                note=(
                    f"介绍信 {transfer.letter_number}，{transfer.letter_on:%Y年%-m月%-d日}开具，"
                    f"有效 {transfer.valid_days} 天，逾期 "
                    f"{(question.as_of - transfer.last_valid_day).days} 天没有回执"
                ),
                url=reverse("members:transfer", args=[transfer.pk]),
            )
            for transfer in letters.select_related("to_organisation").order_by(
                "last_valid_day", "pk"
            )
        ]
    )


LETTERS_COME_BACK = register(
    Rule(
        code="members.transfer_letters",
        record="LETTER-90",
        title="组织关系介绍信按期回执",
        short="转接",
        headline="催回组织关系介绍信回执",
        asks="介绍信在有效期内收到回执（一般 {value} 天）",
        wording="组织关系介绍信的有效期一般不超过3个月，具体天数在信上写明。通行做法：接收后寄回回执。转入的党组织接收之前，原党组织继续负责。",
        source="通行做法（2006年介绍信式样）；跨省有效期各地说法不一，待核实。接收前由原党组织负责：中国共产党党员教育管理工作条例（2019）第二十五条",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.NORMALLY,
        how="数核对日已过最后有效日、还没有回执的介绍信，算在转出的支部。最后有效日是开具日加有效天数，当天不算逾期，从次日起算。天数按每份介绍信上写的算。这是建议，最多显示为落后。",
        span=None,
        areas=frozenset({"members", "branches"}),
        measure=_measure_letters,
        evidence=_letters_evidence,
        cure=Cure(
            "看逾期的介绍信",
            "members:transfers",
            (("state", "overdue"),),
            (Action.SUBMIT, Action.APPROVE),
        ),
        unit="份",
        keys=(LETTER_DAYS,),
        strict=False,
    )
)
