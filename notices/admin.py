"""管理后台: looking up notices and who has read them."""

from django.contrib import admin

from branches.scoped_admin import ReadOnlyAdmin, ReadOnlyInline
from notices.models import Notice, Receipt
from notices.services import AREA


class ReceiptInline(ReadOnlyInline):
    model = Receipt
    fields = ["user", "read_at", "confirmed_at", "reply"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = [
        *("title", "organisation", "sender", "kind", "on"),
        *("wants_receipt", "receipt_by", "withdrawn_at"),
    ]
    list_filter = ["kind", "wants_receipt", "on"]
    search_fields = ["title", "organisation__name", "organisation__code"]
    list_select_related = ["organisation", "sender"]
    inlines = [ReceiptInline]
    trail_area = AREA
    fields = [
        *("organisation", "sender", "kind", "title", "text", "on"),
        *("wants_receipt", "receipt_by", "sent_by", "sent_at", "withdrawn_at"),
    ]
