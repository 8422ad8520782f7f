"""The limit of `check_full` and `check_one`: twelve rules judged by one hand-written statement.

It knows what the county values are by default and that nothing was renamed, waived or set apart;
the generator makes no such rows. What it finds goes into tables like those of the product, with
the same indexes: verdicts and the sums over everything below each organisation.
"""

import datetime

from django.db import connection, transaction

from branches.periods import Period
from branches.values import Values
from compliance.judging import horizon_on, period_key
from compliance.models import STANDING, Duty, DutySummary
from compliance.registry import RULES, Rule

CODES = (
    "meetings.committee", "meetings.group", "meetings.theme_day", "meetings.members_meeting",
    "meetings.lecture", "meetings.study_hours", "dues.paid", "tasks.overdue", "terms.election",
    "branches.too_small", "branches.too_large", "branches.no_secretary",
)  # fmt: skip

_DUTIES, _SUMS = "bench_duty", "bench_duty_sum"

_FOUND = """
period (span, period, starts_on, ends_on, last_on) AS (VALUES {periods}),
asked (rule, strict, grace) AS (VALUES {rules}),
organisation AS (
    SELECT id, kind, founded_on, dissolved_on FROM branches_organisation {narrowed}
),
scope AS (
    SELECT period.*, id AS organisation_id,
           founded_on IS NULL OR founded_on <= starts_on AS is_old
    FROM period JOIN organisation
      ON (founded_on IS NULL OR founded_on <= last_on)
     AND (dissolved_on IS NULL OR dissolved_on > last_on)
    WHERE kind = 'branch'
),
held AS (
    SELECT organisation_id, group_id, type, span, period, count(*) AS meetings
    FROM (
        SELECT typed.*, date_trunc(span, held_on)::date AS starts_on
        FROM (
            SELECT organisation_id, group_id, type, held_on,
                   CASE type WHEN 'members_meeting' THEN 'quarter' WHEN 'lecture' THEN 'year'
                             ELSE 'month' END AS span
            FROM meetings_meetingtype
            JOIN meetings_meeting meeting ON meeting.id = meeting_id AND state = 'held'
            WHERE type IN ('committee', 'group', 'theme_day', 'members_meeting', 'lecture')
              {of_branch}
            OFFSET 0
        ) typed
    ) meeting
    JOIN period USING (span, starts_on)
    WHERE held_on <= last_on
    GROUP BY 1, 2, 3, 4, 5
),
meetings AS (
    SELECT organisation_id, type, span, period, sum(meetings) AS meetings
    FROM held GROUP BY 1, 2, 3, 4
),
place AS (
    SELECT membership.organisation_id, member_id, is_attached, starts_on AS since,
           ends_on AS until, kind, confirmed_on, left_on
    FROM members_membership membership JOIN members_member member ON member.id = member_id
    {people_of_branch}
),
people AS (
    SELECT organisation_id, span, period, count(*) AS members,
           count(*) FILTER (WHERE kind = 'formal'
                            AND (confirmed_on IS NULL OR confirmed_on <= last_on)) AS formal
    FROM place
    JOIN period
      ON (since IS NULL OR since <= last_on) AND (until IS NULL OR until >= last_on)
     AND (left_on IS NULL OR left_on > last_on) AND span IN ('month', '')
    GROUP BY 1, 2, 3
),
"""

_RULES = """
hours AS (
    SELECT member_id, sum(hours) AS hours
    FROM (
        SELECT attendance.member_id, meeting.hours, held_on AS day
        FROM meetings_attendance attendance
        JOIN meetings_meeting meeting ON meeting.id = meeting_id AND meeting.state = 'held'
        WHERE attendance.state = 'present' {people_in_meetings}
        UNION ALL
        SELECT make_up.member_id, make_up.hours, done_on
        FROM meetings_makeup make_up
        JOIN meetings_meeting meeting ON meeting.id = meeting_id AND meeting.state = 'held'
        WHERE NOT EXISTS (SELECT FROM meetings_attendance attendance
                          WHERE attendance.meeting_id = make_up.meeting_id
                            AND attendance.member_id = make_up.member_id
                            AND attendance.state = 'present')
        UNION ALL
        SELECT attended.member_id, attended.hours, ends_on
        FROM meetings_trainingattendance attended
        JOIN meetings_training training ON training.id = training_id
        WHERE cancelled_at IS NULL
    ) earned
    WHERE day BETWEEN date_trunc('year', {day})::date AND {day}
    GROUP BY 1
),
studied AS (
    SELECT organisation_id, count(*) AS members, count(*) FILTER (WHERE hours >= 32) AS reached,
           coalesce(sum(hours), 0) / count(*) AS average
    FROM place LEFT JOIN hours USING (member_id)
    WHERE NOT is_attached AND (since IS NULL OR since <= {day})
      AND (until IS NULL OR until >= {day}) AND (left_on IS NULL OR left_on > {day})
      AND NOT EXISTS (SELECT FROM meetings_studyexemption exemption
                      WHERE exemption.member_id = place.member_id
                        AND {day} BETWEEN exemption.starts_on AND exemption.ends_on)
    GROUP BY 1
),
settled AS (
    SELECT charge.organisation_id, charge.month, count(*) AS due,
           count(*) FILTER (WHERE coalesce(paid.amount, 0) > charge.amount - 0.005) AS full_ones
    FROM dues_charge charge
    LEFT JOIN (SELECT member_id, month, sum(amount) AS amount FROM dues_payment
               WHERE (paid_on IS NULL OR paid_on <= {day}) {paid_in_branch}
               GROUP BY 1, 2) paid USING (member_id, month)
    WHERE charge.amount > 0 {of_branch_charge}
    GROUP BY 1, 2
),
late AS (
    SELECT organisation_id, count(*) AS tasks, min(due_on) + 1 AS since
    FROM tasks_task WHERE state NOT IN ('closed', 'cancelled') AND due_on < {day}
      AND opened_on <= {day} {of_branch}
    GROUP BY 1
),
term AS (
    SELECT DISTINCT ON (organisation_id) organisation_id,
           coalesce(postponed_to, ends_on) AS runs_to
    FROM members_term WHERE (starts_on IS NULL OR starts_on <= {day}) {of_branch}
    ORDER BY organisation_id, coalesce(starts_on, ends_on - interval '5 years') DESC, ends_on DESC
),
secretary AS (
    SELECT organisation_id, bool_or(ends_on IS NULL OR ends_on >= {day}) AS is_held,
           max(ends_on) FILTER (WHERE ends_on < {day}) + 1 AS since
    FROM members_post WHERE title = 'secretary' AND (starts_on IS NULL OR starts_on <= {day})
      {of_branch}
    GROUP BY 1
),
found (rule, organisation_id, period, starts_on, ends_on, required, actual, is_behind, since) AS (
    SELECT 'meetings.committee', organisation_id, period, starts_on, ends_on, 1,
           coalesce(meetings, 0), false, NULL::date
    FROM scope JOIN people USING (organisation_id, span, period)
    LEFT JOIN (SELECT * FROM meetings WHERE type = 'committee') met
        USING (organisation_id, span, period)
    WHERE span = 'month' AND is_old AND formal >= 7
    UNION ALL
    SELECT 'meetings.group', organisation_id, period, starts_on, ends_on, count(*),
           count(*) FILTER (WHERE own.meetings > 0 OR together.meetings > 0), false, NULL
    FROM scope JOIN (SELECT id AS group_id, organisation_id, starts_on AS since, ends_on AS until
                     FROM branches_group) grouped USING (organisation_id)
    LEFT JOIN (SELECT * FROM held WHERE type = 'group') own
        USING (organisation_id, span, period, group_id)
    LEFT JOIN (SELECT * FROM held WHERE type = 'group' AND group_id IS NULL) together
        USING (organisation_id, span, period)
    WHERE span = 'month' AND is_old AND (since IS NULL OR since <= last_on)
      AND (until IS NULL OR until >= last_on)
    GROUP BY 2, 3, 4, 5
    UNION ALL
    SELECT CASE span WHEN 'month' THEN 'meetings.theme_day' ELSE 'meetings.members_meeting' END,
           organisation_id, period, starts_on, ends_on, 1, coalesce(meetings, 0), false, NULL
    FROM scope
    LEFT JOIN (SELECT * FROM meetings WHERE type IN ('theme_day', 'members_meeting')) met
        USING (organisation_id, span, period)
    WHERE span IN ('month', 'quarter') AND is_old
    UNION ALL
    SELECT 'meetings.lecture', organisation_id, period, starts_on, ends_on, 4,
           coalesce(meetings, 0), coalesce(meetings, 0) < extract(quarter FROM {day}) - 1, NULL
    FROM scope
    LEFT JOIN (SELECT * FROM meetings WHERE type = 'lecture') met
        USING (organisation_id, span, period)
    WHERE span = 'year'
    UNION ALL
    SELECT 'meetings.study_hours', organisation_id, period, starts_on, ends_on, members, reached,
           average < round(32.0 * ({day} - starts_on) / (ends_on - starts_on + 1), 1), NULL
    FROM scope JOIN studied USING (organisation_id) WHERE span = 'year'
    UNION ALL
    SELECT 'dues.paid', organisation_id, period, starts_on, ends_on, due, full_ones, false, NULL
    FROM scope JOIN settled USING (organisation_id)
    WHERE span = 'month' AND month = starts_on
    UNION ALL
    SELECT 'tasks.overdue', organisation_id, '', NULL, NULL, 0, coalesce(tasks, 0), false,
           late.since
    FROM scope LEFT JOIN late USING (organisation_id) WHERE span = ''
    UNION ALL
    SELECT 'terms.election', organisation_id, '', NULL, NULL, 0, (runs_to < {day})::int, false,
           runs_to + 1
    FROM term JOIN organisation ON organisation.id = organisation_id
    WHERE kind IN ('branch', 'general_branch', 'committee')
      AND (dissolved_on IS NULL OR dissolved_on > {day})
    UNION ALL
    SELECT size.rule, organisation_id, '', NULL, NULL, 0,
           CASE size.rule WHEN 'branches.too_small' THEN (coalesce(formal, 0) < 3)::int
                          ELSE (coalesce(members, 0) > 50)::int END, false, NULL
    FROM scope LEFT JOIN people USING (organisation_id, span, period)
    CROSS JOIN (VALUES ('branches.too_small'), ('branches.too_large')) AS size (rule)
    WHERE span = ''
    UNION ALL
    SELECT 'branches.no_secretary', organisation_id, '', NULL, NULL, 0,
           (NOT coalesce(is_held, false))::int, false, secretary.since
    FROM scope LEFT JOIN secretary USING (organisation_id) WHERE span = ''
),
dated AS (
    SELECT found.*, strict, CASE WHEN period <> '' THEN actual >= required ELSE actual = 0 END AS met,
           CASE WHEN period = '' AND actual > 0 THEN coalesce(since, {day}) END AS open_since,
           CASE WHEN period <> '' THEN ends_on
                WHEN actual > 0 THEN coalesce(since, {day}) + grace - 1 END AS due_on
    FROM found JOIN asked USING (rule)
),
verdict AS (
    SELECT rule, organisation_id, period, starts_on, ends_on, required, actual, due_on, open_since,
           CASE WHEN met THEN 'done'
                WHEN {day} > due_on THEN CASE WHEN strict THEN 'overdue' ELSE 'behind' END
                WHEN is_behind THEN 'behind' ELSE 'open' END AS state
    FROM dated
)"""

_WRITE = """,
written AS (
    INSERT INTO bench_duty AS known (rule, organisation_id, period, starts_on, ends_on, required,
                                     actual, state, due_on, open_since, version, waiting)
    SELECT rule, organisation_id, period, starts_on, ends_on, required, actual, state, due_on,
           open_since, 'bench', false
    FROM verdict
    ON CONFLICT (rule, period, organisation_id) DO UPDATE
    SET required = excluded.required, actual = excluded.actual, state = excluded.state,
        due_on = excluded.due_on, open_since = excluded.open_since
    WHERE (known.required, known.actual, known.state, known.due_on, known.open_since)
        IS DISTINCT FROM (excluded.required, excluded.actual, excluded.state, excluded.due_on,
                          excluded.open_since)
    RETURNING 1
)"""

_SUM = """,
above AS (
    SELECT placement.organisation_id, parent.organisation_id AS above_id
    FROM branches_placement placement
    JOIN branches_organisation one ON one.id = placement.organisation_id
    CROSS JOIN LATERAL generate_series(
        6, length(placement.path) - CASE one.kind WHEN 'branch' THEN 6 ELSE 0 END, 6) AS step
    JOIN branches_placement parent
      ON parent.path = left(placement.path, step) AND parent.ends_on IS NULL
    WHERE placement.ends_on IS NULL
),
summed AS (
    INSERT INTO bench_duty_sum AS known (organisation_id, rule, period, done, open, behind, overdue,
                                         exempt, required, actual)
    SELECT above_id, rule, period, count(*) FILTER (WHERE state = 'done'),
           count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'behind'),
           count(*) FILTER (WHERE state = 'overdue'), 0, sum(required), sum(actual)
    FROM verdict JOIN above USING (organisation_id)
    GROUP BY 1, 2, 3
    ON CONFLICT (organisation_id, rule, period) DO UPDATE
    SET done = excluded.done, open = excluded.open, behind = excluded.behind,
        overdue = excluded.overdue, required = excluded.required, actual = excluded.actual
    WHERE (known.done, known.open, known.behind, known.overdue, known.required, known.actual)
        IS DISTINCT FROM (excluded.done, excluded.open, excluded.behind, excluded.overdue,
                          excluded.required, excluded.actual)
    RETURNING 1
)"""


def rules() -> list[Rule]:
    return [RULES[code] for code in CODES]


def periods_of(day: datetime.date) -> dict[str, list[Period | None]]:
    """What both sides judge: each rule's open periods."""
    horizon = horizon_on(day, Values())
    return {rule.code: horizon.periods(rule) for rule in rules()}


def make_tables() -> None:
    """Empty tables like the product's, indexes included."""
    with connection.cursor() as cursor:
        for name, model in ((_DUTIES, Duty), (_SUMS, DutySummary)):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            cursor.execute(f'CREATE TABLE {name} (LIKE "{model._meta.db_table}" INCLUDING ALL)')


def answer(table: str = _DUTIES) -> tuple[int, str]:
    """How many verdicts on the twelve rules a table holds, and the checksum of what they say."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*), coalesce(sum(hashtextextended(concat_ws('|', rule, organisation_id,
                period, required, actual, state), 0)), 0)::text
                FROM {table} WHERE rule = ANY(%s)""",
            [list(CODES)],
        )
        return cursor.fetchone()


def sums(table: str = _SUMS) -> tuple[int, str]:
    """The same of the sums; what counts nothing is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*), coalesce(sum(hashtextextended(concat_ws('|', rule, organisation_id,
                period, done, open, behind, overdue, exempt, required, actual), 0)), 0)::text
                FROM {table} WHERE rule = ANY(%s) AND done + open + behind + overdue + exempt > 0""",
            [list(CODES)],
        )
        return cursor.fetchone()


def judge_everybody(day: datetime.date) -> int:
    """One statement: every period, every organisation; returns how many verdicts were written."""
    text = _statement(day, None) + _WRITE + _SUM
    text += " SELECT (SELECT count(*) FROM written) + 0 * (SELECT count(*) FROM summed)"
    with transaction.atomic(), connection.cursor() as cursor:
        # The planner knows nothing of the size of a WITH; compiling takes longer than it saves.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL jit = off")
        cursor.execute(f"WITH {text}")
        return cursor.fetchone()[0]


def judge_one(day: datetime.date, organisation: int) -> int:
    """The same for one organisation alone, its verdicts without the sums above it."""
    text = _statement(day, organisation) + _WRITE + " SELECT count(*) FROM written"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        cursor.execute(f"WITH {text}")
        return cursor.fetchone()[0]


def _statement(day: datetime.date, organisation: int | None) -> str:
    """Everything up to `verdict`; only numbers, days and codes of the program are put in."""
    spans: dict[str, list[Period | None]] = {}
    for code, periods in periods_of(day).items():
        span = RULES[code].span
        spans[span.value if span else ""] = periods
    listed = [
        _period_row(span, period, day) for span, periods in spans.items() for period in periods
    ]
    strict = ", ".join(f"('{rule.code}', {rule.strict}, {rule.grace_days})" for rule in rules())
    names = {
        "periods": ", ".join(listed), "rules": strict, "day": f"date '{day}'",
        "narrowed": "", "of_branch": "", "people_of_branch": "", "people_in_meetings": "",
        "paid_in_branch": "", "of_branch_charge": "",
    }  # fmt: skip
    if organisation is not None:
        own = f"(SELECT member_id FROM members_membership WHERE organisation_id = {organisation})"
        names |= {
            "narrowed": f"WHERE id = {organisation}",
            "of_branch": f"AND organisation_id = {organisation}",
            "people_of_branch": f"WHERE membership.organisation_id = {organisation}",
            "people_in_meetings": f"AND attendance.member_id IN {own}",
            "paid_in_branch": f"AND member_id IN {own}",
            "of_branch_charge": f"AND charge.organisation_id = {organisation}",
        }
    return (_FOUND + _RULES).format(**names)


def _period_row(span: str, period: Period | None, day: datetime.date) -> str:
    if period is None:
        return f"('', '{STANDING}', date '{day}', date '{day}', date '{day}')"
    last = min(period.ends_on, day)
    return (
        f"('{span}', '{period_key(period)}', date '{period.starts_on}', "
        f"date '{period.ends_on}', date '{last}')"
    )
