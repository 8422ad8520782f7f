"""Keys of an embedded installation: made once, kept in a file only its owner can read."""

import json
import os
import secrets
import tempfile


def read_or_create(path):
    """Return the SECRET_KEY and FIELD_KEYS kept at `path`, making them on first use."""
    if not path.exists():
        keys = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_KEYS": [secrets.token_urlsafe(32)],
        }
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(descriptor, "w") as file:
            json.dump(keys, file, indent=1)
        try:
            # Whoever links first wins; another process starting now reads the same keys.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return json.loads(path.read_text())
