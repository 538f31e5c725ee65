"""The evidence pack of a finalised statement as one file."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sla.models import StatementRevision
from sla.reports.editions import Edition
from sla.reports.evidence import pack_files, pack_folder

# ZIP knows no time before 1980; a fixed one makes the same statement give the same bytes.
THEN = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16
UNIX = 3


def evidence_pack(revision: StatementRevision, *, edition: str = Edition.VENDOR.value) -> bytes:
    """Return the evidence of a finalised statement as a zip; the same statement gives the same bytes.

    Raise ValueError for an edition that does not exist, and where today's calculation gives other
    figures than the frozen ones.
    """
    chosen = Edition(edition)
    folder = pack_folder(revision, edition=chosen)
    out = BytesIO()
    with ZipFile(out, "w", compression=ZIP_DEFLATED, compresslevel=9) as pack:
        for path, data in pack_files(revision, edition=chosen).items():
            entry = ZipInfo(f"{folder}/{path}", date_time=THEN)
            entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, READABLE, UNIX
            pack.writestr(entry, data)
    return out.getvalue()
