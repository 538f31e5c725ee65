"""Write the terms of one version as rows: what is equal stays untouched, what is gone is removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist, ValidationError

from sla.engine.terms import ClaimRule as ClaimRuleValue
from sla.engine.terms import CreditRule as CreditRuleValue
from sla.engine.terms import Target, Terms
from sla.models import (
    AgreementVersion,
    Cap,
    ChronicRule,
    ClaimRule,
    ClaimStep,
    CreditRule,
    CreditTier,
    EarnBack,
    ExclusionRule,
    ReadingNote,
    ServiceLevelTarget,
    TargetService,
    ValueRow,
)
from vendors.models import Service, Tracked
from vendors.services import Saved, remove_record, save_record

Below = Callable[[Any, Any], None]


@dataclass
class Writer:
    """One writing of terms under way: by whom, why, and what was done so far."""

    by: User
    reason: str
    done: Counter[Saved] = field(default_factory=Counter)
    removed: int = 0

    @property
    def saved(self) -> Saved:
        """Return what the whole writing came to."""
        if self.done[Saved.UPDATED] or self.removed:
            return Saved.UPDATED
        if self.done[Saved.CREATED]:
            return Saved.CREATED if not self.done[Saved.UNCHANGED] else Saved.UPDATED
        return Saved.UNCHANGED

    def version(self, version: AgreementVersion, *, terms: Terms) -> None:
        """Write a version and everything below it."""
        self._row(version, terms)
        self._list(version.exclusions.all(), terms.exclusions, make=lambda: ExclusionRule(version=version))
        self._list(
            version.targets.all(),
            terms.targets,
            make=lambda: ServiceLevelTarget(version=version),
            below=self._below_target,
        )
        self._list(version.caps.all(), terms.caps, make=lambda: Cap(version=version))
        self._one(
            version, "claim", terms.claim, make=lambda: ClaimRule(version=version), below=self._below_claim
        )
        self._list(version.chronic.all(), terms.chronic, make=lambda: ChronicRule(version=version))
        self._list(version.earn_back.all(), terms.earn_back, make=lambda: EarnBack(version=version), key=None)
        self._list(
            version.reading_notes.all(),
            terms.reading_notes,
            make=lambda: ReadingNote(version=version),
            key=None,
        )

    def _below_target(self, row: ServiceLevelTarget, target: Target) -> None:
        self._services(row, codes=target.services)
        self._one(row, "credit", target.credit, make=lambda: CreditRule(target=row), below=self._below_credit)

    def _below_credit(self, row: CreditRule, credit: CreditRuleValue) -> None:
        tiers = getattr(credit.params, "tiers", ())
        self._list(row.tiers.all(), tiers, make=lambda: CreditTier(rule=row), key=None)
        self._list(row.caps.all(), credit.caps, make=lambda: Cap(credit_rule=row))

    def _below_claim(self, row: ClaimRule, claim: ClaimRuleValue) -> None:
        self._list(row.steps.all(), claim.steps, make=lambda: ClaimStep(rule=row))

    def _services(self, row: ServiceLevelTarget, *, codes: Sequence[str]) -> None:
        contract = row.version.agreement.contract
        known = {service.code: service for service in Service.objects.filter(contract=contract)}
        present = {link.service.code: link for link in row.services.select_related("service")}
        for code in present.keys() - set(codes):
            self._remove(present[code])
        for position, code in enumerate(codes):
            if code not in known:
                raise ValidationError(
                    f"Service level {row.code!r} names service {code!r}, which {contract.reference} does not"
                    " have. Add the service, or correct the code."
                )
            link = present.get(code) or TargetService(target=row, service=known[code])
            link.position = position
            self._save(link)

    def _list(
        self,
        rows: Iterable[Any],
        values: Sequence[Any],
        *,
        make: Callable[[], Any],
        key: str | None = "code",
        below: Below | None = None,
    ) -> None:
        """Write values as rows, found again by their code, or by their place where they have none."""
        present = {
            (getattr(row, key) if key else place): row for place, row in enumerate(sorted(rows, key=_place))
        }
        kept = {(getattr(value, key) if key else place) for place, value in enumerate(values)}
        for name in [name for name in present if name not in kept]:
            self._remove(present.pop(name))
        for place, value in enumerate(values):
            row = present.get(getattr(value, key) if key else place) or make()
            row.position = place
            self._row(row, value)
            if below is not None:
                below(row, value)

    def _one(self, parent: Any, name: str, value: Any, *, make: Callable[[], Any], below: Below) -> None:
        try:
            present = getattr(parent, name)
        except ObjectDoesNotExist:
            present = None
        if value is None:
            if present is not None:
                self._remove(present)
            return
        row = present or make()
        self._row(row, value)
        below(row, value)

    def _row(self, row: ValueRow, value: Any) -> None:
        try:
            row.fill(value)
        except ValueError as error:
            raise ValidationError(
                f"{row._meta.verbose_name} {getattr(value, 'code', '')}: {error}"
            ) from error
        self._save(row)

    def _save(self, row: Tracked) -> None:
        self.done[save_record(row, by=self.by, reason=self.reason)] += 1

    def _remove(self, row: Any) -> None:
        for below in _below(row):
            self._remove(below)
        remove_record(row, by=self.by, reason=self.reason)
        self.removed += 1


def _place(row: Any) -> tuple[int, int]:
    return row.position, row.pk


def _below(row: Any) -> list[Any]:
    """Return the rows that go with a row of the terms; facts that rest on it stop its removal."""
    found: list[Any] = []
    if isinstance(row, ServiceLevelTarget):
        found += row.services.all()
        found += CreditRule.objects.filter(target=row)
    elif isinstance(row, CreditRule):
        found += [*row.tiers.all(), *row.caps.all()]
    elif isinstance(row, ClaimRule):
        found += row.steps.all()
    return found
