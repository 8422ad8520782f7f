from django.urls import path

from tasks.views import ledger

urlpatterns = [
    path("", ledger.task_list, name="list"),
    path("<int:pk>/", ledger.task_detail, name="detail"),
    path("<int:pk>/progress/", ledger.progress_enter, name="progress"),
    path("<int:pk>/request-close/", ledger.close_request, name="request_close"),
    path("<int:pk>/return/", ledger.task_return, name="return"),
    path("<int:pk>/close/", ledger.task_close, name="close"),
]
