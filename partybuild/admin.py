"""The admin site (管理后台): who may enter follows from roles, never from `is_staff`."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from branches.grants import may_administer


class ManagementSite(admin.AdminSite):
    site_header = "党支部工作管理平台 · 管理后台"
    site_title = "管理后台"
    index_title = "管理后台"
    enable_nav_sidebar = True

    def has_permission(self, request):
        return may_administer(request.user)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request, extra_context=None):
        """There is one log-in page, with one lock; whoever is in already and may not enter is told."""
        index = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return HttpResponseRedirect(index)
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or index)

    def password_change(self, request, extra_context=None):
        return HttpResponseRedirect(reverse("password_change"))
