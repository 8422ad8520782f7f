"""What runs by the clock. Every entry may run twice or late without harm.

Short entries expire before the next one is sent, so a worker that was away
finds one of them waiting and not a thousand.
"""

from celery.schedules import crontab

EVERY_MINUTE = 60.0

BEAT_SCHEDULE = {
    "nightly checks": {
        "task": "compliance.jobs.catch_up",
        "schedule": crontab(hour=1, minute=10),
    },
    "refresh what changed": {
        "task": "compliance.jobs.refresh_changed",
        "schedule": EVERY_MINUTE,
        "options": {"expires": 50},
    },
    "send notices to mail boxes and group chats": {
        "task": "notices.jobs.deliver",
        "schedule": EVERY_MINUTE,
        "options": {"expires": 50},
    },
    "close the month on the set day": {
        "task": "ledgers.jobs.close_due",
        "schedule": crontab(hour=3, minute=20),
    },
    "sweep abandoned jobs": {
        "task": "jobs.jobs.sweep",
        "schedule": EVERY_MINUTE,
        "options": {"expires": 50},
    },
}
