from django.urls import path

from branches.views import (
    alliances,
    attachments,
    funds,
    organisation_steps,
    organisations,
    rooms,
    workdays,
)

app_name = "branches"

urlpatterns = [
    path("organisations/", organisations.organisation_list, name="list"),
    path("organisations/new/", organisation_steps.organisation_found, name="found"),
    path("organisations/groups/<int:pk>/", organisation_steps.group_rename, name="group_rename"),
    path("organisations/units/<int:pk>/end/", organisation_steps.unit_end, name="unit_end"),
    path("organisations/<str:code>/", organisations.organisation_detail, name="detail"),
    path("organisations/<str:code>/change/", organisation_steps.organisation_change, name="change"),
    path("organisations/<str:code>/move/", organisation_steps.organisation_move, name="move"),
    path("organisations/<str:code>/groups/new/", organisation_steps.group_add, name="group_add"),
    path("organisations/<str:code>/units/new/", organisation_steps.unit_add, name="unit_add"),
    path("rooms/", rooms.room_list, name="rooms"),
    path("rooms/add/", rooms.room_add, name="room_add"),
    path("rooms/<int:pk>/", rooms.room_change, name="room_change"),
    path("funds/", funds.fund_list, name="funds"),
    path("funds/budget/", funds.budget_set, name="budget"),
    path("funds/enter/", funds.fund_enter, name="fund_enter"),
    path("funds/<int:pk>/reverse/", funds.fund_reverse, name="fund_reverse"),
    path("alliances/", alliances.alliance_list, name="alliances"),
    path("alliances/add/", alliances.alliance_add, name="alliance_add"),
    path("alliances/<int:pk>/", alliances.alliance_detail, name="alliance"),
    path("alliances/<int:pk>/change/", alliances.alliance_change, name="alliance_change"),
    path("alliances/<int:pk>/join/", alliances.alliance_join, name="alliance_join"),
    path("alliances/members/<int:pk>/leave/", alliances.alliance_leave, name="alliance_leave"),
    path("workdays/", workdays.workday_list, name="workdays"),
    path("workdays/copy/", workdays.workday_copy, name="workday_copy"),
    path("workdays/<int:pk>/", workdays.workday, name="workday"),
    path("attachments/<int:pk>/", attachments.attachment_download, name="attachment"),
]
