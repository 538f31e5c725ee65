"""Who writes to whom: the parties of a contract, the desk that takes claims, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sla.engine.claims.moves import FINAL, ClaimState
from sla.engine.facts import Inputs
from sla.engine.money import Money
from sla.engine.results import Result
from sla.engine.terms import ClaimRule, Pays
from sla.models import Claim, ClaimToDo, ServiceCredit, Statement, StatementRevision
from sla.reports.figures import shown_credit
from sla.reports.sentences.wording import offset_words
from sla.reports.statement.dates import REMEDIES
from vendors.models import Contact, Contract

# What is asked for once the vendor has answered, or nothing is open any more.
ANSWERED = {
    ClaimState.ACCEPTED: "You have accepted this credit. Please put it on the account below.",
    ClaimState.PARTLY_ACCEPTED: "You have accepted a part of this credit. Please put that part on the account"
    " below; the amounts are those of the whole statement.",
    ClaimState.CREDITED: "What you accepted of this credit has come. Nothing more is asked for now.",
    **dict.fromkeys(FINAL, "The claim for this credit is closed. Nothing more is asked for."),
}


@dataclass(frozen=True, kw_only=True)
class Parties:
    """Whom a document is from and to, as it prints."""

    customer: str
    vendor: str
    contract: str
    contract_name: str
    account: str
    schedule: str
    desk: str  # the claims desk: name, address
    is_demo: bool


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What the vendor is asked for: complete in itself, so that page one can be acted on."""

    sentence: str
    rows: tuple[tuple[str, str], ...]


def parties_of(contract: Contract, *, schedule: str) -> Parties:
    """Return the parties of a contract; `schedule` is the name of the SLA schedule."""
    vendor = contract.vendor
    return Parties(
        customer=contract.entity.name,
        vendor=vendor.legal_name or vendor.name,
        contract=contract.reference,
        contract_name=contract.name,
        account=str(contract.account) if contract.account is not None else "",
        schedule=schedule,
        desk=desk_of(contract),
        is_demo=vendor.is_demo,
    )


def desk_of(contract: Contract) -> str:
    """Return the vendor's claims desk with its address, empty where none is recorded."""
    desks = contract.vendor.contacts.filter(role=Contact.Role.CLAIMS_DESK)
    return "; ".join(", ".join(filter(None, (desk.name, desk.email, desk.phone))) for desk in desks)


def claim_of(revision: StatementRevision) -> Claim | None:
    """Return the claim that asks for a revision's credits, else the newest of its statement."""
    credits = ServiceCredit.objects.filter(revision=revision)
    found = Claim.objects.filter(parts__credit__in=credits).order_by("-opened_at", "-pk").first()
    return found or newest_claim(revision.statement)


def newest_claim(statement: Statement) -> Claim | None:
    """Return the newest claim that was opened for a statement."""
    return Claim.objects.filter(statement=statement).order_by("-opened_at", "-pk").first()


def claim_rule(inputs: Inputs) -> ClaimRule | None:
    """Return the clause on claims that holds at the end of the period."""
    return inputs.versions[-1].claim if inputs.versions else None


def due_in_all(result: Result) -> tuple[str, ...]:
    """Return what is due in every unit that pays something, money first."""
    totals = sorted(result.credits.totals, key=lambda total: total.pays is not Pays.MONEY)
    found = [
        str(total.due) if total.due is not None else shown(total.due_exact, pays=total.pays, result=result)
        for total in totals
        if total.due_exact
    ]
    waived = [
        f"the fee {line.waives} not charged"
        for line in result.credits.lines
        if line.waives and line.due_exact
    ]
    return (*found, *waived)


def shown(exact: object, *, pays: Pays, result: Result) -> str:
    """Return an amount in its unit."""
    return shown_credit(exact, pays=pays, currency=result.currency)  # type: ignore[arg-type]


def ask_of(
    parties: Parties,
    *,
    result: Result,
    rule: ClaimRule | None,
    claim: Claim | None,
    number: str,
    prior: Money | None = None,
) -> Ask:
    """Return what page one asks for: amount before tax, account, reference, answer by when, to whom."""
    amount = total_due(result, prior=prior)
    if not due_in_all(result) and not (prior and prior.minor):
        return Ask(sentence="Nothing is asked for this period.", rows=())
    rows = [("Amount, before tax" if _pays_money(result, prior) else "Credit", amount)]
    if result.contested is not None and result.contested.minor:
        rows.append(("Of it agreed", str(result.agreed)))
        rows.append(("Of it contested", str(result.contested)))
    rows.append(
        ("Account to credit", _account(parties, claim=claim) or f"that of contract {parties.contract}")
    )
    rows.append(("Reference to quote", claim.reference if claim is not None else number))
    rows += [("Your reference", claim.vendor_reference)] if claim and claim.vendor_reference else []
    rows.append(("Answer by", answer_by(rule, claim=claim)))
    rows.append(
        ("To", parties.desk or (rule.channel if rule else "") or "the account manager of this contract")
    )
    return Ask(sentence=_sentence(rule, claim=claim), rows=tuple(rows))


def _account(parties: Parties, *, claim: Claim | None) -> str:
    own = str(claim.account) if claim is not None and claim.account is not None else parties.account
    return own or f"that of contract {parties.contract}"


def _pays_money(result: Result, prior: Money | None) -> bool:
    money = result.credits.money
    return bool(money and money.minor) or bool(prior and prior.minor)


def total_due(result: Result, *, prior: Money | None) -> str:
    """Return all that is due, with corrections of earlier periods, in every unit; no money where nothing."""
    nothing = str(Money(0, result.currency))
    return _with_prior(result, prior=prior) or " and ".join(due_in_all(result)) or nothing


def _with_prior(result: Result, *, prior: Money | None) -> str:
    if prior is None or not prior.minor:
        return ""
    money = result.credits.money
    total = Money(prior.minor + (money.minor if money else 0), prior.currency)
    others = due_in_all(result)[1 if money and money.minor else 0 :]
    return " and ".join([str(total), *others])


def _sentence(rule: ClaimRule | None, *, claim: Claim | None) -> str:
    if claim is not None and (said := ANSWERED.get(ClaimState(claim.state))):
        return said
    if (rule is not None and rule.automatic) or (claim is not None and claim.automatic):
        return "The contract gives this credit without a request. Please put it on the account below."
    return "Please confirm the credit and put it on the account below."


def answer_by(rule: ClaimRule | None, *, claim: Claim | None) -> str:
    """Return until when the vendor answers: the date once the claim was sent, else the clause's words."""
    due = answer_due(claim)
    if due is not None:
        return f"{due:%Y-%m-%d}"
    if rule is None or rule.decide_within is None:
        return "the contract states no date"
    return offset_words(rule.decide_within)


def answer_due(claim: Claim | None) -> date | None:
    """Return the first date by which the vendor owes something on a claim, None before it was sent."""
    if claim is None:
        return None
    owed = claim.todos.filter(party=ClaimToDo.Party.VENDORS, done_at=None, dropped_at=None)
    first = owed.order_by("due_until").first()
    return first.due_on if first is not None else None


def remedy_words(rule: ClaimRule | None) -> str:
    """Return the clause's position on other remedies, empty where it states none."""
    return "" if rule is None else REMEDIES.get(rule.remedy.value, "")
