"""How people are written in cells so that an import finds them again."""

from django.db.models import Exists, OuterRef

from members.models import Membership


class CellNames:
    """Names with the last four digits or the month of birth where a branch has two of one name."""

    def __init__(self, organisations):
        self._labels: dict[tuple[int, int], str] = {}
        namesake = Membership.objects.filter(
            organisation=OuterRef("organisation"), member__name=OuterRef("member__name")
        ).exclude(member=OuterRef("member"))
        shared = (
            Membership.objects.filter(organisation__in=organisations)
            .filter(Exists(namesake))
            .values_list(
                "organisation_id",
                "member_id",
                "member__name",
                "member__id_number_mask",
                "member__born_on",
            )
            .distinct()
        )
        people = list(shared)
        endings = {}
        for organisation_id, member_id, name, mask, _born_on in people:
            endings.setdefault((organisation_id, name, mask[-4:]), set()).add(member_id)
        for organisation_id, member_id, name, mask, born_on in people:
            alone = mask and len(endings[organisation_id, name, mask[-4:]]) == 1
            if alone:
                self._labels[organisation_id, member_id] = f"{name}({mask[-4:]})"
            elif born_on:
                self._labels[organisation_id, member_id] = f"{name}({born_on:%Y-%m})"

    def of(self, organisation_id: int, member_id: int | None, name: str) -> str:
        """The member as a cell of that organisation names them."""
        return self._labels.get((organisation_id, member_id), name)
