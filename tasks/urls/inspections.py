"""督查: /tasks/inspections/…"""

from django.urls import path

from tasks.views import inspection_choice as choice
from tasks.views import inspection_rounds as rounds
from tasks.views import inspection_visits as visits
from tasks.views import inspections

urlpatterns = [
    path("inspections/", inspections.inspection_list, name="inspections"),
    path("inspections/new/", rounds.inspection_new, name="inspection_new"),
    path("inspections/<int:pk>/", rounds.inspection_page, name="inspection"),
    path("inspections/<int:pk>/change/", rounds.inspection_change, name="inspection_change"),
    path("inspections/<int:pk>/choose/", choice.inspection_choose, name="inspection_choose"),
    path("inspections/<int:pk>/draw/", choice.inspection_draw, name="inspection_draw"),
    path(
        "inspections/<int:pk>/draws/<int:number>/",
        choice.inspection_draw_check,
        name="inspection_draw_check",
    ),
    path("inspections/<int:pk>/close/", rounds.inspection_close, name="inspection_close"),
    path("inspections/<int:pk>/cancel/", rounds.inspection_cancel, name="inspection_cancel"),
    path("inspections/<int:pk>/paper/", inspections.inspection_paper, name="inspection_paper"),
    path("inspections/visits/<int:pk>/", visits.visit_page, name="inspection_visit"),
    path("inspections/visits/<int:pk>/record/", visits.visit_record, name="inspection_record"),
    path(
        "inspections/visits/<int:pk>/remove/",
        choice.inspection_visit_remove,
        name="inspection_remove",
    ),
    path(
        "inspections/visits/<int:pk>/findings/new/",
        visits.finding_new,
        name="inspection_finding_new",
    ),
    path(
        "inspections/visits/<int:pk>/letters/<slug:kind>/",
        visits.letter_new,
        name="inspection_letter_new",
    ),
    path(
        "inspections/findings/<int:pk>/",
        visits.finding_change,
        name="inspection_finding_change",
    ),
    path(
        "inspections/findings/<int:pk>/withdraw/",
        visits.finding_withdraw,
        name="inspection_finding_withdraw",
    ),
    path(
        "inspections/findings/<int:pk>/task/", visits.finding_task, name="inspection_finding_task"
    ),
    path("inspections/letters/<int:pk>/", visits.letter_change, name="inspection_letter_change"),
    path(
        "inspections/letters/<int:pk>/outcome/",
        visits.letter_outcome,
        name="inspection_letter_outcome",
    ),
    path(
        "inspections/letters/<int:pk>/paper/", visits.letter_paper, name="inspection_letter_paper"
    ),
]
