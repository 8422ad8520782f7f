from django.http import FileResponse, Http404
from django.views.decorators.http import require_safe

from branches.models import Attachment
from branches.scope import get_for


@require_safe
def attachment_download(request, pk):
    """A file of an organisation the reader may look at; always a download, never a page."""
    return as_download(
        get_for(Attachment.objects.select_related("organisation"), request.user, pk=pk)
    )


def as_download(attachment: Attachment) -> FileResponse:
    """A stored file as the answer to a reader who may have it; Http404 where it is gone."""
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(
        content,
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
