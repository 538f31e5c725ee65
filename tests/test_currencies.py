"""The register and the engine count the same decimals: neither may import the other's table."""

import pytest

from sla.engine import money
from vendors.models import EXPONENTS


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_the_register_and_the_engine_give_a_currency_the_same_decimals(currency: str) -> None:
    assert money.exponent(currency) == EXPONENTS[currency]
