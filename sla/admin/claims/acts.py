"""What may be done with a claim: one page with a small form for each allowed act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.acts import refuse, tell
from sla.admin.claims.forms import (
    AmountForm,
    AnswerForm,
    CloseForm,
    MoveForm,
    ReceiptForm,
    SplitForm,
    SubmitForm,
    WriteOffForm,
)
from sla.engine.claims.moves import MOVES, UNSENT, ClaimState
from sla.models import Claim
from sla.services import claims
from sla.services.deadlines import steps_of
from vendors.admin import do_or_ask, second_person, signed_in
from vendors.models import zone_of

_S = ClaimState
Run = Callable[[Claim, dict[str, Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Act:
    """One button of a claim's page: allowed where the claim may become one of `into`."""

    code: str
    label: str
    text: str
    form: type[MoveForm]
    run: Run
    done: str
    into: tuple[ClaimState, ...] = ()
    states: tuple[ClaimState, ...] = ()
    only: Callable[[Claim], bool] = lambda claim: True
    usual: bool = False  # what comes next in the ordinary course
    seconded: str = ""  # the act for which a second person is needed
    weighs: Callable[[Claim], bool] = lambda claim: True  # whether it is, for this claim

    def is_allowed(self, claim: Claim) -> bool:
        """Say whether the claim's state allows it."""
        state = ClaimState(claim.state)
        return (state in self.states or bool(MOVES[state].intersection(self.into))) and self.only(claim)


def _waits_for_receipt(claim: Claim) -> bool:
    return claim.submitted_at is None and claim.moves.exclude(sent_at=None).exists()


def _answers(claim: Claim) -> bool:
    # A credited claim goes back to accepted by taking a receipt back, not by an answer.
    return claim.state != _S.CREDITED


def _has_contested_part(claim: Claim) -> bool:
    if claim.state == _S.CREDITED:
        return False
    parts = claim.parts.filter(amount_minor__gt=0)
    argued = Q(credit__agreed_minor__lt=F("amount_minor"), credit__agreed_minor__gt=0)
    return parts.filter(argued).exists() or claim.answers.exclude(amount_minor=None).exists()


ACTS: tuple[Act, ...] = (
    Act(
        code="submit",
        label="Record that it was sent",
        text="The vendor's own dates run from then on. Make the letter first: it is kept as it was sent.",
        form=SubmitForm,
        run=lambda claim, asked: claims.submit_claim(claim, **asked),
        done="The claim is with the vendor.",
        into=(_S.SUBMITTED,),
        usual=True,
    ),
    Act(
        code="receipt",
        label="Confirm the receipt",
        text="When the vendor had the claim: dates that hang on its receipt are counted from there.",
        form=ReceiptForm,
        run=lambda claim, asked: claims.confirm_receipt(claim, **asked),
        done="The receipt is recorded.",
        states=(_S.SUBMITTED, _S.CONTESTED),
        only=_waits_for_receipt,
        usual=True,
    ),
    Act(
        code="answer",
        label="Record the vendor's answer",
        text="What it says of the whole claim. Its answers to single lines are kept on the statement.",
        form=AnswerForm,
        run=lambda claim, asked: claims.answer_claim(claim, **asked),
        done="The answer is recorded.",
        into=(_S.ACCEPTED, _S.PARTLY_ACCEPTED, _S.REJECTED),
        only=_answers,
        usual=True,
    ),
    Act(
        code="contest",
        label="Contest the answer",
        text="The claim stays open, and the vendor is asked again.",
        form=MoveForm,
        run=lambda claim, asked: claims.contest_claim(claim, **asked),
        done="The answer is contested.",
        into=(_S.CONTESTED,),
    ),
    Act(
        code="settle",
        label="Settle the agreed part",
        text=(
            "What the vendor agrees to, line by line, goes ahead as accepted; what is contested moves to a"
            " claim of its own."
        ),
        form=MoveForm,
        run=lambda claim, asked: claims.settle_agreed_part(claim, **asked),
        done="The agreed part is accepted.",
        into=(_S.ACCEPTED,),
        only=_has_contested_part,
    ),
    Act(
        code="split",
        label="Split the claim",
        text="Parts move to a new claim, for example what is contested, so that the rest can be settled.",
        form=SplitForm,
        run=lambda claim, asked: claims.split_claim(claim, **asked),
        done="The parts moved to a claim of their own.",
        states=(_S.ENTITLED, _S.SUBMITTED, _S.PARTLY_ACCEPTED, _S.REJECTED, _S.CONTESTED),
    ),
    Act(
        code="write-off",
        label="Write off",
        text="What will not come any more. It stays in the register as written off, with your reason.",
        form=WriteOffForm,
        run=lambda claim, asked: claims.write_off(claim, **asked),
        done="Written off.",
        seconded="write_off",
        states=(_S.SUBMITTED, _S.ACCEPTED, _S.PARTLY_ACCEPTED, _S.REJECTED, _S.CONTESTED),
    ),
    Act(
        code="drop",
        label="Not pursue",
        text="We could ask for it, and decide not to.",
        form=AmountForm,
        run=lambda claim, asked: claims.drop_claim(claim, **asked),
        done="The claim is not pursued.",
        seconded="drop_claim",
        into=(_S.NOT_PURSUED,),
    ),
    Act(
        code="lapse",
        label="Close as lapsed",
        text="Only after the last reading of the deadline has passed without a claim. It is reported.",
        form=MoveForm,
        run=lambda claim, asked: claims.lapse_claim(claim, **asked),
        done="The claim is closed as lapsed, never claimed.",
        into=(_S.LAPSED,),
    ),
    Act(
        code="close",
        label="Close",
        text="Nothing more is expected from anybody. What the vendor did not accept is taken off.",
        form=CloseForm,
        run=lambda claim, asked: claims.close_claim(claim, **asked),
        done="The claim is closed.",
        seconded="close_claim",
        weighs=claims.is_owed,
        into=(_S.CLOSED,),
    ),
)
BY_CODE = {act.code: act for act in ACTS}


def acts_of(claim: Claim) -> list[dict[str, Any]]:
    """Return the buttons of a claim's page, what comes next in the ordinary course first."""
    # A vendor seldom answers what was not sent: then the answer is no usual next step.
    unsent = claim.state in UNSENT
    return [
        {
            "act": act,
            "url": act_url(claim, code=act.code),
            "primary": act.usual and not (unsent and act.code == "answer"),
        }
        for act in ACTS
        if act.is_allowed(claim)
    ]


def act_url(claim: Claim, *, code: str) -> str:
    """Return the address of one act on a claim."""
    return reverse("admin:sla_claim_act", args=[claim.pk, code])


def act_page(request: HttpRequest, claim: Claim, *, code: str, base: Mapping[str, Any]) -> HttpResponse:
    """Ask for one act in the contract's zone, and do it; what is refused changes nothing."""
    act, zone = BY_CODE.get(code), claim.contract.zone
    if act is None:
        raise Http404("A claim knows no such act.")
    if not act.is_allowed(claim):
        state = claim.get_state_display().lower()
        messages.error(request, f"{act.label}: not possible while claim {claim} is {state}.")
        return HttpResponseRedirect(_claim_url(claim))
    with timezone.override(zone_of(zone)):
        form = _form(request, act, claim=claim, zone=zone)
        if request.method == "POST" and form.is_valid():
            done = _do(request, act, claim=claim, form=form)
            if done is not None:
                return done
        context = {
            **base,
            "title": f"{act.label}: {claim.reference}",
            "text": act.text,
            "form": form,
            "back_url": _claim_url(claim),
            "save_label": act.label,
            "second": second_person(request, act.seconded, subject=claim, asks=act.weighs(claim))
            if act.seconded
            else {},
        }
        return TemplateResponse(request, "sla/act_form.html", context).render()


def _form(request: HttpRequest, act: Act, *, claim: Claim, zone: str) -> MoveForm:
    options: dict[str, Any] = {}
    if issubclass(act.form, SplitForm):
        options = {"parts": claims.held_parts(claim)}
    return act.form(request.POST or None, claim=claim, zone=zone, **options)


def _do(request: HttpRequest, act: Act, *, claim: Claim, form: MoveForm) -> HttpResponse | None:
    now: datetime = timezone.now()
    try:
        asked = {**form.asked(), "by": signed_in(request), "now": now}
        made = do_or_ask(request, lambda: act.run(claim, asked))
    except ValidationError as error:
        refuse(form, error)
        return None
    if made is not None:
        messages.success(request, act.done)
    return HttpResponseRedirect(
        _claim_url(made if isinstance(made, Claim) and made.pk != claim.pk else claim)
    )


def finish_act(request: HttpRequest, claim: Claim, *, step: int) -> HttpResponse:
    """Note how a dated step of a claim, or of its statement, was done."""
    row = steps_of(claim).filter(pk=step).first()
    if row is None:
        raise Http404("This claim has no such step.")
    if request.method == "POST":
        note = request.POST.get("note", "")
        try:
            claims.finish_todo(row, by=signed_in(request), note=note, now=timezone.now())
            messages.success(request, "Noted as done.")
        except ValidationError as error:
            tell(request, error)
    return HttpResponseRedirect(f"{_claim_url(claim)}#steps")


def _claim_url(claim: Claim) -> str:
    return reverse("admin:sla_claim_change", args=[claim.pk])
