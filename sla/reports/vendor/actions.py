"""What to do by when: dated steps first, then what waits without a date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from sla.engine.claims.moves import ClaimState
from sla.engine.money import format_minor
from sla.models import Claim, ClaimMove, ClaimToDo
from sla.reports.editions.edition import Edition
from sla.reports.vendor.data import Action, ClaimPart
from sla.reports.vendor.levels import numbered, standing_lines
from sla.reports.vendor.owed import known_to_vendor, local_day, theirs
from sla.reports.vendor.rows import Rows

ANSWERS = {ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED, ClaimState.REJECTED}
GIVES_CREDIT = {ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED, ClaimState.CONTESTED}
TASKS = {"claim": "Send the claim", "decision": "Answer the claim", "issue": "Issue the credit"}
# What a claim waits for from us, where no dated step says it.
OURS = {
    ClaimState.PROTECTIVE: "Send the claim",
    ClaimState.ENTITLED: "Send the claim",
    ClaimState.PARTLY_ACCEPTED: "Accept or contest the answer",
    ClaimState.REJECTED: "Accept or contest the answer",
    ClaimState.CREDITED: "Close the claim",
}
NO_DATE = "the contract states no date"


def action_parts(
    rows: Rows, *, claims: Sequence[ClaimPart], edition: Edition, now: datetime
) -> tuple[Action, ...]:
    """Return what is to be done, dated things first; the vendor reads what it has to do."""
    shown = {part.reference: part for part in claims}
    found = list(_dated(rows, edition=edition, now=now))
    for claim in rows.claims:
        if claim.reference in shown:
            found += _of_vendor(claim, part=shown[claim.reference], rows=rows)
    found += _credits_to_come(rows)
    if edition is Edition.INTERNAL:
        found += _statements_to_do(rows)
        found += [action for claim in rows.claims for action in _of_us(claim, rows=rows)]
    return tuple(
        sorted(found, key=lambda each: (each.by is None, each.by or date.max, each.party != "vendor"))
    )


def _about_period(todo: ClaimToDo, *, rows: Rows) -> bool:
    """Return whether a step is of a claim of the period, or of a credit that nobody claimed yet."""
    if todo.claim_id is not None:
        return any(claim.pk == todo.claim_id for claim in rows.claims)
    statement = next((each for each in rows.inside if each.pk == todo.statement_id), None)
    return statement is not None and any(line.missed for line in standing_lines(rows, of=statement))


def _is_past(todo: ClaimToDo, *, now: datetime) -> bool:
    """Return whether a step of ours other than the claim can only be regretted."""
    ours = todo.party == ClaimToDo.Party.OURS
    return ours and todo.claim_id is None and todo.what != "claim" and todo.due_until <= now


def _dated(rows: Rows, *, edition: Edition, now: datetime) -> Iterator[Action]:
    """Yield each open step once, by the earliest reading of its clause."""
    seen: set[tuple[object, ...]] = set()
    for todo in rows.todos:
        ours = todo.party == ClaimToDo.Party.OURS
        key = (todo.statement_id, todo.claim_id, todo.what, todo.incident)
        if key in seen or (ours and edition is Edition.VENDOR):
            continue
        if _is_past(todo, now=now) or not _about_period(todo, rows=rows):
            continue
        seen.add(key)
        yield Action(
            party="we" if ours else "vendor",
            what=_step(todo, rows=rows, edition=edition),
            by=todo.due_on,
            reference=todo.claim.reference if todo.claim is not None else todo.statement.number,
            clause=todo.clause,
            currency="",
            amount_minor=None,
            overdue=todo.due_until <= now,
        )


def _step(todo: ClaimToDo, *, rows: Rows, edition: Edition) -> str:
    what = TASKS.get(todo.what) or todo.text or todo.what.replace("_", " ").capitalize()
    about = ", ".join(rows.named([todo.incident] if todo.incident else [], edition=edition))
    return f"{what} ({about})" if about else what


def steps_missed(rows: Rows, *, now: datetime) -> tuple[str, ...]:
    """Return the steps of ours that nobody recorded as done and whose day has passed."""
    found = (
        f"{_step(todo, rows=rows, edition=Edition.INTERNAL)}, due {todo.due_on}"
        for todo in rows.todos
        if _is_past(todo, now=now) and _about_period(todo, rows=rows)
    )
    return tuple(dict.fromkeys(found))


def _of_vendor(claim: Claim, *, part: ClaimPart, rows: Rows) -> Iterator[Action]:
    """Yield what the vendor owes for a claim where no dated step speaks about it."""
    state, dated = ClaimState(claim.state), {each.what for each in theirs(rows, claim=claim)}
    answered = _answered(claim, part=part)
    if state is ClaimState.SUBMITTED and "decision" not in dated:
        why = "" if part.sent_on is None else f"sent on {part.sent_on}"
        yield _waits("Answer the claim", part=part, minor=part.open_minor, why=why)
    if state is ClaimState.CONTESTED and "decision" not in dated:
        contested = max(part.asked_minor - max(answered, part.received_minor), 0)
        what = "Answer what is contested"
        yield _waits(what, part=part, minor=contested, why=_why_contested(claim, part=part))
    if state in GIVES_CREDIT and "issue" not in dated and answered > part.received_minor:
        where = f" on invoice {part.expected_invoice}" if part.expected_invoice else ""
        what = f"Issue the credit that was accepted{where}"
        yield _waits(what, part=part, minor=answered - part.received_minor)


def _waits(what: str, *, part: ClaimPart, minor: int, why: str = "") -> Action:
    return Action(
        party="vendor",
        what=what,
        by=None,
        reference=part.reference,
        clause="",
        currency=part.currency,
        amount_minor=minor or None,
        overdue=False,
        why=why,
        undated=NO_DATE,
    )


def _answer(claim: Claim) -> ClaimMove | None:
    moves = [each for each in claim.moves.all() if ClaimState(each.new_state) in ANSWERS]
    return moves[-1] if moves else None


def _answered(claim: Claim, *, part: ClaimPart) -> int:
    """Return how much of a claim the vendor's last answer accepted."""
    answer = _answer(claim)
    if answer is None:
        return part.asked_minor if claim.automatic else 0
    if ClaimState(answer.new_state) is ClaimState.REJECTED:
        return 0
    return part.asked_minor if answer.amount_minor is None else answer.amount_minor


def _why_contested(claim: Claim, *, part: ClaimPart) -> str:
    """Return why a contested claim waits, from its figures: what we wrote down about it is our own."""
    answered = _answered(claim, part=part)
    moves = [each for each in claim.moves.all() if ClaimState(each.new_state) is ClaimState.CONTESTED]
    on = local_day(moves[-1].happened_at, zone=claim.contract.zone) if moves else None
    asked = format_minor(part.asked_minor, currency=part.currency)
    said = f"{format_minor(answered, currency=part.currency)} of {asked} was accepted"
    if not answered:
        said = f"none of {asked} was accepted"
    return said if on is None else f"{said}; the answer was contested on {on}"


def _of_us(claim: Claim, *, rows: Rows) -> Iterator[Action]:
    """Yield what a claim waits for from us, where no dated step says it."""
    what = OURS.get(ClaimState(claim.state))
    statements = {part.credit.revision.statement_id for part in claim.parts.all()} | {claim.statement_id}
    dated = any(
        todo.party == ClaimToDo.Party.OURS
        and (todo.claim_id == claim.pk or (todo.claim_id is None and todo.statement_id in statements))
        and todo.what == "claim"
        for todo in rows.todos
    )
    if what is not None and not (dated and what == "Send the claim"):
        yield _ours(what, about=claim.reference)


def _credits_to_come(rows: Rows) -> Iterator[Action]:
    """Yield the credits of statements for which nothing was sent yet."""
    claimed = {
        part.credit.revision.statement_id
        for claim in rows.claims
        if known_to_vendor(claim)
        for part in claim.parts.all()
    }
    for each in rows.inside:
        due = sum(line.due_minor for line in standing_lines(rows, of=each))
        if due <= 0 or each.pk in claimed:
            continue
        final = "Agree to the figures line by line, or say which one differs"
        draft = "Check the draft figures, and say what differs before they are finalised"
        what = final if each.pk in rows.revisions else draft
        found = _ours(what, about=numbered(each, rows=rows))
        currency = each.currency or each.agreement.contract.currency
        yield replace(found, party="vendor", currency=currency, amount_minor=due)


def _statements_to_do(rows: Rows) -> Iterator[Action]:
    changed = corrections_wanted(rows)
    for each in rows.inside:
        if each.pk not in rows.revisions:
            yield _ours("Finalise the service level statement", about=each.number)
        elif each.pk in changed:
            yield _ours("Look at today's figures: the records changed", about=numbered(each, rows=rows))


def _ours(what: str, *, about: str) -> Action:
    return Action(
        party="we",
        what=what,
        by=None,
        reference=about,
        clause="",
        currency="",
        amount_minor=None,
        overdue=False,
    )


def corrections_wanted(rows: Rows) -> set[int]:
    """Return the finalised statements that today's records would give other figures.

    What is only ours to know until it is finalised and released again is none.
    """
    if rows.is_released:
        return set()
    return {
        each.pk
        for each in rows.inside
        if each.pk in rows.revisions
        and each.compared_digest
        and each.compared_digest != rows.revisions[each.pk].result_digest
    }
