from django.urls import path

from compliance.views import (
    duties,
    exemptions,
    forecast,
    reminders,
    requirements,
    running,
    standards,
)

app_name = "compliance"

urlpatterns = [
    path("", duties.duty_list, name="list"),
    path("<int:pk>/", duties.duty, name="duty"),
    path("<int:pk>/exempt/", exemptions.exempt, name="exempt"),
    path("forecast/", forecast.forecast, name="forecast"),
    path("calendar/", forecast.calendar, name="calendar"),
    path("calendar/<str:key>.ics", forecast.calendar_feed, name="calendar_feed"),
    path("running/", running.running, name="running"),
    path("requirements/", requirements.requirement_list, name="requirements"),
    path("requirements/<str:name>/", requirements.requirement, name="requirement"),
    path("standards/", standards.standard_list, name="standards"),
    path("standards/trial/", standards.standard_trial, name="standard_trial"),
    path("standards/<str:code>/", standards.standard, name="standard"),
    path("standards/<str:code>/copy/", standards.standard_copy, name="standard_copy"),
    path("standards/<str:code>/edit/", standards.standard_edit, name="standard_edit"),
    path("reminders/", reminders.reminder_list, name="reminders"),
    path("exemptions/", exemptions.exemption_list, name="exemptions"),
    path("exemptions/<int:pk>/withdraw/", exemptions.withdraw, name="withdraw"),
]
