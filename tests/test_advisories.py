"""What pip-audit could not look up is never taken for sound."""

import json

import pytest

from tests.advisories import answer_of, verdict

SOUND = {"name": "django", "version": "5.2.19", "vulns": []}
WEAK = {"name": "kombu", "version": "5.7.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["5.7.1"]}]}
PASSED_OVER = {
    "name": "vine",
    "skip_reason": "Dependency not found on PyPI and could not be audited: vine (5.1.0)",
}
SILENT = "Known weaknesses of requirements: NOT CHECKED. The advisory service does not answer."
CASES = [
    ([SOUND], "Known weaknesses of requirements: none in 1.", (0, 0)),
    ([SOUND, PASSED_OVER], "Known weaknesses of requirements: 1 NOT CHECKED, of the others none.", (0, 1)),
    ([PASSED_OVER], SILENT, (0, 1)),
    ([SOUND, WEAK], "kombu 5.7.0: PYSEC-1, mended in 5.7.1", (1, 1)),
    (None, SILENT, (0, 1)),
]


@pytest.mark.parametrize(("found", "text", "statuses"), CASES)
def test_the_verdict_tells_sound_weak_and_unknown_apart(
    found: list[dict[str, object]] | None, text: str, statuses: tuple[int, int]
) -> None:
    told = "" if found is None else json.dumps({"dependencies": found, "fixes": []})
    for strict, status in zip((False, True), statuses, strict=True):
        assert verdict(answer_of(told), strict=strict) == (text, status)
