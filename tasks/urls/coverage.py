from django.urls import path

from tasks.views import coverage, coverage_steps, coverage_units

urlpatterns = [
    path("coverage/", coverage.coverage_list, name="coverage"),
    path("coverage/ended/", coverage.ended_list, name="coverage_ended"),
    path("coverage/print/", coverage.coverage_paper, name="coverage_paper"),
    path("coverage/committees/", coverage.committees, name="coverage_committees"),
    path("coverage/committees/print/", coverage.committees_paper, name="coverage_committees_paper"),
    path("coverage/campaigns/<int:pk>/", coverage.campaign, name="coverage_campaign"),
    path("coverage/new/", coverage_units.unit_new, name="coverage_new"),
    path("coverage/<int:pk>/", coverage_units.unit_detail, name="coverage_unit"),
    path("coverage/<int:pk>/change/", coverage_units.unit_change, name="coverage_change"),
    path("coverage/<int:pk>/end/", coverage_units.unit_end, name="coverage_end"),
    path("coverage/<int:pk>/restore/", coverage_units.unit_restore, name="coverage_restore"),
    path("coverage/<int:pk>/survey/", coverage_steps.survey_new, name="coverage_survey"),
    path("coverage/surveys/<int:pk>/", coverage_steps.survey_change, name="coverage_survey_change"),
    path(
        "coverage/<int:pk>/instructor/",
        coverage_steps.instructor_send,
        name="coverage_instructor",
    ),
    path(
        "coverage/instructors/<int:pk>/end/",
        coverage_steps.instructor_end,
        name="coverage_instructor_end",
    ),
    path("coverage/<int:pk>/cover/", coverage_steps.cover, name="coverage_cover"),
    path("coverage/<int:pk>/steps/", coverage_steps.steps, name="coverage_steps"),
]
