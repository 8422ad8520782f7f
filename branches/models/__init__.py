"""Where: the tree, who may what in it, and what belongs to a branch as a place."""

from branches.models.alliances import Alliance, AllianceMember
from branches.models.premises import ActivityRoom, Budget, FundEntry, FundKind
from branches.models.records import Attachment, Changed, ClosedMonth, Grant, Setting
from branches.models.tree import (
    COMMITTEE_KINDS,
    WITHOUT_RELATIONS,
    EarlierFact,
    Form,
    Group,
    GroupQuerySet,
    Kind,
    Organisation,
    OrganisationQuerySet,
    Placement,
    Sector,
    shortened,
)
from branches.models.units import BranchUnit, Unit, UnitKind
from branches.models.workdays import Workday

__all__ = [
    "COMMITTEE_KINDS",
    "WITHOUT_RELATIONS",
    "ActivityRoom",
    "Alliance",
    "AllianceMember",
    "Attachment",
    "BranchUnit",
    "Budget",
    "Changed",
    "ClosedMonth",
    "EarlierFact",
    "Form",
    "FundEntry",
    "FundKind",
    "Grant",
    "Group",
    "GroupQuerySet",
    "Kind",
    "Organisation",
    "OrganisationQuerySet",
    "Placement",
    "Sector",
    "Setting",
    "Unit",
    "UnitKind",
    "Workday",
    "shortened",
]
