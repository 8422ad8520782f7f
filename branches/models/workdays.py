"""Days that are not as the week says: holidays, and working weekends (调休)."""

from django.db import models


class Workday(models.Model):
    """A day that departs from Monday–Friday, by the State Council's yearly notice."""

    day = models.DateField("日期", unique=True)
    is_workday = models.BooleanField("是否工作日")
    note = models.CharField("说明", max_length=60, blank=True)

    class Meta:
        verbose_name = "工作日历"
        verbose_name_plural = "工作日历"
        ordering = ["day"]

    def __str__(self):
        return f"{self.day:%Y-%m-%d}"
