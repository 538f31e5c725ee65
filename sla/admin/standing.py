"""How far a statement has come, in the words of its page and of lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sla.models import HeldCorrection, Statement, StatementRevision
from vendors.models import money_text

# Canonical texts, thousands of characters each, that no list shows.
TEXTS = ("inputs", "result")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whether a statement is a record yet, and whether today's records still agree with it."""

    newest: StatementRevision | None
    needs_correction: bool
    change: str  # what a correction would do to the credit
    held: HeldCorrection | None  # a correction that waits for a later statement
    held_text: str

    @property
    def label(self) -> str:
        """Return it in a few words."""
        if self.newest is None:
            return "Draft, not finalised"
        if self.needs_correction:
            return f"Needs correction: {self.change}"
        return f"Finalised as r{self.newest.number}"

    @property
    def tone(self) -> str:
        """Return the colour of its tag."""
        return "warn" if self.newest is None else "bad" if self.needs_correction else "good"

    @property
    def is_open(self) -> bool:
        """Say whether there is anything to finalise."""
        return self.newest is None or self.needs_correction


def standing_of(statement: Statement) -> Standing:
    """Return how one statement stands."""
    return standings_of([statement])[statement.pk]


def standings_of(statements: Iterable[Statement]) -> dict[int, Standing]:
    """Return how statements stand, by their key, in two queries for all of them."""
    rows = list(statements)
    revisions = StatementRevision.objects.filter(statement__in=rows).defer(*TEXTS)
    newest = {
        revision.statement_id: revision
        for revision in revisions.select_related("finalised_by").order_by("number")
    }
    corrections = HeldCorrection.objects.filter(statement__in=newest)
    held = {
        each.statement_id: each
        for each in corrections.select_related("into__agreement__contract").order_by("pk")
    }
    return {row.pk: _standing(row, newest=newest.get(row.pk), held=held.get(row.pk)) for row in rows}


def _standing(
    statement: Statement, *, newest: StatementRevision | None, held: HeldCorrection | None
) -> Standing:
    needs = newest is not None and statement.compared_digest not in ("", newest.result_digest)
    waits = newest is not None and held is not None and held.noted_at >= newest.finalised_at
    return Standing(
        newest=newest,
        needs_correction=needs,
        change=change_text(newest, statement) if newest is not None and needs else "",
        held=held if waits else None,
        held_text=signed_text(held.delta_minor, currency=held.currency) if held is not None and waits else "",
    )


def change_text(old: StatementRevision, new: Statement | StatementRevision) -> str:
    """Return what becomes of the credit, such as `USD 95.00 → USD 125.00 (+30.00)`."""
    if old.shown == new.shown and old.due_minor == new.due_minor:
        return f"the credit stays {credit_text(old)}, other figures change"
    said = f"{credit_text(old)} → {credit_text(new)}"
    if old.currency != new.currency or old.due_minor == new.due_minor:
        return said
    amount = signed_text(new.due_minor - old.due_minor, currency=new.currency)
    return f"{said} ({amount.replace(f'{new.currency} ', '')})"


def signed_text(minor: int, *, currency: str) -> str:
    """Return an amount with its sign, such as `+USD 30.00`."""
    sign = "+" if minor > 0 else "−" if minor < 0 else "±"
    return f"{sign}{money_text(abs(minor), currency=currency)}"


def credit_text(figures: Statement | StatementRevision) -> str:
    """Return the credit as it is printed, in other units than money too."""
    return figures.shown or (money_text(0, currency=figures.currency) if figures.currency else "no credit")
