"""Pages outside the admin: the calendar feed of deadlines, and what a vendor reads and answers by a link."""

from sla.pages.deadlines import deadline_calendar
from sla.pages.links import check_answer, sent_answer, statement_page, statement_pdf

__all__ = ["check_answer", "deadline_calendar", "sent_answer", "statement_page", "statement_pdf"]
