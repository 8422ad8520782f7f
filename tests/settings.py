"""The project's settings as tests want them: DEBUG off, nothing kept, nothing slow."""

import os
import tempfile

# Known before the project's settings are read; the caller's environment does not count.
for name in (
    *("PARTYBUILD_TODAY", "REDIS_URL", "DATABASE_URL"),
    *("EMAIL_URL", "NOTICE_FROM", "NOTICE_WEBHOOK_HOSTS", "SITE_URL"),
):
    os.environ.pop(name, None)
os.environ |= {
    "DEBUG": "false",
    "BEHIND_TLS": "false",
    "SECRET_KEY": "tests-only-" + "x" * 50,
    "FIELD_KEYS": os.environ.get("TEST_FIELD_KEYS", "tests-only-field-key"),
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
}

from partybuild.settings import *  # noqa: E402, F403
from partybuild.settings import STORAGES  # noqa: E402

# One folder a process: several runs at once do not meet.
SCRATCH = tempfile.mkdtemp(prefix="partybuild-tests-")
DATABASES["default"]["TEST"] = {"NAME": f"{SCRATCH}/test.sqlite3"}  # noqa: F405
MEDIA_ROOT = f"{SCRATCH}/files"

# Hashing is slow on purpose, and tests log in often.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No manifest, so no collectstatic before the tests.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
# Messages are taken and kept in this process; a test that wants a worker calls the job.
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
# So that client.login() needs no request; tests of the lock set it to True.
AXES_ENABLED = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
