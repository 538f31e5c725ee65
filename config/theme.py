"""How the admin looks: its name and colours, and what stands in the sidebar for whom."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

PRIMARY = {
    "50": "oklch(97% .014 254.604)",
    "100": "oklch(93.2% .032 255.585)",
    "200": "oklch(88.2% .059 254.128)",
    "300": "oklch(80.9% .105 251.813)",
    "400": "oklch(70.7% .165 254.624)",
    "500": "oklch(62.3% .214 259.815)",
    "600": "oklch(54.6% .245 262.881)",
    "700": "oklch(48.8% .243 264.376)",
    "800": "oklch(42.4% .199 265.638)",
    "900": "oklch(37.9% .146 265.522)",
    "950": "oklch(28.2% .091 267.935)",
}
# What is no list of one kind: label, icon, page, and the kind that one must be allowed to see.
ENTRIES = (
    ("Waiting for a second person", "how_to_reg", "vendors_approval_changelist", "vendors_approval"),
    ("Claims desk", "request_quote", "sla_claims_desk", "sla_claim"),
    ("Inbox of feeds", "inbox", "incidents_inbox", "incidents_feedsource"),
    ("Reports", "table_chart", "sla_reports", "sla_statement"),
)
# Part of the sidebar -> label, icon and list of each kind of record.
LISTS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "Claims and money": (
        ("Claims", "gavel", "sla_claim"),
        ("Credits received", "savings", "sla_creditreceived"),
        ("Credit register", "menu_book", "sla_registerentry"),
        ("Closed months", "event_available", "sla_periodclose"),
        ("Exchange rates", "currency_exchange", "sla_exchangerate"),
        ("Posting policies", "account_balance", "sla_postingpolicy"),
        ("Caps over several SLA schedules", "vertical_align_top", "sla_sharedcap"),
    ),
    "SLA schedules": (
        ("SLA schedules", "balance", "sla_servicelevelagreement"),
        ("Service level statements", "request_page", "sla_statement"),
        ("Decided exclusions", "block", "sla_exclusion"),
        ("Confirmed conditions", "fact_check", "sla_condition"),
        ("Periods brought forward", "history", "sla_broughtforward"),
    ),
    "What happened": (
        ("Incidents", "bolt", "incidents_incident"),
        ("Outages", "power_off", "incidents_outage"),
        ("Announced maintenance", "construction", "incidents_maintenancewindow"),
        ("Readings", "monitoring", "incidents_sample"),
        ("Reported figures", "summarize", "incidents_reportedfigure"),
        ("Deliveries", "inventory", "incidents_delivery"),
        ("Feeds", "rss_feed", "incidents_feedsource"),
        ("Imports", "upload_file", "incidents_feedupload"),
        ("Probes", "network_check", "incidents_probe"),
    ),
    "Register": (
        ("Contracts", "contract", "vendors_contract"),
        ("Vendors", "storefront", "vendors_vendor"),
        ("Services", "dns", "vendors_service"),
        ("Fees", "payments", "vendors_charge"),
        ("Accounts", "tag", "vendors_account"),
        ("Calendars", "calendar_month", "vendors_businesscalendar"),
        ("Our companies", "domain", "vendors_legalentity"),
        ("Tags", "sell", "vendors_tag"),
    ),
    "What runs by itself": (
        ("Warnings", "notifications", "sla_alert"),
        ("Report schedules", "event_repeat", "sla_reportschedule"),
        ("Reports that were sent", "forward_to_inbox", "sla_compliancereport"),
        ("Messages", "outgoing_mail", "sla_outboxmessage"),
        ("Webhooks", "webhook", "sla_webhooktarget"),
        ("Scheduled runs", "schedule", "sla_duty"),
        ("Rules for warnings", "tune", "sla_alertpolicy"),
    ),
    "People": (
        ("Users", "person", "auth_user"),
        ("Groups", "group", "auth_group"),
        ("API tokens", "key", "vendors_apitoken"),
        ("Locked logins", "lock", "axes_accessattempt"),
    ),
}


def theme(*, second_factor: bool, provider: bool) -> dict[str, Any]:
    """Return the settings of the theme; pages of sign-in stand in it where they are offered."""
    return {
        "SITE_TITLE": "Recourse",
        "SITE_HEADER": "Recourse",
        "SITE_SUBHEADER": "Vendor SLA compliance",
        "SITE_SYMBOL": "balance",
        "COLORS": {"primary": PRIMARY},
        "SITE_FAVICONS": [
            {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("sla/favicon.svg")},
        ],
        "STYLES": [lambda request: static("sla/recourse.css")],
        "SHOW_BACK_BUTTON": True,
        "DASHBOARD_CALLBACK": "sla.admin.dashboard",
        "SIDEBAR": {
            "show_search": True,
            "show_all_applications": False,
            "navigation": navigation(second_factor=second_factor, provider=provider),
        },
    }


def navigation(*, second_factor: bool, provider: bool) -> list[dict[str, Any]]:
    """Return the parts of the sidebar."""
    own, people = [], list(LISTS["People"])
    if second_factor:
        own.append({"title": "Your second factor", "icon": "key", "link": reverse_lazy("mfa_index")})
        people.append(("Second factors", "key", "mfa_authenticator"))
    if provider:
        linked = reverse_lazy("socialaccount_connections")
        own.append({"title": "Your linked login", "icon": "link", "link": linked})
        people.append(("Linked logins", "link", "socialaccount_socialaccount"))
    home = {"title": "What waits for you", "icon": "task_alt", "link": reverse_lazy("admin:index")}
    first = {"items": [home, *(_entry(*each) for each in ENTRIES), *own]}
    found = [first, *(_pages(title, *rows) for title, rows in {**LISTS, "People": people}.items())]
    found[-1]["items"].append({"title": "API", "icon": "api", "link": reverse_lazy("api-docs")})
    return found


def _entry(title: str, icon: str, page: str, model: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{page}"),
        "permission": lambda request: _may_view(request, model=model),
    }


def _pages(title: str, *pages: tuple[str, str, str]) -> dict[str, Any]:
    """Return one part of the sidebar: label, icon and list of each kind of record."""
    items = [
        {
            "title": label,
            "icon": icon,
            "link": reverse_lazy(f"admin:{model}_changelist"),
            "permission": lambda request, model=model: _may_view(request, model=model),
            "active": lambda request, model=model: _is_at(request, model=model),
        }
        for label, icon, model in pages
    ]
    return {"title": title, "separator": True, "collapsible": False, "items": items}


def _may_view(request: HttpRequest, *, model: str) -> bool:
    app, name = model.split("_", 1)
    # Everybody with a login has tokens of their own.
    return name == "apitoken" or request.user.has_perm(f"{app}.view_{name}")


def _is_at(request: HttpRequest, *, model: str) -> bool:
    """Mark a list where the reader is on one of its pages; desk and reports have entries of their own."""
    listed, desk, reports = (
        str(reverse_lazy(f"admin:{name}"))
        for name in (f"{model}_changelist", "sla_claims_desk", "sla_reports")
    )
    return request.path.startswith(listed) and request.path != desk and not request.path.startswith(reports)
