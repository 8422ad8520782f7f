"""Form fields that read what people type and take files for what they are."""

from collections.abc import Callable

from django import forms

from branches.attachments import MOST_AT_ONCE, UnfitFile, checked_content_type
from branches.typed import Unreadable


class TypedField(forms.CharField):
    """Text that `read` turns into a value; its message is the message of the form."""

    def __init__(self, *, read: Callable, **options):
        super().__init__(**options)
        self.read = read

    def clean(self, value):
        text = super().clean(value)
        try:
            return self.read(text)
        except Unreadable as unreadable:
            raise forms.ValidationError(str(unreadable)) from None


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Several files, each checked for what it is."""

    widget = FilesInput

    def clean(self, value, initial=None):
        uploads = [upload for upload in (value or []) if upload is not None]
        if len(uploads) > MOST_AT_ONCE:
            raise forms.ValidationError(f"一次最多选 {MOST_AT_ONCE} 个文件，请分几次上传")
        faults = []
        for upload in uploads:
            try:
                checked_content_type(upload)
            except UnfitFile as unfit:
                faults.append(str(unfit))
        if faults:
            raise forms.ValidationError(faults)
        return uploads
