"""Error pages that Django leaves empty."""

from django.shortcuts import render


def explain_wrong_method(get_response):
    """Middleware: an address that only takes what a button sends says so when it is opened.

    One comes there by reloading, or by logging in again after the session ended on a save.
    """

    def middleware(request):
        response = get_response(request)
        if response.status_code != 405 or response.content:
            return response
        page = render(request, "405.html", status=405)
        page.headers["Allow"] = response.headers["Allow"]
        return page

    return middleware
