from django.urls import path

from notices.views import channels, deliveries, received, sent

app_name = "notices"

urlpatterns = [
    path("", received.notice_list, name="list"),
    path("read/", received.read_all, name="read_all"),
    path("new/", sent.notice_new, name="new"),
    path("sent/", sent.sent_list, name="sent"),
    path("sent/<int:pk>/", sent.sent_detail, name="sent_detail"),
    path("sent/<int:pk>/chase/", sent.sent_chase, name="chase"),
    path("sent/<int:pk>/withdraw/", sent.sent_withdraw, name="withdraw"),
    path("channels/", channels.channel_list, name="channels"),
    path("channels/robot/", channels.robot_new, name="robot_new"),
    path("channels/mail/", channels.mail_new, name="mail_new"),
    path("channels/<int:pk>/test/", channels.channel_test, name="channel_test"),
    path("channels/<int:pk>/stop/", channels.channel_stop, name="channel_stop"),
    path("deliveries/", deliveries.delivery_list, name="deliveries"),
    path("deliveries/<int:pk>/resend/", deliveries.delivery_resend, name="resend"),
    path("of/<str:code>/", received.notices_of, name="of"),
    path("<int:pk>/", received.notice_detail, name="detail"),
    path("<int:pk>/confirm/", received.notice_confirm, name="confirm"),
    path("<int:pk>/files/<int:file>/", received.notice_file, name="file"),
]
