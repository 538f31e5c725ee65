"""What each page asks for: the matrix that a person signs, and that the tests walk.

Pages of the admin that every kind of record has are judged by its area in `config.roles`. Every other address
stands in PAGES with the permission that it needs, or in OPEN with why it needs none.
"""

from __future__ import annotations

from collections.abc import Mapping

# Kinds that nobody types in: they are made by other pages, or by feeds.
NOT_ADDED = frozenset(
    {
        *("incidents.feedupload", "sla.broughtforward", "sla.alert", "sla.alertpolicy", "sla.periodclose"),
        *("axes.accessattempt", "mfa.authenticator"),
        *("sla.claim", "sla.compliancereport", "sla.duty", "sla.outboxmessage", "sla.registerentry"),
        *("sla.statement", "auth.group", "vendors.approval"),
    }
)
# Kinds whose page only shows.
NOT_CHANGED = frozenset({"auth.group"})

OPEN: Mapping[str, str] = {
    "root": "sends to the admin, which asks for a login",
    "admin:login": "is where one logs in",
    "admin:logout": "ends the session of whoever asks",
    "admin:jsi18n": "translations of the admin's own words",
    "admin:catch_all": "sends unknown addresses to the login, or answers that there is none",
    "deadlines": "a key of the reader's own, in the address; what it shows is what that reader sees",
    "statement_link": "a key of the vendor's, in the address; it shows one released statement",
    "statement_link_pdf": "the same, as a document",
    "answer_check": "the same: a code that was mailed to the vendor is asked for",
    "answer_sent": "the same: what the vendor just answered",
    "api-nothing": "says that the API has no such address",
    "api-schema": "names the addresses of the API, and shows no record",
    "feed": "a key of the feed's own, in the address; it takes and shows nothing",
    "health/live": "says only that it lives",
    "health/ready": "says only that the database answers",
    "health/scheduler": "says only that the sweep runs",
    "metrics": "needs the bearer token of RECOURSE_METRICS_KEY",
}
# Kinds of which everybody with a login has their own.
EVERYBODYS = frozenset({"vendors.apitoken"})
# Any member of the staff; what they show is narrowed to what the reader may see.
STAFF = frozenset(
    {
        *("admin:index", "admin:search", "admin:password_change", "admin:password_change_done"),
        *("admin:autocomplete", "admin:view_on_site", "admin:app_list", "upload"),
        "api-docs",
    }
)
# name of the address -> permission
PAGES: Mapping[str, str] = {
    "admin:auth_user_password_change": "auth.change_user",
    "admin:vendors_charge_new_price": "vendors.add_charge",
    "admin:sla_register_import": "vendors.see_all_vendors",
    "admin:sla_register_workbook": "vendors.see_all_vendors",
    "admin:sla_register_file": "vendors.see_all_vendors",
    "admin:sla_register_go": "vendors.see_all_vendors",
    "admin:sla_register_drop": "vendors.see_all_vendors",
    "admin:incidents_inbox": "incidents.view_feedsource",
    "admin:incidents_import": "incidents.change_incident",
    "admin:incidents_import_from": "incidents.change_feedsource",
    "admin:incidents_feed_address": "incidents.change_feedsource",
    "admin:incidents_feed_fetch": "incidents.change_feedsource",
    "admin:incidents_feed_message": "incidents.view_feedsource",
    "admin:incidents_feed_message_again": "incidents.change_feedsource",
    "admin:incidents_feedsource_import_file": "incidents.change_feedsource",
    "admin:incidents_feedsource_read_again": "incidents.change_feedsource",
    "admin:incidents_upload_columns": "incidents.change_incident",
    "admin:incidents_upload_go": "incidents.change_incident",
    "admin:incidents_upload_drop": "incidents.change_incident",
    "admin:incidents_upload_try": "incidents.change_incident",
    "admin:incidents_incident_join": "incidents.change_incident",
    "admin:incidents_incident_split": "incidents.change_incident",
    "admin:sla_claims_desk": "sla.view_claim",
    "admin:sla_claim_open": "sla.add_claim",
    "admin:sla_claim_act": "sla.change_claim",
    "admin:sla_claim_step": "sla.change_claim",
    "admin:sla_claim_letter": "sla.view_claim",
    "admin:sla_claim_letter_file": "sla.view_claim",
    "admin:sla_credit_match": "sla.add_creditmatch",
    "admin:sla_credit_unmatch": "sla.add_creditmatch",
    "admin:sla_reportschedule_preview": "sla.view_reportschedule",
    "admin:sla_reportschedule_test": "sla.view_reportschedule",
    "admin:sla_message_act": "sla.change_outboxmessage",
    "admin:sla_message_file": "sla.view_outboxmessage",
    "admin:sla_duty_again": "sla.change_duty",
    "admin:sla_begin": "sla.add_servicelevelagreement",
    "admin:sla_begin_from": "sla.add_servicelevelagreement",
    "admin:sla_statement": "sla.view_servicelevelagreement",
    "admin:sla_statement_file": "sla.view_servicelevelagreement",
    "admin:sla_part": "sla.change_servicelevelagreement",
    "admin:sla_sign_off": "sla.change_servicelevelagreement",
    "admin:sla_amend": "sla.change_servicelevelagreement",
    "admin:sla_copy": "sla.change_servicelevelagreement",
    "admin:sla_statements_draw_up": "sla.view_statement",
    "admin:sla_reports": "sla.view_statement",
    "admin:sla_vendor_report": "sla.view_statement",
    "admin:sla_report": "sla.view_statement",
    "admin:sla_statement_finalise": "sla.add_statementrevision",
    "admin:sla_statement_difference": "sla.view_statement",
    "admin:sla_statement_hold": "sla.add_statementrevision",
    "admin:sla_revision": "sla.view_statement",
    "admin:sla_revision_verify": "sla.view_statement",
    "admin:sla_revision_release": "sla.add_release",
    "admin:sla_revision_file": "sla.view_statement",
    "admin:sla_line_answer": "sla.add_lineanswer",
    "admin:sla_link_make": "sla.add_release",
    "admin:sla_link_uses": "sla.view_statementlink",
    "admin:sla_link_revoke": "sla.add_release",
    "admin:sla_answer_decide": "sla.add_lineanswer",
    "admin:sla_answer_file": "sla.view_vendoranswer",
    "admin:sla_webhook_test": "sla.change_webhooktarget",
    "admin:sla_webhook_secret": "sla.change_webhooktarget",
}
# The API: name of the address -> the kind of record that its list, rows and export show.
API: Mapping[str, str] = {
    "entities": "vendors.legalentity",
    "tags": "vendors.tag",
    "vendors": "vendors.vendor",
    "accounts": "vendors.account",
    "contacts": "vendors.contact",
    "contracts": "vendors.contract",
    "services": "vendors.service",
    "service-names": "vendors.servicealias",
    "service-needs": "vendors.serviceneed",
    "fees": "vendors.charge",
    "calendars": "vendors.businesscalendar",
    "calendar-hours": "vendors.weeklyhours",
    "calendar-days": "vendors.calendarday",
    "approvals": "vendors.approval",
    "tokens": "vendors.apitoken",
    "incidents": "incidents.incident",
    "outages": "incidents.outage",
    "impacts": "incidents.impact",
    "milestones": "incidents.milestone",
    "positions": "incidents.position",
    "clock-stops": "incidents.clockstop",
    "maintenance": "incidents.maintenancewindow",
    "samples": "incidents.sample",
    "reported-figures": "incidents.reportedfigure",
    "deliveries": "incidents.delivery",
    "feeds": "incidents.feedsource",
    "feed-names": "incidents.componentrule",
    "feed-words": "incidents.severityrule",
    "feed-records": "incidents.feedrecord",
    "feed-uploads": "incidents.feedupload",
    "feed-unmatched-names": "incidents.unmatchedname",
    "feed-proposals": "incidents.proposedwindow",
    "feed-letters": "incidents.feedletter",
    "feed-fetching": "incidents.feedpoll",
    "feed-messages": "incidents.feeddelivery",
    "watches": "incidents.sourcewatch",
    "probes": "incidents.probe",
    "probe-days": "incidents.probeday",
    "schedules": "sla.servicelevelagreement",
    "terms": "sla.agreementversion",
    "service-levels": "sla.serviceleveltarget",
    "exclusions": "sla.exclusion",
    "conditions": "sla.condition",
    "brought-forward": "sla.broughtforward",
    "statements": "sla.statement",
    "draft-lines": "sla.draftline",
    "revisions": "sla.statementrevision",
    "statement-lines": "sla.statementline",
    "service-credits": "sla.servicecredit",
    "outlooks": "sla.outlook",
    "repeated-failures": "sla.patterncount",
    "held-corrections": "sla.heldcorrection",
    "releases": "sla.release",
    "statement-links": "sla.statementlink",
    "link-uses": "sla.statementlinkview",
    "sent-answers": "sla.vendoranswer",
    "claims": "sla.claim",
    "claim-parts": "sla.claimpart",
    "claim-moves": "sla.claimmove",
    "claim-letters": "sla.claimletter",
    "line-answers": "sla.lineanswer",
    "dated-steps": "sla.claimtodo",
    "credits-received": "sla.creditreceived",
    "matches": "sla.creditmatch",
    "exchange-rates": "sla.exchangerate",
    "register": "sla.registerentry",
    "posting-policies": "sla.postingpolicy",
    "closed-months": "sla.periodclose",
    "shared-caps": "sla.sharedcap",
    "report-schedules": "sla.reportschedule",
    "sent-reports": "sla.compliancereport",
    "messages": "sla.outboxmessage",
    "runs": "sla.duty",
    "warnings": "sla.alert",
    "warning-rules": "sla.alertpolicy",
    "webhooks": "sla.webhooktarget",
}
# Kinds of records without an address of their own over the API, and why.
IN_ANOTHER = "shown within another record"
SIGNS_IN = "who may sign in, and how, is kept where people sign in; `reports/access_review` lists it"
NOT_OVER_THE_API: Mapping[str, str] = {
    **dict.fromkeys(("auth.user", "auth.group", "axes.accessattempt", "mfa.authenticator"), SIGNS_IN),
    **dict.fromkeys(("socialaccount.socialaccount",), SIGNS_IN),
    "vendors.costshare": f"{IN_ANOTHER}: `cost_shares` of fees",
    "vendors.factchange": "a note to the sweep that statements are stale; no record of anybody",
    "vendors.keptanswer": "what a repeated request is answered with; the API itself reads it",
    "vendors.registerupload": "a workbook on its way in; programs send rows to `PUT …/bulk`",
    "vendors.registerrecord": "of such a workbook",
    "incidents.maintenanceservice": f"{IN_ANOTHER}: `services` of maintenance",
    "incidents.probestate": f"{IN_ANOTHER}: `state` of probes",
    **dict.fromkeys(
        (
            *("sla.readingnote", "sla.targetservice", "sla.creditrule", "sla.credittier", "sla.cap"),
            *("sla.exclusionrule", "sla.claimrule", "sla.claimstep", "sla.chronicrule", "sla.earnback"),
        ),
        f"{IN_ANOTHER}: `terms` of terms, as documents write them",
    ),
    "sla.toldfigure": "what one report said, kept to say in the next what changed; it stands in that report",
    "sla.alertnotice": "which message told of a warning; `messages` lists them",
    "sla.requestnotice": "that people were written to about a request; `messages` lists what they were sent",
    "sla.outboxfile": f"{IN_ANOTHER}: `files` of messages; the bytes are for the reader of the mail",
    "sla.outboxact": f"{IN_ANOTHER}: `acts` of messages",
    "sla.heartbeat": "`/health/scheduler` answers it",
    "sla.answerdraft": "what a vendor is still writing; it is the vendor's until it is sent",
    "sla.answerdraftfile": "of what a vendor is still writing",
    "sla.vendoranswerline": f"{IN_ANOTHER}: `lines` of sent answers",
    "sla.answerdecision": f"{IN_ANOTHER}: `decision` of a line of sent answers",
    "sla.webhookstate": f"{IN_ANOTHER}: `state` of webhooks",
}
# Read with another permission than to view the kind.
API_READ: Mapping[str, str] = {
    "terms": "sla.view_servicelevelagreement",
    "revisions": "sla.view_statement",
    "claim-letters": "sla.view_claim",
    "dated-steps": "sla.view_claim",
    "feed-unmatched-names": "incidents.view_feedsource",
    "feed-proposals": "incidents.view_feedsource",
    "feed-letters": "incidents.view_feedsource",
    "feed-fetching": "incidents.view_feedsource",
    "feed-messages": "incidents.view_feedsource",
    "probe-days": "incidents.view_probe",
}
# Addresses of the API behind which no single kind of record stands.
API_PAGES: Mapping[str, str] = {
    "documents-list": "vendors.see_all_vendors",
    "documents-detail": "sla.view_servicelevelagreement",
    "evaluate-list": "",
    "reports-list": "sla.view_statement",
    "reports-detail": "sla.view_statement",
}
# What is read of one record beside its row.
API_VIEWS = frozenset(
    f"{kind}-{view}"
    for kind, views in {
        "statements": ("account", "file", "questions", "result", "worked-out"),
        "revisions": ("account", "file", "result", "worked-out"),
        "claims": ("letter",),
        "claim-letters": ("file",),
    }.items()
    for view in views
)
# What may be done with one row, beyond reading and changing it: it is a change of the row.
API_ACTS = frozenset(
    {
        *("vendors-archive", "vendors-restore", "fees-price", "fees-shares", "calendars-holidays"),
        *("incidents-reopen", "incidents-resolve", "outages-confirm", "outages-end", "outages-withdraw"),
        *("positions-agree", "positions-decide", "clock-stops-resume", "maintenance-cancel"),
        *("feed-uploads-forget", "feed-uploads-import-file", "feed-unmatched-names-match"),
        *("feed-proposals-accept", "feed-proposals-decline", "feed-letters-finish", "watches-confirm"),
        *("claims-answer", "claims-close", "claims-contest", "claims-drop", "claims-lapse", "claims-receipt"),
        *("claims-reopen", "claims-settle", "claims-split", "claims-submit", "claims-write-letter"),
        "claims-write-off",
        *("messages-again", "messages-arrived", "messages-cancel", "messages-try-now", "runs-retry"),
        *("warnings-acknowledge", "tokens-revoke"),
    }
)
# Acts that need another permission than to change the kind.
API_ACTS_BY: Mapping[str, str] = {
    "feed-unmatched-names-match": "incidents.change_incident",
    "feed-proposals-accept": "incidents.change_incident",
    "feed-proposals-decline": "incidents.change_incident",
    "feed-letters-finish": "incidents.change_incident",
    "feed-uploads-forget": "incidents.change_incident",
    "feed-uploads-import-file": "incidents.change_incident",
    "terms-sign-off": "sla.change_servicelevelagreement",
    "statements-finalise": "sla.add_statementrevision",
    "statements-hold": "sla.add_statementrevision",
    "statements-refresh": "sla.view_statement",
    "revisions-answer": "sla.add_lineanswer",
    "revisions-release": "sla.add_release",
    "matches-undo": "sla.add_creditmatch",
    "dated-steps-finish": "sla.change_claim",
    # As on its page: each request then asks for the permission of its own act.
    "approvals-approve": "vendors.view_approval",
    "approvals-refuse": "vendors.view_approval",
    "approvals-withdraw": "vendors.view_approval",
}
# kind of record -> what may be done with several at once -> permission
ACTIONS: Mapping[str, Mapping[str, str]] = {
    "incidents.position": dict.fromkeys(("agree", "decide"), "incidents.change_position"),
    "incidents.outage": dict.fromkeys(("confirm", "withdraw"), "incidents.change_outage"),
    "incidents.sourcewatch": {"confirm": "incidents.change_sourcewatch"},
    "incidents.maintenancewindow": {"cancel": "incidents.change_maintenancewindow"},
    "incidents.incident": dict.fromkeys(
        ("attribute_to_vendor", "confirm_outages", "resolve"), "incidents.change_incident"
    ),
    "sla.duty": {"retry_selected": "sla.change_duty"},
    "sla.statement": {
        "finalise_selected": "sla.add_statementrevision",
        "release_selected": "sla.add_release",
        "refresh_selected": "sla.view_statement",
    },
    "sla.alert": {"acknowledge_selected": "sla.change_alert"},
    "axes.accessattempt": {"unlock": "axes.delete_accessattempt"},
    "vendors.apitoken": {"revoke": "vendors.change_apitoken"},
    # Each request then asks for the permission of its own act.
    "vendors.approval": {"approve_selected": "vendors.view_approval"},
}
