"""What is written leaves a line, or it is said here why not."""

from django.apps import apps

from tests.architecture.source import APPS, ROOT

# Model → the module whose services write it together with a line of the trail.
TRAILED = {
    "accounts.User": "accounts/services.py",
    "branches.Organisation": "branches/services/tree.py",
    "branches.Placement": "branches/services/tree.py",
    "branches.Group": "branches/services/groups.py",
    "branches.EarlierFact": "branches/services/facts.py",
    "branches.Unit": "branches/units.py",
    "branches.BranchUnit": "branches/units.py",
    "branches.ActivityRoom": "branches/premises.py",
    "branches.Budget": "branches/premises.py",
    "branches.FundEntry": "branches/premises.py",
    "branches.Alliance": "branches/alliances.py",
    "branches.AllianceMember": "branches/alliances.py",
    "branches.Workday": "branches/workdays.py",
    "branches.Setting": "branches/services/county_values.py",
    "branches.Grant": "branches/grants.py",
    "branches.Attachment": "branches/attachments.py",
    "members.Member": "members/services/people.py",
    "members.Membership": "members/services/people.py",
    "members.Post": "members/services/posts.py",
    "members.UnitPost": "members/services/unit_posts.py",
    "members.Assignment": "members/services/assignments.py",
    "members.Term": "members/services/terms.py",
    "members.TermRequest": "members/services/terms.py",
    "members.Election": "members/services/elections.py",
    "members.Candidate": "members/services/elections.py",
    "members.Development": "members/services/development.py",
    "members.DevelopmentPlan": "members/services/development_plans.py",
    "members.DevelopmentStep": "members/services/development.py",
    "members.Transfer": "members/services/transfers.py",
    "members.Absence": "members/services/contacts.py",
    "members.Contact": "members/services/contacts.py",
    "members.Case": "members/services/contacts.py",
    "members.FileCheck": "members/services/checks.py",
    "members.FileCheckLine": "members/services/checks.py",
    "members.Pledge": "members/services/pledges.py",
    "dues.ApprovedAmount": "dues/services/amounts.py",
    "dues.DuesRequest": "dues/services/requests.py",
    "dues.Charge": "dues/services/charges.py",
    "dues.ChargeChange": "dues/services/charges.py",
    "dues.OpeningBalance": "dues/services/openings.py",
    "dues.Payment": "dues/services/payments.py",
    "dues.Remittance": "dues/services/remittances.py",
    "dues.Publication": "dues/services/publications.py",
    "dues.Contribution": "dues/services/contributions.py",
    "meetings.Meeting": "meetings/services/recording.py",
    "meetings.MeetingType": "meetings/services/recording.py",
    "meetings.Attendance": "meetings/services/recording.py",
    "meetings.YearPlan": "meetings/services/plans.py",
    "meetings.PlanItem": "meetings/services/plans.py",
    "meetings.Resolution": "meetings/services/resolutions.py",
    "meetings.Exclusion": "meetings/services/resolutions.py",
    "meetings.Appraisal": "meetings/services/appraisals.py",
    "meetings.AppraisalResult": "meetings/services/appraisals.py",
    "meetings.Matter": "meetings/services/matters.py",
    "meetings.MatterStep": "meetings/services/matters.py",
    "meetings.JointInvitation": "meetings/services/joint.py",
    "meetings.Talk": "meetings/services/talks.py",
    "meetings.TalkPerson": "meetings/services/talks.py",
    "meetings.Visit": "meetings/services/visits.py",
    "meetings.MakeUp": "meetings/services/make_ups.py",
    "meetings.Training": "meetings/services/trainings.py",
    "meetings.TrainingAttendance": "meetings/services/trainings.py",
    "meetings.StudyExemption": "meetings/services/exemptions.py",
    "tasks.Task": "tasks/services/ledger.py",
    "tasks.TaskEvent": "tasks/services/ledger.py",
    "notices.Notice": "notices/services.py",
    "notices.Receipt": "notices/services.py",
    "tasks.Extension": "tasks/services/ledger.py",
    "tasks.Campaign": "tasks/services/campaigns.py",
    "tasks.Phase": "tasks/services/campaign_parts.py",
    "tasks.Block": "tasks/services/campaign_parts.py",
    "tasks.Measure": "tasks/services/campaign_parts.py",
    "tasks.Target": "tasks/services/campaign_parts.py",
    "tasks.CampaignValue": "tasks/services/campaign_parts.py",
    "tasks.SelfCheck": "tasks/services/self_checks.py",
    "tasks.PlusPlan": "tasks/services/projects.py",
    "tasks.PlusItem": "tasks/services/projects.py",
    "tasks.WeakBranch": "tasks/services/weak.py",
    "tasks.WeakStep": "tasks/services/weak.py",
    "tasks.WeakLink": "tasks/services/weak_parts.py",
    "tasks.WeakCheck": "tasks/services/weak_parts.py",
    "tasks.WeakReport": "tasks/services/weak_parts.py",
    "tasks.WeakSurvey": "tasks/services/weak_parts.py",
    "tasks.Inspection": "tasks/services/inspections.py",
    "tasks.InspectionVisit": "tasks/services/inspection_visits.py",
    "tasks.Finding": "tasks/services/inspection_visits.py",
    "tasks.Letter": "tasks/services/inspection_visits.py",
    "tasks.UnitSurvey": "tasks/services/coverage.py",
    "tasks.UnitInstructor": "tasks/services/coverage.py",
    "tasks.FoundingStep": "tasks/services/coverage.py",
    "compliance.Exemption": "compliance/exemptions.py",
    "compliance.CalendarAddress": "compliance/calendars.py",
    "ledgers.ImportBatch": "ledgers/services.py",
}
EXEMPT = {
    "compliance.Foreseen": "computed from the facts, like the duties",
    "accounts.TrailLine": "it is the trail",
    "accounts.Draft": "not yet anybody's record; its content is encrypted",
    "accounts.SavedView": "a bookmark of one's own",
    "branches.Changed": "a note between rooms, gone within minutes",
    "jobs.Job": "the row says itself who started what and how it ended",
    "ledgers.ImportFile": "part of a batch, whose steps are in the trail",
    "ledgers.ImportLine": "part of a batch, whose steps are in the trail",
    "compliance.Duty": "computed from facts; its changes are DutyEvents",
    "compliance.DutyEvent": "it is the history of a duty",
    "compliance.DutySummary": "computed from duties",
    "compliance.CheckRun": "it is the log of the nightly run",
}


def own_models():
    return {model._meta.label for app in APPS for model in apps.get_app_config(app).get_models()}


def test_every_model_is_trailed_or_exempt_with_a_reason():
    assert own_models() == TRAILED.keys() | EXEMPT.keys()
    assert not TRAILED.keys() & EXEMPT.keys()
    assert all(EXEMPT.values())


def test_the_services_of_trailed_models_write_lines():
    silent = {path for path in TRAILED.values() if "trail" not in (ROOT / path).read_text("utf-8")}
    assert silent == set()
