"""Rule codes are promised to others: they keep the form and the names of the list."""

import re

from compliance.registry import RULES

# The codes of the published list.
PROMISED = """
meetings.committee meetings.group meetings.theme_day meetings.members_meeting meetings.lecture
meetings.secretary_lecture meetings.life_meeting meetings.appraisal meetings.talks meetings.plan
meetings.study_hours meetings.leaders_study_hours meetings.secretary_training
meetings.new_secretary_training dues.approved dues.paid dues.remitted dues.published dues.arrears
tasks.overdue tasks.weak_plan tasks.weak_report tasks.weak_acceptance terms.notice terms.request
terms.election branches.too_small branches.too_large branches.no_secretary branches.no_committee
branches.no_instructor branches.funds members.probation members.development members.files_checked
members.transfer_letters members.floating_contact members.abroad_contact members.lost_contact
assessments.secretary_review assessments.standard_studied
branches.joint_units branches.committee_size
""".split()

# Those that are judged already; the list only grows.
JUDGED = {
    *("meetings.committee", "meetings.theme_day", "meetings.members_meeting", "meetings.lecture"),
    *("meetings.study_hours", "dues.paid", "dues.arrears", "tasks.overdue", "terms.election"),
    *("branches.too_large", "branches.too_small", "branches.no_secretary", "members.probation"),
    *("branches.no_committee", "branches.committee_size"),
    *("branches.funds", "branches.no_instructor"),
    "members.transfer_letters",
    *("members.floating_contact", "members.abroad_contact", "members.lost_contact"),
    "members.files_checked",
    "members.development",
    *("dues.approved", "dues.remitted", "dues.published"),
    *("meetings.group", "meetings.life_meeting", "meetings.appraisal", "meetings.talks"),
    *("meetings.leaders_study_hours", "meetings.secretary_training", "meetings.plan"),
    *("meetings.new_secretary_training", "meetings.secretary_lecture"),
    *("tasks.weak_plan", "tasks.weak_report", "tasks.weak_acceptance"),
    "assessments.standard_studied",
}


def test_every_rule_carries_a_promised_code():
    assert set(RULES) <= set(PROMISED)
    for code, rule in RULES.items():
        assert rule.code == code
        assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", code)


def test_no_rule_that_was_judged_has_gone():
    assert set(RULES) >= JUDGED
