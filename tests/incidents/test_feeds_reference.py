"""The reference of feeds lists every format as the code has it."""

from pathlib import Path

from django.conf import settings

from incidents.feeds.formats import FORMATS
from incidents.feeds.values import Format
from incidents.models import MeasuredBy

REFERENCE = Path(settings.BASE_DIR) / "incidents/FEEDS.md"


def row_of(each: Format) -> str:
    clock = MeasuredBy(each.clock.value).label.replace("Third-party probe", "third party")
    ways = ["file"] if each.by_file else []
    ways += ["fetched"] * each.polled + ["webhook"] * each.pushed
    label = f"({each.label})" if each.hidden else each.label
    zone = "needed" if each.needs_zone else ""
    words = clock[0].lower() + clock[1:]
    return f"| {label} | `{each.code}` | {words} | {', '.join(ways)} | {zone} |".replace("|  |", "| |")


def test_every_format_stands_in_the_reference() -> None:
    table = REFERENCE.read_text().partition("## Formats")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "`" in line]
    # What our own probes tell comes from no file, by no address and from no sender.
    readable = [each for code, each in FORMATS.items() if code != "probe"]
    assert sorted(rows) == sorted(row_of(each) for each in readable)


def test_every_format_has_a_code_that_a_database_and_an_address_take() -> None:
    assert [code for code in FORMATS if not code.replace("_", "").isalnum() or len(code) > 30] == []
