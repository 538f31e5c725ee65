"""Let circuit-maintenance-parser read a vendor's mail: in another environment, in a process of its own.

It needs icalendar 5 and we need 7, so it cannot live beside us; and it runs dozens of parsers over
whatever a stranger wrote, so it should not. The process gets the mail and nothing else: no environment,
no network, limited time, memory and output (see `vendor_mail_script`). Whatever goes wrong there is a
sentence here, never an error.
"""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SCRIPT = Path(__file__).with_name("vendor_mail_script.py")
SECONDS = 20
LARGEST_ANSWER = 1_000_000
MOST_SENDERS = 8
# One thread each for the arithmetic libraries, which else take memory for every core.
ENVIRONMENT = {"LANG": "C.UTF-8", "TZ": "UTC", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the parser found: the records of the vendor whose mail it is, or why there are none."""

    provider: str = ""
    records: tuple[Any, ...] = ()
    failure: str = ""


def ask_parser(
    content: bytes, *, senders: Sequence[str], command: Sequence[str], seconds: float = SECONDS
) -> Answer:
    """Return the parser's answer for one mail; `command` starts the Python of the parser's environment.

    `senders` are addresses that may have written it; the vendor is chosen by them.
    """
    if not command:
        return Answer(failure="No parser of vendors' mails is set up here.")
    if not senders:
        return Answer(failure="The mail names no sender, so no vendor's parser can be chosen.")
    call = [*command, "-I", str(SCRIPT), *senders[:MOST_SENDERS]]
    with (
        tempfile.TemporaryDirectory() as empty,
        tempfile.TemporaryFile() as mail,
        tempfile.TemporaryFile() as out,
    ):
        mail.write(content)
        mail.seek(0)
        failure = _run(call, folder=empty, mail=mail, out=out, seconds=seconds)
        out.seek(0)
        answer = out.read(LARGEST_ANSWER + 1)
    return Answer(failure=failure) if failure else _understood(answer)


def _run(call: list[str], *, folder: str, mail: IO[bytes], out: IO[bytes], seconds: float) -> str:
    """Run the parser; return why it failed, "" where it did not. Files, not pipes: none can fill up."""
    try:
        process = subprocess.Popen(  # nosec B603 # a program that settings name
            call,
            stdin=mail,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"The parser of vendors' mails cannot be started: {type(error).__name__}. Check its setting."
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"The parser of vendors' mails took longer than {seconds:g} seconds and was stopped."
    finally:
        _end(process)
    return "" if code == 0 else f"The parser of vendors' mails failed (exit code {code})."


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process, and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (OSError, AttributeError):
        # Already gone, or a system without groups of processes.
        process.kill()
    process.wait()


def _understood(answer: bytes) -> Answer:
    if len(answer) > LARGEST_ANSWER:
        return Answer(failure=f"The parser of vendors' mails answered more than {LARGEST_ANSWER} bytes.")
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return Answer(failure="The parser of vendors' mails gave an answer that is not JSON.")
    records = said.get("records") if isinstance(said, dict) else None
    if not isinstance(records, list) or not records:
        why = str(said.get("failure", ""))[:300] if isinstance(said, dict) else ""
        return Answer(failure=f"No vendor's parser could read the mail: {why or 'it found nothing'}")
    return Answer(provider=str(said.get("provider", ""))[:120], records=tuple(records))
