"""The vendor's edition: the same figures, and nothing that is not the vendor's business."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from sla.documents import inputs_of, read_document
from sla.engine.codec import canonical
from sla.engine.facts import Exclusion, Facts, Inputs, Party
from sla.reports.editions import redaction, vendor_inputs
from sla.reports.editions.figures import moved_figures
from sla.reports.editions.redaction import computed
from sla.reports.editions.tokens import Tokens
from tests.sla.planting import MARK, planted

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.toml"))


def sampled() -> Iterator[object]:
    """Yield the first statement of every second golden case."""
    for path in CASES[::2]:
        yield pytest.param(path, id=path.stem)


@cache
def inputs_in(path: Path) -> Inputs:
    document = read_document(path.read_bytes(), name=path.name)
    expected = document.expect[0]
    return inputs_of(
        document,
        agreement=expected.agreement,
        period_label=expected.period,
        known_until=expected.known_until,
    )


@pytest.mark.parametrize("path", list(sampled()))
def test_the_vendors_edition_has_our_figures_and_none_of_our_words(path: Path) -> None:
    inputs = planted(inputs_in(path))
    ours = vendor_inputs(inputs)
    assert moved_figures(computed(inputs), theirs=computed(ours)) == []
    for text in (canonical(ours).decode(), canonical(computed(ours)).decode()):
        assert MARK not in text


def test_the_same_name_always_has_the_same_token_and_two_names_never_share_one() -> None:
    names = [f"name {place:02d}" for place in range(12)]
    tokens = Tokens("Customer representative", [*reversed(names), "name 03", ""])
    assert [tokens.token(name) for name in names[:2]] == [
        "Customer representative 01",
        "Customer representative 02",
    ]
    assert len({tokens.token(name) for name in names}) == 12
    assert (tokens.token(""), tokens.token("stranger")) == ("", "stranger")


def test_third_parties_are_lettered() -> None:
    tokens = Tokens("Third party", ["Carrier", "Broker"], by_letter=True)
    assert (tokens.token("Broker"), tokens.token("Carrier")) == ("Third party A", "Third party B")


def test_what_the_vendor_said_stays_and_what_we_said_goes() -> None:
    inputs = inputs_in(CASES[0])
    said = [
        Exclusion(rule="x", party=Party.VENDORS, by="Their NOC", why="your cabling"),
        Exclusion(rule="x", party=Party.OURS, by="Maria", why="we concede nothing"),
        Exclusion(rule="x", party=Party.DETERMINED, by="Dr. Weiss", why="expert's letter"),
    ]
    facts = replace(inputs.facts, exclusions=tuple(said))
    found = vendor_inputs(replace(inputs, facts=facts)).facts.exclusions
    assert [(each.by, each.why) for each in found] == [
        ("Their NOC", "your cabling"),
        ("Customer representative 1", ""),
        ("Third party A", ""),
    ]


def test_a_name_that_is_also_ours_is_a_token_wherever_it_stands() -> None:
    inputs = inputs_in(CASES[0])
    said = [Exclusion(rule="x", party=party, by="Maria") for party in (Party.OURS, Party.VENDORS)]
    found = vendor_inputs(replace(inputs, facts=replace(inputs.facts, exclusions=tuple(said))))
    assert [each.by for each in found.facts.exclusions] == ["Customer representative 1"] * 2


def test_an_edition_with_other_figures_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = inputs_in(CASES[0])
    monkeypatch.setattr(
        redaction, "_redacted", lambda given: replace(given, history=(), facts=_healed(given))
    )
    with pytest.raises(ValueError, match="other figures than ours"):
        vendor_inputs(inputs)


def _healed(inputs: Inputs) -> Facts:
    return replace(inputs.facts, outages=())
