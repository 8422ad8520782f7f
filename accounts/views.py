from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST

from accounts.forms import LoginForm
from accounts.returning import safe_next
from accounts.services import note_password_change


class Login(LoginView):
    """Log-in; whoever is in already goes on to the first page."""

    authentication_form = LoginForm
    redirect_authenticated_user = True


class PasswordChange(PasswordChangeView):
    """A new password of one's own; needed once after the first log-in."""

    success_url = reverse_lazy("password_change_done")

    def form_valid(self, form):
        user = form.save()
        note_password_change(user)
        update_session_auth_hash(self.request, user)
        return redirect(self.get_success_url())


@require_POST
def set_large_type(request):
    """Remember 标准 or 大字 for this user."""
    request.user.large_type = request.POST.get("large") == "1"
    request.user.save(update_fields=["large_type"])
    if request.htmx:
        return HttpResponse(status=204)
    return redirect(safe_next(request) or "/")


def keep_alive(request):
    """Asked for while somebody is typing: the request itself lengthens the session."""
    return HttpResponse(status=204)
