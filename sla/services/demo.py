"""The demo portfolio: contracts in `sla/demo`, loaded like anybody's, told, and removed in one step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction

from incidents.feeds.statuspage import read_statuspage
from incidents.services import Outcome, import_feed, known_feed
from sla.documents import Document, read_document
from sla.engine.facts import Exclusion, Party
from sla.engine.results import Result
from sla.engine.terms import Measurer
from sla.inputs import Inputs, inputs_of
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services.documents import load_document
from sla.services.statements import result_of
from sla.services.terms import sign_off_terms
from vendors.models import BusinessCalendar, LegalEntity, Vendor
from vendors.services import save_record

FOLDER = Path(__file__).resolve().parent.parent / "demo"
REASON = "Demo portfolio"
# Whoever tries it: the login that `make demo` makes, which gets the summaries and warnings.
OWNER, ADDRESS = "demo", "demo@example.com"


@dataclass(frozen=True, kw_only=True)
class DemoContract:
    """One document of the portfolio, the periods that are told of it, and as of when (UTC)."""

    file: str
    agreement: str
    periods: tuple[str, ...]
    as_of: datetime
    story: str = ""  # the period that `make demo` prints
    feed: str = ""
    signed_off: bool = True
    two_clocks: bool = False  # its story is told by each clock

    def read(self) -> Document:
        """Return the document."""
        return read_document((FOLDER / self.file).read_bytes(), name=self.file)


# One contract stays unchecked, so that the worklist has something to sign off.
PORTFOLIO = (
    DemoContract(
        file="load-balancer-2016.toml",
        agreement="network",
        periods=("2016-04", "2016-05", "2016-06", "2016-07"),
        as_of=datetime(2016, 9, 1, tzinfo=UTC),
        story="2016-06",
        two_clocks=True,
    ),
    DemoContract(
        file="colocation-2019.toml",
        agreement="power",
        periods=("2019-03", "2019-06", "2019-07"),
        as_of=datetime(2019, 9, 1, tzinfo=UTC),
        story="2019-06",
    ),
    DemoContract(
        file="code-hosting-2023.toml",
        agreement="uptime",
        periods=("2023-Q3",),
        as_of=datetime(2023, 10, 7, tzinfo=UTC),
        feed="github-status-2023-q3.json",
    ),
    DemoContract(
        file="carrier-2026.toml",
        agreement="internet",
        periods=("2026-04", "2026-05", "2026-06", "2026-07"),
        as_of=datetime(2026, 9, 1, tzinfo=UTC),
    ),
    DemoContract(
        file="managed-service-2026.toml",
        agreement="support",
        periods=("2026-04", "2026-05", "2026-06", "2026-07"),
        as_of=datetime(2026, 9, 1, tzinfo=UTC),
        signed_off=False,
    ),
)


@dataclass(frozen=True, kw_only=True)
class DemoLoaded:
    """What became of one document of the portfolio; `imported` are records of its status history."""

    reference: str
    name: str
    vendor: str
    changed: bool
    records: int
    imported: int


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one incident comes to, read one way."""

    name: str
    result: Result


@dataclass(frozen=True, kw_only=True)
class DemoStatement:
    """One statement of the portfolio, with what must be said beside it."""

    result: Result
    level_names: dict[str, str]
    note: str
    source: str
    illustrative: str
    is_story: bool
    readings: tuple[Reading, ...] = ()

    @property
    def file_name(self) -> str:
        """Return the name of its files, without the ending."""
        return f"{self.result.contract}-{self.result.schedule}-{self.result.period.label}"


@transaction.atomic
def load_demo(*, by: User) -> list[DemoLoaded]:
    """Load the whole portfolio, or nothing; a second run changes nothing.

    Raise ValidationError where a name of the portfolio is taken by a row that is no demo data.
    """
    for part in PORTFOLIO:
        _refuse_taken(part.read())
    owner = _demo_owner()
    return [_load(part, owner=owner, by=by) for part in PORTFOLIO]


def demo_statements() -> Iterator[DemoStatement]:
    """Yield every statement of the loaded portfolio, each as of its own time."""
    for part in PORTFOLIO:
        document = part.read()
        agreement = _agreement(document, code=part.agreement)
        names = {t.code: t.name for terms in document.agreement().versions for t in terms.targets}
        for label in part.periods:
            inputs = inputs_of(agreement, period_label=label, known_until=part.as_of)
            yield DemoStatement(
                result=result_of(inputs),
                level_names=names,
                note=document.note,
                source=document.source,
                illustrative=document.illustrative,
                is_story=label == part.story,
                readings=_readings(inputs) if part.two_clocks and label == part.story else (),
            )


def _readings(inputs: Inputs) -> tuple[Reading, ...]:
    """Return the night of 2 June 2016 by our clock, by the vendor's, and as if the equipment were ours."""
    return (
        Reading(name="Our clock, 04:15 to 05:28", result=result_of(inputs)),
        Reading(name="The vendor's ticket, 04:41 to 05:28", result=result_of(_by_ticket(inputs))),
        Reading(name="If it had been our own equipment", result=result_of(_as_our_equipment(inputs))),
    )


def _demo_owner() -> User:
    """Return the person `demo`, who can be written to; without a password until a first login is made."""
    user = User.objects.filter(username=OWNER).first()
    if user is None:
        return User.objects.create_user(OWNER, email=ADDRESS)
    if not user.email:
        user.email = ADDRESS
        user.save(update_fields=["email"])
    return user


def _load(part: DemoContract, *, owner: User, by: User) -> DemoLoaded:
    document = part.read()
    report = load_document(document, by=by, at=part.as_of, reason=REASON, is_demo=True)
    owned = _own(document, owner=owner, by=by)
    signed = _sign_off(document, part=part, by=by)
    imported, moved = _import(document, part=part, by=by)
    return DemoLoaded(
        reference=document.contract.reference,
        name=document.contract.name,
        vendor=document.vendor.name,
        changed=report.changed or owned or signed or moved,
        records=len(report.lines),
        imported=imported,
    )


def _own(document: Document, *, owner: User, by: User) -> bool:
    """Give the document's vendor its owner where nobody is; say whether that was so."""
    vendor = Vendor.objects.get(slug=document.vendor.slug)
    if vendor.owner is not None:
        return False
    vendor.owner = owner
    save_record(vendor, by=by, reason=REASON)
    return True


def _refuse_taken(document: Document) -> None:
    """Raise ValidationError where the portfolio would write on a row that is no demo data."""
    own: list[tuple[type[models.Model], str, list[str]]] = [
        (Vendor, "slug", [document.vendor.slug]),
        (LegalEntity, "code", [entity.code for entity in document.entities]),
        (BusinessCalendar, "code", [calendar.code for calendar in document.calendars]),
    ]
    for model, key, codes in own:
        taken = model._base_manager.filter(**{f"{key}__in": codes, "is_demo": False}).first()
        if taken is not None:
            raise ValidationError(
                f"The {model._meta.verbose_name} {getattr(taken, key)!r} is on file and is no demo data. "
                "Rename it first, or use an installation of its own for the demo.",
                code="demo",
            )


def _sign_off(document: Document, *, part: DemoContract, by: User) -> bool:
    drafts = AgreementVersion.objects.filter(
        agreement__contract__reference=document.contract.reference, signed_off_by=""
    )
    if not part.signed_off:
        return False
    for version in drafts:
        sign_off_terms(version, by=by, at=part.as_of, reason=REASON)
    return bool(drafts)


def _import(document: Document, *, part: DemoContract, by: User) -> tuple[int, bool]:
    """Import the status history; return how many records it has, and whether any was new or different."""
    if not part.feed:
        return 0, False
    vendor = Vendor.objects.get(slug=document.vendor.slug)
    source = known_feed(vendor, kind="statuspage", by=by)
    values = read_statuspage((FOLDER / part.feed).read_bytes())
    report = import_feed(values, source=source, by=by, at=part.as_of)
    return len(report.rows), report.count(Outcome.CREATED) + report.count(Outcome.UPDATED) > 0


def _agreement(document: Document, *, code: str) -> ServiceLevelAgreement:
    found = ServiceLevelAgreement.objects.filter(
        contract__reference=document.contract.reference, code=code
    ).select_related("contract")
    return found.get()


def _by_ticket(inputs: Inputs) -> Inputs:
    """Return the inputs with the vendor's ticket as the clock of record."""
    versions = tuple(
        replace(
            terms,
            targets=tuple(replace(target, measured_by=(Measurer.VENDOR_TICKET,)) for target in terms.targets),
        )
        for terms in inputs.versions
    )
    return replace(inputs, versions=versions)


def _as_our_equipment(inputs: Inputs) -> Inputs:
    """Return the inputs as if both sides had agreed that the failed equipment was the customer's."""
    decided = Exclusion(
        rule="customer-equipment",
        incident="NWC-2016-06-02",
        party=Party.AGREED,
        by="this demonstration",
        why="if the load balancer had been ours",
    )
    return replace(inputs, facts=replace(inputs.facts, exclusions=(*inputs.facts.exclusions, decided)))
