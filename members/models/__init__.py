"""Who: members and everything dated that is told of them."""

from members.models.checks import FileCheck, FileCheckLine
from members.models.contacts import Absence, Case, Contact
from members.models.development import Development, DevelopmentPlan, DevelopmentStep
from members.models.people import Identified, Member, MemberQuerySet, Membership
from members.models.pledges import Pledge
from members.models.posts import Assignment, Post, UnitPost
from members.models.terms import Candidate, Election, Term, TermRequest
from members.models.transfers import Transfer

__all__ = [
    "Absence",
    "Assignment",
    "Candidate",
    "Case",
    "Contact",
    "Development",
    "DevelopmentPlan",
    "DevelopmentStep",
    "Election",
    "FileCheck",
    "FileCheckLine",
    "Identified",
    "Member",
    "MemberQuerySet",
    "Membership",
    "Pledge",
    "Post",
    "Term",
    "TermRequest",
    "Transfer",
    "UnitPost",
]
