"""Messages: what left, what waits, and what a person has to decide because nobody else can."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from sla.admin.acts import refuse
from sla.admin.looking import LookedAtAdmin, VendorFilter, figure, over
from sla.admin.statements import as_file
from sla.models import OutboxFile, OutboxMessage
from sla.services.outbox import stuck
from sla.services.outbox.stuck import ACTS
from vendors.admin import signed_in

State = OutboxMessage.State
TONES = {
    "waiting": "info",
    "sending": "info",
    "sent": "success",
    "in_doubt": "danger",
    "given_up": "danger",
    "cancelled": "warning",
}
TAGS = {"info": "", "success": "good", "danger": "bad", "warning": "warn"}


@dataclass(frozen=True, kw_only=True)
class Act:
    """One button of a message's page."""

    code: str
    label: str
    text: str
    into: OutboxMessage.State
    run: Callable[..., OutboxMessage]
    done: str
    old: frozenset[OutboxMessage.State] | None = None

    def fits(self, message: OutboxMessage) -> bool:
        """Say whether it may be done about a message as it stands."""
        return message.state in (ACTS[self.into] if self.old is None else self.old)


DOES = {
    act.code: act
    for act in (
        Act(
            code="again",
            label="Send it again",
            text="It leaves once more, with the same Message-ID: mail programs recognise one that they have.",
            into=State.WAITING,
            run=stuck.send_again,
            done="It leaves again within a minute.",
        ),
        Act(
            code="now",
            label="Try now",
            text="It is handed to its server at once, and not only at its next try.",
            into=State.WAITING,
            old=stuck.WAITS,
            run=stuck.try_now,
            done="It is tried within a minute.",
        ),
        Act(
            code="arrived",
            label="It did arrive",
            text="The reader has it. Nothing is sent.",
            into=State.SENT,
            run=stuck.note_arrived,
            done="Noted as sent.",
        ),
        Act(
            code="cancel",
            label="Do not send it",
            text="It never leaves. It stays on this list with your reason.",
            into=State.CANCELLED,
            run=stuck.cancel,
            done="It will not be sent.",
        ),
    )
}


class WhyForm(forms.Form):
    """Why a person decides about a message."""

    why = forms.CharField(label="Why", max_length=500, help_text="It is kept with your name.")


class StuckFilter(admin.SimpleListFilter):
    """Those that a person has to decide about."""

    title = "stuck"
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the one choice."""
        return [("1", "In doubt or given up")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep what nobody knows to have arrived."""
        return queryset.unsettled() if self.value() else queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(LookedAtAdmin):
    """The messages; each page shows one as its reader sees it."""

    empty_hint = "Summaries and warnings stand here from the moment they are written."
    list_display = ["shown_subject", "shown_state", "shown_reader", "shown_times"]
    list_filter = [StuckFilter, "state", "channel", VendorFilter]
    search_fields = ["subject", "address", "name", "message_id", "key"]
    list_select_related = ["vendor", "reader"]
    ordering = ["-created_at", "-pk"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the messages that the reader may see, without their pages."""
        return super().get_queryset(request).defer("html", "text")

    def get_urls(self) -> list[URLPattern]:
        """Add the page as its reader sees it, the files, and the acts on what is stuck."""
        wrap, row = self.admin_site.admin_view, "<int:pk>/"
        return [
            path(f"{row}act/<slug:code>/", wrap(self.act), name="sla_message_act"),
            path(f"{row}file/<int:file>/", wrap(self.file), name="sla_message_file"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one message: how it stands, what it says, its files, and what was done about it."""
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            **self._base(request),
            "title": "Message",
            "message": row,
            "text": _readable(row),
            "tone": TAGS[TONES[row.state]],
            "files": row.files.annotate(is_gone=Q(content=None)).defer("content").order_by("pk"),
            "acts": self._acts(request, row),
            "history": row.acts.select_related("by"),
        }
        return TemplateResponse(request, "sla/running/message.html", context)

    def act(self, request: HttpRequest, pk: int, code: str) -> HttpResponse:
        """Ask why, then do what was chosen about a message."""
        row, act = self._seen(request, pk), DOES.get(code)
        if act is None:
            raise Http404("There is no such act on a message.")
        if not request.user.has_perm("sla.change_outboxmessage"):
            raise PermissionDenied
        back = reverse("admin:sla_outboxmessage_change", args=[row.pk])
        form = WhyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                act.run(row, by=signed_in(request), why=form.cleaned_data["why"], now=timezone.now())
                messages.success(request, act.done)
                return HttpResponseRedirect(back)
            except ValidationError as error:
                refuse(form, error)
        context = {
            **self._base(request),
            "title": f"{act.label}: {row}",
            "text": act.text,
            "form": form,
            "save_label": act.label,
            "back_url": back,
        }
        return TemplateResponse(request, "sla/act_form.html", context)

    def file(self, request: HttpRequest, pk: int, file: int) -> HttpResponse:
        """Hand out a file of a message."""
        found = OutboxFile.objects.filter(message=self._seen(request, pk), pk=file).first()
        if found is None or found.content is None:
            raise Http404("There is no such file, or it is dropped by now; its fingerprint stays.")
        return as_file(bytes(found.content), name=found.name)

    def _acts(self, request: HttpRequest, row: OutboxMessage) -> list[tuple[str, str]]:
        if not request.user.has_perm("sla.change_outboxmessage"):
            return []
        return [
            (act.label, reverse("admin:sla_message_act", args=[row.pk, act.code]))
            for act in DOES.values()
            if act.fits(row)
        ]

    def _seen(self, request: HttpRequest, pk: int) -> OutboxMessage:
        row: OutboxMessage | None = self.get_queryset(request).filter(pk=pk).first()
        if row is None or not self.has_view_permission(request, row):
            raise Http404("There is no such message, or you may not see it.")
        return row

    def _base(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "has_view_permission": True}

    @display(description="Subject", ordering="subject")
    def shown_subject(self, obj: OutboxMessage) -> str:
        """Return the subject, whose vendor it is about, and what went wrong."""
        return over(obj.subject, " · ".join(filter(None, [str(obj.vendor or ""), obj.error])))

    @display(description="State", ordering="state", label=TONES)
    def shown_state(self, obj: OutboxMessage) -> tuple[str, str]:
        """Return where it stands."""
        return obj.state, obj.get_state_display().partition(":")[0]

    @display(description="To", ordering="address")
    def shown_reader(self, obj: OutboxMessage) -> str:
        """Return who gets it."""
        return over(obj.name or obj.get_channel_display(), obj.address)

    @display(description="Written, sent (UTC)", ordering="created_at")
    def shown_times(self, obj: OutboxMessage) -> str:
        """Return when it was written and when it left."""
        sent = f"{obj.sent_at:%Y-%m-%d %H:%M}" if obj.sent_at else ""
        if obj.state == State.WAITING and obj.attempts:
            times = "once" if obj.attempts == 1 else f"{obj.attempts} times"
            sent = f"tried {times}, next {obj.next_at:%m-%d %H:%M}"
        return over(figure(f"{obj.created_at:%Y-%m-%d %H:%M}"), figure(sent))


def _readable(message: OutboxMessage) -> str:
    """Return what a message says; an event of a webhook with a line for each of its fields."""
    if message.channel != OutboxMessage.Channel.HOOK:
        return message.text
    return json.dumps(json.loads(message.text), ensure_ascii=False, indent=2)
