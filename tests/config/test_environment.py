"""Every wrong variable is named with its value and what to do; nothing is read halfway."""

import os
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import ADVICE, read_environment, secret_words

KEY = "k3y-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2
NOT_SHOWN = "its value is not shown"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test with none of the variables set."""
    for name in ADVICE:
        monkeypatch.delenv(name, raising=False)


def set_all(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


WRONG = [
    ("RECOURSE_DEBUG", "maybe", "('maybe'): Not a valid boolean."),
    ("RECOURSE_DEBUG", "", "(''): Not a valid boolean."),
    ("RECOURSE_HOSTS", "*", "('*'): '*' lets anybody choose the host name that goes into links."),
    ("RECOURSE_HOSTS", "a.example,https://b.example", "'https://b.example' is not a host name."),
    ("RECOURSE_HOSTS", "a.example:8000", "'a.example:8000' is not a host name."),
    ("RECOURSE_ORIGINS", "a.example", "('a.example'): 'a.example' is not an origin."),
    ("RECOURSE_ORIGINS", "https://a.example/admin", "'https://a.example/admin' is not an origin."),
    ("RECOURSE_PROXIES", "yes", "('yes'): Not a valid integer."),
    ("RECOURSE_PROXIES", "-1", "('-1'): It is not a number of proxies."),
    ("RECOURSE_SECRET_KEY", "short", f"({NOT_SHOWN}): It has 5 characters, fewer than 50."),
    ("RECOURSE_SECRET_KEY_OLD", KEY + ",short", f"({NOT_SHOWN}): It has 5 characters, fewer than 50."),
    ("RECOURSE_SECRET_KEY", "ab" * 30, f"({NOT_SHOWN}): It is easy to guess."),
    ("RECOURSE_SECRET_KEY", "django-insecure-" + KEY, f"({NOT_SHOWN}): It is easy to guess."),
    ("DATABASE_URL", "nonsense", f"({NOT_SHOWN}): It is not a database address."),
    ("DATABASE_URL", "mysql://me:hidden@db/x", f"({NOT_SHOWN}): Only PostgreSQL and SQLite are supported."),
    ("DATABASE_URL", "postgres://me:hidden@db/", f"({NOT_SHOWN}): It names no database."),
    ("CELERY_BROKER_URL", "amqp://me:hidden@mq", f"({NOT_SHOWN}): Only Redis is supported as a broker."),
    ("CELERY_BROKER_URL", "redis://", f"({NOT_SHOWN}): Only Redis is supported as a broker."),
    ("RECOURSE_MAIL_URL", "pigeon://hidden", f"({NOT_SHOWN}): It is not a way to send mail."),
    ("RECOURSE_MAIL_URL", "smtp://mail:port", f"({NOT_SHOWN}): It is not the address of a mail server."),
    ("RECOURSE_MAIL_URL", "smtp://", f"({NOT_SHOWN}): It names no mail server."),
    ("RECOURSE_MAIL_URL", "submission://me:hidden@", f"({NOT_SHOWN}): It names no mail server."),
    ("RECOURSE_MAIL_URL", "?foo=bar", f"({NOT_SHOWN}): It is not a way to send mail."),
    ("RECOURSE_MAIL_URL", "smtp://mail/folder", f"({NOT_SHOWN}): It is not the address of a mail server."),
    ("RECOURSE_MAIL_URL", "smtp://mail:99999", f"({NOT_SHOWN}): It is not the address of a mail server."),
    ("RECOURSE_MAIL_URL", "smtp://mail?tls", f"({NOT_SHOWN}): It is not the address of a mail server."),
    (
        "RECOURSE_MAIL_URL",
        "smtp://mail?foo=bar",
        f"({NOT_SHOWN}): There is no option 'foo'; known are _default",
    ),
    ("RECOURSE_MAIL_URL", "smtp://mail?tls=maybe", f"({NOT_SHOWN}): tls is true or false, not 'maybe'."),
    ("RECOURSE_MAIL_URL", "smtp://mail?tls=", f"({NOT_SHOWN}): tls is true or false, not ''."),
    ("RECOURSE_MAIL_URL", "smtp://mail?tls=yes&ssl=on", f"({NOT_SHOWN}): tls begins in the clear, ssl does"),
    (
        "RECOURSE_MAIL_URL",
        "smtp://mail?timeout=soon",
        f"({NOT_SHOWN}): It is not the address of a mail server.",
    ),
    ("RECOURSE_MAIL_URL", "smtp://mail?timeout=600", f"({NOT_SHOWN}): timeout is 1 to 30 seconds."),
    ("RECOURSE_MAIL_URL", "smtp://mail?_reply_to=nobody", f"({NOT_SHOWN}): _reply_to is no e-mail address."),
    (
        "RECOURSE_MAIL_URL",
        "file:///tmp/mail",
        f"({NOT_SHOWN}): Four slashes begin the whole path of a directory",
    ),
    ("CELERY_BROKER_URL", "redis://mq:port", f"({NOT_SHOWN}): Its port or the number of its database is no"),
    ("CELERY_BROKER_URL", "redis://me:hidden@mq/first", f"({NOT_SHOWN}): Its port or the number of its"),
    ("RECOURSE_ORIGINS", "https://me@a.example", "'https://me@a.example' is not an origin."),
    ("RECOURSE_ORIGINS", "https://a example", "'https://a example' is not an origin."),
    ("RECOURSE_ORIGINS", "https://a.example#top", "'https://a.example#top' is not an origin."),
    ("RECOURSE_CHAT_URL", "http://hidden", f"({NOT_SHOWN}): It is the address of no chat that is known."),
    ("RECOURSE_CHAT_URL", "mmost://hidden/token", f"({NOT_SHOWN}): Messages would go there in the clear."),
    ("RECOURSE_SECOND_FACTOR", "maybe", "('maybe'): It is none of off, offered, required."),
    ("RECOURSE_OIDC_ISSUER", "login.acme.example", "It is not the address of a provider."),
    ("RECOURSE_OIDC_ISSUER", "https://me@login.acme.example", "It is not the address of a provider."),
    ("RECOURSE_OIDC_ISSUER", "http://login.acme.example", "Logins would go there in the clear."),
    ("RECOURSE_METRICS_KEY", "hidden", f"({NOT_SHOWN}): It has 6 characters, fewer than 32."),
    ("RECOURSE_METRICS_KEY", "ab" * 16, f"({NOT_SHOWN}): It is easy to guess."),
    (
        "RECOURSE_METRICS_KEY",
        "hidden, and with spaces 0123456789",
        f"({NOT_SHOWN}): It holds characters that a header cannot carry.",
    ),
]


@pytest.mark.parametrize(("name", "value", "problem"), WRONG)
def test_a_wrong_value_is_refused_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, problem: str
) -> None:
    set_all(monkeypatch, **{"RECOURSE_DEBUG": "true", name: value})
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment(root=tmp_path)
    line = next(line for line in str(refusal.value).splitlines() if line.startswith(name))
    assert problem in line
    assert line.endswith(ADVICE[name])
    assert "hidden" not in str(refusal.value)
    assert not (tmp_path / ".data" / "secret-key").exists()


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(monkeypatch, RECOURSE_PROXIES="x", DATABASE_URL="mysql://db/x", RECOURSE_HOSTS="a/b")
    set_all(monkeypatch, RECOURSE_MAIL_URL_FILE="/nowhere/mail-url")
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment(root=tmp_path)
    named = {line.split(" ")[0].rstrip(":") for line in str(refusal.value).splitlines()[1:]}
    assert named == {
        "RECOURSE_PROXIES",
        "DATABASE_URL",
        "RECOURSE_HOSTS",
        "RECOURSE_SECRET_KEY",
        "RECOURSE_MAIL_URL_FILE",
    }


def test_a_provider_of_logins_is_named_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(
        monkeypatch,
        RECOURSE_DEBUG="true",
        RECOURSE_OIDC_ISSUER="https://login.acme.example/realms/acme/",
        RECOURSE_OIDC_CLIENT="recourse",
    )
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment(root=tmp_path)
    told = "RECOURSE_OIDC_SECRET is not set, and others of the provider of logins are."
    assert told in str(refusal.value)
    (tmp_path / "secret").write_text("shared with the provider")
    set_all(monkeypatch, RECOURSE_OIDC_SECRET_FILE=str(tmp_path / "secret"))
    read = read_environment(root=tmp_path)
    assert read.oidc is not None
    assert (read.oidc.issuer, read.oidc.client, read.oidc.secret) == (
        "https://login.acme.example/realms/acme",
        "recourse",
        "shared with the provider",
    )
    assert (read.oidc.origin, read.second_factor) == ("https://login.acme.example", "off")


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(monkeypatch, RECOURSE_DEBUG="true", RECOURSE_HOST="a.example")
    with pytest.raises(
        ImproperlyConfigured, match=r"RECOURSE_HOST \('a\.example'\): There is no such setting\."
    ):
        read_environment(root=tmp_path)


def test_a_data_directory_that_cannot_be_made_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    set_all(monkeypatch, RECOURSE_DEBUG="true", RECOURSE_DATA=str(tmp_path / "file" / "data"))
    with pytest.raises(
        ImproperlyConfigured, match=r"RECOURSE_DATA .* cannot be made: Not a directory\. Name a"
    ):
        read_environment(root=tmp_path)


def test_production_without_hosts_is_refused_and_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment(root=tmp_path)
    assert "RECOURSE_HOSTS is not set, and RECOURSE_DEBUG is off." in str(refusal.value)
    assert not (tmp_path / ".data" / "secret-key").exists()


def test_no_key_is_made_where_machines_may_share_a_database_and_not_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_all(monkeypatch, RECOURSE_HOSTS="a.example", DATABASE_URL="postgres://me:pw@db/recourse")
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment(root=tmp_path)
    assert "RECOURSE_SECRET_KEY is not set, while other machines may use the same database." in str(
        refusal.value
    )
    assert not (tmp_path / ".data" / "secret-key").exists()


@pytest.mark.parametrize(
    "variables",
    [
        {"RECOURSE_DEBUG": "true"},
        {"RECOURSE_HOSTS": "a.example"},
        {"RECOURSE_HOSTS": "a.example", "DATABASE_URL": "sqlite:////tmp/a.sqlite3"},
        {"RECOURSE_HOSTS": "a.example", "DATABASE_URL": "postgres://me:pw@db/recourse", "RECOURSE_DATA": "."},
    ],
    ids=["debug", "one machine", "a file", "a named directory"],
)
def test_the_first_start_makes_a_key_that_only_its_owner_reads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str]
) -> None:
    set_all(monkeypatch, **variables)
    if "RECOURSE_DATA" in variables:
        set_all(monkeypatch, RECOURSE_DATA=str(tmp_path / ".data"))
    first = read_environment(root=tmp_path)
    second = read_environment(root=tmp_path)
    path = tmp_path / ".data" / "secret-key"
    assert first.secret_key == second.secret_key == path.read_text()
    assert len(first.secret_key) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["secret-key"]


def test_a_damaged_kept_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(monkeypatch, RECOURSE_DEBUG="true")
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "secret-key").write_text("abc")
    with pytest.raises(
        ImproperlyConfigured, match=r"secret-key holds 3 characters, fewer than 50\. Delete it"
    ):
        read_environment(root=tmp_path)


def test_nothing_set_in_debug_means_sqlite_no_broker_and_local_hosts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_all(monkeypatch, RECOURSE_DEBUG="true", DATABASE_URL="", CELERY_BROKER_URL="", RECOURSE_MAIL_URL="")
    read = read_environment(root=tmp_path)
    assert (read.database, read.broker, read.mail, read.chat, read.metrics_key) == (None,) * 5
    assert (read.hosts, read.origins, read.proxies) == (["localhost", "127.0.0.1", "[::1]"], [], 0)
    assert read.data == tmp_path / ".data"


def test_a_full_production_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(
        monkeypatch,
        DATABASE_URL="postgres://me:pw@db.example:5433/recourse",
        CELERY_BROKER_URL="rediss://mq.example/1",
        RECOURSE_SECRET_KEY=KEY,
        RECOURSE_HOSTS="a.example,b.example",
        RECOURSE_ORIGINS="https://a.example",
        RECOURSE_DATA=str(tmp_path / "kept"),
        RECOURSE_MAIL_URL="smtp://u:p@mail.example:587?tls=true&_default_from_email=sla@a.example"
        "&_reply_to=owner@a.example",
        RECOURSE_CHAT_URL="mmosts://chat.example/hook",
        RECOURSE_PROXIES="1",
        RECOURSE_METRICS_KEY="metrics-key-0123456789-abcdefghi",
    )
    read = read_environment(root=tmp_path)
    assert read.debug is False
    assert read.database is not None
    assert (read.database["HOST"], read.database["PORT"], read.database["NAME"]) == (
        "db.example",
        5433,
        "recourse",
    )
    assert read.mail is not None
    assert (read.mail["EMAIL_HOST"], read.mail["EMAIL_USE_TLS"]) == ("mail.example", True)
    assert (read.mail["DEFAULT_FROM_EMAIL"], read.mail["REPLY_TO"]) == ("sla@a.example", "owner@a.example")
    assert (read.secret_key, read.hosts, read.proxies) == (KEY, ["a.example", "b.example"], 1)
    assert read.metrics_key == "metrics-key-0123456789-abcdefghi"
    assert (tmp_path / "kept").is_dir()
    assert not (tmp_path / "kept" / "secret-key").exists()


def test_a_secret_may_lie_in_a_file_and_stays_out_of_logs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "old").write_text(f"{KEY}-1,{KEY}-2")
    set_all(
        monkeypatch,
        RECOURSE_HOSTS="a.example",
        RECOURSE_SECRET_KEY_FILE=str(tmp_path / "key"),
        RECOURSE_SECRET_KEY_OLD_FILE=str(tmp_path / "old"),
    )
    read = read_environment(root=tmp_path)
    assert (read.secret_key, read.old_keys) == (KEY, [f"{KEY}-1", f"{KEY}-2"])
    assert secret_words() == {KEY, f"{KEY}-1", f"{KEY}-2", f"{KEY}-1,{KEY}-2"}
    assert "RECOURSE_SECRET_KEY" not in os.environ


def test_a_secret_is_not_given_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://mq/1")
    set_all(
        monkeypatch,
        RECOURSE_DEBUG="true",
        CELERY_BROKER_URL="redis://mq/0",
        CELERY_BROKER_URL_FILE=str(tmp_path / "url"),
    )
    with pytest.raises(ImproperlyConfigured, match=r"CELERY_BROKER_URL is set too\. Keep one of them\."):
        read_environment(root=tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("RECOURSE_SECRET_KEY", KEY, {KEY}),
        ("RECOURSE_METRICS_KEY", "metrics-key", {"metrics-key"}),
        (
            "DATABASE_URL",
            "postgres://me:pass%40word@db/x",
            {"postgres://me:pass%40word@db/x", "pass%40word", "pass@word"},
        ),
        ("CELERY_BROKER_URL", "redis://:password@mq/0", {"redis://:password@mq/0", "password"}),
        ("RECOURSE_MAIL_URL", "smtp://u:short@mail", {"smtp://u:short@mail"}),  # a word of many lines
        (
            "RECOURSE_CHAT_URL",
            "https://chat.example/hooks/0123456789abcdef?key=abc",
            {
                "https://chat.example/hooks/0123456789abcdef?key=abc",
                "/hooks/0123456789abcdef",
                "0123456789abcdef",
            },
        ),
        ("RECOURSE_HOSTS", "recourse.example", set()),
    ],
)
def test_what_no_log_may_show_is_known_whole_and_in_its_parts(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: set[str]
) -> None:
    set_all(monkeypatch, **{name: value})
    assert secret_words() == words
