"""From missed levels to money: what is owed before caps, what limits take, what is due.

Read in this order: `fees` and `bases` what a credit is a share of · `rows`, `occurrences`,
`schemes` what a miss pays · `repeats`, `gross` before caps · `modifiers`, `stacking`, `points` ·
`rooms`, `caps`, `minimums` limits · `totals` rounding · `waterfall` all of it in order · `nearby`
how far the next row is.
"""

from sla.engine.credits.lines import Setting
from sla.engine.credits.nearby import next_tier
from sla.engine.credits.waterfall import credits_of, setting_of

__all__ = ["Setting", "credits_of", "next_tier", "setting_of"]
