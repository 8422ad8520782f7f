from django.urls import path

from compliance.views import duties, exemptions, requirements

app_name = "compliance"

urlpatterns = [
    path("", duties.duty_list, name="list"),
    path("<int:pk>/", duties.duty, name="duty"),
    path("<int:pk>/exempt/", exemptions.exempt, name="exempt"),
    path("requirements/", requirements.requirement_list, name="requirements"),
    path("requirements/<str:name>/", requirements.requirement, name="requirement"),
    path("exemptions/", exemptions.exemption_list, name="exemptions"),
    path("exemptions/<int:pk>/withdraw/", exemptions.withdraw, name="withdraw"),
]
