"""Sums of money out of a database, in whole fen whatever the database adds with.

SQLite adds binary fractions: 5.10 and 5.30, both taken back, leave -8.88E-16 there and not nothing.
"""

from decimal import Decimal

from django.db import models

FEN = Decimal("0.01")


class MoneyField(models.DecimalField):
    """A sum that a query computed; read in fen, also through `Subquery` and `Coalesce`."""

    def from_db_value(self, value, expression, connection):
        # Adding nothing makes -0.00 plain 0.00.
        return None if value is None else value.quantize(FEN) + 0


class SumOfMoney(models.Sum):
    """The sum of a column of money in fen; None where there are no rows."""

    output_field = MoneyField(max_digits=14, decimal_places=2)
