"""The archive of a backup: a ZIP file of a manifest, the database and the uploads.

The manifest says of every other member its size and SHA-256. It finds damage, not forgery: whoever can write
an archive can write its manifest too, so an archive is kept like the database itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

PRODUCT, FORMAT = "recourse", 1
MANIFEST, DATABASE, UPLOADS = "manifest.json", "database", "uploads/"
LARGEST_MANIFEST = 256 * 1024 * 1024
CHUNK = 1024 * 1024


class BackupError(Exception):
    """An archive or a database that cannot be used, with what to do."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of the archive."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What was backed up, of which code, and what every file of the archive must be."""

    product: str
    format: int
    engine: str
    made_at: str
    versions: Mapping[str, str]
    migrations: list[str]
    rows: Mapping[str, int]
    members: Mapping[str, Member] = field(default_factory=dict)

    def dumped(self) -> bytes:
        """Return the manifest as it stands in the archive."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()


class Writer:
    """Adds files to an archive, and remembers what they were."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, Member] = {}

    def add(self, name: str, *, path: Path) -> None:
        """Add a file. What is compressed already is stored as it is."""
        with path.open("rb") as source, self._archive.open(name, "w", force_zip64=True) as target:
            self.members[name] = _copied(source, target=target)


@contextmanager
def new_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Write an archive that appears under its name only when it is whole, readable by its owner only."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
    _sync_folder(path.parent)


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """Return the manifest; raise BackupError where this is no archive of ours, or of a later format."""
    try:
        info = archive.getinfo(MANIFEST)
        if info.file_size > LARGEST_MANIFEST:
            raise BackupError(f"Its {MANIFEST} has {info.file_size} bytes: this is no backup.")
        plain = json.loads(archive.read(info))
        product, written = plain["product"], plain["format"]
    except (KeyError, ValueError, TypeError) as error:
        raise BackupError(f"It has no {MANIFEST} of a backup. Name a file that `backup` wrote.") from error
    if product != PRODUCT:
        raise BackupError(f"It is a backup of {product!r}, not of {PRODUCT!r}.")
    if written != FORMAT:
        raise BackupError(f"It is written in format {written!r}; this code reads {FORMAT}. Use newer code.")
    return _manifest(plain)


def _manifest(plain: dict[str, Any]) -> Manifest:
    try:
        members = {str(name): Member(**member) for name, member in plain["members"].items()}
        return Manifest(**{**plain, "members": members})
    except (KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"Its {MANIFEST} is incomplete: {error}.") from error


def unpack(archive: zipfile.ZipFile, *, manifest: Manifest, into: Path) -> None:
    """Write every file below a folder; raise BackupError where one is missing, unknown, unsafe or altered."""
    files = archive.infolist()
    names = sorted(info.filename for info in files if info.filename != MANIFEST)
    if names != sorted(manifest.members) or len(files) != len(names) + 1:
        raise BackupError(f"Its files are not those that its {MANIFEST} lists. Use another backup.")
    for info in files:
        if info.filename != MANIFEST:
            _unpack(archive, info=info, member=manifest.members[info.filename], into=into)


def _unpack(archive: zipfile.ZipFile, *, info: zipfile.ZipInfo, member: Member, into: Path) -> None:
    refuse_unsafe(info)
    path = into / info.filename
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with archive.open(info) as source, path.open("xb") as target:
        os.fchmod(target.fileno(), 0o600)
        if info.file_size != member.size or _copied(source, target=target) != member:
            raise BackupError(f"{info.filename!r} is not what was backed up. Use another backup.")


def refuse_unsafe(info: zipfile.ZipInfo) -> None:
    """Raise BackupError for a name that could lead out of a folder, and for anything but a plain file."""
    name, path = info.filename, PurePosixPath(info.filename)
    inside = path.parts and not path.is_absolute() and not {"..", "."} & set(path.parts)
    known = name == DATABASE or name.startswith(UPLOADS)
    # Of archives that were made elsewhere the upper bits may say: a link, a device.
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not inside or not known or str(path) != name or "\\" in name or kind not in (0, stat.S_IFREG):
        raise BackupError(f"{name!r} is no file that a backup may hold. Use another backup.")


def make_way(path: Path) -> Path | None:
    """Move a folder to the first free name beside it; return where, or None where it holds nothing."""
    if not path.exists() or not any(path.iterdir()):
        shutil.rmtree(path, ignore_errors=True)
        return None
    number = 1
    while (aside := path.with_name(f"{path.name}-replaced-{number}")).exists():
        number += 1
    path.rename(aside)
    return aside


def _copied(source: IO[bytes], *, target: IO[bytes]) -> Member:
    size, digest = 0, hashlib.sha256()
    while chunk := source.read(CHUNK):
        size += target.write(chunk)
        digest.update(chunk)
    return Member(size=size, sha256=digest.hexdigest())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
