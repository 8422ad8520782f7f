from django.urls import path

from dashboard import reminding_views, self_check_views, views, weak_hints_views

urlpatterns = [
    path("", views.home, name="home"),
    path("desk/", views.desk, name="desk"),
    path("overview/", views.overview, name="overview"),
    path("overview/<str:code>/", views.overview, name="overview_of"),
    path("overview/<str:code>/remind/", reminding_views.remind, name="remind"),
    path("overview/<str:code>/<str:rule>/", views.cell, name="cell"),
    path("branch/<str:code>/", views.branch, name="branch"),
    path("algorithm/", views.algorithm, name="algorithm"),
    path("more/", views.more, name="more"),
    path("help/", views.help_page, name="help"),
    path("administration/", views.administration, name="administration"),
    path("no-grant/", views.no_grant, name="no_grant"),
    path("weak-hints/", weak_hints_views.weak_hints, name="weak_hints"),
    path("check-now/", views.check_now, name="check_now"),
    path("self-checks/<int:pk>/", self_check_views.check_list, name="self_checks"),
    path("self-checks/<int:pk>/<str:code>/", self_check_views.self_check, name="self_check"),
    path(
        "self-checks/<int:pk>/<str:code>/return/",
        self_check_views.check_return,
        name="self_check_return",
    ),
    path(
        "self-checks/<int:pk>/<str:code>/accept/",
        self_check_views.check_accept,
        name="self_check_accept",
    ),
    path(
        "self-checks/<int:pk>/<str:code>/paper/",
        self_check_views.check_paper,
        name="self_check_paper",
    ),
]
