from django.urls import path

from tasks.views import bulk, ledger, listing, papers, task_steps

urlpatterns = [
    path("", listing.task_list, name="list"),
    path("board/", listing.task_board, name="board"),
    path("units/", listing.task_units, name="units"),
    path("papers/", papers.papers, name="papers"),
    path("papers/<slug:form>/", papers.paper, name="paper"),
    path("several/<slug:act>/", bulk.several, name="bulk"),
    path("new/", ledger.task_new, name="new"),
    path("<int:pk>/", ledger.task_detail, name="detail"),
    path("<int:pk>/change/", ledger.task_change, name="change"),
    path("<int:pk>/start/", task_steps.task_start, name="start"),
    path("<int:pk>/progress/", task_steps.progress_enter, name="progress"),
    path("<int:pk>/request-close/", task_steps.close_request, name="request_close"),
    path("<int:pk>/return/", task_steps.task_return, name="return"),
    path("<int:pk>/close/", task_steps.task_close, name="close"),
    path("<int:pk>/county-close/", task_steps.task_county_close, name="county_close"),
    path("<int:pk>/reopen/", task_steps.task_reopen, name="reopen"),
    path("<int:pk>/cancel/", task_steps.task_cancel, name="cancel"),
    path("<int:pk>/extension/ask/", task_steps.extension_ask, name="ask"),
    path("<int:pk>/extension/grant/", task_steps.extension_grant, name="grant"),
    path("<int:pk>/extension/refuse/", task_steps.extension_refuse, name="refuse"),
    path("<int:pk>/extend/", task_steps.task_extend, name="extend"),
    path("<int:pk>/remind/", task_steps.task_remind, name="remind"),
    path("<int:pk>/files/<int:file>/replace/", task_steps.file_replace, name="file_replace"),
]
