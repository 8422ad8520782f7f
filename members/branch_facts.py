"""What this room knows about organisations: how many people, and who is secretary."""

import datetime

from django.db.models import Count, Q

from branches import facts
from members.enums import PostTitle
from members.models import Post
from members.roster import formal_on, roster


def people_in(organisations: list[int], day: datetime.date) -> dict[int, facts.People]:
    rows = (
        roster(organisations, day, attached=True)
        .order_by()
        .values("organisation_id")
        .annotate(
            relations=Count("pk", filter=Q(is_attached=False)),
            formal=Count("pk", filter=formal_on(day)),
            attached=Count("pk", filter=Q(is_attached=True)),
        )
        .values_list("organisation_id", "relations", "formal", "attached")
    )
    return {pk: facts.People(*numbers) for pk, *numbers in rows}


def secretaries_of(organisations: list[int], day: datetime.date) -> dict[int, str]:
    posts = Post.objects.on(day).filter(organisation__in=organisations, title=PostTitle.SECRETARY)
    return dict(posts.order_by("pk").values_list("organisation_id", "person_name"))


facts.register(facts.PEOPLE, people_in)
facts.register(facts.SECRETARIES, secretaries_of)
