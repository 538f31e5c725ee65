"""A backup is restored whole and verified, or nothing is touched."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from config.backups import engines
from config.backups.archive import MANIFEST, BackupError, Manifest, Writer, new_archive, read_manifest, unpack
from sla.models import OutboxMessage, StatementRevision
from sla.services.outbox import post
from sla.services.statements import finalise_statement, head_of
from tests.builders import a_schedule, an_incident, an_outage, at, person
from tests.config.processes import manage
from vendors.guards import lifted

ROOT = Path(settings.BASE_DIR)
NOW = datetime(2019, 12, 31, tzinfo=UTC)
REASONS = {"unconfirmed_times": "ticket read", "unsigned_terms": "template"}
# What the engine knows of the rows, by which it plans queries.
COUNTED = {
    "postgresql": "SELECT reltuples::int FROM pg_class WHERE relname = 'sla_statementrevision'",
    "sqlite": "SELECT DISTINCT CAST(stat AS INTEGER) FROM sqlite_stat1 WHERE tbl = 'sla_statementrevision'",
}
PAPER = b"%PDF-1.7 signed"


@pytest.fixture
def books(transactional_db: None, tmp_path: Path, settings: Any) -> None:
    """June finalised twice, a signed paper, and a message that waits."""
    settings.MEDIA_ROOT = tmp_path / "data" / "uploads"
    settings.DATA_DIR = tmp_path / "data"
    paper = settings.MEDIA_ROOT / "terms" / "signed.pdf"
    paper.parent.mkdir(parents=True)
    paper.write_bytes(PAPER)
    agreement = a_schedule()
    one = an_incident("ONE", vendor=agreement.contract.vendor)
    service = agreement.contract.services.get()
    an_outage(one, service, started_at=at("2019-06-25 04:15"), ended_at=at("2019-06-25 05:28"))
    statement = head_of(agreement, period_label="2019-06")
    finalise_statement(statement, by=person(), why="month end", reasons=REASONS, now=NOW)
    an_outage(one, service, started_at=at("2019-06-26 04:00"), ended_at=at("2019-06-26 14:00"))
    later = NOW + timedelta(days=3)
    finalise_statement(statement, by=person(), why="a late ticket", reasons=REASONS, now=later)
    post(key="report/1", subject="June", text="Missed.", address="ann@acme.example", now=NOW)


def asked(query: str, *, other: dict[str, str]) -> list[tuple[Any, ...]]:
    """Return what the other installation's database answers to SQL; raise what it raises."""
    if "DATABASE_URL" in other:
        with psycopg.connect(other["DATABASE_URL"]) as reader:
            cursor = reader.execute(query)
            return cursor.fetchall() if cursor.description else []
    file = sqlite3.connect(Path(other["RECOURSE_DATA"]) / "recourse.sqlite3")
    with file:
        return file.execute(query).fetchall()


def backed_up(path: Path) -> str:
    out = io.StringIO()
    call_command("backup", str(path), stdout=out)
    return out.getvalue().strip()


# The whole way


@pytest.mark.usefixtures("books")
def test_what_was_backed_up_stands_again_guarded_and_verified(tmp_path: Path, other: dict[str, str]) -> None:
    file = tmp_path / "june.zip"
    said = backed_up(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f", 1 uploads, {file.stat().st_size} bytes." in said
    status, told, wrong = manage("restore", str(file), other=other)
    assert (status, wrong) == (0, "")
    assert "1 message that waited may have been sent since: see Messages, in doubt." in told
    assert told.endswith("2 revisions verified: 2 intact, 0 altered, 0 with notes.\n")
    assert (Path(other["RECOURSE_DATA"]) / "uploads" / "terms" / "signed.pdf").read_bytes() == PAPER
    mine = list(StatementRevision.objects.order_by("pk").values_list("digest", flat=True))
    assert [
        row for (row,) in asked("SELECT digest FROM sla_statementrevision ORDER BY id", other=other)
    ] == mine
    ((state, error),) = asked("SELECT state, error FROM sla_outboxmessage", other=other)
    assert (state, OutboxMessage.objects.get().state) == ("in_doubt", "waiting")
    assert error.endswith("that was restored: it may have been sent since.")
    assert asked(COUNTED[connection.vendor], other=other) == [(2,)]
    for change in ("UPDATE sla_statementrevision SET cause = 'x'", "DELETE FROM sla_statementrevision"):
        with pytest.raises((psycopg.Error, sqlite3.Error), match="sla_statementrevision is frozen"):
            asked(change, other=other)


@pytest.mark.usefixtures("books")
def test_a_full_database_is_replaced_only_when_told_and_its_uploads_are_put_aside(
    tmp_path: Path, other: dict[str, str]
) -> None:
    file = tmp_path / "june.zip"
    backed_up(file)
    assert manage("restore", str(file), other=other)[0] == 0
    paper = Path(other["RECOURSE_DATA"]) / "uploads" / "terms" / "signed.pdf"
    paper.write_bytes(b"another")
    asked("UPDATE sla_outboxmessage SET attempts = 7", other=other)
    status, _, wrong = manage("restore", str(file), other=other)
    assert status == 1
    assert "tables already. Name an empty one in DATABASE_URL, or say --replace" in wrong
    assert asked("SELECT attempts FROM sla_outboxmessage", other=other) == [(7,)]
    status, told, _ = manage("restore", str(file), "--replace", other=other)
    assert status == 0
    assert asked("SELECT attempts FROM sla_outboxmessage", other=other) == [(0,)]
    assert paper.read_bytes() == PAPER
    aside = paper.parents[2] / "uploads-replaced-1"
    assert f"The uploads that were here are now in {aside}." in told
    assert (aside / "terms" / "signed.pdf").read_bytes() == b"another"


@pytest.mark.usefixtures("books")
def test_a_statement_altered_before_the_backup_is_found_by_the_restore(
    tmp_path: Path, other: dict[str, str]
) -> None:
    with lifted():
        StatementRevision.objects.filter(number=1).update(cause="somebody else's words")
    backed_up(tmp_path / "june.zip")
    status, told, wrong = manage("restore", str(tmp_path / "june.zip"), other=other)
    assert status == 1
    assert "NR-2018/power/2019-06/r1: ALTERED" in told
    assert "2 revisions verified: 1 intact, 1 altered, 0 with notes." in wrong


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_backup_of_older_code_is_migrated(tmp_path: Path, other: dict[str, str]) -> None:
    assert manage("migrate", "incidents", "0004", other=other)[0] == 0
    file = tmp_path / "older.zip"
    assert manage("backup", str(file), other=other)[0] == 0
    status, told, wrong = manage("restore", str(file), "--replace", other=other)
    assert (status, wrong) == (0, "")
    assert "Migrated by " in told
    assert "incidents.0005_" in told
    assert manage("migrate", "--check", other=other)[0] == 0


def test_a_backup_is_never_written_over_another(tmp_path: Path) -> None:
    file = tmp_path / "june.zip"
    file.write_bytes(b"an older one")
    with pytest.raises(CommandError, match=r"june\.zip exists already\. Name a file that does not\."):
        backed_up(file)
    assert file.read_bytes() == b"an older one"


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    def full(path: Path) -> None:
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(engines, "dump", full)
    place = tmp_path / "backups"
    place.mkdir()
    with pytest.raises(CommandError, match=r"No backup was written\. .*No space left on device"):
        backed_up(place / "june.zip")
    assert list(place.iterdir()) == []


# What is refused, before anything is touched


def rewritten(file: Path, *, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the manifest of an archive."""
    with zipfile.ZipFile(file) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    plain = json.loads(parts[MANIFEST])
    change(plain)
    parts[MANIFEST] = json.dumps(plain).encode()
    with zipfile.ZipFile(file, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)


def flip(file: Path, *, inside: bytes) -> None:
    raw = bytearray(file.read_bytes())
    raw[raw.index(inside) + 5] ^= 1
    file.write_bytes(raw)


UNFIT: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a damaged upload": (lambda file: flip(file, inside=PAPER), "Bad CRC-32 for file 'uploads/terms"),
    "cut short": (lambda file: file.write_bytes(file.read_bytes()[:-900]), "is damaged, or no backup"),
    "no archive": (lambda file: file.write_bytes(b"-- SQL"), "is damaged, or no backup"),
    "no file": (lambda file: file.unlink(), "june.zip cannot be used: No such file or directory."),
    "of another product": (
        lambda file: rewritten(file, change=lambda plain: plain.update(product="other")),
        "It is a backup of 'other', not of 'recourse'.",
    ),
    "of a later format": (
        lambda file: rewritten(file, change=lambda plain: plain.update(format=2)),
        "It is written in format 2; this code reads 1. Use newer code.",
    ),
    "of newer code": (
        lambda file: rewritten(file, change=lambda plain: plain["migrations"].append("sla.9999_later")),
        "It was made by newer code: sla.9999_later is not among the migrations here.",
    ),
    "of another engine": (
        lambda file: rewritten(file, change=lambda plain: plain.update(engine="oracle")),
        "It is a backup of oracle, and DATABASE_URL names ",
    ),
    "with another fingerprint": (
        lambda file: rewritten(
            file, change=lambda plain: plain["members"]["database"].update(sha256="0" * 64)
        ),
        "'database' is not what was backed up.",
    ),
}


@pytest.mark.usefixtures("books")
def test_what_is_no_whole_backup_of_ours_is_refused_and_nothing_is_touched(
    tmp_path: Path, settings: Any
) -> None:
    """All at once, since each of them needs the same backup."""
    whole, file = tmp_path / "whole.zip", tmp_path / "june.zip"
    backed_up(whole)
    for name, (spoil, problem) in UNFIT.items():
        file.write_bytes(whole.read_bytes())
        spoil(file)
        with pytest.raises(CommandError) as refused:
            call_command("restore", str(file), "--replace")
        assert problem in str(refused.value), name
        assert StatementRevision.objects.count() == 2
        assert OutboxMessage.objects.get().state == "waiting"
        assert (settings.MEDIA_ROOT / "terms" / "signed.pdf").read_bytes() == PAPER
    assert sorted(path.name for path in settings.DATA_DIR.iterdir()) == ["uploads"]


def an_archive(file: Path, *, content: dict[str, bytes], listed: dict[str, bytes] | None = None) -> Path:
    """Write an archive whose manifest is right for the listed files, whatever it holds."""
    with new_archive(file) as archive:
        for name, content_of in content.items():
            archive.writestr(name, content_of)
        members = {}
        with zipfile.ZipFile(io.BytesIO(), "w") as scratch:
            writer = Writer(scratch)
            for name, content_of in (content if listed is None else listed).items():
                source = file.with_suffix(".part")
                source.write_bytes(content_of)
                writer.add(name, path=source)
            members = writer.members
        manifest = Manifest(
            product="recourse",
            format=1,
            engine="sqlite",
            made_at="2026-06-30T00:00:00+00:00",
            versions={},
            migrations=[],
            rows={},
            members=members,
        )
        archive.writestr(MANIFEST, manifest.dumped())
    return file


def unpacked(file: Path, *, into: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        unpack(archive, manifest=read_manifest(archive), into=into)


ESCAPES = [
    "uploads/../../evil",
    "/etc/evil",
    "uploads//evil",
    "uploads/./evil",
    "uploads/a\\..\\evil",
    "uploads/",
    "evil",
    "database/evil",
]


@pytest.mark.parametrize("name", ESCAPES)
def test_no_file_of_an_archive_leaves_its_folder(tmp_path: Path, name: str) -> None:
    file, into = an_archive(tmp_path / "a.zip", content={name: b"x"}), tmp_path / "into" / "here"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BackupError, match="is no file that a backup may hold"):
        unpacked(file, into=into)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    file = an_archive(tmp_path / "a.zip", content={"uploads/a": b"/etc"})
    raw = bytearray(file.read_bytes())
    # The directory at the end of a ZIP file says what each entry is, 38 bytes after its mark.
    mark = raw.index(b"PK\x01\x02")
    raw[mark + 38 : mark + 42] = ((stat.S_IFLNK | 0o777) << 16).to_bytes(4, "little")
    file.write_bytes(raw)
    with pytest.raises(BackupError, match="'uploads/a' is no file that a backup may hold"):
        unpacked(file, into=tmp_path / "into")


@pytest.mark.parametrize("listed", [{}, {"uploads/a": b"x", "uploads/b": b"y"}, {"uploads/b": b"x"}])
def test_a_file_that_is_missing_or_not_listed_is_refused(tmp_path: Path, listed: dict[str, bytes]) -> None:
    file = an_archive(tmp_path / "a.zip", content={"uploads/a": b"x"}, listed=listed)
    with pytest.raises(BackupError, match=r"Its files are not those that its manifest\.json lists"):
        unpacked(file, into=tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_a_file_that_was_exchanged_for_another_of_its_size_is_refused(tmp_path: Path) -> None:
    file = an_archive(tmp_path / "a.zip", content={"uploads/a": b"paid 10"}, listed={"uploads/a": b"paid 90"})
    with pytest.raises(BackupError, match="'uploads/a' is not what was backed up"):
        unpacked(file, into=tmp_path / "into")


def test_the_same_files_come_out_that_went_in(tmp_path: Path) -> None:
    content = {"database": b"rows", "uploads/terms/ä b.pdf": PAPER, "uploads/empty": b""}
    unpacked(an_archive(tmp_path / "a.zip", content=content), into=tmp_path / "into")
    found = {
        path.relative_to(tmp_path / "into").as_posix(): path.read_bytes()
        for path in (tmp_path / "into").rglob("*")
        if path.is_file()
    }
    assert found == content
    assert {stat.S_IMODE((tmp_path / "into" / name).stat().st_mode) for name in content} == {0o600}
