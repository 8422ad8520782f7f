"""What happens to organisations. Every service writes its trail and notes what to judge again."""

from branches.services.areas import AREA, VALUES_AREA, OrganisationFault
from branches.services.closing import children_of, close_organisation, end_rows, refuse_children
from branches.services.county_values import set_value, set_values
from branches.services.facts import (
    change_facts,
    change_organisation,
    check_facts,
    refuse_day,
    remember_facts,
)
from branches.services.groups import (
    add_group,
    chinese_number,
    end_group,
    rename_group,
    set_group_count,
)
from branches.services.tree import (
    TreeFault,
    create_organisations,
    found_organisation,
    move_organisation,
    path_keys,
    path_step,
    refuse_circle,
    refuse_place,
)

__all__ = [
    "AREA",
    "VALUES_AREA",
    "OrganisationFault",
    "TreeFault",
    "add_group",
    "change_facts",
    "change_organisation",
    "check_facts",
    "children_of",
    "chinese_number",
    "close_organisation",
    "create_organisations",
    "end_group",
    "end_rows",
    "found_organisation",
    "move_organisation",
    "path_keys",
    "path_step",
    "refuse_children",
    "refuse_circle",
    "refuse_day",
    "refuse_place",
    "remember_facts",
    "rename_group",
    "set_group_count",
    "set_value",
    "set_values",
]
