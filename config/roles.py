"""Who may do what: the roles, as groups of permissions, and the one table that they are made from.

A role says *what*; *which* records is said elsewhere: a vendor's owner and deputies, a company's readers, or
the permission to see all vendors (see the `visible_to` of each kind of record).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.management import create_permissions

APPS = ("auth", "axes", "mfa", "socialaccount", "vendors", "incidents", "sla")
SEES_ALL = "vendors.see_all_vendors"
VERBS = {"V": "view", "A": "add", "C": "change", "D": "delete"}

# Every kind of record stands in one area: what is said of an area is said of each.
AREAS: Mapping[str, tuple[str, ...]] = {
    "companies": ("vendors.legalentity",),
    "register": (
        *("vendors.vendor", "vendors.account", "vendors.contact", "vendors.tag", "vendors.contract"),
        *("vendors.service", "vendors.servicealias", "vendors.serviceneed", "vendors.charge"),
        *("vendors.costshare", "vendors.businesscalendar", "vendors.weeklyhours", "vendors.calendarday"),
    ),
    "register imports": ("vendors.registerupload", "vendors.registerrecord"),
    "changes": ("vendors.factchange",),
    # Who may decide a request follows from the act: one needs the permission for it, and sight.
    "requests for a second person": ("vendors.approval", "sla.requestnotice"),
    "incidents": (
        *("incidents.incident", "incidents.outage", "incidents.impact", "incidents.position"),
        *("incidents.milestone", "incidents.clockstop", "incidents.maintenancewindow"),
        *("incidents.maintenanceservice", "incidents.sample", "incidents.reportedfigure"),
        "incidents.delivery",
    ),
    "feeds": (
        *("incidents.feedsource", "incidents.sourcewatch", "incidents.componentrule"),
        *("incidents.severityrule", "incidents.feedupload", "incidents.probe"),
    ),
    "what feeds told": (
        *("incidents.feedrecord", "incidents.unmatchedname", "incidents.feedpoll", "incidents.feeddelivery"),
        *("incidents.proposedwindow", "incidents.feedletter", "incidents.probestate", "incidents.probeday"),
    ),
    "terms": (
        *("sla.servicelevelagreement", "sla.agreementversion", "sla.readingnote", "sla.serviceleveltarget"),
        *("sla.targetservice", "sla.creditrule", "sla.credittier", "sla.cap", "sla.exclusionrule"),
        *("sla.claimrule", "sla.claimstep", "sla.chronicrule", "sla.earnback", "sla.sharedcap"),
    ),
    "decisions": ("sla.exclusion", "sla.condition", "sla.broughtforward"),
    "statements": (
        *("sla.statement", "sla.statementline", "sla.draftline", "sla.heldcorrection", "sla.servicecredit"),
        *("sla.outlook", "sla.patterncount", "sla.toldfigure"),
    ),
    "finalising": ("sla.statementrevision",),
    "releases": ("sla.release",),
    "links": (
        *("sla.statementlink", "sla.statementlinkview", "sla.answerdraft", "sla.answerdraftfile"),
        *("sla.vendoranswer", "sla.vendoranswerline", "sla.answerdecision"),
    ),
    "claims": (
        *("sla.claim", "sla.claimpart", "sla.claimmove", "sla.claimtodo", "sla.claimletter"),
        "sla.lineanswer",
    ),
    "receipts": ("sla.creditreceived", "sla.creditmatch", "sla.exchangerate"),
    "books": ("sla.postingpolicy", "sla.periodclose", "sla.registerentry"),
    "reports": ("sla.reportschedule", "sla.compliancereport"),
    "warnings": ("sla.alert", "sla.alertnotice"),
    "rules for warnings": ("sla.alertpolicy",),
    "messages": ("sla.outboxmessage", "sla.outboxfile", "sla.outboxact"),
    "webhooks": ("sla.webhooktarget", "sla.webhookstate"),
    "runs": ("sla.duty", "sla.heartbeat"),
    # Everybody with a login makes, sees and revokes their own, without a permission; what one opens is never
    # more than its owner may. With one: those of others (see `vendors/services/access.py`).
    "tokens": ("vendors.apitoken",),
    "people": ("auth.user", "auth.group"),
    "locked logins": ("axes.accessattempt",),
    "second factors": ("mfa.authenticator",),
    # Who links a login to a person could become that person: only a superuser does.
    "linked logins": ("socialaccount.socialaccount",),
}
# Machinery that nobody looks at.
OTHER = ("auth.permission", "vendors.keptanswer")


@dataclass(frozen=True, kw_only=True)
class Role:
    """A group: what it is for, and by area the first letters of view, add, change, delete."""

    name: str
    about: str
    sees_all: bool = False
    may: Mapping[str, str]


MANAGES: Mapping[str, str] = {
    "companies": "V",
    "register": "VACD",
    "changes": "V",
    "requests for a second person": "V",
    "incidents": "VACD",
    "feeds": "VACD",
    "what feeds told": "VC",
    "terms": "VACD",
    "decisions": "VACD",
    "statements": "V",
    "finalising": "VA",
    "releases": "VA",
    "links": "V",
    "claims": "VACD",
    "receipts": "V",
    "books": "V",
    "reports": "VAC",
    "warnings": "VC",
    "messages": "V",
    "runs": "V",
}
NOT_OF_BUSINESS = frozenset(
    {"people", "register imports", "webhooks", "tokens", "locked logins", "second factors", "linked logins"}
)
SETTLES: Mapping[str, str] = {
    **{area: "V" for area in AREAS if area not in NOT_OF_BUSINESS},
    "finalising": "VA",
    "claims": "VACD",
    "receipts": "VACD",
    "books": "VAC",
    "reports": "VAC",
    "warnings": "VC",
}

ROLES: tuple[Role, ...] = (
    Role(
        name="Vendor manager",
        about="Enters contracts, terms and incidents, finalises and claims: for vendors owned or deputised.",
        may=MANAGES,
    ),
    Role(
        name="Vendor manager of all vendors",
        about="The same for every vendor, and imports of whole registers.",
        sees_all=True,
        may={**MANAGES, "register imports": "VAC", "rules for warnings": "V"},
    ),
    Role(
        name="Finance",
        about="Reads everything, finalises, settles claims, keeps receipts, rates and books.",
        sees_all=True,
        may=SETTLES,
    ),
    Role(
        name="Finance of a company",
        about="The same for the companies whose readers it is among.",
        may={area: letters for area, letters in SETTLES.items() if area != "rules for warnings"},
    ),
    Role(
        name="Auditor",
        about="Reads everything, with its history, and who may do what. Changes nothing.",
        sees_all=True,
        may=dict.fromkeys(AREAS, "V"),
    ),
    Role(
        name="Administrator",
        about="Everything, people and their roles included.",
        sees_all=True,
        may={
            **dict.fromkeys(AREAS, "VACD"),
            **dict.fromkeys(("locked logins", "second factors"), "VD"),
            "linked logins": "V",
        },
    ),
    Role(
        name="Service account",
        about="For systems: reads what hangs on its vendors or companies, tells of incidents and readings."
        " A token narrows it further.",
        may={
            **dict.fromkeys(("companies", "register", "terms", "decisions", "statements", "finalising"), "V"),
            **dict.fromkeys(("releases", "claims", "receipts", "books", "reports", "warnings", "runs"), "V"),
            **dict.fromkeys(("feeds", "what feeds told"), "V"),
            "incidents": "VAC",
        },
    ),
)
BY_NAME: Mapping[str, Role] = {role.name: role for role in ROLES}


def permissions_of(role: Role) -> set[str]:
    """Return the permissions of a role as `app.verb_model`."""
    found = {SEES_ALL} if role.sees_all else set()
    for area, letters in role.may.items():
        for label in AREAS[area]:
            app, model = label.split(".")
            found |= {f"{app}.{VERBS[letter]}_{model}" for letter in letters}
    return found


def grant_roles(apps: Any, *, using: str = "default") -> list[str]:
    """Make each role's group hold exactly its permissions; return what was changed, one line a group.

    `apps` is the registry of a migration or the running one. Groups of other names are left alone.
    """
    _make_permissions(apps, using=using)
    known = _known(apps, using=using)
    changed = []
    for role in ROLES:
        group, _ = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=role.name)
        wanted = {known[name] for name in permissions_of(role) if name in known}
        held = set(group.permissions.values_list("pk", flat=True))
        if wanted != held:
            group.permissions.set(wanted)
            changed.append(f"{role.name}: {len(wanted - held)} given, {len(held - wanted)} taken")
    return changed


def _make_permissions(apps: Any, *, using: str) -> None:
    """Make what Django itself would make only after the last migration."""
    for label in APPS:
        app = apps.get_app_config(label)
        # An app of a migration has none, and is passed over without.
        app.models_module = getattr(app, "models_module", None) or True
        create_permissions(app, verbosity=0, using=using, apps=apps)


def _known(apps: Any, *, using: str) -> dict[str, int]:
    rows = apps.get_model("auth", "Permission").objects.using(using)
    named = rows.values_list("content_type__app_label", "codename", "pk")
    return {f"{app}.{codename}": pk for app, codename, pk in named}


def unnamed(labels: Iterable[str]) -> Iterator[str]:
    """Yield the kinds of records, as `app.model`, that no area names."""
    named = {label for area in AREAS.values() for label in area} | set(OTHER)
    yield from (label for label in labels if label not in named)
