"""Vendor compliance reports: the statements brought up to date, then reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from sla.engine.results import Result
from sla.inputs import inputs_for
from sla.models import ServiceLevelAgreement, Statement
from sla.reports.editions.edition import Edition
from sla.reports.vendor import VendorReport, vendor_report
from sla.services.statements import fresh_heads, result_of
from vendors.models import Reader, Vendor


def make_vendor_report(
    vendor: Vendor,
    *,
    first_on: date,
    last_on: date,
    period: str,
    edition: Edition,
    user: Reader,
    now: datetime,
    since: date | None = None,
) -> VendorReport:
    """Return the report of a vendor with drafts as of `now`; raise ValueError for one not to be seen."""
    agreements = (
        ServiceLevelAgreement.objects.visible_to(user)
        .filter(contract__vendor=vendor)
        .select_related("contract__vendor")
        .prefetch_related("versions")
    )
    heads = fresh_heads(agreements, first_on=first_on, last_on=last_on, now=now)
    return vendor_report(
        vendor,
        first_on=first_on,
        last_on=last_on,
        period=period,
        edition=edition,
        user=user,
        now=now,
        since=since,
        drafts=draft_results(heads),
    )


def draft_results(heads: Iterable[Statement]) -> dict[int, Result]:
    """Return what the statements without a revision came to, as of when their drafts were computed."""
    open_ones = Statement.objects.filter(pk__in=[head.pk for head in heads], revisions=None, error="")
    groups: dict[tuple[date, datetime], list[Statement]] = defaultdict(list)
    for head in open_ones.select_related("agreement__contract__vendor"):
        if head.known_until is not None:
            groups[head.last_on, head.known_until].append(head)
    found: dict[int, Result] = {}
    for (on, known_until), group in groups.items():
        by_key = {
            (head.agreement.contract.reference, head.agreement.code, head.period): head for head in group
        }
        for inputs in inputs_for([head.agreement for head in group], on=on, known_until=known_until):
            key = (inputs.schedule.contract, inputs.schedule.code, inputs.period.label)
            if inputs.versions and key in by_key:
                found[by_key[key].pk] = result_of(inputs)
    return found
