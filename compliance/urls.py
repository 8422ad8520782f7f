from django.urls import path

from compliance.views import duties, exemptions, forecast, requirements

app_name = "compliance"

urlpatterns = [
    path("", duties.duty_list, name="list"),
    path("<int:pk>/", duties.duty, name="duty"),
    path("<int:pk>/exempt/", exemptions.exempt, name="exempt"),
    path("forecast/", forecast.forecast, name="forecast"),
    path("calendar/", forecast.calendar, name="calendar"),
    path("calendar/<str:key>.ics", forecast.calendar_feed, name="calendar_feed"),
    path("requirements/", requirements.requirement_list, name="requirements"),
    path("requirements/<str:name>/", requirements.requirement, name="requirement"),
    path("exemptions/", exemptions.exemption_list, name="exemptions"),
    path("exemptions/<int:pk>/withdraw/", exemptions.withdraw, name="withdraw"),
]
