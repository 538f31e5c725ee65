"""The formats that can be read: adding one is a module with a FORMAT, and its line here."""

from collections.abc import Mapping

from incidents.feeds import (
    alertmanager,
    aws_data,
    google_cloud,
    healthchecks,
    incident_table,
    maintenance_table,
    maintnote,
    notice_mail,
    pagerduty,
    pasted_status,
    pingdom,
    probe,
    prometheus,
    sample_table,
    servicenow,
    slack_status,
    status_scrape,
    statuspage,
    statuspage_atom,
    statuspage_hook,
    upptime,
    uptime_kuma,
    uptimerobot,
)
from incidents.feeds.values import Format

FORMATS: Mapping[str, Format] = {
    module.FORMAT.code: module.FORMAT
    for module in (
        alertmanager,
        aws_data,
        google_cloud,
        healthchecks,
        incident_table,
        maintenance_table,
        maintnote,
        notice_mail,
        pagerduty,
        pasted_status,
        pingdom,
        probe,
        prometheus,
        sample_table,
        servicenow,
        slack_status,
        status_scrape,
        statuspage,
        statuspage_atom,
        statuspage_hook,
        upptime,
        uptime_kuma,
        uptimerobot,
    )
}
