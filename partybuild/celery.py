"""The Celery app. Jobs live in `<app>/jobs.py`; "tasks" means work to be put right."""

import os

from celery import Celery
from celery.signals import worker_ready

import partybuild.broker  # noqa: F401  registers the fsatomic:// transport

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partybuild.settings")

app = Celery("partybuild")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")


@worker_ready.connect
def catch_up_on_start(sender, **kwargs):
    """Beat sends at most one late message, so every start asks what was missed meanwhile."""
    sender.app.send_task("compliance.jobs.catch_up")
