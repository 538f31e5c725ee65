"""What every admin page of the register shares: visibility, a reason for each change, services that write."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.models import _get_foreign_key
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextInputWidget

from vendors.admin.approvals.showing import did_on, do_or_ask, guarded_words, tell_asked
from vendors.admin.seen import Children, refuse_overtaken, state_of
from vendors.models import Tracked
from vendors.services import Links, remove_record, save_record
from vendors.services.approvals import SecondPersonNeeded, ask

FIRST_ENTRY = "First entry"
SEEN, SHOWN = "seen", "state_shown"
KEY = re.compile(r"[0-9]{1,18}")


def signed_in(request: HttpRequest) -> User:
    """Return the person at the screen; admin pages are for signed-in people only."""
    return cast(User, request.user)


class RecordForm(forms.ModelForm):
    """A form of one record that asks why it changes."""

    reason = forms.CharField(
        label="Why this change",
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text="One sentence; it is kept in the history with your name.",
    )
    # Which state the page showed. A program that posts without having opened it sends none.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    # What stands on the page beside the record, and the state in which all of it was read.
    children: ClassVar[tuple[Children, ...]] = ()
    shown: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and "reason" in self.fields:
            self.fields["reason"].initial = FIRST_ENTRY
        if SEEN in self.fields:
            self.fields[SEEN].initial = self.shown

    def clean(self) -> dict[str, Any] | None:
        """Refuse to put back what somebody changed since the page was opened."""
        cleaned = super().clean()
        seen = self.cleaned_data.get(SEEN)
        if self.instance.pk is not None and seen:
            refuse_overtaken(self.instance, children=self.children, shown=seen)
        return cleaned

    def links(self) -> Links:
        """Return the chosen rows of the many-to-many fields, by field name."""
        names = {field.name for field in self.instance._meta.many_to_many}
        return {name: self.cleaned_data[name] for name in names & self.cleaned_data.keys()}


class _KeysOnly:
    """Look up what was chosen only where it is a key: Django's own fails on other text."""

    def optgroups(self, name: str, value: Sequence[Any], attr: Any = None) -> Any:
        """Return the options that stand for keys."""
        keys = [key for key in value if KEY.fullmatch(str(key))]
        return super().optgroups(name, keys, attr)  # type: ignore[misc]


class SearchedSelect(_KeysOnly, AutocompleteSelect):
    """A reference that is found by typing."""


class SearchedSelectMultiple(_KeysOnly, AutocompleteSelectMultiple):
    """Several references that are found by typing."""


class ChosenRecords(forms.ModelMultipleChoiceField):
    """Several references; what cannot be a key is refused before the database is asked."""

    def clean(self, value: Any) -> Any:
        """Return the chosen rows; raise ValidationError for anything that is no key."""
        odd = next((key for key in value or () if not KEY.fullmatch(str(key))), None)
        if odd is not None:
            message = self.error_messages["invalid_pk_value"]
            raise ValidationError(message, code="invalid_pk_value", params={"pk": str(odd)[:40]})
        return super().clean(value)


class _Visible:
    """Offer and accept only rows that the reader may see."""

    # Field -> what stands in its place on a page that only shows: an amount with its currency.
    to_read: Mapping[str, str] = {}

    def is_typed_in(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say whether the person may enter or change anything here."""
        raise NotImplementedError

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show amounts as people read them, where nothing is typed."""
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if not self.to_read or self.is_typed_in(request, obj):
            return fieldsets
        return [(title, {**parts, "fields": self._read(parts["fields"])}) for title, parts in fieldsets]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what only shows, amounts as they are read among it."""
        return [*super().get_readonly_fields(request, obj), *self.to_read.values()]  # type: ignore[misc]

    def _read(self, fields: Iterable[Any]) -> list[Any]:
        return [
            self.to_read.get(each, each) if isinstance(each, str) else tuple(self._read(each))
            for each in fields
        ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Narrow the choices of a reference to what the reader may see."""
        kwargs.setdefault("queryset", self._choices(db_field, request=request))
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", SearchedSelect(db_field, self.admin_site))  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Narrow the choices of a many-to-many field to what the reader may see."""
        kwargs.setdefault("queryset", self._choices(db_field, request=request))
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            widget = SearchedSelectMultiple(db_field, self.admin_site)  # type: ignore[attr-defined]
            kwargs.setdefault("widget", widget)
        kwargs.setdefault("form_class", ChosenRecords)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def _choices(self, field: Any, *, request: HttpRequest) -> Any:
        rows = field.related_model._default_manager.all()
        if field.name == getattr(field.model, "visible_through", "") == "entity":
            # Of every company one may know the name; a row of its books is made by who reads them.
            return rows.read_by(request.user)
        return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows


class SeenFilter(admin.RelatedFieldListFilter):
    """A filter by a related record; it offers those that the reader may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return key and name of each."""
        rows = field.related_model._default_manager.all()
        if not hasattr(rows, "visible_to"):
            return super().field_choices(field, request, model_admin)
        ordering = self.field_admin_ordering(field, request, model_admin)
        seen = {"pk__in": rows.visible_to(request.user).values("pk")}
        return field.get_choices(include_blank=False, ordering=ordering, limit_choices_to=seen)


admin.FieldListFilter.register(lambda field: bool(field.remote_field), SeenFilter, take_priority=True)


class RecordFormSet(PaginationInlineFormSet):
    """Child rows of one page; no two may agree in the fields of `once`."""

    once: tuple[str, ...] = ()
    repeated = ""

    def clean(self) -> None:
        """Refuse repeated rows here, where the typed values are still on the page.

        Django compares the rows of a page only for constraints without a condition.
        """
        super().clean()
        seen: set[tuple[Any, ...]] = set()
        for form in self.forms:
            values = getattr(form, "cleaned_data", None)
            if not self.once or not values or values.get("DELETE"):
                continue
            key = tuple(values.get(name) for name in self.once)
            if key in seen:
                raise ValidationError(self.repeated)
            seen.add(key)


class RecordInline(_Visible, TabularInline):
    """Child rows; they share the reason of the page they stand on."""

    formset = RecordFormSet
    extra = 0
    tab = True

    def is_typed_in(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say whether the person may change a row, or enter one."""
        return bool(self.has_change_permission(request, obj) or self.has_add_permission(request, obj))


class RecordAdmin(_Visible, SimpleHistoryAdmin, ModelAdmin):
    """Pages of one kind of record. Subclass and register again to add panels."""

    form = RecordForm
    list_filter_submit = True
    list_per_page = 50
    list_fullwidth = True
    warn_unsaved_form = True
    show_full_result_count = False

    def is_typed_in(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say whether the person may change the record, or enter one."""
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the rows that the reader may see."""
        return super().get_queryset(request).visible_to(request.user)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for the reason last, where something can be changed."""
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self.is_typed_in(request, obj):
            return fieldsets
        shown = [self.model, *(inline.model for inline in self.inlines)]
        why = guarded_words(request, models=shown, row=obj or self.model())
        return [*fieldsets, (None, {"fields": ("reason", SEEN), "description": why})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Tell the form what its page shows."""
        built = super().get_form(request, obj, change=change, **kwargs)
        built.children, built.shown = self._children, getattr(request, SHOWN, "")
        return built

    @cached_property
    def _children(self) -> tuple[Children, ...]:
        kinds = ((inline.model, inline.fk_name) for inline in self.inlines)
        return tuple(
            Children(model, _get_foreign_key(self.model, model, fk_name=name).attname)
            for model, name in kinds
            if issubclass(model, Tracked)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: money and evidence hang on records, so they are ended or archived."""
        return False

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return the record as it was typed, and note whether anything of it changes."""
        did_on(request).done += bool(set(form.changed_data) - {"reason"})
        return super().save_form(request, form, change)

    def message_user(
        self,
        request: HttpRequest,
        message: Any,
        level: Any = messages.INFO,
        extra_tags: str = "",
        fail_silently: bool = False,
    ) -> None:
        """Say it; but no success where nothing was done and all of it waits for a second person."""
        did = did_on(request)
        if level == messages.SUCCESS and did.asked and not did.done:
            return
        super().message_user(request, message, level, extra_tags, fail_silently)

    def save_model(self, request: HttpRequest, obj: Tracked, form: Any, change: bool) -> None:
        """Save the record and its links through the service."""
        save_record(obj, by=signed_in(request), reason=form.cleaned_data["reason"], links=form.links())

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        """Save the child rows; the links were saved with the record."""
        for formset in formsets:
            self.save_formset(request, form, formset, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save and remove child rows through the services."""
        by, reason = signed_in(request), form.cleaned_data["reason"]
        rows = formset.save(commit=False)
        for row in formset.deleted_objects:
            do_or_ask(request, partial(remove_record, row, by=by, reason=reason))
        for row in rows:
            do_or_ask(request, partial(save_record, row, by=by, reason=reason))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show what a service refused at the last moment, and ask where it needs a second person."""
        if request.method == "GET" and object_id is not None and KEY.fullmatch(object_id):
            # Before anything is read: what comes between is refused too often rather than put back.
            setattr(request, SHOWN, state_of(self.model, int(object_id), children=self._children))
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except SecondPersonNeeded as needed:
            return self._asked(request, needed)
        except ValidationError as error:
            for text in error.messages:
                messages.error(request, text)
            return HttpResponseRedirect(request.get_full_path())

    def _asked(self, request: HttpRequest, needed: SecondPersonNeeded) -> HttpResponse:
        """Ask for a second person; nothing of the page was saved."""
        try:
            tell_asked(request, ask(needed, now=timezone.now()))
        except ValidationError as error:
            for text in error.messages:
                messages.error(request, text)
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show the history of a record that the reader may see."""
        self._require_visible(request, object_id=object_id)
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show a past version, to read only: going back is a change of its own, with a reason."""
        self._require_visible(request, object_id=object_id)
        if request.method == "POST":
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, extra_context)

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        """Offer no way to overwrite a record with its past."""
        return True

    def _require_visible(self, request: HttpRequest, *, object_id: str) -> None:
        if self.get_object(request, object_id) is None:
            raise Http404
