"""The sheets of the portfolio workbook and their columns: read, written and documented from here.

A column bears the name of the field that it fills. Its heading is the name with blanks for underscores.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what it holds, how that is written, and two examples (empty: nothing in that row).

    `kind` is a key of `vendors.registers.cells.READERS`. `words`, where there are any, are all that may
    stand in it.
    """

    name: str
    about: str
    kind: str = "text"
    needed: bool = False
    words: tuple[str, ...] = ()
    examples: tuple[str, str] = ("", "")

    @property
    def heading(self) -> str:
        """Return the heading that stands over it."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet: a row a record. `key` names the columns that tell two records apart."""

    name: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(column for column in self.columns if column.name == name)


VENDOR_KINDS = ("data_center", "cloud", "carrier", "managed_service", "software", "payments", "other")
CRITICALITIES = ("critical", "high", "normal", "low")
ROLES = ("account", "claims_desk", "escalation", "legal_notices")
RELATIONS = ("master", "order", "sla_exhibit", "amendment", "assignment")
RENEWALS = ("fixed", "automatic", "evergreen")
# What was really billed comes from bills.
FEE_KINDS = ("recurring", "usage", "one_time", "discount")
EVERY = ("once", "month", "quarter", "year")
MONTH_BY = ("twelfth", "days")

ENTITIES = Sheet(
    name="entities",
    about="Our own companies: each signs contracts and keeps books.",
    key=("code",),
    columns=(
        Column(
            name="code", about="Short name, such as acme-nl.", needed=True, examples=("acme-us", "acme-nl")
        ),
        Column(name="name", about="As in the trade register.", examples=("Acme Payments Inc.", "Acme B.V.")),
        Column(name="base_currency", about="Currency of its books.", needed=True, examples=("USD", "EUR")),
    ),
)
VENDORS = Sheet(
    name="vendors",
    about="Companies that promised us something.",
    key=("slug",),
    columns=(
        Column(
            name="slug",
            about="Short name in files and links.",
            needed=True,
            examples=("northwest-colo", "fiberline"),
        ),
        Column(
            name="name",
            about="The name that people use.",
            needed=True,
            examples=("Northwest Colocation", "Fiberline"),
        ),
        Column(name="legal_name", about="The name that signs.", examples=("Northwest Colocation LLC", "")),
        Column(
            name="kind",
            about="What it mainly sells us.",
            words=VENDOR_KINDS,
            examples=("data_center", "carrier"),
        ),
        Column(
            name="criticality",
            about="How much of our own business stops with it.",
            words=CRITICALITIES,
            examples=("critical", ""),
        ),
        Column(name="status_page_url", about="Address of its status page."),
        Column(name="accounting_number", about="Our number for it in accounting.", examples=("700123", "")),
        Column(name="owner", about="Login of the person who manages it."),
        Column(
            name="tags",
            about="Short names of groups that reports go by.",
            kind="list",
            examples=("payments", ""),
        ),
    ),
)
ACCOUNTS = Sheet(
    name="accounts",
    about="Our customer or billing numbers.",
    key=("vendor", "number"),
    columns=(
        Column(
            name="vendor",
            about="Short name of the vendor.",
            needed=True,
            examples=("northwest-colo", "fiberline"),
        ),
        Column(name="number", about="As on its invoices.", needed=True, examples=("C-20417", "8812-55")),
        Column(name="name", about="In our words.", examples=("Cage and power", "")),
    ),
)
CONTACTS = Sheet(
    name="contacts",
    about="People and desks at the vendor.",
    key=("vendor", "role", "name"),
    columns=(
        Column(
            name="vendor", about="Short name of the vendor.", needed=True, examples=("northwest-colo", "")
        ),
        Column(
            name="role",
            about="What we write about; `account` where it is empty.",
            words=ROLES,
            examples=("claims_desk", ""),
        ),
        Column(name="name", about="Of the person or desk.", needed=True, examples=("Credit desk", "")),
        Column(name="email", about="Address for mails.", examples=("credits@northwest.example", "")),
        Column(name="phone", about="Number with the country's code."),
    ),
)
CONTRACTS = Sheet(
    name="contracts",
    about="Signed papers: master agreements, orders, exhibits, amendments.",
    key=("reference",),
    columns=(
        Column(
            name="reference",
            about="Our number for it: letters, digits, dots, hyphens, underscores.",
            needed=True,
            examples=("NWC-2024-01", "FL-2025-7"),
        ),
        Column(name="name", about="What it is about.", examples=("Colocation Seattle", "Internet access")),
        Column(
            name="vendor",
            about="Short name of the vendor.",
            needed=True,
            examples=("northwest-colo", "fiberline"),
        ),
        Column(
            name="entity",
            about="Code of the company of ours that signed; may be empty where there is only one.",
            examples=("acme-us", "acme-nl"),
        ),
        Column(name="currency", about="Of its fees and credits.", needed=True, examples=("USD", "EUR")),
        Column(
            name="zone",
            about="Where its months begin: an IANA name or UTC-05:00. UTC where it is empty.",
            examples=("America/Los_Angeles", "Europe/Amsterdam"),
        ),
        Column(
            name="effective_from",
            about="First day of the term.",
            kind="day",
            needed=True,
            examples=("2024-01-01", "2025-03-01"),
        ),
        Column(
            name="effective_until",
            about="First day after the term.",
            kind="day",
            examples=("2027-01-01", ""),
        ),
        Column(
            name="account",
            about="The vendor's number for us on its invoices.",
            examples=("C-20417", "8812-55"),
        ),
        Column(name="parent", about="Reference of the agreement that it stands under."),
        Column(name="relation", about="What this paper is.", words=RELATIONS, examples=("master", "order")),
        Column(
            name="renewal",
            about="What happens when the term ends.",
            words=RENEWALS,
            examples=("automatic", "evergreen"),
        ),
        Column(
            name="renewal_months",
            about="Length of each renewed term.",
            kind="whole number",
            examples=("12", ""),
        ),
        Column(
            name="notice_days",
            about="Days of notice before the term ends.",
            kind="whole number",
            examples=("90", "30"),
        ),
        Column(
            name="uplift_percent", about="Rise of the fees on renewal.", kind="number", examples=("3", "")
        ),
        Column(name="signed_on", about="Day of the signature.", kind="day", examples=("2023-11-14", "")),
        Column(
            name="live_from", about="Earlier periods are brought forward, never recalculated.", kind="day"
        ),
        Column(name="entities", about="Codes of our other companies that may use it.", kind="list"),
        Column(name="notes", about="Anything else."),
    ),
)
SERVICES = Sheet(
    name="services",
    about="What a contract delivers: a circuit, a cage, a region, an application.",
    key=("contract", "code"),
    columns=(
        Column(
            name="contract",
            about="Reference of the contract.",
            needed=True,
            examples=("NWC-2024-01", "FL-2025-7"),
        ),
        Column(
            name="code",
            about="Short name, unique in its contract.",
            needed=True,
            examples=("cage-7", "circuit-1"),
        ),
        Column(name="name", about="In words.", examples=("Cage 7", "1 Gbit/s Amsterdam")),
        Column(
            name="vendor_identifier",
            about="Circuit, cage or resource number.",
            examples=("SEA1-C07", "FL/NL/00042"),
        ),
        Column(name="site", about="Where it is.", examples=("Seattle", "Amsterdam")),
        Column(name="in_service_from", about="First day, where it is not the contract's.", kind="day"),
        Column(name="in_service_until", about="First day after.", kind="day"),
        Column(name="weight", about="Users or capacity behind it.", kind="number"),
        Column(
            name="names_in_feeds",
            about="Names that it goes by in feeds.",
            kind="list",
            examples=("Seattle Power; SEA1", ""),
        ),
    ),
)
FEES = Sheet(
    name="fees",
    about="What is paid. A new price is a new row with the same code and a later first day.",
    key=("contract", "service", "code", "effective_from"),
    columns=(
        Column(
            name="contract",
            about="Reference of the contract.",
            needed=True,
            examples=("NWC-2024-01", "FL-2025-7"),
        ),
        Column(
            name="service",
            about="Code of the service; empty for the whole contract.",
            examples=("cage-7", "circuit-1"),
        ),
        Column(
            name="code",
            about="Same code: same fee at another price.",
            needed=True,
            examples=("cage", "access"),
        ),
        Column(
            name="kind",
            about="How the amount comes about; `recurring` where it is empty.",
            words=FEE_KINDS,
            examples=("recurring", "recurring"),
        ),
        Column(
            name="amount",
            about="Before tax, in the contract's currency, never below zero.",
            kind="amount",
            needed=True,
            examples=("2000.00", "450.00"),
        ),
        Column(
            name="every",
            about="How often; `month`, or `once` for a one-time fee, where it is empty.",
            words=EVERY,
            examples=("month", "month"),
        ),
        Column(name="month_by", about="How a month of a year's amount is found.", words=MONTH_BY),
        Column(
            name="effective_from",
            about="First day of this price; the contract's where it is empty.",
            kind="day",
            examples=("2024-01-01", ""),
        ),
        Column(name="account", about="The vendor's number for us.", examples=("C-20417", "")),
        Column(name="purchase_order", about="Our order number.", examples=("PO-4711", "")),
        Column(
            name="included_in_base",
            about="Whether it counts for credits.",
            kind="yes or no",
            examples=("yes", ""),
        ),
        Column(
            name="cost_shares",
            about="Cost centres with the percent that each bears.",
            kind="shares",
            examples=("IT 60; Sales 40", ""),
        ),
    ),
)
SHEETS: Sequence[Sheet] = (ENTITIES, VENDORS, ACCOUNTS, CONTACTS, CONTRACTS, SERVICES, FEES)
