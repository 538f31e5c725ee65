"""Open claims: protective ones by a person, and one for every credit at its birth."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from incidents.models import Incident, Outage
from sla.engine.claims.moves import FINAL, UNSENT, ClaimState
from sla.models import Claim, ClaimMove, ClaimPart, RegisterEntry, ServiceCredit, Statement, StatementLine
from sla.services import register
from sla.services.claims.stepping import locked_claim, step
from sla.services.claims.vendor_dates import refresh_answers
from sla.services.webhooks import announce_move
from vendors.models import Contract
from vendors.services import checked_reason

# What is added to a claim here is asked for with it; after an answer it needs a claim of its own.
TAKES_MORE = UNSENT | {ClaimState.SUBMITTED, ClaimState.CONTESTED}
CORRECTIONS = frozenset(
    {ServiceCredit.Kind.ADJUSTMENT, ServiceCredit.Kind.REVERSAL, ServiceCredit.Kind.EARN_BACK}
)
ASKED_AGAIN = "The settlement in full and final was taken back."
SETTLED = "The claim was settled in full and final: the figure changes, and nothing more is asked for."


@transaction.atomic
def open_claim(
    *,
    by: User,
    why: str,
    now: datetime,
    statement: Statement | None = None,
    incident: Incident | None = None,
    contract: Contract | None = None,
) -> Claim:
    """Open a protective claim for a statement or an incident, before the amount is known.

    The contract is the statement's; for an incident name it where its outages touch several. Credits that
    a finalised statement brings are attached to it. Raise ValidationError where a claim is open already.
    """
    why = checked_reason(why)
    if (statement is None) == (incident is None):
        raise ValidationError(
            "A claim is opened for one service level statement or one incident. Choose one of them.",
            code="about",
        )
    if statement is not None:
        contract = statement.agreement.contract
    assert statement is not None or incident is not None
    contract = _locked(contract or _contract_of(incident))
    _check_none_open(contract, statement=statement, incident=incident)
    if incident is not None:
        _check_not_taken(contract, incident=incident)
    return _born(
        contract,
        state=ClaimState.PROTECTIVE,
        currency=statement.agreement.currency if statement is not None else contract.currency,
        statement=statement,
        incident=incident,
        by=by,
        why=why,
        now=now,
    )


def _contract_of(incident: Incident | None) -> Contract:
    found = list(
        Contract.objects.filter(services__outages__incident=incident).distinct().order_by("reference")[:2]
    )
    if len(found) == 1:
        return found[0]
    raise ValidationError(
        f"Incident {incident.reference if incident else ''} touches"
        f" {'several contracts' if found else 'no contract'}. Say which contract the claim is for.",
        code="contract",
    )


def _check_none_open(contract: Contract, *, statement: Statement | None, incident: Incident | None) -> None:
    about = Q(incident=incident) if statement is None else _about(statement)
    found = Claim.objects.filter(about, contract=contract).exclude(state__in=[*FINAL]).first()
    if found is not None:
        what = statement.number if statement is not None else f"incident {incident.reference}"  # type: ignore[union-attr]
        raise ValidationError(f"Claim {found} is open for {what} already. Go on with that one.", code="open")


def _check_not_taken(contract: Contract, *, incident: Incident) -> None:
    """Refuse a claim for an incident whose periods were all finalised into claims that are open."""
    during = Q(pk__in=[])
    outages = Outage.objects.standing().filter(incident=incident, service__contract=contract)
    for started, ended in outages.values_list("started_at", "ended_at"):
        during |= Q(ends_at__gt=started) & (Q() if ended is None else Q(starts_at__lt=ended))
    rows = Statement.objects.filter(during, agreement__contract=contract)
    about = set(rows.filter(todos__incident=incident.reference).values_list("pk", flat=True))
    about = about or set(rows.values_list("pk", flat=True))
    parts = ClaimPart.objects.filter(credit__revision__statement__in=about)
    parts = parts.exclude(claim__state__in=[*FINAL]).select_related("claim", "credit__revision__statement")
    taken = {part.credit.revision.statement_id: part for part in parts.order_by("-pk")}
    if about and about == set(taken):
        part = taken[min(taken)]
        raise ValidationError(
            f"Incident {incident.reference} stands in {part.credit.revision}, which is finalised into claim"
            f" {part.claim}. Go on with that one.",
            code="finalised",
        )


def _about(statement: Statement) -> Q:
    return Q(statement=statement) | Q(parts__credit__revision__statement=statement)


@transaction.atomic
def attach_credit(credit: ServiceCredit, *, by: User, now: datetime) -> Claim:
    """Give a new credit its one claim; call `register.enter_credit` and then `settle_attached` with both.

    The claim of its statement is used while it was not answered, or a protective one for an incident
    behind its line, else a new one is opened. A correction goes to the claim of the credit that it
    corrects: downwards while that is open, upwards while it was not answered, and always where that was
    settled in full and final. A credit that comes without asking is expected on an invoice at once.
    """
    _locked(credit.revision.statement.agreement.contract)
    claim = _claim_for(credit) or _claim_from(credit, by=by, now=now)
    ClaimPart(
        claim=claim,
        credit=credit,
        amount_minor=credit.amount_minor,
        quantity=credit.quantity,
        recorded_at=now,
        recorded_by=by,
        why=f"{credit.get_kind_display()} by {credit.revision}",
    ).save()
    if claim.state == ClaimState.PROTECTIVE:
        claim = locked_claim(claim)
        why = f"The amount is known by {credit.revision}."
        step(claim, new=ClaimState.ENTITLED, by=by, why=why, happened_at=now, now=now)
    return claim


@transaction.atomic
def settle_attached(credit: ServiceCredit, *, claim: Claim, by: User, now: datetime) -> None:
    """Ask for nothing where a credit was attached to a claim that is settled in full and final.

    Call it after `register.enter_credit`: what that entered is taken off again as not pursued. Elsewhere
    it does nothing.
    """
    if not claim.settled_finally:
        return
    unit = register.unit_of(credit)
    is_money = unit == credit.currency
    register.enter(
        "not_pursued",
        claim=claim,
        amount_minor=-credit.amount_minor if is_money else 0,
        quantity=None if is_money or credit.quantity is None else -credit.quantity,
        unit=unit,
        on=credit.posting_month,
        by=by,
        now=now,
        why=SETTLED,
        credit=credit,
    )


@transaction.atomic
def unsettle_attached(claim: Claim, *, by: User, why: str, now: datetime) -> None:
    """Ask again for what `settle_attached` gave up, where the settlement itself was taken back."""
    rows = RegisterEntry.objects.filter(
        claim=claim, kind=RegisterEntry.Kind.NOT_PURSUED, match=None, move=None, why=SETTLED
    )
    undone = RegisterEntry.objects.filter(
        claim=claim, kind=RegisterEntry.Kind.NOT_PURSUED, match=None, move=None, why__startswith=ASKED_AGAIN
    )
    left = list(rows.order_by("pk"))[undone.count() :]
    for row in left:
        said = f"{ASKED_AGAIN} {why}".strip()
        register.enter_reversal(row, claim=claim, on=now.date(), by=by, now=now, why=said)


@transaction.atomic
def take_credit(credit: ServiceCredit, *, by: User, now: datetime) -> Claim:
    """Attach a new credit to its claim and enter it in the register: all that its birth needs."""
    claim = attach_credit(credit, by=by, now=now)
    register.enter_credit(credit, claim=claim, by=by, now=now)
    settle_attached(credit, claim=claim, by=by, now=now)
    return claim


def _claim_for(credit: ServiceCredit) -> Claim | None:
    if credit.kind in CORRECTIONS and credit.corrects is not None:
        found = _claim_of_corrected(credit, corrected=credit.corrects)
        if found is not None:
            return found
    return _claim_of_statement(credit)


def _claim_of_corrected(credit: ServiceCredit, *, corrected: ServiceCredit) -> Claim | None:
    """Return the claim that holds most of the corrected credit, the newest first, if it may take more."""
    root = corrected
    while root.corrects is not None:
        root = root.corrects
    family = Q(parts__credit=root) | Q(parts__credit__corrects=root) | Q(parts__credit=corrected)
    rows = Claim.objects.filter(family).annotate(held=Sum("parts__amount_minor")).order_by("-held", "-pk")
    claims = [claim for claim in rows if claim.currency == credit.currency]
    final = next((claim for claim in claims if claim.settled_finally), None)
    downwards = credit.amount_minor < 0 or (credit.quantity or 0) < 0
    return final or next((claim for claim in claims if _takes(claim, downwards=downwards)), None)


def _takes(claim: Claim, *, downwards: bool) -> bool:
    if downwards or claim.automatic:
        return claim.state not in FINAL
    return claim.state in TAKES_MORE


def _claim_of_statement(credit: ServiceCredit) -> Claim | None:
    statement = credit.revision.statement
    automatic = credit.revision.automatic
    open_states = [ClaimState.ACCEPTED] if automatic else [*TAKES_MORE]
    rows = _waiting(credit).filter(automatic=automatic, state__in=open_states)
    own = rows.filter(_about(statement)).distinct().order_by("pk").first()
    if own is not None or automatic:
        return own
    return rows.filter(statement=None, incident__reference__in=_incidents(credit)).order_by("pk").first()


def _waiting(credit: ServiceCredit) -> QuerySet[Claim]:
    contract = credit.revision.statement.agreement.contract
    found: QuerySet[Claim] = Claim.objects.filter(
        contract=contract, currency=credit.currency, settled_finally=False
    )
    return found


def _incidents(credit: ServiceCredit) -> list[str]:
    """Return the references of the incidents behind a credit's line, of all lines where it names none."""
    lines = StatementLine.objects.filter(revision=credit.revision)
    if credit.line_number is not None:
        lines = lines.filter(number=credit.line_number)
    return sorted({name for names in lines.values_list("incidents", flat=True) for name in names})


def _claim_from(credit: ServiceCredit, *, by: User, now: datetime) -> Claim:
    revision = credit.revision
    statement = revision.statement
    automatic = revision.automatic
    claim = _born(
        statement.agreement.contract,
        state=ClaimState.ACCEPTED if automatic else ClaimState.ENTITLED,
        currency=credit.currency,
        statement=statement,
        automatic=automatic,
        # Without a date in the clause, the next invoice is where it is looked for.
        expected_invoice=f"{statement.last_on + timedelta(days=1):%Y-%m}" if automatic else "",
        by=by,
        why=f"Finalised: {revision}.",
        now=now,
    )
    if automatic:
        refresh_answers(claim, now=now)
    return claim


def _locked(contract: Contract) -> Contract:
    """Hold the contract, so that two claims of it never get one number."""
    Contract.objects.select_for_update(no_key=True).get(pk=contract.pk)
    return contract


def _born(
    contract: Contract,
    *,
    state: ClaimState,
    currency: str,
    by: User,
    why: str,
    now: datetime,
    statement: Statement | None = None,
    incident: Incident | None = None,
    automatic: bool = False,
    expected_invoice: str = "",
) -> Claim:
    claim = Claim(
        reference=next_reference(contract),
        contract=contract,
        account=contract.account,
        statement=statement,
        incident=incident,
        currency=currency or contract.currency,
        state=state.value,
        automatic=automatic,
        expected_invoice=expected_invoice,
        opened_at=now,
        opened_by=by,
    )
    claim.full_clean()
    claim.save()
    write_birth(claim, by=by, why=why, now=now)
    return claim


def write_birth(claim: Claim, *, by: User, why: str, now: datetime, amount_minor: int | None = None) -> None:
    """Write the first move of a claim; `amount_minor` is what the vendor accepted of it before."""
    move = ClaimMove(
        claim=claim,
        old_state="",
        new_state=claim.state,
        amount_minor=amount_minor,
        happened_at=now,
        recorded_at=now,
        by=by,
        why=why,
    )
    move.save()
    announce_move(move, now=now)


def next_reference(contract: Contract) -> str:
    """Return the next claim number of a contract, such as MSA-2019-014-C001; hold the contract first."""
    prefix = f"{contract.reference}-C"
    numbers = _numbers(contract.claims.order_by().values_list("reference", flat=True), prefix=prefix)
    return f"{prefix}{max(numbers, default=0) + 1:03d}"


def _numbers(references: Iterable[str], *, prefix: str) -> list[int]:
    tails = [text.removeprefix(prefix) for text in references if text.startswith(prefix)]
    return [int(tail) for tail in tails if tail.isascii() and tail.isdigit()]
