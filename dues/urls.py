from django.urls import path

from dues.views import (
    amount,
    amounts,
    arrears,
    cells,
    contributions,
    entries,
    ledger,
    openings,
    publications,
    rates,
    remittance_lists,
    remittances,
    requests,
    several,
    statement,
    summary,
)

app_name = "dues"

urlpatterns = [
    path("", ledger.dues_ledger, name="ledger"),
    path("cell/", cells.cell_save, name="cell"),
    path("grid/", cells.grid_save, name="grid"),
    path("fill/", cells.month_fill, name="fill"),
    path("undo/", cells.fill_undo, name="undo"),
    path("booklet/", cells.booklet_mark, name="booklet"),
    path("entries/<int:member_pk>/", entries.dues_entries, name="entries"),
    path("members/<int:member_pk>/pay/", several.dues_several, name="several"),
    path("summary/", summary.dues_summary, name="summary"),
    path("publication/", publications.dues_publication, name="publication"),
    path("publication/post/", publications.publication_post, name="publication_post"),
    path(
        "publication/take-back/", publications.publication_take_back, name="publication_take_back"
    ),
    path("publication/paper/", publications.publication_paper, name="publication_paper"),
    path("members/<int:member_pk>/", statement.dues_statement, name="statement"),
    path("members/<int:member_pk>/paper/", statement.statement_paper, name="statement_paper"),
    path("contributions/", contributions.contribution_list, name="contributions"),
    path("contributions/enter/", contributions.contribution_enter, name="contribution_enter"),
    path("contributions/<int:pk>/", contributions.contribution_detail, name="contribution"),
    path(
        "contributions/<int:pk>/forward/",
        contributions.contribution_forward,
        name="contribution_forward",
    ),
    path(
        "contributions/<int:pk>/receipt/",
        contributions.contribution_receipt,
        name="contribution_receipt",
    ),
    path(
        "contributions/<int:pk>/reverse/",
        contributions.contribution_reverse,
        name="contribution_reverse",
    ),
    path("amounts/", amounts.dues_amounts, name="amounts"),
    path("amounts/<int:member_pk>/", amount.dues_amount, name="amount"),
    path("rates/", rates.dues_rates, name="rates"),
    path("arrears/", arrears.arrears_list, name="arrears"),
    path("requests/", requests.request_list, name="requests"),
    path("requests/new/", requests.request_new, name="request_new"),
    path("requests/<int:pk>/", requests.request_detail, name="request"),
    path("requests/<int:pk>/decide/", requests.request_decide, name="request_decide"),
    path("requests/<int:pk>/withdraw/", requests.request_withdraw, name="request_withdraw"),
    path("requests/<int:pk>/end/", requests.request_end, name="request_end"),
    path("remittances/", remittance_lists.remittance_list, name="remittances"),
    path("remittances/confirm/", remittances.remittances_confirm, name="remittances_confirm"),
    path("remittances/undo/", remittances.remittances_undo, name="remittances_undo"),
    path(
        "remittances/<int:pk>/decide/", remittances.remittance_decide, name="remittance_decide"
    ),
    path("remittance/", remittances.remittance, name="remittance"),
    path("openings/", openings.opening_list, name="openings"),
    path("openings/enter/", openings.opening_enter, name="opening_enter"),
    path("openings/<int:pk>/reverse/", openings.opening_reverse, name="opening_reverse"),
]
