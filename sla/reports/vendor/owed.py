"""What is owed and what to do about it: amounts, claims, corrections, actions by date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from sla.engine.claims.moves import OPEN, ClaimState
from sla.engine.facts import Verdict
from sla.engine.periods import zone_info
from sla.models import Claim, ClaimMove, ClaimToDo, LineFigures, StatementLine
from sla.reports.editions.edition import Edition
from sla.reports.vendor.data import Action, Amount, ClaimPart, CorrectionPart, LevelPart
from sla.reports.vendor.happened import zone_of
from sla.reports.vendor.levels import line_name, numbered, standing_lines
from sla.reports.vendor.rows import Rows
from sla.reports.words import VERDICTS

# A claim that was not sent is our own business.
UNSENT = {ClaimState.PROTECTIVE, ClaimState.ENTITLED, ClaimState.NOT_PURSUED, ClaimState.LAPSED}
WAITS_FOR_CREDIT = {ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED}
ANSWERS = {ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED}
TASKS = {"claim": "Send the claim", "decision": "Answer the claim", "issue": "Issue the credit"}
Removed = LineFigures.Status.REMOVED


def amounts(levels: Sequence[LevelPart], *, claims: Sequence[ClaimPart]) -> tuple[Amount, ...]:
    """Return what is due and what came, each currency for itself."""
    currencies = sorted({each.currency for each in levels if each.due_minor} | {c.currency for c in claims})
    return tuple(
        Amount(
            currency=currency,
            due_minor=sum(each.due_minor for each in levels if each.currency == currency),
            provisional_minor=sum(
                each.due_minor for each in levels if each.currency == currency and not each.finalised
            ),
            contested_minor=sum(each.contested_minor for each in levels if each.currency == currency),
            received_minor=sum(each.received_minor for each in claims if each.currency == currency),
        )
        for currency in currencies
    )


def claim_parts(rows: Rows, *, edition: Edition) -> tuple[ClaimPart, ...]:
    """Return the claims; the vendor reads those that reached it."""
    shown = (claim for claim in rows.claims if edition is Edition.INTERNAL or _known_to_vendor(claim))
    return tuple(_claim(claim, rows=rows) for claim in shown)


def _known_to_vendor(claim: Claim) -> bool:
    return claim.submitted_at is not None or claim.automatic or ClaimState(claim.state) not in UNSENT


def _claim(claim: Claim, *, rows: Rows) -> ClaimPart:
    parts, matches = list(claim.parts.all()), list(claim.matches.all())
    account = claim.account or claim.contract.account
    answers = [each.due_on for each in _theirs(rows, claim=claim) if each.what == "decision"]
    numbers = dict.fromkeys(part.credit.revision.statement.number for part in parts)
    if claim.statement is not None:
        numbers.setdefault(claim.statement.number)
    return ClaimPart(
        reference=claim.reference,
        vendor_reference=claim.vendor_reference,
        state=claim.get_state_display(),
        contract=claim.contract.reference,
        account=account.number if account is not None else "",
        statements=tuple(sorted(numbers)),
        currency=claim.currency,
        asked_minor=sum(part.amount_minor for part in parts),
        received_minor=sum(match.claim_minor for match in matches),
        sent_on=_local(claim.submitted_at, zone=claim.contract.zone),
        answer_by=min(answers, default=None),
        expected_invoice=claim.expected_invoice,
        is_open=ClaimState(claim.state) in OPEN,
    )


def _local(at: datetime | None, *, zone: str) -> date | None:
    return None if at is None else at.astimezone(zone_info(zone)).date()


def _theirs(rows: Rows, *, claim: Claim) -> list[ClaimToDo]:
    return [
        each for each in rows.todos if each.claim_id == claim.pk and each.party == ClaimToDo.Party.VENDORS
    ]


def correction_parts(rows: Rows, *, edition: Edition) -> tuple[CorrectionPart, ...]:
    """Return the lines that later revisions told otherwise; the reason is ours to know."""
    found: list[CorrectionPart] = []
    for before, after in rows.corrected:
        old = {line.key: line for line in rows.corrected_lines.get(before.pk, ())}
        new = {line.key: line for line in rows.corrected_lines.get(after.pk, ())}
        for key in sorted({**old, **new}, key=lambda key: (new.get(key) or old[key]).number):
            was, now = old.get(key), new.get(key)
            line = now or was
            if line is None or _told(was) == _told(now):
                continue
            found.append(
                CorrectionPart(
                    statement=after.full_number,
                    corrected_at=after.finalised_at,
                    line=line.number,
                    name=", ".join(filter(None, (line_name(line), line.services))),
                    was=_said(was),
                    is_now=_said(now),
                    currency=line.currency,
                    was_due_minor=_due(was),
                    due_minor=_due(now),
                    cause=after.cause if edition is Edition.INTERNAL else "",
                )
            )
    return tuple(found)


def _told(line: StatementLine | None) -> tuple[object, ...]:
    if line is None or line.status == Removed:
        return ()
    return (line.verdict, line.value, line.counted_us, line.due_minor, line.agreed_minor, line.quantity)


def _said(line: StatementLine | None) -> str:
    if line is None or line.status == Removed:
        return "not part of it"
    return ", ".join(filter(None, (line.value_printed, VERDICTS[Verdict(line.verdict)])))


def _due(line: StatementLine | None) -> int:
    return 0 if line is None or line.status == Removed else line.due_minor


def action_parts(
    rows: Rows, *, claims: Sequence[ClaimPart], edition: Edition, now: datetime
) -> tuple[Action, ...]:
    """Return what is to be done, dated things first; the vendor reads what it has to do."""
    found = [*_dated(rows, edition=edition, now=now), *_undated(rows, claims=claims), *_credits_to_come(rows)]
    if edition is Edition.INTERNAL:
        found += _statements_to_do(rows)
    return tuple(sorted(found, key=lambda each: (each.by is None, each.by or date.max, each.party)))


def _dated(rows: Rows, *, edition: Edition, now: datetime) -> Iterator[Action]:
    """Yield each open step once, by the earliest reading of its clause."""
    seen: set[tuple[object, ...]] = set()
    missed = {each.pk for each in rows.inside if any(line.missed for line in standing_lines(rows, of=each))}
    for todo in rows.todos:
        ours = todo.party == ClaimToDo.Party.OURS
        key = (todo.statement_id, todo.claim_id, todo.what, todo.incident)
        if key in seen or (ours and edition is Edition.VENDOR):
            continue
        if todo.claim is None and todo.statement_id not in missed:
            continue  # nothing to claim, or not yet
        seen.add(key)
        about = todo.claim.reference if todo.claim is not None else todo.statement.number
        what = TASKS.get(todo.what) or todo.text or todo.what.replace("_", " ").capitalize()
        yield Action(
            party="we" if ours else "vendor",
            what=what + (f" ({todo.incident})" if todo.incident else ""),
            by=todo.due_on,
            reference=about,
            clause=todo.clause,
            currency="",
            amount_minor=None,
            overdue=todo.due_until <= now,
        )


def _undated(rows: Rows, *, claims: Sequence[ClaimPart]) -> Iterator[Action]:
    """Yield what the vendor owes for claims that no dated step speaks about."""
    shown = {part.reference: part for part in claims}
    for claim in rows.claims:
        part, state = shown.get(claim.reference), ClaimState(claim.state)
        if part is None or _theirs(rows, claim=claim) or not part.open_minor:
            continue
        if state in WAITS_FOR_CREDIT:
            where = f" on invoice {part.expected_invoice}" if part.expected_invoice else ""
            what = f"Issue the credit{where}"
        elif state is ClaimState.SUBMITTED:
            what = "Answer the claim"
        else:
            continue
        yield Action(
            party="vendor",
            what=what,
            by=None,
            reference=part.reference,
            clause="",
            currency=part.currency,
            amount_minor=_to_come(claim, part=part) if state in WAITS_FOR_CREDIT else part.open_minor,
            overdue=False,
        )


def _to_come(claim: Claim, *, part: ClaimPart) -> int:
    """Return how much of what was accepted has not come."""
    moves: list[ClaimMove] = [each for each in claim.moves.all() if ClaimState(each.new_state) in ANSWERS]
    accepted = moves[-1].amount_minor if moves else None
    return (part.asked_minor if accepted is None else accepted) - part.received_minor


def _credits_to_come(rows: Rows) -> Iterator[Action]:
    """Yield the credits of statements for which nothing was sent yet."""
    claimed = {
        part.credit.revision.statement_id
        for claim in rows.claims
        if _known_to_vendor(claim)
        for part in claim.parts.all()
    }
    for each in rows.inside:
        due = sum(line.due_minor for line in standing_lines(rows, of=each))
        if due <= 0 or each.pk in claimed:
            continue
        final = each.pk in rows.revisions
        yield Action(
            party="vendor",
            what="Agree to the figures line by line, or say which one differs"
            if final
            else "Check the draft figures, and say what differs before they are finalised",
            by=None,
            reference=numbered(each, rows=rows),
            clause="",
            currency=each.currency or each.agreement.contract.currency,
            amount_minor=due,
            overdue=False,
        )


def _statements_to_do(rows: Rows) -> Iterator[Action]:
    for each in rows.inside:
        if each.pk not in rows.revisions:
            yield _ours("Finalise the service level statement", about=each.number)
        elif _needs_correction(rows, of=each.pk):
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


def _needs_correction(rows: Rows, *, of: int) -> bool:
    return of in corrections_wanted(rows)


def corrections_wanted(rows: Rows) -> set[int]:
    """Return the finalised statements that today's records would give other figures."""
    return {
        each.pk
        for each in rows.inside
        if each.pk in rows.revisions
        and each.compared_digest
        and each.compared_digest != rows.revisions[each.pk].result_digest
    }


def zones_of(rows: Rows) -> Iterable[str]:
    """Return the zones of the statements, in order."""
    return sorted({zone_of(each) for each in rows.inside})
