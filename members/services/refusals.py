"""What cannot be true of a member, whoever writes it; each says what is wrong and what to do."""

import datetime

from accounts.encryption import keyed_hash
from accounts.roles import Action
from branches.models import Group, Organisation
from branches.scope import reaches
from branches.words import full_date
from members.enums import MemberKind
from members.models import Member
from members.services import Refused

# Says nothing of who or where.
KNOWN_ELSEWHERE = "这个号码已在本县另一个支部的名册里，请联系上级办转接"


def refuse_target(branch: Organisation, on: datetime.date | None) -> None:
    """Refused when `branch` cannot hold a formal relation from `on` on.

    Nothing that goes on can begin in a branch that is dissolved by now, whatever the day.
    """
    if not branch.is_branch:
        raise Refused(f"“{branch.name}”不是党支部，组织关系要落到党支部")
    if not branch.holds_relations:
        raise Refused(
            f"“{branch.name}”是{branch.get_form_display()}党支部，组织关系不转入，请选党员所在单位的党支部"
        )
    if branch.dissolved_on:
        raise Refused(f"“{branch.name}”已于 {full_date(branch.dissolved_on)}撤销，请选别的党支部")


def refuse_dates(*, kind, born_on, joined_on, confirmed_on) -> None:
    """Refused when the days of a life cannot be in that order."""
    if born_on and joined_on and joined_on <= born_on:
        raise Refused(f"入党日期早于出生日期 {full_date(born_on)}，请核对", "joined_on")
    if joined_on and confirmed_on and confirmed_on < joined_on:
        raise Refused(f"转正日期早于入党日期 {full_date(joined_on)}，请核对", "confirmed_on")
    if kind not in MemberKind.values:
        raise Refused("请选择类别：正式党员或预备党员", "kind")


def refuse_open_transfer(member: Member) -> None:
    """Refused while a transfer is under way: that ends the membership itself."""
    if member.transfers.open().exists():
        raise Refused(f"{member.name}有一份在办的组织关系转接，请先办结或撤回")


def refuse_known_number(id_number: str, *, by, own: Member | None = None) -> None:
    """Refused when the number is somebody's already; the branch is named only to who may see it."""
    if not id_number:
        return
    known = Member.objects.select_related("organisation").filter(
        id_number_hash=keyed_hash(id_number)
    )
    if own:
        known = known.exclude(pk=own.pk)
    holder = known.first()
    if holder is None:
        return
    if by is None or not reaches(by, Action.LOOK, holder.organisation.path):
        raise Refused(KNOWN_ELSEWHERE, "id_number")
    where = f"“{holder.organisation.name}”的{holder.name}"
    if holder.left_on:
        raise Refused(
            f"这个号码是{where}，{full_date(holder.left_on)}已离开（{holder.left_reason}）。"
            "请打开这名党员办理重新编入，不要新建",
            "id_number",
        )
    raise Refused(f"这个号码已是{where}的，请核对；要转入请办理组织关系转接", "id_number")


def refuse_group(branch: Organisation, group: Group | None, on: datetime.date | None) -> None:
    if group is None:
        return
    if group.organisation_id != branch.pk:
        raise Refused(f"“{group.name}”不是“{branch.name}”的党小组，请重新选", "group")
    if group.ends_on and (on is None or on > group.ends_on):
        raise Refused(f"“{group.name}”已于 {full_date(group.ends_on)}撤销，请选别的党小组", "group")
