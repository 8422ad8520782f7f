"""Encryption of single values and files, and keyed hashes for looking them up.

AES-256-GCM with a key derived from the newest entry of `settings.FIELD_KEYS`; older
entries still decrypt. This is no certified cryptographic module.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = "v1"


class UnknownKey(ValueError):
    """The value was encrypted with a key that is not in FIELD_KEYS."""


@lru_cache(maxsize=16)
def _cipher(secret: str) -> tuple[str, AESGCM]:
    key = hashlib.sha256(b"partybuild:encrypt:" + secret.encode()).digest()
    key_id = hashlib.sha256(b"partybuild:key-id:" + secret.encode()).hexdigest()[:8]
    return key_id, AESGCM(key)


@lru_cache(maxsize=16)
def _hash_key(secret: str) -> bytes:
    return hashlib.sha256(b"partybuild:hash:" + secret.encode()).digest()


def _cipher_of(key_id: str) -> AESGCM:
    for secret in settings.FIELD_KEYS:
        known_id, cipher = _cipher(secret)
        if known_id == key_id:
            return cipher
    raise UnknownKey(f"no key {key_id} in FIELD_KEYS")


def encrypt_bytes(content: bytes, context: str) -> bytes:
    """Encrypt with the newest key; `context` must be the same on decryption."""
    key_id, cipher = _cipher(settings.FIELD_KEYS[0])
    nonce = os.urandom(12)
    return (
        f"{_VERSION}:{key_id}:".encode() + nonce + cipher.encrypt(nonce, content, context.encode())
    )


def decrypt_bytes(token: bytes, context: str) -> bytes:
    """Undo `encrypt_bytes`; raises UnknownKey or InvalidTag."""
    version, key_id, sealed = token.split(b":", 2)
    if version != _VERSION.encode():
        raise UnknownKey(f"unknown format {version!r}")
    return _cipher_of(key_id.decode()).decrypt(sealed[:12], sealed[12:], context.encode())


def encrypt_text(text: str, context: str) -> str:
    """Encrypt a short text for a text column."""
    key_id, cipher = _cipher(settings.FIELD_KEYS[0])
    nonce = os.urandom(12)
    sealed = nonce + cipher.encrypt(nonce, text.encode(), context.encode())
    return f"{_VERSION}:{key_id}:{base64.b64encode(sealed).decode()}"


def decrypt_text(token: str, context: str) -> str:
    """Undo `encrypt_text`; raises UnknownKey or InvalidTag."""
    version, key_id, encoded = token.split(":", 2)
    if version != _VERSION:
        raise UnknownKey(f"unknown format {version!r}")
    sealed = base64.b64decode(encoded)
    return _cipher_of(key_id).decrypt(sealed[:12], sealed[12:], context.encode()).decode()


def keyed_hash(value: str) -> str:
    """A hash to find an encrypted value by; 64 hexadecimal digits, "" for "".

    Made with the oldest key, so that adding a key for encryption keeps look-ups whole.
    """
    if not value:
        return ""
    return hmac.new(_hash_key(settings.FIELD_KEYS[-1]), value.encode(), "sha256").hexdigest()
