"""Reads the environment once, checks every variable, and reports all that is wrong together."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import apprise
import dj_database_url
import dj_email_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError, ValidationError

from config.keys import SUFFIX, check_secret_key, kept_secret_key, values_from_files
from config.sign_in.providers import OpenIdProvider, check_issuer

# What to write instead, printed after what is wrong. The keys are the complete list of variables.
ADVICE = {
    "DATABASE_URL": "Write postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:////PATH, or leave it out.",
    "CELERY_BROKER_URL": "Write redis://HOST:PORT/NUMBER, or leave it out to work without a broker.",
    "RECOURSE_SECRET_KEY": "Write at least 50 random characters, kept secret and the same at every start"  # nosec B105
    " and on every machine.",
    "RECOURSE_SECRET_KEY_OLD": "Write the keys before this one, separated by commas, or leave it out.",  # nosec B105
    "RECOURSE_DEBUG": "Write true or false.",
    "RECOURSE_HOSTS": "Write the host names that browsers use, separated by commas, without https://.",
    "RECOURSE_ORIGINS": "Write whole origins separated by commas, such as https://recourse.example.com.",
    "RECOURSE_DATA": "Name a directory that this user may write to.",
    "RECOURSE_MAIL_URL": "Write smtp://USER:PASSWORD@HOST:PORT?tls=true&_default_from_email=sla@example.com,"
    " and &_reply_to=ADDRESS for answers, or leave it out for mails as files.",
    "RECOURSE_CHAT_URL": "Write the https:// address that Slack, Discord, Google Chat or Power Automate gave,"
    " or an Apprise address such as mmosts://HOST/TOKEN, or leave it out.",
    "RECOURSE_PROXIES": "Write how many reverse proxies stand between browsers and this server: 0, 1 or 2.",
    "RECOURSE_METRICS_KEY": "Write at least 32 random letters and digits, or leave it out for no metrics.",
    "RECOURSE_MAINTENANCE_PARSER": "Name the Python of the environment that `make maintenance-parser` made.",
    "RECOURSE_PROBES": "Write off, public (probes of public https addresses), or private (also inside).",
    "RECOURSE_SECOND_FACTOR": "Write off, offered (whoever likes sets up an authenticator app or a passkey),"
    " or required (staff has to).",
    "RECOURSE_OIDC_ISSUER": "Write the issuer of your provider of logins, such as"
    " https://login.example.com/realms/acme, with RECOURSE_OIDC_CLIENT and RECOURSE_OIDC_SECRET, or none of"
    " the three.",
    "RECOURSE_OIDC_CLIENT": "Write the client ID that the provider gave.",
    "RECOURSE_OIDC_SECRET": "Write the client secret that the provider gave.",  # nosec B105
    "RECOURSE_OIDC_NAME": "Write what the provider is called on the login page.",
    "RECOURSE_FORMATS": "Write the codes of rarer feed formats to offer, separated by commas, or all.",
}
# Their values carry passwords and must not reach a log.
SECRET = {
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "RECOURSE_SECRET_KEY",
    "RECOURSE_SECRET_KEY_OLD",
    "RECOURSE_MAIL_URL",
    "RECOURSE_CHAT_URL",
    "RECOURSE_METRICS_KEY",
    "RECOURSE_OIDC_SECRET",
}
FILES = {
    f"{name}{SUFFIX}": f"Name a file that holds what {name} would, or leave it out."
    for name in sorted(SECRET)
}
ADVICE |= FILES
MAIL_SERVERS = {"smtp", "smtps", "submission", "submit"}
MAIL_OPTIONS = {"tls", "ssl", "timeout", "_default_from_email", "_server_email", "_reply_to"}
# In the spellings that the reader of mail addresses takes for yes; anything else would silently mean no.
YES_OR_NO = {
    **dict.fromkeys(("1", "y", "yes", "t", "true", "on"), True),
    **dict.fromkeys(("0", "n", "no", "f", "false", "off"), False),
}
# Ten answers of a server have to come within SEND_LEASE_SECONDS.
LONGEST_TIMEOUT = 30
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
METRICS_KEY_LENGTH = 32
SECOND_FACTOR = ("off", "offered", "required")
PROBES = ("off", "public", "private")
# Shorter ones are words that lines are made of, such as the database's own name.
SHORTEST_SECRET = 8


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Hold the checked environment; an address that is not set is None."""

    debug: bool
    data: Path
    secret_key: str
    old_keys: list[str]
    hosts: list[str]
    origins: list[str]
    proxies: int
    database: dict[str, Any] | None
    broker: str | None
    mail: dict[str, Any] | None
    chat: str | None
    metrics_key: str | None
    second_factor: str
    oidc: OpenIdProvider | None
    formats: list[str]
    probes: str
    maintenance_parser: str


def read_environment(*, root: Path) -> Environment:
    """Return the checked environment; raise ImproperlyConfigured naming every wrong variable."""
    with values_from_files(SECRET) as problems:
        return _read(root, problems=problems)


def _read(root: Path, *, problems: dict[str, str]) -> Environment:
    env = Env(eager=False)
    debug = env.bool("RECOURSE_DEBUG", False)
    hosts = env.list("RECOURSE_HOSTS", LOCAL_HOSTS if debug else [], validate=_hosts)
    origins: list[str] = env.list("RECOURSE_ORIGINS", [], validate=_origins)
    proxies = env.int("RECOURSE_PROXIES", 0, validate=_proxies)
    database = _optional(env, name="DATABASE_URL", check=_database)
    broker = _optional(env, name="CELERY_BROKER_URL", check=_broker)
    mail = _optional(env, name="RECOURSE_MAIL_URL", check=_mail)
    chat = _optional(env, name="RECOURSE_CHAT_URL", check=_chat)
    data = Path(env.str("RECOURSE_DATA", "") or root / ".data")
    metrics_key = _optional(env, name="RECOURSE_METRICS_KEY", check=_metrics_key)
    second_factor = env.str("RECOURSE_SECOND_FACTOR", SECOND_FACTOR[0], validate=_second_factor)
    issuer = _optional(env, name="RECOURSE_OIDC_ISSUER", check=check_issuer)
    formats: list[str] = env.list("RECOURSE_FORMATS", [])
    probes = env.str("RECOURSE_PROBES", PROBES[0], validate=_probes)
    parser = env.str("RECOURSE_MAINTENANCE_PARSER", "", validate=_parser)
    key = env.str("RECOURSE_SECRET_KEY", "", validate=check_secret_key)
    old_keys: list[str] = env.list("RECOURSE_SECRET_KEY_OLD", [], validate=_old_keys)
    missing = _missing(debug=debug, hosts=hosts, key=key)
    missing |= _missing_of_provider()
    _refuse(problems | _problems(env) | _unusable(data) | missing | _unknown())
    return Environment(
        debug=debug,
        data=data,
        secret_key=key or kept_secret_key(data),
        old_keys=old_keys,
        hosts=hosts,
        origins=origins,
        proxies=proxies,
        database=dict(dj_database_url.parse(database)) if database else None,
        broker=broker,
        mail=_mail_settings(mail) if mail else None,
        chat=chat,
        metrics_key=metrics_key,
        second_factor=second_factor,
        oidc=_provider(issuer) if issuer else None,
        formats=formats,
        probes=probes,
        maintenance_parser=str(Path(parser).absolute()) if parser else "",
    )


def secret_words() -> frozenset[str]:
    """Return what no log may show: the secret variables, and the passwords and paths in their addresses."""
    with values_from_files(SECRET):
        return _secret_words()


def _secret_words() -> frozenset[str]:
    values = {name: value for name in SECRET if (value := os.environ.get(name))}
    words = set(values.values()) | set(values.get("RECOURSE_SECRET_KEY_OLD", "").split(","))
    for name in values.keys() & {"DATABASE_URL", "CELERY_BROKER_URL", "RECOURSE_MAIL_URL"}:
        password = urlsplit(values[name]).netloc.rpartition("@")[0].partition(":")[2]
        words |= {password, unquote(password)}
    # A chat is told nothing but its address: what comes after the host is the password.
    chat = urlsplit(values.get("RECOURSE_CHAT_URL", ""))
    words |= {chat.path, chat.query, *(part for part in chat.path.split("/") if len(part) > 15)}
    return frozenset(word for word in words if len(word) >= SHORTEST_SECRET)


def _optional(env: Env, *, name: str, check: Callable[[str], None]) -> str | None:
    """Return a value that was checked, or None where it is absent or empty."""
    return env.str(name, validate=check) if os.environ.get(name) else None


def _problems(env: Env) -> dict[str, str]:
    try:
        env.seal()
    except EnvValidationError as error:
        told: Any = error.error_messages
        return {name: " ".join(_texts(problem)) for name, problem in told.items()}
    return {}


def _texts(told: Any) -> list[str]:
    """Flatten what environs tells: a list of sentences, or for a list variable one list an item."""
    if isinstance(told, dict):
        return [text for part in told.values() for text in _texts(part)]
    return [text for part in told for text in ([part] if isinstance(part, str) else _texts(part))]


def _unusable(data: Path) -> dict[str, str]:
    """Make the data directory, readable by its owner only; return why it cannot be used."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        return {"RECOURSE_DATA": f"{data} cannot be made: {error.strerror}."}
    return {} if os.access(data, os.W_OK) else {"RECOURSE_DATA": f"{data} cannot be written to."}


def _missing(*, debug: bool, hosts: list[str], key: str) -> dict[str, str]:
    if debug:
        return {}
    production = "is not set, and RECOURSE_DEBUG is off."
    problems = {}
    if not key and not os.environ.get("RECOURSE_SECRET_KEY") and _may_have_many_machines():
        problems["RECOURSE_SECRET_KEY"] = (  # nosec B105
            "is not set, while other machines may use the same database. Name in RECOURSE_DATA a directory"
            " that all of them share, where it is made once, or set it:"
        )
    if hosts == [] and not os.environ.get("RECOURSE_HOSTS"):
        problems["RECOURSE_HOSTS"] = production
    return problems


def _missing_of_provider() -> dict[str, str]:
    """Return which of the three settings of a provider of logins lacks, where there is another."""
    names = ("RECOURSE_OIDC_ISSUER", "RECOURSE_OIDC_CLIENT", "RECOURSE_OIDC_SECRET")
    lacking = [name for name in names if not os.environ.get(name)]
    if len(lacking) == len(names):
        return {}
    return dict.fromkeys(lacking, "is not set, and others of the provider of logins are.")


def _provider(issuer: str) -> OpenIdProvider:
    return OpenIdProvider(
        issuer=issuer.rstrip("/"),
        client=os.environ["RECOURSE_OIDC_CLIENT"],
        secret=os.environ["RECOURSE_OIDC_SECRET"],
        name=os.environ.get("RECOURSE_OIDC_NAME") or "your company's login",
    )


def _may_have_many_machines() -> bool:
    """Say whether a key that is made here could differ from that of another machine.

    A file of SQLite belongs to one machine. On a server's database the machines have to share the uploads,
    and with the directory that was named for these they share the key that lies in it.
    """
    database = os.environ.get("DATABASE_URL", "")
    return bool(database) and not database.startswith("sqlite:") and not os.environ.get("RECOURSE_DATA")


def _unknown() -> dict[str, str]:
    # A misspelt variable would otherwise be a setting that silently does not hold.
    names = [name for name in os.environ if name.startswith("RECOURSE_") and name not in ADVICE]
    return dict.fromkeys(sorted(names), "There is no such setting.")


def _refuse(problems: dict[str, str]) -> None:
    if not problems:
        return
    lines = [_sentence(name, problem=problem) for name, problem in problems.items()]
    raise ImproperlyConfigured("The environment cannot be used:\n" + "\n".join(lines))


def _sentence(name: str, *, problem: str) -> str:
    advice = (
        ADVICE.get(name)
        or "Correct its name or remove it; known are " + ", ".join(sorted(ADVICE.keys() - FILES)) + "."
    )
    value = os.environ.get(name)
    if problem.startswith("is not set"):
        return f"{name} {problem} {advice}"
    if value is None:
        return f"{name}: {problem} {advice}"
    shown = "its value is not shown" if name in SECRET else repr(value)
    return f"{name} ({shown}): {problem} {advice}"


def _old_keys(values: list[str]) -> None:
    for value in values:
        check_secret_key(value)


def _metrics_key(value: str) -> None:
    if len(value) < METRICS_KEY_LENGTH:
        raise ValidationError(f"It has {len(value)} characters, fewer than {METRICS_KEY_LENGTH}.")
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", value):
        raise ValidationError("It holds characters that a header cannot carry.")
    if len(set(value)) < 5:
        raise ValidationError("It is easy to guess.")


def _hosts(values: list[str]) -> None:
    for value in values:
        if value == "*":
            raise ValidationError("'*' lets anybody choose the host name that goes into links.")
        if not value or "/" in value or (":" in value and not value.startswith("[")):
            raise ValidationError(f"{value!r} is not a host name.")


def _origins(values: list[str]) -> None:
    for value in values:
        parts = urlsplit(value)
        is_whole = (
            parts.scheme in {"http", "https"} and parts.netloc and f"{parts.scheme}://{parts.netloc}" == value
        )
        if not is_whole or not re.fullmatch(r"([\w.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?", parts.netloc):
            raise ValidationError(f"{value!r} is not an origin.")


def _parser(value: str) -> None:
    if value and not os.access(value, os.X_OK):
        raise ValidationError("It is no program that this user may start.")


def _second_factor(value: str) -> None:
    if value not in SECOND_FACTOR:
        raise ValidationError("It is none of " + ", ".join(SECOND_FACTOR) + ".")


def _probes(value: str) -> None:
    if value not in PROBES:
        raise ValidationError("It is none of " + ", ".join(PROBES) + ".")


def _proxies(value: int) -> None:
    if not 0 <= value <= 9:
        raise ValidationError("It is not a number of proxies.")


def _database(value: str) -> None:
    try:
        parsed = dj_database_url.parse(value)
    except ValueError as error:
        raise ValidationError("It is not a database address.") from error
    if parsed["ENGINE"] not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        raise ValidationError("Only PostgreSQL and SQLite are supported.")
    if not parsed["NAME"]:
        raise ValidationError("It names no database.")


def _broker(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise ValidationError("Only Redis is supported as a broker.")
    port = parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    if (port and not port.isdecimal()) or not re.fullmatch(r"/?\d*", parts.path):
        raise ValidationError("Its port or the number of its database is no number.")


def _mail(value: str) -> None:
    try:
        parsed = dj_email_url.parse(value)
        parts = urlsplit(value)
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise ValidationError("It is not the address of a mail server.") from error
    if "EMAIL_BACKEND" not in parsed:
        raise ValidationError("It is not a way to send mail.")
    if parts.scheme in MAIL_SERVERS and not parts.hostname:
        raise ValidationError("It names no mail server.")
    if parts.scheme in MAIL_SERVERS and (parts.path not in ("", "/") or parts.port == 0):
        raise ValidationError("It is not the address of a mail server.")
    if parts.scheme == "file" and not parts.path.startswith("//"):
        raise ValidationError("Four slashes begin the whole path of a directory: file:////var/mail.")
    _mail_options(given)


def _mail_options(given: dict[str, str]) -> None:
    unknown = sorted(given.keys() - MAIL_OPTIONS)
    if unknown:
        known = ", ".join(sorted(MAIL_OPTIONS))
        raise ValidationError(f"There is no option {unknown[0]!r}; known are {known}.")
    for name in given.keys() & {"tls", "ssl"}:
        if given[name].lower() not in YES_OR_NO:
            raise ValidationError(f"{name} is true or false, not {given[name]!r}.")
    if all(YES_OR_NO.get(given.get(name, "no").lower()) for name in ("tls", "ssl")):
        raise ValidationError("tls begins in the clear, ssl does not: choose one.")
    if "timeout" in given and not 1 <= int(given["timeout"]) <= LONGEST_TIMEOUT:
        raise ValidationError(f"timeout is 1 to {LONGEST_TIMEOUT} seconds.")
    for name in given.keys() & {"_default_from_email", "_server_email", "_reply_to"}:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(given[name])[1]):
            raise ValidationError(f"{name} is no e-mail address.")


def _mail_settings(value: str) -> dict[str, Any]:
    """Return the mail settings of an address that was checked, with whom an answer reaches."""
    given = dict(parse_qsl(urlsplit(value).query))
    return {**dj_email_url.parse(value), "REPLY_TO": given.get("_reply_to", "")}


def _chat(value: str) -> None:
    chat = apprise.Apprise.instantiate(value, suppress_exceptions=True)
    if chat is None:
        raise ValidationError("It is the address of no chat that is known.")
    plain = chat.protocol or ()
    if urlsplit(value).scheme in (plain if isinstance(plain, tuple | list) else (plain,)):
        raise ValidationError("Messages would go there in the clear.")
