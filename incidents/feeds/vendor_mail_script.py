"""Read one mail with circuit-maintenance-parser and print what it found as JSON.

Runs in the parser's environment, which `make maintenance-parser` makes: nothing of this project can be
imported here. Standard input is the mail, the arguments are addresses that may have sent it. Before the
mail is read the process gives away what it does not need: time, memory, files, network, other programs.
"""

import contextlib
import email
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

SECONDS = 20
MEMORY = 2_000_000_000
LARGEST_ANSWER = 1_000_000
LARGEST_TEXT = 20_000
FORBIDDEN = (
    *("socket.", "subprocess.", "ctypes.dlopen", "os.system", "os.exec", "os.fork", "os.posix_spawn", "pty."),
    *(
        "shutil.",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.link",
        "os.symlink",
        "os.chmod",
        "os.kill",
    ),
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit_resources() -> None:
    """Limit what this process may use; a system without such limits has only the caller's clock."""
    with contextlib.suppress(ImportError):
        import resource

        for name, most in (
            ("RLIMIT_CPU", SECONDS),
            ("RLIMIT_AS", MEMORY),
            ("RLIMIT_FSIZE", LARGEST_ANSWER),
            ("RLIMIT_CORE", 0),
            ("RLIMIT_NOFILE", 64),
        ):
            resource.setrlimit(getattr(resource, name), (most, most))


def refuse_the_rest(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse network, other programs and writing, whoever asks: no code can take this away again."""
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"'{event}' is not allowed while a mail is read")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        raise PermissionError("nothing is written while a mail is read")


def ask_nobody_where_cities_lie() -> None:
    """Fail at once for a city that the library does not know: it would ask a web service for ten seconds."""
    with contextlib.suppress(Exception):
        from circuit_maintenance_parser.utils import Geolocator

        Geolocator.get_location_from_api = staticmethod(_unknown_city)


def _unknown_city(city: str) -> None:
    raise ValueError(f"it is not known where '{city}' lies")


def providers(sender: str) -> Iterator[Any]:
    """Yield the vendors whose known address this is, then those whose domain it is."""
    from circuit_maintenance_parser import SUPPORTED_PROVIDERS

    known = [
        (vendor.get_default_organizer().lower().removeprefix("mailto:"), vendor)
        for vendor in SUPPORTED_PROVIDERS
    ]
    yield from (vendor for address, vendor in known if address == sender)
    domain = sender.rpartition("@")[2]
    for address, vendor in known:
        theirs = address.rpartition("@")[2]
        near = domain == theirs or domain.endswith("." + theirs) or theirs.endswith("." + domain)
        if "." in domain and near and address != sender:
            yield vendor


def read(content: bytes, senders: list[str]) -> dict[str, Any]:
    """Return what the first vendor's parser that understands the mail finds in it."""
    from circuit_maintenance_parser import NotificationData

    data = NotificationData.init_from_emailmessage(email.message_from_bytes(content))
    if data is None:
        return {"failure": "it has no subject, no date, or a part that cannot be decoded"}
    vendors = list(dict.fromkeys(vendor for sender in senders for vendor in providers(sender)))
    if not vendors:
        return {"failure": f"no parser is known for {', '.join(senders)[:200]}"}
    for vendor in vendors:
        try:
            found = list(vendor().get_maintenances(data))
        except Exception:  # nosec B112
            # Each vendor has several parsers and each raises what it likes; the next one may fit.
            continue
        if found:
            return {"provider": vendor.get_provider_type(), "records": [plain(record) for record in found]}
    return {
        "failure": f"the parser for {', '.join(vendor.__name__ for vendor in vendors)} did not understand it"
    }


def plain(record: Any) -> dict[str, Any]:
    """Return one record as JSON can hold it, with its texts no longer than a screen needs."""
    fields = record.model_dump(mode="json")
    return {name: value[:LARGEST_TEXT] if isinstance(value, str) else value for name, value in fields.items()}


def main() -> None:
    """Limit this process, load the library, lock the door, read the mail."""
    limit_resources()
    content = sys.stdin.buffer.read()
    try:
        import circuit_maintenance_parser  # noqa: F401
    except ImportError:
        print(json.dumps({"failure": "circuit-maintenance-parser is not installed there"}))
        return
    ask_nobody_where_cities_lie()
    sys.addaudithook(refuse_the_rest)
    print(json.dumps(read(content, sys.argv[1:])))


if __name__ == "__main__":
    main()
