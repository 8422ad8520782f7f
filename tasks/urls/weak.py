from django.urls import path

from tasks.views import weak, weak_parts

urlpatterns = [
    path("weak/", weak.weak_list, name="weak"),
    path("weak/new/", weak.weak_new, name="weak_new"),
    path("weak/paper/", weak.weak_list_paper, name="weak_list_paper"),
    path("weak/links/<int:pk>/end/", weak_parts.link_end, name="weak_link_end"),
    path(
        "weak/surveys/<int:pk>/withdraw/", weak_parts.survey_withdraw, name="weak_survey_withdraw"
    ),
    path("weak/<int:pk>/", weak.weak_case, name="weak_case"),
    path("weak/<int:pk>/paper/", weak.weak_paper, name="weak_paper"),
    path("weak/<int:pk>/step/<str:code>/", weak.weak_step, name="weak_step"),
    path("weak/<int:pk>/measure/", weak_parts.measure_new, name="weak_measure"),
    path("weak/<int:pk>/links/", weak_parts.link_add, name="weak_link_add"),
    path("weak/<int:pk>/checks/", weak_parts.checks_save, name="weak_checks"),
    path("weak/<int:pk>/reports/<str:month>/", weak_parts.report, name="weak_report"),
    path("weak/<int:pk>/surveys/", weak_parts.survey_add, name="weak_survey_add"),
]
