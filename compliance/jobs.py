"""What the schedule starts. Each job only calls a service; running one twice is harmless."""

import datetime

from celery import shared_task
from django.utils import timezone

from branches.clock import today
from compliance import services
from jobs.pulses import pulse

# The night's hour; before it the night of yesterday is the newest one due.
NIGHT = datetime.time(1, 10)


@shared_task(name="compliance.jobs.catch_up")
def catch_up():
    """Run the night that is due, unless it has run."""
    services.catch_up(night_due())


@shared_task(name="compliance.jobs.check_now")
def check_now():
    """Run the night that is due once more: somebody asked for it."""
    services.whole_night(night_due())


@shared_task(name="compliance.jobs.refresh_changed")
def refresh_changed():
    """Judge what was touched since the last minute; also notice a night that did not run, whatever
    became of the former."""
    try:
        with pulse("refresh") as beat:
            beat.fault = "、".join(services.refresh_everybody(today()).faults)
    finally:
        if not services.is_under_way(night_due(), timezone.now()):
            services.catch_up(night_due())


def night_due() -> datetime.date:
    """The newest day whose night should have run by now."""
    day = today()
    return day if timezone.localtime().time() >= NIGHT else day - datetime.timedelta(days=1)
