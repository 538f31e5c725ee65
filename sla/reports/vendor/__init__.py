"""The compliance of one vendor in one period, in two editions, for a page, a PDF and files.

`data` what it says · `rows` what it is made from · `levels` lines, grid, trends · `happened` incidents,
exclusions, days · `owed` amounts, claims, corrections, actions · `released` what a vendor may be sent ·
`report` all of it · `view` its texts and pictures · `tables` its tables.
"""

from sla.reports.vendor.data import VendorReport
from sla.reports.vendor.released import Released
from sla.reports.vendor.report import vendor_report
from sla.reports.vendor.tables import as_report
from sla.reports.vendor.view import vendor_page, vendor_pdf, vendor_view

__all__ = [
    "Released",
    "VendorReport",
    "as_report",
    "vendor_page",
    "vendor_pdf",
    "vendor_report",
    "vendor_view",
]
