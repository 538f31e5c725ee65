"""The account of time: every unit-second of a window in exactly one class, and the runs that count.

`index` facts by what they belong to · `disturbances` recorded outages -> labelled pieces of one
unit · `exclusions` which pieces a clause takes out · `account` units combined, runs judged, the
balanced account.
"""

from sla.engine.ledger.account import Account, Count, account_of
from sla.engine.ledger.index import FactIndex, Scope, index_facts

__all__ = ["Account", "Count", "FactIndex", "Scope", "account_of", "index_facts"]
