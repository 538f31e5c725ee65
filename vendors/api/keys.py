"""Idempotency keys: a request that is sent twice is done once, and answered alike."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from vendors.api.problems import Conflict, OtherRequest
from vendors.models import KeptAnswer
from vendors.services.access import KEPT_FOR

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r"[\x21-\x7e]{1,100}")
KEPT_HEADERS = ("ETag", "Location")
PATIENCE = timedelta(seconds=2)


def once(request: Request, *, required: bool, act: Callable[[], Response]) -> Response:
    """Answer a request; of two with one key the second gets the answer of the first.

    The answer is kept in the transaction of what was done, so that either both hold or neither. A refusal
    did nothing and is not kept.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        if required:
            raise ValidationError(
                {HEADER: [f"Send the header {HEADER} with a text of your own, new each time."]}
            )
        with transaction.atomic():
            return act()
    if not KEY.fullmatch(key):
        raise ValidationError({HEADER: ["Use 1 to 100 visible ASCII letters, such as a UUID."]})
    user, fingerprint = _person(request), fingerprint_of(request)
    try:
        with transaction.atomic():
            kept = _claimed(key, user=user, fingerprint=fingerprint)
            response = act()
            _keep(kept, response)
            return response
    except _Known as known:
        return _replayed(known.kept, fingerprint=fingerprint)


class _Known(Exception):
    """The key was used before."""

    def __init__(self, kept: KeptAnswer) -> None:
        super().__init__()
        self.kept = kept


def fingerprint_of(request: Request) -> str:
    """Return what tells one request from another."""
    data: Any = request.data
    sent = {name: data[name] for name in data}
    body = json.dumps(sent, sort_keys=True, default=_sent_file)
    return sha256(f"{request.method} {request.get_full_path()}\n{body}".encode()).hexdigest()


def _sent_file(value: Any) -> str:
    """Return what tells one sent file from another, and leave it as it was."""
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = sha256(value.read()).hexdigest()
    value.seek(0)
    return f"{value.name}: {digest}"


def _person(request: Request) -> User:
    return request.user  # type: ignore[return-value]


def _claimed(key: str, *, user: User, fingerprint: str) -> KeptAnswer:
    """Write the key first: another request with it waits here for the end of this one, or gives up."""
    now = timezone.now()
    KeptAnswer.objects.filter(user=user, key=key, kept_at__lt=now - KEPT_FOR).delete()
    known = KeptAnswer.objects.filter(user=user, key=key).first()
    if known is not None:
        raise _Known(known)
    kept = KeptAnswer(user=user, key=key, fingerprint=fingerprint, kept_at=now)
    try:
        with transaction.atomic():
            _be_patient(PATIENCE)
            kept.save(force_insert=True)
            _be_patient(None)
    except IntegrityError:
        raise _Known(KeptAnswer.objects.get(user=user, key=key)) from None
    except OperationalError:
        raise Conflict(f"A request with this {HEADER} is under way. Ask again in a moment.") from None
    return kept


def _be_patient(length: timedelta | None) -> None:
    if connection.vendor == "postgresql":
        wanted = "DEFAULT" if length is None else f"'{int(length.total_seconds() * 1000)}ms'"
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout TO {wanted}")


def _keep(kept: KeptAnswer, response: Response) -> None:
    kept.status = response.status_code
    kept.headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    kept.body = json.dumps(response.data, cls=JSONEncoder)
    kept.save()


def _replayed(kept: KeptAnswer, *, fingerprint: str) -> Response:
    if kept.fingerprint != fingerprint:
        raise OtherRequest(f"This {HEADER} was used for another request. Make a new one for each.")
    data: Any = json.loads(kept.body)
    return Response(data, status=kept.status, headers={**kept.headers, REPLAYED: "true"})
