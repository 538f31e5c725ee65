"""Requests for a second person: the list, each page, and what pages of acts say of it."""
