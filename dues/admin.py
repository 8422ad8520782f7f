"""管理后台: looking up approved amounts, charges and payments."""

from django.contrib import admin

from branches.scoped_admin import ReadOnlyAdmin
from dues.models import ApprovedAmount, Charge, Payment

_SEARCH = ["member__name", "organisation__name", "organisation__code"]
_RELATED = ["member", "organisation"]


@admin.register(ApprovedAmount)
class ApprovedAmountAdmin(ReadOnlyAdmin):
    list_display = ["member", "organisation", "from_month", "category", "base", "amount"]
    list_filter = ["category", "from_month"]
    search_fields = _SEARCH
    list_select_related = _RELATED
    ordering = ["-from_month", "-pk"]
    fields = ["member", "organisation", "from_month", "category", "base", "amount", "reason"]


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    list_display = ["member", "organisation", "month", "amount"]
    list_filter = ["month"]
    search_fields = _SEARCH
    list_select_related = _RELATED
    ordering = ["-month", "-pk"]
    fields = ["member", "organisation", "month", "amount"]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["member", "organisation", "month", "amount", "paid_on", "entered_at", "reason"]
    list_filter = ["month", ("reverses", admin.EmptyFieldListFilter)]
    search_fields = _SEARCH
    list_select_related = _RELATED
    ordering = ["-month", "-pk"]
    fields = [
        *("member", "organisation", "month", "amount", "paid_on"),
        *("entered_at", "entered_by", "reverses", "reason"),
    ]
