"""Uploaded papers, sent to staff who may see the record that holds them; never served by path."""

from pathlib import PurePosixPath
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.storage import Storage
from django.db import models
from django.http import FileResponse, Http404, HttpRequest

from vendors.admin.records import signed_in
from vendors.models import Tracked


def send_upload(request: HttpRequest, name: str) -> FileResponse:
    """Send the file of this name as a download; raise Http404 unless the reader may see its record.

    The browser is told to save it and to guess no type: a paper from outside may hold a page of scripts.
    """
    storage = _storage_of(name, reader=signed_in(request))
    if storage is None or not storage.exists(name):
        raise Http404(f"No record that you may see has the file {name!r}.")
    response = FileResponse(
        storage.open(name),
        as_attachment=True,
        filename=PurePosixPath(name).name,
        content_type="application/octet-stream",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _storage_of(name: str, *, reader: User) -> Storage | None:
    if not name.isprintable():  # no database takes NUL
        return None
    for model, field in _upload_fields():
        names = [f"{model._meta.app_label}.{act}_{model._meta.model_name}" for act in ("view", "change")]
        if any(map(reader.has_perm, names)):
            rows: Any = model._default_manager.all()
            if rows.visible_to(reader).filter(**{field.name: name}).exists():
                return field.storage
    return None


def _upload_fields() -> list[tuple[type[Tracked], models.FileField]]:
    return [
        (model, field)
        for model in apps.get_models()
        if issubclass(model, Tracked)
        for field in model._meta.concrete_fields
        if isinstance(field, models.FileField)
    ]
