"""Words of libraries in the words of the menu."""

from __future__ import annotations

from django import template
from django.utils.text import capfirst

register = template.Library()
# What libraries call their own records and themselves, where no class of ours can name them otherwise.
MENU = {
    "Authentication and Authorization": "People",
    "access attempts": "Locked logins",
    "authenticators": "Second factors",
    "social accounts": "Linked logins",
}


@register.filter
def as_in_menu(title: object) -> str:
    """Return the name of a kind of record, or of a part of the menu, as the menu has it."""
    return MENU.get(str(title), capfirst(str(title)))
