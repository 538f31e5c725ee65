"""Pages of what came from vendors: credits received, their matching to claims, exchange rates."""

from sla.admin.receipts.lists import CreditReceivedAdmin
from sla.admin.receipts.rates import ExchangeRateAdmin

__all__ = ["CreditReceivedAdmin", "ExchangeRateAdmin"]
