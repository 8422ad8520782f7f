from django.urls import path

from tasks.views import campaign_edit, campaign_issue, campaign_parts, campaigns

urlpatterns = [
    path("campaigns/", campaigns.campaign_list, name="campaigns"),
    path("campaigns/new/", campaign_edit.campaign_new, name="campaign_new"),
    path("campaigns/<int:pk>/edit/", campaign_edit.campaign_edit, name="campaign_edit"),
    path("campaigns/<int:pk>/facts/", campaign_edit.campaign_facts, name="campaign_facts"),
    path("campaigns/<int:pk>/issue/", campaign_issue.campaign_issue, name="campaign_issue"),
    path("campaigns/<int:pk>/close/", campaign_issue.campaign_close, name="campaign_close"),
    path("campaigns/<int:pk>/discard/", campaign_issue.campaign_discard, name="campaign_discard"),
    path(
        "campaigns/<int:pk>/edit/values/<int:row_pk>/apply/",
        campaign_issue.campaign_value_apply,
        name="campaign_value_apply",
    ),
    path(
        "campaigns/<int:pk>/edit/<slug:part>/new/",
        campaign_parts.part_new,
        name="campaign_part_new",
    ),
    path(
        "campaigns/<int:pk>/edit/<slug:part>/move/",
        campaign_parts.part_move,
        name="campaign_part_move",
    ),
    path(
        "campaigns/<int:pk>/edit/<slug:part>/<int:row_pk>/",
        campaign_parts.part_change,
        name="campaign_part",
    ),
    path(
        "campaigns/<int:pk>/edit/<slug:part>/<int:row_pk>/delete/",
        campaign_parts.part_delete,
        name="campaign_part_delete",
    ),
    path("campaigns/<int:pk>/", campaigns.campaign_detail, name="campaign"),
    path("campaigns/<int:pk>/paper/", campaigns.campaign_paper, name="campaign_paper"),
    path("campaigns/<int:pk>/units/<str:code>/", campaigns.campaign_unit, name="campaign_unit"),
    path(
        "campaigns/<int:pk>/targets/<int:target_pk>/",
        campaigns.target_reached,
        name="target_reached",
    ),
]
