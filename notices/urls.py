from django.urls import path

from notices.views import received, sent

app_name = "notices"

urlpatterns = [
    path("", received.notice_list, name="list"),
    path("read/", received.read_all, name="read_all"),
    path("new/", sent.notice_new, name="new"),
    path("sent/", sent.sent_list, name="sent"),
    path("sent/<int:pk>/", sent.sent_detail, name="sent_detail"),
    path("sent/<int:pk>/chase/", sent.sent_chase, name="chase"),
    path("sent/<int:pk>/withdraw/", sent.sent_withdraw, name="withdraw"),
    path("of/<str:code>/", received.notices_of, name="of"),
    path("<int:pk>/", received.notice_detail, name="detail"),
    path("<int:pk>/confirm/", received.notice_confirm, name="confirm"),
    path("<int:pk>/files/<int:file>/", received.notice_file, name="file"),
]
