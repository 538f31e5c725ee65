"""Every address, by every role and by an outsider, against the stated matrix; no word of a foreign vendor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.db import models, transaction
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django.plugin import DjangoDbBlocker

from config.roles import AREAS, BY_NAME, permissions_of
from incidents.models import FeedDelivery, FeedSource, FeedUpload, Incident
from sla.models import (
    Claim,
    Duty,
    OutboxFile,
    OutboxMessage,
    ServiceLevelAgreement,
    StatementRevision,
)
from sla.services.demo import load_demo
from sla.services.demo_claims import tell_claims
from tests.config.access_matrix import (
    ACTIONS,
    API,
    API_ACTS,
    API_ACTS_BY,
    API_PAGES,
    API_READ,
    API_VIEWS,
    EVERYBODYS,
    NOT_ADDED,
    NOT_CHANGED,
    NOT_OVER_THE_API,
    OPEN,
    PAGES,
    STAFF,
)
from tests.vendors.rows import REASON, an_entity, person, saved
from vendors.models import Contract, Vendor
from vendors.services import save_record, system_user

# Thousands of pages.
pytestmark = pytest.mark.long
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
OWN = "demo-northwest-colocation"
OTHER = "demo-cascade-fibre"
# Of each kind, whose histories are looked through.
MOST_READ = 3
ROLES = (*BY_NAME, "no role")
# Roles that see no more than the vendor and the company that are theirs.
NARROW = ("Vendor manager", "Finance of a company")
USUAL = re.compile(r"^admin:(?P<app>[a-z]+)_(?P<model>[a-z]+)_(?P<act>changelist|add|change|history|delete)$")
OF_API = re.compile(rf"^api-(?P<kind>{'|'.join(sorted(API, key=len, reverse=True))})-(?P<act>[a-z-]+)$")
PAST = re.compile(r"^admin:(?P<app>[a-z]+)_(?P<model>[a-z]+)_simple_history$")


def routes(resolver: Any = None, *, spaces: tuple[str, ...] = (), before: str = "") -> Iterator[str]:
    """Yield the name of every address that the project answers at, with its name spaces."""
    for each in (resolver or get_resolver()).url_patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            inner = (*spaces, each.namespace) if each.namespace else spaces
            yield from routes(each, spaces=inner, before=path)
        elif isinstance(each, URLPattern):
            name = each.name or {"": "root", "admin/(?P<url>.*)$": "catch_all"}.get(path, path)
            # Old addresses of change pages, which send to the new ones.
            if not path.endswith("<path:object_id>/") or each.name:
                yield ":".join([*spaces, name])


HISTORIES = frozenset(name for name in routes() if OF_API.match(name) and name.endswith("-history"))


def kinds() -> dict[str, type[models.Model]]:
    return {model._meta.label_lower: model for model in admin.site._registry}


def asked_of(name: str) -> str | None:
    """Return the permission that a page needs, "" where it is open, None where the matrix is silent."""
    if name in OPEN or name in STAFF:
        return ""
    if name in PAGES:
        return PAGES[name]
    if name.removeprefix("api-") in API_PAGES:
        return API_PAGES[name.removeprefix("api-")]
    if found := OF_API.match(name):
        kind, act = found["kind"], found["act"]
        return None if kind not in API else _permission_of_api(kind, act=act)
    if found := PAST.match(name):
        return f"{found['app']}.view_{found['model']}"
    if (found := USUAL.match(name)) and f"{found['app']}.{found['model']}" in kinds():
        verb = {"add": "add", "delete": "delete"}.get(found["act"], "view")
        return f"{found['app']}.{verb}_{found['model']}"
    return None


def _permission_of_api(kind: str, *, act: str) -> str | None:
    app, model = API[kind].split(".")
    name = f"{kind}-{act}"
    if act in ("list", "detail", "export", "history", "all-history") or name in API_VIEWS:
        return API_READ.get(kind, f"{app}.view_{model}")
    if name in API_ACTS_BY:
        return API_ACTS_BY[name]
    return f"{app}.change_{model}" if act == "bulk" or name in API_ACTS else None


def test_the_matrix_names_every_address() -> None:
    assert [name for name in routes() if asked_of(name) is None] == []


def test_the_matrix_names_no_address_that_there_is_not() -> None:
    there = set(routes())
    assert {*PAGES, *OPEN, *STAFF} - there == set()
    acts = {*API_ACTS, *API_ACTS_BY, *API_VIEWS, *API_PAGES}
    named = {f"api-{kind}-list" for kind in API} | {f"api-{act}" for act in acts}
    assert named - there == set()


def test_every_kind_of_record_is_over_the_api_or_says_why_not() -> None:
    ours = {
        model._meta.label_lower
        for model in apps.get_models()
        if model._meta.app_label in ("vendors", "incidents", "sla")
        and not model.__name__.startswith("Historical")
    }
    assert (ours | set(kinds())) - set(API.values()) - set(NOT_OVER_THE_API) == set()
    assert set(NOT_OVER_THE_API) & set(API.values()) == set()
    assert set(NOT_OVER_THE_API) - ours - set(kinds()) == set()


def test_the_matrix_names_every_act_on_several_rows() -> None:
    there = {
        label: {act if isinstance(act, str) else act.__name__ for act in (page.actions or ())}
        for model, page in admin.site._registry.items()
        if (label := model._meta.label_lower)
    }
    assert {label: acts for label, acts in there.items() if acts} == {
        label: set(acts) for label, acts in ACTIONS.items()
    }


@dataclass(frozen=True, kw_only=True)
class World:
    """The demo portfolio, in which one vendor and one company are ours; words that betray the others."""

    betraying: frozenset[str]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        load_demo(by=system_user())
        tell_claims(by=system_user())
        _one_vendor_is_ours()
        yield World(betraying=_betraying())
        transaction.set_rollback(True)


def _one_vendor_is_ours() -> None:
    company = an_entity("sister", name="Sister company")
    vendor = Vendor.objects.get(slug=OWN)
    everybody = [_member(role) for role in ROLES]
    Vendor.objects.update(owner=None)
    save_record(vendor, by=person(), reason=REASON, links={"deputies": [_member("Vendor manager")]})
    save_record(company, by=person(), reason=REASON, links={"readers": [_member("Finance of a company")]})
    Contract.objects.filter(vendor=vendor).update(entity=company)
    assert len(everybody) == len(ROLES)
    for each in Vendor.objects.all():
        _fill(each)


def _member(role: str) -> User:
    user = person(role.lower().replace(" ", "-"), email="somebody@example.com")
    user.groups.set(Group.objects.filter(name=role))
    return user


def _fill(vendor: Vendor) -> None:
    """Make one of each kind that the demo has none of, for each vendor."""
    slug, schedule = vendor.slug, ServiceLevelAgreement.objects.filter(contract__vendor=vendor).first()
    source = saved(FeedSource(code=f"feed-{slug}", kind="statuspage", vendor=vendor))
    FeedUpload.objects.create(
        source=source, file_name=f"{slug}.json", content=b"{}", by=person(), uploaded_at=NOW
    )
    FeedDelivery.objects.create(source=source, received_at=NOW, content=b"{}", error="not readable")
    Duty.objects.create(
        kind="close",
        subject=f"close {slug}",
        period="2026-01",
        agreement=schedule,
        vendor=vendor,
        due_at=NOW,
        next_at=NOW,
    )
    message = OutboxMessage.objects.create(
        key=f"m-{slug}",
        address="a@example.com",
        vendor=vendor,
        subject=slug,
        text=slug,
        html=f"<p>{slug}</p>",
        message_id=f"<{slug}@example.com>",
        created_at=NOW,
        next_at=NOW,
    )
    OutboxFile.objects.create(
        message=message, name=f"{slug}.txt", content_type="text/plain", content=b"x", size=1
    )


def _betraying() -> frozenset[str]:
    foreign = Vendor.objects.exclude(slug=OWN)
    contracts = Contract.objects.filter(vendor__in=foreign).values_list("reference", flat=True)
    incidents = Incident.objects.filter(vendor__in=foreign).values_list("reference", flat=True)
    return frozenset({*foreign.values_list("slug", flat=True), *contracts, *incidents})


def allows(role: str, permission: str) -> bool:
    if (f"{permission.split('.')[0]}.{permission.rsplit('_', 1)[-1]}") in EVERYBODYS:
        return True
    return not permission or (role in BY_NAME and permission in permissions_of(BY_NAME[role]))


def sees_all(role: str) -> bool:
    return role in BY_NAME and BY_NAME[role].sees_all


def lets_in(response: Any) -> bool:
    """Say whether a page was shown or did its work: not refused, not sent to the login or the home page."""
    away = response.status_code == 302 and response.url.split("?")[0] in (
        reverse("admin:index"),
        reverse("admin:login"),
    )
    return response.status_code in (200, 302) and not away


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reader(role: str, world: World, db: None) -> Client:
    """A browser of somebody in the role."""
    client = Client()
    client.force_login(_member(role))
    return client


def rows_of(model: Any, user: User) -> tuple[Any, Any]:
    """Return a row that a user may see, and one that it may not."""
    every = model._default_manager.all()
    if not hasattr(every, "visible_to"):
        return every.first(), None
    seen = every.visible_to(user).order_by("pk")
    return seen.first(), every.exclude(pk__in=seen.values("pk")).order_by("pk").first()


def test_lists_and_forms_open_as_the_role_says(reader: Client, role: str) -> None:
    wrong = []
    for label in kinds():
        app, model = label.split(".")
        for act, verb in (("changelist", "view"), ("add", "add")):
            wanted = allows(role, f"{app}.{verb}_{model}") and not (act == "add" and label in NOT_ADDED)
            if lets_in(reader.get(reverse(f"admin:{app}_{model}_{act}"), follow=False)) is not wanted:
                wrong.append(f"{label} {act}: {'not ' * wanted}let in")
    assert not wrong, "\n" + "\n".join(wrong)


# The same rule opens them all; four roles tell of it where it is asked again.
ROWS = [("change", role) for role in ROLES]
ROWS += [(act, role) for act in ("history", "delete") for role in (*NARROW, "Auditor", "no role")]


@pytest.mark.parametrize(("act", "role"), ROWS)
def test_a_page_of_a_row_opens_as_the_role_and_the_vendor_say(reader: Client, role: str, act: str) -> None:
    user, wrong = _member(role), []
    for label, kind in kinds().items():
        app, model = label.split(".")
        for row, is_seen in zip(rows_of(kind, user), (True, False), strict=True):
            if row is None:
                continue
            wanted = is_seen and allows(role, f"{app}.view_{model}") and act != "delete"
            response = reader.get(reverse(f"admin:{app}_{model}_{act}", args=[row.pk]))
            if lets_in(response) is not wanted:
                wrong.append(f"{label} {act} {row} (visible: {is_seen}): {response.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_who_may_only_look_changes_and_adds_nothing_by_a_forged_form(reader: Client, role: str) -> None:
    user, wrong = _member(role), []
    for label, kind in kinds().items():
        app, model = label.split(".")
        rows = rows_of(kind, user)
        before = _state(kind, rows=rows)
        if not allows(role, f"{app}.add_{model}"):
            reader.post(reverse(f"admin:{app}_{model}_add"), {"reason": "forged"})
        for row in rows:
            if row is None or (allows(role, f"{app}.change_{model}") and label not in NOT_CHANGED):
                continue
            reader.post(reverse(f"admin:{app}_{model}_change", args=[row.pk]), {"reason": "forged"})
        wrong += [label] * (_state(kind, rows=rows) != before)
    assert not wrong, "\n" + "\n".join(wrong)


def _state(kind: type[models.Model], *, rows: Iterable[Any]) -> tuple[int, list[dict[str, Any]]]:
    every = kind._default_manager
    keys = [row.pk for row in rows if row is not None]
    return every.count(), list(every.filter(pk__in=keys).order_by("pk").values())


def test_acts_on_several_rows_are_offered_as_the_role_says(reader: Client, role: str) -> None:
    request, wrong = RequestFactory().get("/"), []
    request.user = _member(role)
    for model, page in admin.site._registry.items():
        label = model._meta.label_lower
        offered = set(page.get_actions(request))
        wanted = {act for act, permission in ACTIONS.get(label, {}).items() if allows(role, permission)}
        if wanted - offered or (offered & set(ACTIONS.get(label, {}))) - wanted:
            wrong.append(f"{label}: {sorted(offered)}, wanted {sorted(wanted)}")
    assert not wrong, "\n" + "\n".join(wrong)


def addresses_of(vendor: Vendor) -> Iterator[tuple[str, str]]:
    """Yield name and address of every page that is about one vendor, and not usual."""
    contract = Contract.objects.filter(vendor=vendor).first()
    agreement = ServiceLevelAgreement.objects.filter(contract__vendor=vendor).first()
    revision = StatementRevision.objects.filter(statement__agreement__contract__vendor=vendor).first()
    if contract is None or agreement is None or revision is None:
        return
    version, source = agreement.versions.first(), FeedSource.objects.filter(vendor=vendor).first()
    upload, delivery = FeedUpload.objects.get(source=source), FeedDelivery.objects.get(source=source)
    incident = Incident.objects.filter(vendor=vendor).first()
    claim = Claim.objects.filter(contract__vendor=vendor).first()
    message = OutboxMessage.objects.get(vendor=vendor, key=f"m-{vendor.slug}")
    one = revision.statement_id
    arguments: dict[str, tuple[Any, ...]] = {
        "vendors_charge_new_price": (contract.charges.first().pk,),
        "incidents_import_from": (source.pk,),
        "incidents_feed_address": (source.pk,),
        "incidents_feed_fetch": (source.pk,),
        "incidents_feed_message": (delivery.pk,),
        "incidents_feed_message_again": (delivery.pk,),
        "incidents_feedsource_import_file": (source.pk,),
        "incidents_feedsource_read_again": (source.pk,),
        "incidents_upload_columns": (upload.pk,),
        "incidents_upload_go": (upload.pk,),
        "incidents_upload_drop": (upload.pk,),
        "incidents_upload_try": (upload.pk,),
        "incidents_incident_join": (incident.pk,),
        "sla_duty_again": (Duty.objects.get(subject=f"close {vendor.slug}").pk,),
        "sla_message_act": (message.pk, "cancel"),
        "sla_message_file": (message.pk, message.files.get().pk),
        "sla_statement": (agreement.pk, revision.statement.period),
        "sla_statement_file": (agreement.pk, revision.statement.period, "json"),
        "sla_sign_off": (agreement.pk, version.pk),
        "sla_amend": (agreement.pk,),
        "sla_copy": (agreement.pk,),
        "sla_statement_finalise": (one,),
        "sla_statement_difference": (one,),
        "sla_statement_hold": (one,),
        "sla_revision": (one, revision.number),
        "sla_revision_verify": (one, revision.number),
        "sla_revision_release": (one, revision.number),
        "sla_revision_file": (one, revision.number, "json"),
        "sla_line_answer": (one, revision.number, 1),
    }
    if claim is not None:
        arguments |= {
            "sla_claim_act": (claim.pk, "drop"),
            "sla_claim_step": (claim.pk, 1),
            "sla_claim_letter": (claim.pk,),
        }
    for name, args in arguments.items():
        yield f"admin:{name}", reverse(f"admin:{name}", args=args)


def test_pages_of_a_foreign_vendor_are_closed_to_reading_and_writing(reader: Client, role: str) -> None:
    wrong, tried = [], 0
    for vendor in Vendor.objects.filter(slug__in=(OWN, OTHER)):
        is_seen = sees_all(role) or (
            vendor.slug == OWN and role in ("Vendor manager", "Finance of a company")
        )
        for name, url in addresses_of(vendor):
            if is_seen and allows(role, PAGES[name]):
                continue
            for ask in (reader.get, reader.post):
                tried += 1
                response = ask(url)
                if lets_in(response):
                    wrong.append(f"{name} of {vendor.slug}: {ask.__name__} {response.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)
    assert tried or role in ("Administrator",)


@pytest.mark.parametrize("role", [role for role in ROLES if sees_all(role) or role in NARROW])
def test_pages_open_to_whom_the_matrix_lets_in(reader: Client, role: str) -> None:
    wrong = []
    own = Vendor.objects.get(slug=OWN)
    posts = {
        "join",
        "go",
        "drop",
        "try",
        "again",
        "verify",
        "off",
        "act",
        "hold",
        "step",
        "test",
        "address",
        "fetch",
    }
    for name, url in addresses_of(own):
        if not allows(role, PAGES[name]) or name.rsplit("_", 1)[1] in posts:
            continue
        response = reader.get(url)
        of_vendor = name.split(":")[1].split("_")[:2] in (["incidents", "feed"], ["sla", "message"])
        if role == "Finance of a company" and (of_vendor or "feedsource" in name or "upload" in name):
            continue  # They belong to the vendor as a whole, which a company's readers do not manage.
        if response.status_code in (403, 404):
            wrong.append(f"{name}: {response.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


def betrayal(world: World) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(world.betraying)))})(?![\w-])")


def key_in_api(kind: str, row: Any) -> str:
    """Return the address of a row, as the API builds it."""
    view = get_resolver().resolve(reverse(f"api-{kind}-list")).func.cls
    parts = [str(row_value(row, path)) for path in view.lookup_paths.values()]
    return f"{reverse(f'api-{kind}-list')}/{'/'.join(map(quote_key, parts))}"


def row_value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def quote_key(part: str) -> str:
    return quote(part, safe="")


def test_the_api_answers_as_the_role_and_the_vendor_say(reader: Client, role: str) -> None:
    user, wrong = _member(role), []

    def expect(status: int, response: Any, what: str) -> None:
        if response.status_code != status:
            wrong.append(f"{what}: {response.status_code}, wanted {status}")

    for kind, label in API.items():
        app, model = label.split(".")
        listed, may = reverse(f"api-{kind}-list"), f"{app}.{{}}_{model}".format
        reads = allows(role, str(_permission_of_api(kind, act="list")))
        cache.clear()  # Exports are counted, and few an hour are let through.
        expect(200 if reads else 403, reader.get(listed), f"{kind} list")
        expect(200 if reads else 403, reader.get(f"{listed}/export", {"format": "ndjson"}), f"{kind} export")
        if f"api-{kind}-all-history" in HISTORIES:
            expect(200 if reads else 403, reader.get(f"{listed}/history"), f"{kind} history")
        own, foreign = rows_of(apps.get_model(label), user)
        if own is not None:
            expect(200 if reads else 403, reader.get(key_in_api(kind, own)), f"{kind} own")
            if f"api-{kind}-history" in HISTORIES:
                past = reader.get(f"{key_in_api(kind, own)}/history")
                expect(200 if reads else 403, past, f"{kind} own history")
            if not allows(role, may("change")):
                forged = reader.patch(key_in_api(kind, own), {"reason": "x"}, "application/json")
                wrong += [f"{kind} forged: {forged.status_code}"] * (
                    forged.status_code not in (403, 405, 415)
                )
        if foreign is not None:
            expect(404 if reads else 403, reader.get(key_in_api(kind, foreign)), f"{kind} foreign")
            if f"api-{kind}-history" in HISTORIES:
                past = reader.get(f"{key_in_api(kind, foreign)}/history")
                expect(404 if reads else 403, past, f"{kind} foreign history")
            forged = reader.patch(key_in_api(kind, foreign), {"reason": "x"}, "application/json")
            wrong += [f"{kind} foreign forged: {forged.status_code}"] * (
                forged.status_code not in (403, 404, 405)
            )
        if not allows(role, may("add")):
            forged = reader.post(listed, {"reason": "x"}, "application/json")
            wrong += [f"{kind} add: {forged.status_code}"] * (forged.status_code not in (403, 405, 415))
    assert not wrong, "\n" + "\n".join(wrong)


def test_acts_of_the_api_on_a_foreign_row_find_none(reader: Client, role: str) -> None:
    user, wrong = _member(role), []
    for act in sorted(API_ACTS | set(API_ACTS_BY)):
        kind = next(k for k in sorted(API, key=len, reverse=True) if act.startswith(f"{k}-"))
        for row, is_seen in zip(rows_of(apps.get_model(API[kind]), user), (True, False), strict=True):
            told = act.removeprefix(f"{kind}-")
            if row is None or (is_seen and allows(role, str(_permission_of_api(kind, act=told)))):
                continue
            url = f"{key_in_api(kind, row)}/{told}"
            response = reader.post(url, {"reason": "x"}, "application/json", headers={"Idempotency-Key": "k"})
            wrong += [f"{url}: {response.status_code}"] * (response.status_code not in (403, 404, 405))
    assert not wrong, "\n" + "\n".join(wrong)


def every_page(own: Vendor) -> Iterator[str]:
    for label in kinds():
        app, model = label.split(".")
        yield reverse(f"admin:{app}_{model}_changelist")
        yield reverse(f"admin:{app}_{model}_add")
        if model not in ("user", "group"):
            asked = f"?app_label={app}&model_name={model}&field_name=vendor&term="
            yield reverse("admin:autocomplete") + asked
    for kind in API:
        yield reverse(f"api-{kind}-list")
        yield reverse(f"api-{kind}-export") + "?format=csv"
        if f"api-{kind}-all-history" in HISTORIES:
            yield reverse(f"api-{kind}-all-history")
    yield from (reverse(f"admin:{name}") for name in ("index", "sla_claims_desk", "incidents_inbox"))
    yield from (reverse(f"admin:{name}") for name in ("sla_reports", "sla_begin", "incidents_import"))
    yield reverse("admin:search") + "?s=demo"
    yield reverse("admin:search") + "?s=2026"
    span = "from=2016-01&until=2026-10"
    for code in ("breach", "portfolio", "completeness", "credit_register", "roll_forward", "journal"):
        for form in ("page", "csv", "json", "html"):
            yield f"{reverse('admin:sla_report', args=[code])}?{span}&form={form}"
    yield f"{reverse('admin:sla_vendor_report')}?vendor={OTHER}&{span}"
    yield from (url for _, url in addresses_of(own))


def histories_of(user: User) -> Iterator[str]:
    """Yield the addresses of what became of a few records of each kind that a user sees."""
    for kind, label in API.items():
        if f"api-{kind}-history" in HISTORIES:
            rows: Any = apps.get_model(label)._default_manager.all()
            seen = rows.visible_to(user) if hasattr(rows, "visible_to") else rows
            yield from (f"{key_in_api(kind, row)}/history" for row in seen[:MOST_READ])


@pytest.mark.parametrize("role", ["Vendor manager", "Finance of a company", "Service account", "no role"])
def test_no_page_and_no_file_names_a_foreign_vendor(reader: Client, role: str, world: World) -> None:
    found, words = [], betrayal(world)
    for url in (*every_page(Vendor.objects.get(slug=OWN)), *histories_of(_member(role))):
        response = reader.get(url)
        body = b"".join(response) if response.streaming else response.content
        text = body.decode(errors="replace")
        found += [f"{url}: {word}" for word in words.findall(text)]
    assert found == []


def test_nobody_without_a_login_gets_past_the_open_addresses(world: World, db: None) -> None:
    urls = list(every_page(Vendor.objects.get(slug=OWN)))
    assert [url for url in urls if lets_in(Client().get(url))] == []


def test_every_area_of_the_roles_is_walked() -> None:
    """A kind of record that has pages must stand in an area, or its pages would be judged by nothing."""
    named = {label for area in AREAS.values() for label in area}
    assert set(kinds()) - named == set()
