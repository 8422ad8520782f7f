"""Today, as the county sees it. Called in views, jobs and commands only, and passed down."""

import datetime

from django.conf import settings
from django.utils import timezone


def today() -> datetime.date:
    """The local date in Asia/Shanghai, or PARTYBUILD_TODAY where that is set."""
    return settings.TODAY_OVERRIDE or timezone.localdate()
