"""What the schedule starts. Each job only calls a service; running one twice is harmless."""

from celery import shared_task
from django.utils import timezone

from jobs.pulses import pulse
from notices.delivering import deliver_due


@shared_task(name="notices.jobs.deliver")
def deliver():
    """Send what waits for mail boxes and group chats."""
    with pulse("deliver"):
        deliver_due(timezone.now())
