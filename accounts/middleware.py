from django.shortcuts import redirect
from django.urls import reverse

# What a person who must change the password may open meanwhile.
_OPEN = ("password_change", "password_change_done", "logout", "login", "set_large_type")


def password_change_first(get_response):
    """Send whoever still has a password given by somebody else to choose an own one."""

    def middleware(request):
        user = request.user
        held_up = user.is_authenticated and user.must_change_password
        if held_up and request.path not in {reverse(name) for name in _OPEN}:
            return redirect("password_change")
        return get_response(request)

    return middleware
