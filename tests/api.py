"""A program that uses the API: a token, JSON both ways, and the headers that edits need."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests.vendors.rows import person
from vendors.models import SCOPES
from vendors.services import make_token

WHY = "told by the vendor"


class Program:
    """Sends JSON with a token."""

    def __init__(self, user: User, *, scopes: tuple[str, ...] = SCOPES) -> None:
        cache.clear()  # nobody is slowed down by another test
        self.user = user
        _, self.secret = make_token(user, name="a program", scopes=scopes, days=1, by=user, at=timezone.now())
        self.client = Client(
            headers={"authorization": f"Bearer {self.secret}"}, raise_request_exception=False
        )

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {"headers": named}
        if body is not None:
            options |= {"data": body, "content_type": "application/json"}
        return getattr(self.client, method)(f"/api/v1/{path}", **options)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.ask("get", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.ask("post", path, body, **headers)

    def keyed(self, path: str, body: Any) -> HttpResponse:
        """Send a POST with an idempotency key of its own."""
        return self.post(path, body, idempotency_key=str(uuid4()))

    def edit(self, path: str, body: Any, *, tag: str | None = None) -> HttpResponse:
        """Send a PATCH from the state that is read now, or from another."""
        return self.ask("patch", path, body, if_match=tag or self.get(path).headers["ETag"])

    def put(self, path: str, body: Any) -> HttpResponse:
        return self.ask("put", path, body)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """Return the rows of a list, of all pages."""
        found: list[dict[str, Any]] = []
        answer = self.get(path).json()
        while True:
            found += answer["results"]
            if answer["next"] is None:
                return found
            answer = self.get(answer["next"].split("/api/v1/")[1]).json()


def administrator() -> Program:
    return Program(person("root", is_superuser=True))


def somebody(name: str = "vera", *permissions: str, **fields: Any) -> User:
    """Return a user who has these permissions, such as "vendors.view_vendor"."""
    user = person(name, **fields)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return User.objects.get(pk=user.pk)


def errors(answer: HttpResponse) -> dict[str, str]:
    """Return what a problem says of each field: its code."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    return {each["field"]: each["code"] for each in answer.json()["errors"]}
