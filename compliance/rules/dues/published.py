"""公示: the dues of a period posted for the members."""

from collections import defaultdict

from accounts.roles import Action
from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span, period_named
from branches.words import full_date
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
from dues.models import Charge, Payment, Publication
from dues.publishing import asked_period, covered_on, due_on
from dues.values import PUBLISH_DAY, PUBLISH_EVERY
from dues.words import money


def _asked(question: Question) -> Period | None:
    """What is to be posted when the quarter has ended; None in between."""
    return asked_period(question.period, question.value(PUBLISH_EVERY))


def _posted(question: Question, asked: Period):
    """Sheets that hung on the board by the day of judging and hold months of the period asked."""
    return Publication.objects.filter(
        organisation__in=question.organisations,
        starts_on__lte=asked.ends_on,
        ends_on__gte=asked.starts_on,
        posted_on__lte=question.as_of,
    )


def _measure_published(question: Question):
    if (asked := _asked(question)) is None:
        return
    span = {
        "organisation__in": question.organisations,
        "month__gte": asked.starts_on,
        "month__lte": question.ends_on,
    }
    owing = set(
        Charge.objects.filter(amount__gt=0, **span).values_list("organisation_id", flat=True)
    )
    owing |= set(Payment.objects.filter(**span).values_list("organisation_id", flat=True))
    posted = defaultdict(list)
    for publication in _posted(question, asked):
        posted[publication.organisation_id].append(publication)
    for pk in sorted(owing):
        met_on = covered_on(posted[pk], asked)
        yield Measured(pk, 1, int(met_on is not None), met_on=met_on)


def _published_evidence(question: Question, organisation: Organisation) -> Evidence:
    asked = _asked(question)
    if asked is None:
        return Evidence([])
    every = question.value(PUBLISH_EVERY)
    facts = [("应公示", asked.label), ("几个月公示一次", f"{every} 个月")]
    posted = list(_posted(question, asked).filter(organisation=organisation).order_by("starts_on"))
    counted = [
        Record(
            f"{period_named(one.period).label}党费公示",
            on=one.posted_on,
            note=f"{one.member_count} 人，¥{money(one.amount)}，"
            f"公示至{full_date(one.posted_until)}",
            url=link("dues:publication", branch=organisation.code, period=one.period),
        )
        for one in posted
    ]
    if covered_on(posted, asked):
        return Evidence(counted, [], facts)
    url = link("dues:publication", branch=organisation.code, period=str(asked))
    return Evidence(counted, [Record(f"{asked.label}党费公示", note="还没有公示", url=url)], facts)


DUES_ARE_PUBLISHED = register(
    Rule(
        code="dues.published",
        record="DUE-PUB",
        title="党费收缴情况公示",
        short="公示",
        headline="公示{period}党费收缴情况",
        asks="每 {value} 个月公示一次",
        wording="规定：党费收缴情况应当向党员公布，每年至少一次。几个月公示一次、次月几日前张贴由本县规定。",
        source="关于中国共产党党费收缴、使用和管理的规定（中组发〔2008〕3号）第二十八条（每年至少一次，条款号待核实）；按季度公示和公示的日期由本县规定",
        certainty=Certainty.TO_VERIFY,
        nature=Nature.LOCAL,
        how="应有 1 次；已标为公示的表包含这一期的全部月份，计 1，完成日期是张贴那一天。本县定为每半年公示的，"
        "只在二、四季度核对半年；定为每年的，只在四季度核对全年。没有应缴也没有实缴的支部不要求。",
        span=Span.QUARTER,
        areas=frozenset({"dues"}),
        measure=_measure_published,
        evidence=_published_evidence,
        cure=Cure("打印公示表", "dues:publication", actions=(Action.ENTER_DUES,)),
        keys=(PUBLISH_EVERY, PUBLISH_DAY),
        due=due_on,
        shown_when_over=True,
        from_founding=True,
    )
)
