"""Secrets: the key of this installation, made at its first start and kept, and values that lie in files."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from environs import ValidationError

SECRET_KEY_LENGTH = 50
# NAME_FILE names a file that holds the value of NAME, as Docker and systemd hand over secrets.
SUFFIX = "_FILE"


def check_secret_key(value: str) -> None:
    """Raise ValidationError for a key that is short or easy to guess."""
    if len(value) < SECRET_KEY_LENGTH:
        raise ValidationError(f"It has {len(value)} characters, fewer than {SECRET_KEY_LENGTH}.")
    if len(set(value)) < 5 or value.startswith("django-insecure-"):
        raise ValidationError("It is easy to guess.")


def kept_secret_key(data: Path) -> str:
    """Return the key kept in the data directory, making it (readable by its owner only) the first time."""
    path = data / "secret-key"
    if not path.exists():
        _write_secret_key(path)
    key = path.read_text().strip()
    if len(key) < SECRET_KEY_LENGTH:
        raise ImproperlyConfigured(
            f"{path} holds {len(key)} characters, fewer than {SECRET_KEY_LENGTH}. "
            "Delete it, and a new one is made at the next start."
        )
    return key


def _write_secret_key(path: Path) -> None:
    """Put a new key in place whole, so that of two processes that start at once both read the same one."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix="secret-key-")
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(64))
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    os.unlink(draft)


@contextlib.contextmanager
def values_from_files(names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Let variables that lie in files have their values meanwhile; yield what is wrong, by variable."""
    problems, added = {}, []
    for name in sorted(names):
        path = os.environ.get(name + SUFFIX)
        if not path:
            continue
        if os.environ.get(name):
            problems[name + SUFFIX] = f"{name} is set too. Keep one of them."
            continue
        try:
            os.environ[name] = Path(path).read_text().strip()
            added.append(name)
        except (OSError, ValueError) as error:
            problems[name + SUFFIX] = f"It cannot be read: {getattr(error, 'strerror', None) or error}."
    try:
        yield problems
    finally:
        for name in added:
            del os.environ[name]
