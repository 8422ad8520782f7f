from django.urls import path

from compliance.views import duties, exemptions

app_name = "compliance"

urlpatterns = [
    path("", duties.duty_list, name="list"),
    path("<int:pk>/", duties.duty, name="duty"),
    path("<int:pk>/exempt/", exemptions.exempt, name="exempt"),
    path("exemptions/", exemptions.exemption_list, name="exemptions"),
    path("exemptions/<int:pk>/withdraw/", exemptions.withdraw, name="withdraw"),
]
