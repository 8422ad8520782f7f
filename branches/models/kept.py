"""What every record that people write by hand carries."""

from django.conf import settings
from django.db import models


class Kept(models.Model):
    """Who entered a record and when; `version` grows with each change, so that a form made from an
    older one is refused instead of overwriting."""

    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    entered_at = models.DateTimeField("录入时间", auto_now_add=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True
