from django.core.exceptions import FieldError
from django.db import models

from accounts.encryption import decrypt_text, encrypt_text


class EncryptedTextField(models.TextField):
    """Text that is encrypted at rest; found only through a keyed hash beside it."""

    def contribute_to_class(self, cls, name, *args, **kwargs):
        super().contribute_to_class(cls, name, *args, **kwargs)
        self.encryption_context = f"{cls.__name__}.{name}"

    def from_db_value(self, value, expression, connection):
        if not value:
            return value
        return decrypt_text(value, self.encryption_context)

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        if not value:
            return value
        return encrypt_text(value, self.encryption_context)

    def get_lookup(self, lookup_name):
        # A filter on ciphertext would silently match nothing.
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted; filter by its hash column")
        return super().get_lookup(lookup_name)
