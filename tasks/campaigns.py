"""Which campaigns a user may see: those run below, and what was issued from above."""

from django.db.models import Q
from django.http import Http404

from accounts.roles import Action
from branches.scope import paths_reached, within_paths
from tasks.contradictions import Parts
from tasks.enums import CampaignState
from tasks.models import Campaign

# Characters a level of `Organisation.path` takes.
LEVEL = 6


def paths_above(paths) -> set[str]:
    """The paths of every organisation that stands above one of `paths`, those themselves left out."""
    return {path[:end] for path in paths for end in range(LEVEL, len(path), LEVEL)}


def open_to(user):
    """Campaigns the user may see.

    Of what he may look at, everything issued; his own drafts where he may run campaigns; and what
    the organisations above issued, because it binds him. A draft of another house is nobody's.
    """
    looked, run = paths_reached(user), paths_reached(user, Action.RUN_CAMPAIGN)
    drafts = Q(state=CampaignState.DRAFT)
    issued = within_paths("organisation__path", looked)
    if issued:
        issued |= Q(organisation__path__in=paths_above(looked))
    own = within_paths("organisation__path", run)
    return Campaign.objects.filter((~drafts & issued) | (drafts & own)).select_related(
        "organisation__parent"
    )


def get_open(user, pk: int) -> Campaign:
    """The campaign, if the user may see it; Http404 otherwise."""
    campaign = open_to(user).filter(pk=pk).first()
    if campaign is None:
        raise Http404
    return campaign


def parts_of(campaign: Campaign) -> Parts:
    """A stored campaign as `tasks.contradictions` takes it; three queries."""
    return Parts(
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        self_check_on=campaign.self_check_on,
        phases=list(campaign.phases.all()),
        measures=list(campaign.measures.select_related("phase")),
        targets=list(campaign.targets.all()),
    )
