"""How people are written in cells so that an import finds them again."""

import re

from django.db.models import Exists, OuterRef

from ledgers.sheets.columns import write_person
from members.models import Membership


class CellNames:
    """Names with the last four digits or the month of birth where a branch has two of one name."""

    def __init__(self, organisations):
        namesake = Membership.objects.filter(
            organisation=OuterRef("organisation"), member__name=OuterRef("member__name")
        ).exclude(member=OuterRef("member"))
        shared = set(
            Membership.objects.filter(organisation__in=organisations)
            .filter(Exists(namesake))
            .values_list(
                "organisation_id",
                "member_id",
                "member__name",
                "member__id_number_mask",
                "member__born_on",
            )
        )
        holders: dict[tuple, int] = {}
        for organisation_id, _member_id, name, mask, _born_on in shared:
            key = organisation_id, name, mask[-4:]
            holders[key] = holders.get(key, 0) + 1
        self._marks: dict[tuple[int, int], str] = {}
        for organisation_id, member_id, name, mask, born_on in shared:
            if mask and holders[organisation_id, name, mask[-4:]] == 1:
                self._marks[organisation_id, member_id] = mask[-4:]
            elif born_on:
                self._marks[organisation_id, member_id] = f"{born_on:%Y-%m}"

    def of(self, organisation_id: int, member_id: int | None, name: str, reason: str = "") -> str:
        """The member as a cell of that organisation names them."""
        if member_id is None:
            return _one_person(name)
        mark = self._marks.get((organisation_id, member_id), "")
        return write_person(name, mark, _tamed(reason)) if mark or reason else name


def _one_person(name: str) -> str:
    """A name typed freely, without blanks and marks by which it would be read as several."""
    return re.sub(r"[、,，;；]+", "和", re.sub(r"\s+", "", name))


def _tamed(reason: str) -> str:
    """A reason without the marks that separate names or end the brackets around it."""
    return re.sub(r"[、,，;；\s]+", "，", re.sub(r"[()（）]", "", reason))
