"""Addresses under /tasks/, a file a subject."""

from tasks.urls import campaigns, coverage, inspections, ledger, projects, weak

app_name = "tasks"

urlpatterns = [
    *ledger.urlpatterns,
    *campaigns.urlpatterns,
    *projects.urlpatterns,
    *weak.urlpatterns,
    *inspections.urlpatterns,
    *coverage.urlpatterns,
]
