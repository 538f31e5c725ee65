"""Every code of the engine has a word for its reader."""

import re
from pathlib import Path

import sla.engine.ledger
from sla.reports.words import ACCOUNT_REASONS, account_reason

LEDGER = Path(sla.engine.ledger.__file__).parent


def test_every_reason_of_the_time_account_has_words() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in LEDGER.glob("*.py"))
    codes = set(re.findall(r'(?:rule=|return )"([a-z]+\.[a-z_]+)"', source))
    assert codes == set(ACCOUNT_REASONS)


def test_an_exclusion_is_named_by_its_code_and_plain_downtime_needs_no_reason() -> None:
    assert account_reason("exclusion.maintenance") == "exclusion maintenance"
    assert account_reason("") == ""
