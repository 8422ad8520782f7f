"""Response headers and the client's address."""

from django.conf import settings

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self'",
        "script-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'self'",
    ]
)


def content_security_policy(get_response):
    """Middleware: nothing inline, nothing from elsewhere."""

    def middleware(request):
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response

    return middleware


def drop_null_characters(get_response):
    """Middleware: nobody types a null character into an address, and PostgreSQL takes none."""

    def middleware(request):
        request.META["QUERY_STRING"] = request.META.get("QUERY_STRING", "").replace("%00", "")
        return get_response(request)

    return middleware


def client_address(request):
    """The address as the outermost trusted proxy saw it.

    Only the entries our own proxies added are believed: the rest of
    X-Forwarded-For is whatever the client wrote there.
    """
    if settings.TRUSTED_PROXIES:
        seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(seen) >= settings.TRUSTED_PROXIES and seen[-settings.TRUSTED_PROXIES]:
            return seen[-settings.TRUSTED_PROXIES]
    return request.META.get("REMOTE_ADDR")
