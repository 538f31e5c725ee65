"""Addresses of other systems: what each hears of, its secret once, a test, and how sending goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from incidents.services.web.asking import WebError
from sla.models import Event, WebhookState, WebhookTarget
from sla.models.webhooks import all_events
from sla.services.webhooks.addresses import check_address
from sla.services.webhooks.keeping import renew_secret, save_target, secret_to_show, send_test
from vendors.admin import RecordAdmin, RecordForm, signed_in

SHOWN = 20
TONES = {"works": "success", "fails": "danger", "off": "warning", "new": "info"}


class WebhookForm(RecordForm):
    """A target; its events are ticked."""

    events = forms.MultipleChoiceField(
        label="Hears of",
        choices=Event.choices,
        initial=all_events,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    def clean_url(self) -> str:
        """Return the address; raise ValidationError for one that is not sent to."""
        url = str(self.cleaned_data["url"])
        try:
            check_address(url)
        except WebError as error:
            raise ValidationError(str(error)) from error
        return url


@admin.register(WebhookTarget)
class WebhookTargetAdmin(RecordAdmin):
    """The webhooks."""

    form = WebhookForm
    change_form_template = "sla/webhooks/target.html"
    list_display = ["code", "url", "shown_scope", "shown_state"]
    list_select_related = ["entity", "vendor", "state"]
    search_fields = ["code", "url"]
    autocomplete_fields = ["vendor", "entity", "owner"]
    fieldsets = [
        (None, {"fields": (("code", "is_active"), "url", "events", ("entity", "vendor"), "owner")}),
    ]

    def get_urls(self) -> list[URLPattern]:
        """Add a test, and a new secret."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/test/", wrap(self.send_test), name="sla_webhook_test"),
            path("<int:pk>/secret/", wrap(self.renew), name="sla_webhook_secret"),
            *super().get_urls(),
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Name who makes it as the one who is told."""
        return {**super().get_changeform_initial_data(request), "owner": signed_in(request).pk}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save through the service, which makes the secret."""
        save_target(obj, by=signed_in(request), reason=form.cleaned_data["reason"])

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Show the secret, this once."""
        return self._shown_once(request, obj, secret=secret_to_show(obj))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show beside the fields how sending goes."""
        extra = dict(extra_context or {})
        target = self.get_object(request, object_id) if object_id else None
        if target is not None and request.method == "GET":
            rows = target.messages.defer("html").order_by("-pk")
            extra |= {
                "state": WebhookState.objects.filter(target=target).first(),
                "sent": rows[:SHOWN],
                "may_change": self.has_change_permission(request, target),
                "both_until": target.earlier_until
                if target.earlier_until and target.earlier_until > timezone.now()
                else None,
            }
        return super().changeform_view(request, object_id, form_url, extra)

    def send_test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write a test event."""
        target = self._changeable(request, pk)
        if request.method == "POST":
            try:
                send_test(target, by=signed_in(request), now=timezone.now())
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            else:
                messages.success(request, "A test is on its way. Look below in a moment.")
        return HttpResponseRedirect(self._page(target))

    def renew(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a new secret, and show it this once."""
        target = self._changeable(request, pk)
        if request.method != "POST":
            return HttpResponseRedirect(self._page(target))
        secret = renew_secret(target, by=signed_in(request), now=timezone.now())
        return self._shown_once(request, target, secret=secret)

    def _shown_once(self, request: HttpRequest, target: WebhookTarget, *, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "The secret, shown this once",
            "target": target,
            "secret": secret,
            "back_url": self._page(target),
        }
        return TemplateResponse(request, "sla/webhooks/secret.html", context)

    def _page(self, target: WebhookTarget) -> str:
        return reverse("admin:sla_webhooktarget_change", args=[target.pk])

    def _changeable(self, request: HttpRequest, pk: int) -> WebhookTarget:
        target: WebhookTarget | None = self.get_queryset(request).filter(pk=pk).first()
        if target is None:
            raise Http404(f"There is no webhook {pk} that you may see.")
        if not self.has_change_permission(request, target):
            raise PermissionDenied
        return target

    @display(description="About")
    def shown_scope(self, obj: WebhookTarget) -> str:
        """Return what it is about."""
        return " · ".join(str(each) for each in (obj.entity, obj.vendor) if each is not None) or "everything"

    @display(description="State", label=TONES)
    def shown_state(self, obj: WebhookTarget) -> tuple[str, str]:
        """Return how sending goes."""
        state = getattr(obj, "state", None)
        if not obj.is_active:
            return "off", "Switched off"
        if state is None:
            return "new", "Nothing sent yet"
        if state.failing_since is not None:
            return "fails", f"Fails since {state.failing_since:%Y-%m-%d}"
        return "works", "Works"
