"""Form fields that read what people type and take files for what they are."""

import datetime
from collections.abc import Callable
from functools import partial

from django import forms

from branches.attachments import MOST_AT_ONCE, UnfitFile, checked_content_type
from branches.typed import Unreadable, read_date
from branches.words import full_date


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


class DayField(TypedField):
    """A day as people type it, shown back as 2026年3月28日; `3.28` means the year of `today`."""

    def __init__(self, **options):
        options.setdefault("max_length", 30)
        super().__init__(read=read_date, **options)

    def clean(self, value):
        day = super().clean(value)
        if day is None and self.required:
            # A dash is read as nothing.
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return day

    def prepare_value(self, value):
        return full_date(value) if isinstance(value, datetime.date) else value


class DatedForm(forms.Form):
    """A form whose days may be typed without their year."""

    def __init__(self, *args, today: datetime.date, **options):
        super().__init__(*args, **options)
        self.today = today
        for field in self.fields.values():
            if isinstance(field, DayField):
                field.read = partial(read_date, year=today.year)


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
