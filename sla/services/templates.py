"""Start templates: published clauses as documents with a few blanks, to begin an SLA schedule from.

They lie in `sla/start_templates`, in the format of FORMAT.md, with a table `template` on top. A blank
`{fee}` stands inside quotes; `{vendor_code}` is the code made of what was filled in for `vendor`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from sla.documents import Document, DocumentError, read_document
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services.documents import load_document
from sla.services.documents.export import contract_entry, vendor_entry
from vendors.models import CODE, Contract, Service, Vendor, validate_currency, validate_zone
from vendors.services import save_record

FOLDER = Path(__file__).parents[1] / "start_templates"
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
CODE_LENGTH = 60


@dataclass(frozen=True, kw_only=True)
class Blank:
    """One thing that a template asks for: what kind of value, and what it is when left empty."""

    code: str
    label: str
    kind: str = "text"
    default: str = ""


@dataclass(frozen=True, kw_only=True)
class StartTemplate:
    """A published SLA to begin from; `read_on` says which text it is, and to check it."""

    code: str
    title: str
    summary: str
    shape: str
    vendor_kind: str
    source: str
    read_on: str
    blanks: tuple[Blank, ...]
    document: Mapping[str, Any]


COMMON = (
    Blank(code="reference", label="Our number for the contract", kind="code"),
    Blank(code="vendor", label="Vendor"),
    Blank(code="service", label="Service, as people call it"),
    Blank(code="fee", label="Monthly fee", kind="amount"),
    Blank(code="currency", label="Currency", kind="currency"),
    Blank(code="start", label="First day of the terms", kind="date"),
    Blank(code="zone", label="Time zone in which its months begin", kind="zone"),
)


@cache
def start_templates() -> tuple[StartTemplate, ...]:
    """Return the templates that ship with Recourse, by title."""
    return tuple(sorted((_read(path) for path in FOLDER.glob("*.toml")), key=lambda each: each.title))


def start_template(code: str) -> StartTemplate:
    """Return a template by its code; raise ValidationError for one that does not exist."""
    for template in start_templates():
        if template.code == code:
            return template
    known = ", ".join(template.code for template in start_templates())
    raise ValidationError(f"There is no start template {code!r}. Choose one of: {known}.", code="template")


def blanks_of(contract: Contract) -> dict[str, str]:
    """Return what a contract on file already says, so that only service and fee are left to ask."""
    return {
        "reference": contract.reference,
        "vendor": contract.vendor.name,
        "currency": contract.currency,
        "start": contract.effective_from.isoformat(),
        "zone": contract.zone,
    }


@transaction.atomic
def schedule_from_template(
    code: str, *, blanks: Mapping[str, str], by: User, at: datetime, reason: str
) -> ServiceLevelAgreement:
    """Begin an SLA schedule, a draft, from a template; make vendor, contract, service and fee where missing.

    A contract on file keeps what it says; only service, fee and schedule are added. Raises
    ValidationError by the name of the blank; then nothing is changed. `at` is a UTC instant.
    """
    template = start_template(code)
    filled = _checked(template, blanks=blanks)
    document = _document(template, filled=filled)
    entry = document.agreements[0]
    contract = Contract.objects.filter(reference=document.contract.reference).first()
    if contract is not None:
        document = _under(contract, document=document, code=entry.code)
    load_document(document, by=by, at=at, reason=reason)
    agreement = ServiceLevelAgreement.objects.get(
        contract__reference=document.contract.reference, code=entry.code
    )
    version: AgreementVersion = agreement.versions.get(effective_from=entry.versions[0].effective_from)
    version.template, version.blanks = template.code, dict(filled)
    save_record(version, by=by, reason=reason)
    return agreement


def _read(path: Path) -> StartTemplate:
    table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    head = table.pop("template")
    defaults = head.pop("defaults", {})
    own = tuple(Blank(**blank) for blank in head.pop("blanks", ()))
    common = tuple(replace(blank, default=defaults.get(blank.code, "")) for blank in COMMON)
    return StartTemplate(**head, blanks=(*common, *own), document=table)


def filled_blanks(code: str, *, blanks: Mapping[str, str]) -> dict[str, str]:
    """Return what was filled in, with the template's defaults; raise ValidationError by the blank's name."""
    return _checked(start_template(code), blanks=blanks)


def _checked(template: StartTemplate, *, blanks: Mapping[str, str]) -> dict[str, str]:
    """Return what was filled in, with defaults; refuse what is missing, unknown or cannot be read."""
    known = {blank.code for blank in template.blanks}
    problems = {
        name: f"The template {template.code} has no blank {name!r}. It asks for: {', '.join(sorted(known))}."
        for name in blanks.keys() - known
    }
    filled: dict[str, str] = {}
    for blank in template.blanks:
        value = (blanks.get(blank.code) or blank.default).strip()
        if not value:
            problems[blank.code] = f"{blank.label}: fill it in."
            continue
        filled[blank.code] = value
        try:
            CHECKS[blank.kind](value)
        except ValidationError as error:
            problems[blank.code] = " ".join(error.messages)
    if problems:
        raise ValidationError(problems)
    return filled


def _document(template: StartTemplate, *, filled: Mapping[str, str]) -> Document:
    words = dict(filled) | {f"{name}_code": slugify(value)[:CODE_LENGTH] for name, value in filled.items()}
    words["vendor_code"] = _vendor_slug(filled["vendor"])
    words |= _service_on_file(filled)
    plain = _filled({**template.document}, words=words)
    plain["vendor"].setdefault("kind", template.vendor_kind)
    try:
        return read_document(json.dumps(plain, default=str).encode(), name=f"{template.code}.json")
    except DocumentError as error:
        raise ValidationError([str(problem) for problem in error.problems]) from error


def _vendor_slug(name: str) -> str:
    """Return the short name of a vendor on file with this name, else one made of it."""
    found = Vendor.objects.filter(name__iexact=name).order_by("pk").first()
    slug = found.slug if found is not None else slugify(name)[:CODE_LENGTH]
    if not slug:
        raise ValidationError({"vendor": f"{name!r} has no letter or digit to make a short name of."})
    return slug


def _service_on_file(filled: Mapping[str, str]) -> dict[str, str]:
    """Return code and name of the contract's service that was named by either; nothing for a new one."""
    services = Service.objects.filter(contract__reference=filled["reference"])
    named = filled["service"]
    found = services.filter(code=named).first() or services.filter(name__iexact=named).order_by("pk").first()
    return {"service_code": found.code, "service": found.name} if found is not None else {}


def _filled(value: Any, *, words: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, words=words) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, words=words) for item in value]
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: words[found[1]], value)
    return value


def _under(contract: Contract, *, document: Document, code: str) -> Document:
    """Return the document for a contract on file: what the contract says stays, its fees too."""
    if document.vendor.slug != contract.vendor.slug:
        raise ValidationError(
            {
                "reference": f"{contract.reference} is a contract with {contract.vendor}."
                " Choose another reference."
            }
        )
    if contract.schedules.filter(code=code).exists():
        raise ValidationError(
            f"{contract.reference} already has an SLA schedule {code!r}. Change that one, or copy it.",
            code="exists",
        )
    priced = set(contract.charges.exclude(service=None).values_list("service__code", flat=True))
    return replace(
        document,
        vendor=vendor_entry(contract),
        contract=contract_entry(contract),
        services=tuple(
            entry for entry in document.services if not contract.services.filter(code=entry.code).exists()
        )
        + _present(contract, document=document),
        charges=tuple(entry for entry in document.charges if entry.service not in priced),
    )


def _present(contract: Contract, *, document: Document) -> tuple[Any, ...]:
    """Return the template's services that are on file, so named that nothing of them changes."""
    rows = {row.code: row for row in contract.services.all()}
    return tuple(
        replace(entry, name=rows[entry.code].name) for entry in document.services if entry.code in rows
    )


def _check_amount(value: str) -> None:
    if _decimal(value) < 0:
        raise ValidationError(f"{value} is negative. Enter the amount without a sign.")


def _decimal(value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ValidationError(f"{value!r} is no number. Write one such as 1250.00.")
    return number


def _check_date(value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValidationError(f"{value!r} is no date. Write it as 2019-06-25.") from None


CHECKS: dict[str, Callable[[str], object]] = {
    "text": str,
    "code": CODE,
    "amount": _check_amount,
    "number": _decimal,
    "currency": validate_currency,
    "date": _check_date,
    "zone": validate_zone,
}
