"""The list of claims: what each asks for, what came of it, and the next date."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, Case, DateField, DateTimeField, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display

from sla.admin.claims.acts import act_page, finish_act
from sla.admin.claims.desk import desk_page
from sla.admin.claims.letters import letter_file, letter_page
from sla.admin.claims.opening import open_page
from sla.admin.claims.page import claim_page
from sla.admin.looking import LookedAtAdmin, NumberSearch, VendorOfContractFilter, figure, over
from sla.engine.claims.moves import OPEN, UNSENT, ClaimState
from sla.models import Claim, ClaimPart, ClaimToDo, CreditMatch, RegisterEntry
from sla.services.claims.balances import accepted_of, over_credited
from vendors.models import money_text

TONES = {
    ClaimState.PROTECTIVE: "info",
    ClaimState.ENTITLED: "warning",
    ClaimState.SUBMITTED: "info",
    ClaimState.ACCEPTED: "info",
    ClaimState.PARTLY_ACCEPTED: "warning",
    ClaimState.REJECTED: "danger",
    ClaimState.CONTESTED: "warning",
    ClaimState.CREDITED: "success",
    ClaimState.LAPSED: "danger",
}
ACCEPTING = [ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED]


class StateFilter(admin.SimpleListFilter):
    """Where a claim stands; open ones first."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all open states together, then each state."""
        return [("open", "All that are open"), *Claim._meta.get_field("state").flatchoices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the claims in the state."""
        if self.value() == "open":
            return queryset.filter(state__in=OPEN)
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(Claim)
class ClaimAdmin(NumberSearch, LookedAtAdmin):
    """The claims; each page shows one claim and the acts on it."""

    list_display = [
        "shown_reference",
        "shown_state",
        "shown_asked",
        "shown_accepted",
        "shown_received",
        "shown_open",
        "shown_next",
    ]
    empty_hint = (
        "Finalising a statement with a credit due opens its claim; others are opened from an incident."
    )
    list_filter = [StateFilter, VendorOfContractFilter, "currency", "automatic"]
    list_select_related = ["contract__vendor"]
    numbered = "statement__"
    search_fields = [
        "reference",
        "vendor_reference",
        "expected_invoice",
        "contract__reference",
        "contract__vendor__name",
        "statement__period",
        "incident__reference",
    ]
    date_hierarchy = "opened_at"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the claims that the reader may see, each with its sums, in one query."""
        return with_sums(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        """Add the desk, the acts and the letters."""
        wrap, row = self.admin_site.admin_view, "<int:pk>/"
        return [
            path("desk/", wrap(self.desk), name="sla_claims_desk"),
            path("open/", wrap(self.open), name="sla_claim_open"),
            path(f"{row}act/<slug:code>/", wrap(self.act), name="sla_claim_act"),
            path(f"{row}done/<int:step>/", wrap(self.finish), name="sla_claim_step"),
            path(f"{row}letter/", wrap(self.letter), name="sla_claim_letter"),
            path(f"{row}letter/<int:letter>/", wrap(self.file), name="sla_claim_letter_file"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one claim."""
        claim = self.get_object(request, object_id)
        if claim is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, claim):
            raise PermissionDenied
        return claim_page(request, claim, base=self._base(request))

    def desk(self, request: HttpRequest) -> HttpResponse:
        """Show what is to be done about all claims."""
        self._require_view(request)
        return desk_page(request, base=self._base(request))

    def open(self, request: HttpRequest) -> HttpResponse:
        """Open a claim before its amount is known."""
        self._require_view(request)
        return open_page(request, base=self._base(request))

    def act(self, request: HttpRequest, pk: int, code: str) -> HttpResponse:
        """Ask for one act, and do it."""
        return act_page(request, self._changeable(request, pk), code=code, base=self._base(request))

    def finish(self, request: HttpRequest, pk: int, step: int) -> HttpResponse:
        """Note that a dated step is done."""
        return finish_act(request, self._changeable(request, pk), step=step)

    def letter(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the letter as it would be made now, or make it."""
        return letter_page(request, self._seen(request, pk), base=self._base(request))

    def file(self, request: HttpRequest, pk: int, letter: int) -> HttpResponse:
        """Send a letter as PDF."""
        return letter_file(self._seen(request, pk), letter=letter)

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _seen(self, request: HttpRequest, pk: int) -> Claim:
        self._require_view(request)
        claim: Claim | None = self.get_queryset(request).filter(pk=pk).first()
        if claim is None:
            raise Http404("There is no such claim, or you may not see it.")
        return claim

    def _changeable(self, request: HttpRequest, pk: int) -> Claim:
        claim = self._seen(request, pk)
        if not request.user.has_perm("sla.change_claim"):
            raise PermissionDenied
        return claim

    def _base(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "has_view_permission": True}

    @display(description="Claim", ordering="reference")
    def shown_reference(self, obj: Claim) -> str:
        """Return its reference, which begins with the contract's, and the vendor."""
        return over(figure(obj.reference), obj.contract.vendor.name)

    @display(description="State", ordering="state", label={str(k.value): v for k, v in TONES.items()})
    def shown_state(self, obj: Claim) -> tuple[str, str]:
        """Return where it stands."""
        return obj.state, obj.get_state_display()

    @display(description="Asked", ordering="asked_minor")
    def shown_asked(self, obj: Any) -> str:
        """Return what it asks for."""
        if obj.state == ClaimState.PROTECTIVE and not obj.asked_minor:
            return "not known yet"
        return figure(money_text(obj.asked_minor, currency=obj.currency))

    @display(description="Accepted")
    def shown_accepted(self, obj: Any) -> str:
        """Return what the vendor accepted last."""
        moves = sorted(obj.moves.all(), key=lambda move: move.pk)
        if not any(move.new_state in ACCEPTING for move in moves):
            return ""
        return figure(money_text(accepted_of(moves, asked=obj.asked_minor), currency=obj.currency))

    @display(description="Received", ordering="received_minor")
    def shown_received(self, obj: Any) -> str:
        """Return what came."""
        return figure(money_text(obj.received_minor, currency=obj.currency)) if obj.received_minor else ""

    @display(description="Open", ordering="open_minor")
    def shown_open(self, obj: Any) -> str:
        """Return what is still owed, or what came too much."""
        if obj.open_minor < 0:
            return over_credited(obj.open_minor, currency=obj.currency)
        return figure(money_text(obj.open_minor, currency=obj.currency)) if obj.open_minor else ""

    @display(description="Next date", ordering="next_until", label={"late": "danger", "later": ""})
    def shown_next(self, obj: Any) -> Any:
        """Return the first date on which somebody has to act (UTC)."""
        if obj.next_on is None:
            return ""
        late = obj.next_until <= timezone.now()
        return ("late", f"{obj.next_on} overdue") if late else f"{obj.next_on}"


def with_sums(claims: Any) -> Any:
    """Add what claims ask for, what came, what is open, and their next date, in the same query."""
    whose = Q(claim=OuterRef("pk")) | Q(claim=None, statement=OuterRef("statement"))
    steps = ClaimToDo.objects.filter(whose, done_at=None, dropped_at=None).order_by("due_until")
    return claims.prefetch_related("moves").annotate(
        asked_minor=_sum(ClaimPart, "amount_minor"),
        received_minor=_sum(CreditMatch, "claim_minor"),
        open_minor=_sum(RegisterEntry, "amount_minor", unit=OuterRef("currency")),
        next_until=_next(steps, "due_until", kind=DateTimeField()),
        next_on=_next(steps, "due_on", kind=DateField()),
    )


def _next(steps: Any, column: str, *, kind: Any) -> Case:
    """Return the first date that still matters: of sending until it is sent, of receipt until an answer."""
    ours = Q(party=ClaimToDo.Party.OURS)
    sent = steps.exclude(ours & Q(what="claim"))
    heard = sent.exclude(ours & Q(what="receipt"))
    return Case(
        When(state__in=[*UNSENT], then=Subquery(steps.values(column)[:1])),
        When(state=ClaimState.SUBMITTED, received_minor=0, then=Subquery(sent.values(column)[:1])),
        When(
            state__in=[*OPEN - UNSENT - {ClaimState.CREDITED}],
            then=Subquery(heard.values(column)[:1]),
        ),
        default=None,
        output_field=kind,
    )


def _sum(model: Any, column: str, **kept: Any) -> Any:
    rows = model.objects.filter(claim=OuterRef("pk"), **kept).order_by().values("claim")
    summed = Subquery(rows.annotate(total=Sum(column)).values("total"))
    return Coalesce(summed, 0, output_field=BigIntegerField())
