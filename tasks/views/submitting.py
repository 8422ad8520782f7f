"""What the forms of 党建+ and inspections share: bind, call the service, say why it refused."""

from tasks.services import Refused


def typed(request):
    """What was sent, to bind a form; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None


def refuse(form, refused: Refused) -> None:
    """Say in the form why nothing was stored; what was typed stays. The next save after somebody
    else's change is made knowingly, on top of it."""
    row = getattr(refused, "row", None)
    if row is not None:
        form.data = form.data.copy()
        form.data["version"] = str(row.version)
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


def version_of(form) -> int:
    """The version a form was made from; 0, which fits no row, where it is missing."""
    return form.cleaned_data.get("version") or 0


def without_version(form) -> dict:
    """The clean values without the version."""
    return {name: value for name, value in form.cleaned_data.items() if name != "version"}
