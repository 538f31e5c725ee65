"""What the addresses of every kind of record share: who sees which rows, and how they are written."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar, cast

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404
from django.urls import reverse
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import AnonRateThrottle
from rest_framework.viewsets import GenericViewSet

from vendors.api.exports import Exports
from vendors.api.fields import MoneyField, key_of
from vendors.api.history import Histories
from vendors.api.keys import once
from vendors.api.paging import CURSOR, LIMIT, ORDERING, Pages
from vendors.api.serializers import (
    CheckedSerializer,
    Reason,
    RecordSerializer,
    RowSerializer,
    stated_reason,
)
from vendors.api.states import names, require_match, tag_of
from vendors.models import Tracked
from vendors.services import remove_record

FIELDS = "fields"
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag that you read. Of another state the change is refused with 412.",
)
REASON = OpenApiParameter("reason", str, required=True, description="Why; it is kept in the history.")


class Addresses(GenericViewSet):
    """What every address shares, whether or not rows stand behind it.

    A subclass names the `model` on which Django's permissions and the scopes of tokens are asked, or a
    `subject` of scopes where there is none.
    """

    model: type[Model] | None = None
    # Of a scope, where no model says it.
    subject = ""
    # Action -> what it does to records (view, add, change, delete); by default a POST of its own changes.
    acts: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # Action, or "read" -> the permission on other records that it needs instead.
    permissions: ClassVar[Mapping[str, str]] = {}
    # POSTs that move money or state: they need an idempotency key.
    keyed: ClassVar[frozenset[str]] = frozenset()
    # POSTs that store nothing: no transaction, no key.
    reading: ClassVar[frozenset[str]] = frozenset()

    @property
    def by(self) -> User:
        """Return who asks; nobody gets here without being known."""
        return cast(User, self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let each POST be done once."""
        super().initial(request, *args, **kwargs)
        action = getattr(self, "action", None)
        if request.method == "POST" and action and action not in self.reading:
            handler: Callable[..., Response] = getattr(self, "post")  # noqa: B009
            done = partial(handler, request, *args, **kwargs)
            keyed = action in self.keyed
            self.post = lambda *_, **__: once(request, required=keyed, act=done)

    def perform_authentication(self, request: Request) -> None:
        """Slow down whom nobody knows, before a token is looked at again."""
        try:
            stranger = not request.user.is_authenticated
        except exceptions.APIException:
            self._slow_down(request)
            raise
        if stranger:
            self._slow_down(request)

    def told(self, serializer_class: type[CheckedSerializer] = Reason) -> dict[str, Any]:
        """Return what an action was told; raise ValidationError."""
        asked = serializer_class(data=self.request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let no cache keep what is answered to one person."""
        answered = super().finalize_response(request, response, *args, **kwargs)
        answered.headers["Cache-Control"] = "no-store, private"
        return answered

    def _slow_down(self, request: Request) -> None:
        throttle = AnonRateThrottle()
        if not throttle.allow_request(request, self):
            self.throttled(request, throttle.wait() or 60)


class Rows(Exports, Histories, Addresses):
    """Rows to read: a list, one by its key with its history, and all of them as a file."""

    serializer_class: type[RowSerializer]
    pagination_class = Pages
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class: Any = None
    # Public name -> path; the look-up of a row in its address, in order.
    lookup_paths: ClassVar[Mapping[str, str]] = {"id": "pk"}
    # What may be ordered by: public name -> path.
    ordering_fields: ClassVar[Mapping[str, str]] = {}
    ordering = "pk"
    select: ClassVar[tuple[str, ...]] = ()
    prefetch: ClassVar[tuple[Any, ...]] = ()

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that the reader may see: here, and nowhere else."""
        if self.model is None:
            raise exceptions.NotFound
        rows: Any = self.model._default_manager.all()
        seen = rows.visible_to(self.request.user) if not self.described else rows.none()
        return self.with_related(seen)

    @property
    def described(self) -> bool:
        """Say whether the schema asks, for nobody in particular."""
        return getattr(self, "swagger_fake_view", False)

    def with_related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return rows with what they show of others, so that a list asks no more often than one row."""
        rows = rows.select_related(*self.select) if self.select else rows
        return rows.prefetch_related(*self.prefetch)

    def get_object(self) -> Any:
        """Return the row of the address; one that is hidden is missing."""
        return self.found(self.get_queryset())

    def found(self, rows: QuerySet[Any]) -> Any:
        """Return the row of the address among some rows."""
        look = {path: self.kwargs[name] for name, path in self.lookup_paths.items()}
        if any("\x00" in value for value in look.values()):
            raise Http404
        row = rows.filter(**look).first()
        if row is None:
            raise Http404
        return row

    @cached_property
    def field_names(self) -> dict[str, str]:
        """Return what the API calls a field of the model."""
        fields = self.plain().fields
        found = {field.source: name for name, field in fields.items() if field.source != "*"}
        for name, field in fields.items():
            if isinstance(field, MoneyField):
                found.setdefault(field.minor, name)
        return found

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow rows by what the address says; refuse a word in it that means nothing."""
        self._refuse_unknown()
        rows: QuerySet[Any] = super().filter_queryset(queryset)
        return rows

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        """Return the serializer, narrowed to the `fields` of the address where it reads."""
        if self.request is not None and self.request.method in ("GET", "HEAD"):
            kwargs.setdefault("only", self.wanted_fields())
        return super().get_serializer(*args, **kwargs)

    def wanted_fields(self) -> frozenset[str] | None:
        """Return which fields are asked for; None for all. Raises ValidationError for an unknown one."""
        asked = self.request.query_params.get(FIELDS)
        if asked is None:
            return None
        wanted = frozenset(asked.split(","))
        fields = self.plain().fields
        shown = [name for name, field in fields.items() if not field.write_only]
        unknown = sorted(wanted - set(shown))
        if unknown:
            raise exceptions.ValidationError(
                {
                    FIELDS: [
                        f"There is no field {', '.join(map(repr, unknown))[:200]}. Known: {', '.join(shown)}."
                    ]
                }
            )
        return wanted

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of the rows that you may see."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        serializer: Any = self.get_serializer(page, many=True)
        serializer.child.look_ahead(page)
        return self.get_paginated_response(serializer.data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one row, with the ETag of its state."""
        self._refuse_unknown(only=(FIELDS,))
        data = self.plain(self.get_object()).data
        tag = tag_of(data)
        if names(request.headers.get("If-None-Match", ""), tag=tag):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
        wanted = self.wanted_fields()
        shown = data if wanted is None else {name: data[name] for name in data if name in wanted}
        return Response(shown, headers={"ETag": tag})

    def tag(self, row: Any) -> str:
        """Return the ETag of a row, whichever fields are asked for."""
        return tag_of(self.plain(row).data)

    def plain(self, row: Any = None) -> Any:
        """Return the serializer with all its fields."""
        return self.serializer_class(row, context=self.get_serializer_context())

    def shown(self, row: Any, *, status: int = 200) -> Response:
        """Return a row as it is now, with its new ETag."""
        fresh = self.with_related(type(row)._default_manager.filter(pk=row.pk)).get()
        data = self.plain(fresh).data
        headers = {"ETag": tag_of(data)}
        if status == 201:
            headers["Location"] = self.address_of(fresh)
        return Response(data, status=status, headers=headers)

    def address_of(self, row: Any) -> str:
        """Return where a row is found."""
        return f"{reverse(f'{self.basename}-list')}/{key_of(row, by=tuple(self.lookup_paths.values()))}"

    def _refuse_unknown(self, *, only: tuple[str, ...] | None = None) -> None:
        known = set(only or (FIELDS, CURSOR, LIMIT, ORDERING))
        if only is None and self.filterset_class is not None:
            known |= set(self.filterset_class.base_filters)
        if self.action == "export":
            known = (known | {"format"}) - {CURSOR, LIMIT}
        unknown = sorted(set(self.request.query_params) - known)
        if unknown:
            told = f"Known here: {', '.join(sorted(known))}."
            raise exceptions.ValidationError(
                {name: [exceptions.ErrorDetail(told, code="unknown")] for name in unknown}
            )


class Records(Rows):
    """Rows that people and programs write, through the service of their kind."""

    serializer_class: type[RecordSerializer]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Enter a record."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self.shown(serializer.instance, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the named fields of a record, if it still is what you read."""
        with transaction.atomic():
            row = self.locked()
            serializer: Any = self.get_serializer(row, data=request.data, partial=True)
            stated_reason(request.data)
            serializer.is_valid(raise_exception=True)
            serializer.save()
            return self.shown(row)

    def locked(self) -> Tracked:
        """Return the row of the address, held until the transaction ends, and in the state that was read."""
        found = self.get_object()
        assert self.model is not None
        self.model._base_manager.select_for_update().get(pk=found.pk)
        row: Tracked = self.get_object()
        require_match(self.request, tag=self.tag(row))
        return row


class Removable:
    """Adds removing to records that nothing hangs on; most are ended or archived instead."""

    @extend_schema(parameters=[IF_MATCH, REASON])
    def destroy(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Remove a record that was entered by mistake, if it still is what you read."""
        with transaction.atomic():
            row = self.locked()
            remove_record(row, by=self.by, reason=request.query_params.get("reason", ""))
        return Response(status=status.HTTP_204_NO_CONTENT)
