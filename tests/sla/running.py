"""A clock that stands where a test puts it, and a schedule whose months are clean or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from incidents.models import SourceWatch
from incidents.services import confirm_quiet
from sla.models import Duty, ServiceLevelAgreement
from sla.services import sign_off_terms
from tests.builders import REASON, a_charge, a_contract, a_schedule, a_service, a_version, at, person, saved


@dataclass
class Clock:
    """Shows the same instant until it is moved."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **length: float) -> None:
        self.at += timedelta(**length)


def clock(text: str) -> Clock:
    return Clock(at(text))


def a_closing_schedule(reference: str = "NR-2018", *, closes_from: str = "2019-06-01", **fields: Any) -> Any:
    """Return a signed schedule of one service, watched and confirmed quiet to the end of 2020."""
    terms = fields.pop("terms", None)
    named = {name: fields.pop(name) for name in ("period",) if name in fields}
    contract = a_contract(
        reference, **{name: fields.pop(name) for name in ("zone", "vendor") if name in fields}
    )
    service = a_service(contract, code="power-a", name="Power feed A")
    a_charge(contract, code="power", service=service)
    agreement = a_schedule(contract=contract, terms=terms, **named)
    for name, value in {"closes_from": date.fromisoformat(closes_from), **fields}.items():
        setattr(agreement, name, value)
    saved(agreement)
    sign_off_terms(a_version(agreement), by=person(), at=at("2019-01-02 09:00"), reason=REASON)
    watch = saved(SourceWatch(service=service, source="our probe", last_heard_at=at("2020-12-31 12:00")))
    confirm_quiet(
        watch, through=at("2020-12-31 00:00"), at=timezone.now(), by=person(), reason="nothing happened"
    )
    return agreement


def closings(agreement: ServiceLevelAgreement | None = None) -> list[tuple[str, str, str]]:
    """Return period, state and outcome of each closing, the earliest first."""
    rows = Duty.objects.filter(kind="close").order_by("ends_on", "agreement")
    if agreement is not None:
        rows = rows.filter(agreement=agreement)
    return list(rows.values_list("period", "state", "outcome"))
