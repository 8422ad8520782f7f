"""管理后台: looking up approved amounts, charges and payments."""

from django.contrib import admin

from branches.scoped_admin import ReadOnlyAdmin
from dues.models import ApprovedAmount, Charge, Contribution, Payment, Publication, Remittance

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


@admin.register(Publication)
class PublicationAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "period", "posted_on", "posted_until", "member_count", "amount"]
    list_filter = ["period"]
    search_fields = ["organisation__name", "organisation__code"]
    list_select_related = ["organisation"]
    ordering = ["-starts_on", "-pk"]
    fields = [
        *("organisation", "period", "posted_on", "posted_until", "contact"),
        *("member_count", "amount", "posted_by"),
    ]


@admin.register(Contribution)
class ContributionAdmin(ReadOnlyAdmin):
    list_display = ["member", "organisation", "amount", "paid_on", "forwarded_on", "receipt_number"]
    list_filter = ["paid_on", ("reverses", admin.EmptyFieldListFilter)]
    search_fields = _SEARCH
    list_select_related = _RELATED
    ordering = ["-paid_on", "-pk"]
    fields = [
        *("member", "organisation", "amount", "paid_on", "note", "forwarded_on"),
        *("receipt_number", "receipt_on", "entered_at", "entered_by", "reverses", "reason"),
    ]


@admin.register(Remittance)
class RemittanceAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "quarter", "amount", "computed", "remitted_on", "state"]
    list_filter = ["quarter", "state"]
    search_fields = ["organisation__name", "organisation__code", "slip_number"]
    list_select_related = ["organisation"]
    ordering = ["-quarter", "organisation"]
    fields = [
        *("organisation", "quarter", "amount", "computed", "member_count", "explanation"),
        *("remitted_on", "slip_number", "state", "sent_at", "sent_by"),
        *("decided_on", "decided_by", "opinion"),
    ]
