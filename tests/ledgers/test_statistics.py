import datetime

import pytest
from django.db import connection

from branches.bulk import refresh_statistics
from tasks.models import Task
from tests.factories import make_branch, make_task

pytestmark = pytest.mark.django_db


def test_sqlite_keeps_no_statistics_and_counts_right():
    branches = [make_branch() for _ in range(40)]
    for branch in branches:
        make_task(branch, due_on=datetime.date(2026, 11, 7))
        make_task(branch, due_on=datetime.date(2026, 6, 1), state="working")
    refresh_statistics()
    if connection.vendor == "sqlite":
        assert "sqlite_stat1" not in connection.introspection.table_names()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
            assert cursor.fetchone() == (0,)
    day = datetime.date(2026, 9, 30)
    assert Task.objects.overdue(day).count() == 40
    assert [Task.objects.filter(organisation=b).overdue(day).count() for b in branches] == [1] * 40
