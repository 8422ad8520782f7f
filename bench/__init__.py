"""Benches of docs/benches.md: each measures the product and its limit interleaved in one run.

Importing the package readies Django for a database of its own, unless somebody – the tests – has
done so already.
"""

import os

import django
from django.apps import apps

if not apps.ready:
    # Never the installation's database, whatever the environment names.
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "partybuild.settings",
        "DATABASE_URL": "postgresql:///bench",
        "DEBUG": "false",
        "SECRET_KEY": "bench-only-" + "x" * 50,
        "FIELD_KEYS": "bench-only-field-key",
        "ALLOWED_HOSTS": "localhost",
    }
    os.environ.pop("PARTYBUILD_TODAY", None)
    django.setup()
