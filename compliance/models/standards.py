"""Published sets of requirements that stand side by side."""

from django.db import models

from branches.models.kept import Kept


class Standard(Kept):
    """A published set of requirements (要求标准): which values it gives, and where it is published.

    It asks nothing of anybody by itself; the county adopts it from a day on, whole or in parts,
    for everybody, a sector or the organisations of a campaign. `values` maps names of keys to
    values as the keys store them, `sources` to {source, certainty} of that one line.
    """

    code = models.CharField("编号", max_length=40, unique=True)
    title = models.CharField("名称", max_length=100)
    source = models.CharField("出处", max_length=300)
    # How sure the source is: a value of compliance.registry.Certainty.
    certainty = models.CharField("核实程度", max_length=10)
    note = models.TextField("说明", blank=True)
    values = models.JSONField("要求", default=dict)
    sources = models.JSONField("各项出处", default=dict, blank=True)

    class Meta:
        verbose_name = "要求标准"
        verbose_name_plural = "要求标准"
        ordering = ["pk"]

    def __str__(self):
        return self.title

    @property
    def is_own(self) -> bool:
        """Whether the county wrote it; what was published elsewhere stays as it is."""
        return self.entered_by_id is not None
