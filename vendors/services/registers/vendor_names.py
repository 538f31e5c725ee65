"""The vendors that a register of contracts names: known ones, new ones, and names that may be one company."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from vendors.models import RegisterRecord, Vendor
from vendors.registers.alike import alike_vendors
from vendors.registers.values import RegisterContract
from vendors.services.registers.intake import Entry, Intake

VENDORS, NAMES = "vendors", "vendor names"
NAME_LENGTH = 200
SLUG_LENGTH = 60


@dataclass(slots=True, kw_only=True)
class VendorNames:
    """The names in a file: what each stands for, and the vendors that are meant already."""

    meant: dict[str, str]
    known: dict[str, Vendor]
    on_file: list[Vendor]
    # Names of which a contract on file says that they may be one company.
    doubtful: list[tuple[str, str]] = field(default_factory=list)


def known_names(names: set[str], *, same: Mapping[str, str], intake: Intake) -> VendorNames:
    """Return what names stand for: decided before, on file by the very name, or said to be the same now."""
    on_file = list(Vendor.objects.order_by("pk"))
    by_slug = {vendor.slug: vendor for vendor in on_file}
    by_name: dict[str, Vendor] = {}
    for vendor in on_file:
        for name in (vendor.name, vendor.legal_name):
            if name:
                by_name.setdefault(name.casefold(), vendor)

    def found(name: str) -> Vendor | None:
        decided: RegisterRecord | None = intake.before(NAMES, name)
        slug = decided.said.get("vendor", "") if decided is not None else ""
        return by_slug.get(slug) or by_name.get(name.casefold())

    meant = {name: _meaning(name, same=same) for name in names}
    known = {name: vendor for name in names if (vendor := found(name) or found(meant[name])) is not None}
    for name, other in same.items():
        if name not in names:
            intake.notes.append(f"No sound contract of the file names {name!r}, which is to be {other!r}.")
        elif (own := found(name)) is not None and own != found(meant[name]):
            intake.notes.append(f"{name!r} is {own} on file already, and is not taken for {other!r}.")
    return VendorNames(meant=meant, known=known, on_file=on_file)


def _meaning(name: str, *, same: Mapping[str, str]) -> str:
    """Follow which name stands for which to its end. Raises ValidationError for a circle."""
    seen = [name]
    while (other := same.get(name, name)) != name:
        if other in seen:
            said = f"{' = '.join(map(repr, [*seen, other]))} stand for each other. Leave out one of them."
            raise ValidationError(said, code="circle")
        seen.append(other)
        name = other
    return name


def store_vendors(
    names: VendorNames, contracts: Iterable[RegisterContract], *, intake: Intake
) -> dict[str, Vendor]:
    """Store the vendors of contracts that are not on file yet; return the vendor of each of their names."""
    slugs = {vendor.slug for vendor in names.on_file}
    entries: dict[str, Entry] = {}
    wanted = {each.vendor: each for each in contracts if each.vendor}
    for name, each in wanted.items():
        other = names.meant[name]
        if name in names.known or other in entries:
            continue
        row = Vendor(slug=_slug(other, taken=slugs), name=other[:NAME_LENGTH])
        where = each.where
        entries[other] = Entry(
            kind=VENDORS,
            key=other,
            row=row,
            values={"name": other[:NAME_LENGTH]},
            place=lambda _, where=where: where,  # type: ignore[misc]
        )
    intake.store(entries.values())
    made = {
        name: entry.row for name, entry in entries.items() if entry.stored and isinstance(entry.row, Vendor)
    }
    vendors = {
        name: vendor
        for name in wanted
        if (vendor := names.known.get(name) or made.get(names.meant[name])) is not None
    }
    for name, vendor in vendors.items():
        intake.remember(NAMES, name, said={"vendor": vendor.slug})
    return vendors


def alike_names(names: VendorNames, vendors: Mapping[str, Vendor]) -> tuple[tuple[str, ...], ...]:
    """Return sets of names that may be one company, and are not yet; at least one of each is new here."""
    every = dict(vendors) | {vendor.name: vendor for vendor in names.on_file if vendor.name not in vendors}
    proposed = (
        alike
        for alike in alike_vendors(every)
        if any(name in vendors and name not in names.known for name in alike)
        and len({every[name].pk for name in alike}) > 1
    )
    return (*dict.fromkeys(names.doubtful), *proposed)


def _slug(name: str, *, taken: set[str]) -> str:
    """Return a short name that no vendor has."""
    start = slugify(name)[:SLUG_LENGTH].strip("-") or "vendor"
    slug, count = start, 1
    while slug in taken:
        count += 1
        slug = f"{start[: SLUG_LENGTH - 1 - len(str(count))]}-{count}"
    taken.add(slug)
    return slug
