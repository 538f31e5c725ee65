"""What holds for every credit, on generated levels, rows and limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.engine.results import Measured
from sla.engine.terms.credits import (
    Base,
    BaseSelect,
    Cap,
    CapScope,
    CreditRule,
    Fixed,
    Increments,
    Minimum,
    MinimumKind,
    Pays,
    Per,
    Prorated,
    Rounding,
    Tier,
    Tiered,
    TierOn,
)
from sla.engine.terms.versions import MoneyRounding, Stacking, Terms
from tests.engine.credit_builder import HOUR, MINUTE, D, down, fee, rows, rule, run, settle, target, terms

CODES = ("p", "q", "r")

BY_VALUE = rows(("99.99", 10), ("99.0", 25), ("95.0", 100))
BY_TIME = Tiered(
    tiers=(
        Tier(at_least=5 * MINUTE, credit=D(5)),
        Tier(at_least=HOUR, credit=D(15)),
        Tier(above=6 * HOUR, credit=D(50)),
    ),
    on=TierOn.COUNTED,
)
# R1 to R6: longer is never worse for the customer.
GROWING = (
    BY_VALUE,
    BY_TIME,
    Tiered(tiers=BY_TIME.tiers, on=TierOn.COUNTED, per=Per.EVENT),
    Increments(size=30 * MINUTE, credit=D(5), rounding=Rounding.FLOOR),
    Increments(size=30 * MINUTE, credit=D(5), rounding=Rounding.CEIL, initial=D(3), per=Per.EVENT),
    Increments(size=HOUR, credit=D(2), rounding=Rounding.PRORATA, after=45 * MINUTE),
    Increments(size=HOUR, credit=D(1), pays=Pays.HOURS, prorata_from=D(2)),
    Increments(size=HOUR, credit=D(4), first_size=2 * HOUR, first_credit=D(10)),
    Prorated(multiplier=D(10)),
    Prorated(excess_only=True),
    Fixed(credit=D(1), pays=Pays.DAYS, per=Per.DAY),
    Fixed(credit=D(20)),
)

minutes = st.integers(min_value=1, max_value=3_000)
schemes = st.sampled_from(GROWING)
caps = st.builds(
    Cap,
    code=st.sampled_from(["c1", "c2", "c3"]),
    limit=st.decimals(min_value=0, max_value=120, places=1),
    pays=st.sampled_from([Pays.PERCENT, Pays.MONEY, Pays.DAYS]),
    scope=st.sampled_from([CapScope.EVENT, CapScope.DAY, CapScope.UNIT, CapScope.TARGET, CapScope.AGREEMENT]),
    base=st.sampled_from([Base(), Base(select=BaseSelect.CONTRACT)]),
)
minimums = st.none() | st.builds(
    Minimum,
    amount=st.decimals(min_value=0, max_value=30, places=2),
    kind=st.sampled_from(list(MinimumKind)),
    inclusive=st.booleans(),
)
fees = (fee(97_31, unit="A"), fee(1_333_33, unit="B"))


@st.composite
def promises(draw: st.DrawFn) -> Terms:
    def one(code: str) -> object:
        credit: CreditRule = rule(
            draw(schemes), caps=tuple(draw(st.lists(caps, max_size=2))), minimum=draw(minimums)
        )
        return target(credit, code=code)

    return terms(
        *[one(code) for code in CODES],  # type: ignore[arg-type]
        caps=tuple(draw(st.lists(caps, max_size=2))),
        minimum=draw(minimums),
        stacking=draw(st.sampled_from(list(Stacking))),
        money_rounding=draw(st.sampled_from(list(MoneyRounding))),
    )


@st.composite
def levels(draw: st.DrawFn) -> list[Measured]:
    found = []
    for code in CODES:
        for unit in ("A", "B"):
            lengths = draw(st.lists(minutes, max_size=3))
            events = [
                run(f"2025-06-{3 * n + 1:02d}T22:15", length * MINUTE, root_events=(f"R{n}",), units=(unit,))
                for n, length in enumerate(lengths)
            ]
            found.append(down(code=code, units=(unit,), level="99.99", events=events))
    return found


@settings(max_examples=60, deadline=None)
@given(promises(), levels())
def test_due_and_removed_always_sum_to_what_was_before_caps(
    given_terms: Terms, level: list[Measured]
) -> None:
    found = settle(level, given_terms, *fees)
    for part in (*found.lines, *found.totals):
        assert part.due_exact + sum(item.amount for item in part.removed) == part.before_caps
        assert part.due_exact >= 0
    assert found.money is not None
    assert sum(line.due.minor for line in found.lines if line.due) == found.money.minor


@settings(max_examples=60, deadline=None)
@given(
    levels(), st.decimals(min_value=0, max_value=200, places=2), st.sampled_from(list(CapScope)[:6]), schemes
)
def test_credit_due_never_passes_a_cap(
    level: list[Measured], limit: object, scope: CapScope, scheme: object
) -> None:
    cap = Cap(code="c", limit=limit, pays=Pays.MONEY, scope=scope)  # type: ignore[arg-type]
    raised = Minimum(amount=D(50), kind=MinimumKind.RAISE)
    promised = [target(rule(scheme, minimum=raised), code=code) for code in CODES]  # type: ignore[arg-type]
    found = settle(level, terms(*promised, caps=(cap,), minimum=raised), *fees)
    room = Fraction(limit) * 100  # type: ignore[arg-type]
    sums: dict[object, Fraction] = {}
    for line in found.lines:
        shared = {CapScope.UNIT: line.units, CapScope.TARGET: line.target, CapScope.AGREEMENT: ""}
        key = shared.get(scope)
        sums[key] = sums.get(key, Fraction(0)) + line.due_exact
    if scope in (CapScope.UNIT, CapScope.TARGET, CapScope.AGREEMENT):
        assert all(total <= room for total in sums.values())


@settings(max_examples=40, deadline=None)
@given(promises(), levels(), st.randoms(use_true_random=False))
def test_order_of_levels_and_events_plays_no_part(
    given_terms: Terms, level: list[Measured], chance: object
) -> None:
    mixed = list(level)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    turned = [backwards(item) for item in mixed]
    assert settle(turned, given_terms, *fees) == settle(level, given_terms, *fees)


def backwards(level: Measured) -> Measured:
    events: Sequence[object] = level.events[::-1]
    return down(code=level.target, units=level.units, level="99.99", events=events)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(schemes, minutes, st.integers(min_value=0, max_value=3_000))
def test_longer_downtime_never_lowers_the_credit_before_caps(scheme: object, length: int, more: int) -> None:
    given_terms = terms(target(scheme))  # type: ignore[arg-type]

    def before(length: int) -> Fraction:
        level = down(events=[run("2025-06-03T22:10", length * MINUTE)], level="99.999")
        return settle([level], given_terms, *fees).totals[0].before_caps

    assert before(length) <= before(length + more)


@settings(max_examples=60, deadline=None)
@given(promises(), levels())
def test_no_fee_means_no_credit(given_terms: Terms, level: list[Measured]) -> None:
    found = settle(level, given_terms, fee(0, unit="A"), fee(0, unit="B"))
    assert found.totals[0].before_caps == 0
    assert found.money is not None
    assert found.money.minor == 0


@settings(max_examples=30, deadline=None)
@given(promises(), levels())
def test_every_reason_can_be_read(given_terms: Terms, level: list[Measured]) -> None:
    found = settle(level, given_terms, *fees)
    said = [step.because for total in found.totals for _, step in total.step.walk()]
    assert all(said)
    assert not [text for text in said if "{" in text]


def test_time_of_a_month_is_what_the_generators_assume() -> None:
    assert down(timedelta(minutes=43, seconds=12)).value == Fraction("99.9")
