"""Pages of claims: the desk, the list, one claim with its acts and letters.

`desk` what is to be done · `lists` all claims · `page` one claim · `acts` and `forms` what may be done
with it · `letters` what we send · `opening` before the amount is known.
"""

from sla.admin.claims.lists import ClaimAdmin

__all__ = ["ClaimAdmin"]
