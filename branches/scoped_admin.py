"""What all pages of the admin site (管理后台) share: scope, rights by action, the trail."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render

from accounts.models import TrailLine
from accounts.roles import Action
from branches.scope import ScopedQuerySet, paths_reached


class ScopedAdmin(admin.ModelAdmin):
    """Rows within the user's reach, rights from `accounts.roles`, nothing ever deleted.

    `look_actions` open the page, `write_action` allows adding and changing; a page without it
    is for reading. Saving goes through the services of the rooms: `save_model` of a subclass calls
    them, and what they refuse (`faults`) is said at the top of the page.
    """

    look_actions: tuple[str, ...] = (Action.LOOK,)
    write_action: str | None = None
    faults: tuple[type[Exception], ...] = ()
    # The area under which the trail knows these objects; "" where none is kept.
    trail_area = ""
    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    # --- Rights ---

    def _reaches(self, request, action) -> bool:
        return action is not None and bool(paths_reached(request.user, action))

    def has_view_permission(self, request, obj=None):
        return any(self._reaches(request, action) for action in self.look_actions)

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_add_permission(self, request):
        return self._reaches(request, self.write_action)

    def has_change_permission(self, request, obj=None):
        if obj is None or not self._reaches(request, self.write_action):
            return self._reaches(request, self.write_action)
        rows = self.model._default_manager.filter(pk=obj.pk)
        if isinstance(rows, ScopedQuerySet):
            rows = rows.permitting(request.user, self.write_action)
        return rows.exists()

    def has_delete_permission(self, request, obj=None):
        return False

    # --- Rows ---

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        if not isinstance(rows, ScopedQuerySet):
            return rows
        seen = rows.none()
        for action in self.look_actions:
            if self._reaches(request, action):
                seen = seen | rows.permitting(request.user, action)
        return seen

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Choices within reach of the action: a number typed by hand is refused, too."""
        choices = db_field.remote_field.model._default_manager.all()
        if isinstance(choices, ScopedQuerySet) and self.write_action:
            kwargs["queryset"] = choices.permitting(request.user, self.write_action)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        raise Http404

    # --- Saving ---

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except self.faults as fault:
            messages.error(request, str(fault))
            return HttpResponseRedirect(request.get_full_path())

    def log_addition(self, request, obj, message):
        """The service has written the trail; Django's own log is not used."""

    def log_change(self, request, obj, message):
        """See `log_addition`."""

    def history_view(self, request, object_id, extra_context=None):
        """What the trail holds on this object."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        if not self.trail_area or not self.has_view_permission(request, obj):
            raise PermissionDenied
        lines = TrailLine.objects.about(self.trail_area, obj.pk)[:200]
        context = {
            **self.admin_site.each_context(request),
            "title": f"操作记录：{obj}",
            "opts": self.opts,
            "object": obj,
            "lines": lines,
        }
        return render(request, "admin/trail_history.html", context)


class ReadOnlyAdmin(ScopedAdmin):
    """A page for looking things up: every field is shown, none can be typed in."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class ReadOnlyInline(admin.TabularInline):
    """Rows of a record, shown below it and not typed in; whoever sees the record sees them."""

    extra = 0

    def has_view_permission(self, request, obj=None):
        return True

    def has_add_permission(self, request, obj):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_readonly_fields(self, request, obj=None):
        return self.fields
