from django.urls import path

from dashboard import views

urlpatterns = [
    path("", views.home, name="home"),
    path("desk/", views.desk, name="desk"),
    path("overview/", views.overview, name="overview"),
    path("overview/<str:code>/", views.overview, name="overview_of"),
    path("overview/<str:code>/<str:rule>/", views.cell, name="cell"),
    path("branch/<str:code>/", views.branch, name="branch"),
    path("algorithm/", views.algorithm, name="algorithm"),
    path("more/", views.more, name="more"),
    path("help/", views.help_page, name="help"),
    path("administration/", views.administration, name="administration"),
    path("no-grant/", views.no_grant, name="no_grant"),
    path("check-now/", views.check_now, name="check_now"),
]
