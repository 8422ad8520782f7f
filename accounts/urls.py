from django.contrib.auth.views import LogoutView, PasswordChangeDoneView
from django.urls import path

from accounts import views

urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", views.PasswordChange.as_view(), name="password_change"),
    path("password/done/", PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("large-type/", views.set_large_type, name="set_large_type"),
    path("keep-alive/", views.keep_alive, name="keep_alive"),
]
