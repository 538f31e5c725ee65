"""Share an amount to the cent: the parts always sum to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction


def allocated(minor: int, *, weights: Mapping[str, Fraction]) -> dict[str, int]:
    """Return whole minor units by name in proportion to the weights, by largest remainder.

    What rounding leaves goes to those that lost most by it, the first by name where they are even.
    Parts of nothing are left out. Raise ValueError where the weights come to nothing.
    """
    whole = sum(weights.values(), start=Fraction(0))
    if whole <= 0:
        raise ValueError(f"Nothing to share {minor} by: the weights come to {whole}.")
    sign = -1 if minor < 0 else 1
    exact = {name: abs(minor) * weight / whole for name, weight in weights.items()}
    found = {name: int(part) for name, part in exact.items()}
    rest = abs(minor) - sum(found.values())
    for name in sorted(exact, key=lambda name: (found[name] - exact[name], name))[:rest]:
        found[name] += 1
    return {name: sign * part for name, part in sorted(found.items()) if part}
