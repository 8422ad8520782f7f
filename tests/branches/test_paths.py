import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


@pytest.mark.pg
@pytest.mark.parametrize("table", ["branches_organisation", "branches_placement"])
def test_paths_are_compared_byte_by_byte_whatever_the_servers_locale(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT collation_name FROM information_schema.columns"
            " WHERE table_name = %s AND column_name = 'path'",
            [table],
        )
        assert cursor.fetchone() == ("C",)
