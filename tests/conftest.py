"""Which database the suite runs on, and what some tests need besides it.

`pytest` runs on SQLite in a file; `pytest --database=postgres` on PostgreSQL.
What is missing is a skip that names its reason, under REQUIRE_ALL=1 a failure.
"""

import os
import shutil

import pytest
from django.conf import settings
from django.db import connections
from playwright.sync_api import expect

from tests import services

REQUIRE_ALL = os.environ.get("REQUIRE_ALL", "") not in ("", "0")


def pytest_addoption(parser):
    parser.addoption("--database", choices=["sqlite", "postgres"], default="sqlite")


def pytest_configure(config):
    config.missing_database = ""
    if config.getoption("database") == "postgres":
        try:
            _use_postgres()
        except services.Missing as missing:
            if REQUIRE_ALL:
                pytest.exit(str(missing), returncode=1)
            config.missing_database = str(missing)


def _use_postgres():
    """Point the settings, read long ago, to PostgreSQL before anything connects."""
    from partybuild.settings import database_from

    url = services.postgres_url()
    # For the processes of xdist, which start after this.
    os.environ["TEST_DATABASE_URL"] = url
    database = database_from(url)
    # Several runs may share one server.
    run = os.environ.setdefault("TEST_RUN", str(os.getpid()))
    database["TEST"] = {"NAME": f"test_partybuild_{run}"}
    # A connection kept open would block the test database from being dropped.
    database["CONN_MAX_AGE"] = 0
    settings.DATABASES["default"].clear()
    settings.DATABASES["default"].update(database)
    connections.settings = connections.configure_settings(settings.DATABASES)
    if hasattr(connections._connections, "default"):
        del connections["default"]


def pytest_unconfigure(config):
    shutil.rmtree(settings.SCRATCH, ignore_errors=True)


def pytest_collection_modifyitems(config, items):
    on_postgres = config.getoption("database") == "postgres"
    for item in items:
        if config.missing_database:
            item.add_marker(pytest.mark.skip(reason=config.missing_database))
        elif item.get_closest_marker("pg") and not on_postgres:
            item.add_marker(pytest.mark.skip(reason="runs with --database=postgres"))
        # A fixture's need is a mark's need, so that -m browser finds all of them.
        for fixture, mark in {"browser": "browser", "redis_url": "redis"}.items():
            if fixture in item.fixturenames:
                item.add_marker(mark)


def _missing(reason):
    if REQUIRE_ALL:
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


@pytest.fixture(scope="session")
def redis_url():
    """URL of a Redis server of our own."""
    try:
        with services.redis_server() as url:
            yield url
    except services.Missing as missing:
        _missing(missing)


@pytest.fixture(scope="session")
def chromium_path():
    try:
        return services.chromium()
    except services.Missing as missing:
        _missing(missing)


@pytest.fixture(scope="session")
def browser(chromium_path):
    """A running Chromium; use `page`, or `browser.new_context()` for more than one person."""
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop in this thread, which Django takes for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        yield chromium
        chromium.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


# A loaded machine may take longer than the library's five seconds.
expect.set_options(timeout=20_000)


@pytest.fixture
def page(browser, live_server):
    """An empty page of an office PC whose relative addresses lead to the live server."""
    context = browser.new_context(
        base_url=live_server.url,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": 1366, "height": 768},
    )
    yield context.new_page()
    context.close()
