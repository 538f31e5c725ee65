"""Parts of terms as forms: built from the engine's own classes, read back by the one codec.

`words` labels and help · `controls` from a value to what a form shows · `reading` from what was typed
to plain data · `acts` look a part up, put it back, remove it.
"""

from sla.services.parts.acts import (
    PARTS,
    Draft,
    NoSuchPart,
    Part,
    options_of,
    part_form,
    read_part,
    read_part_as_it_stands,
    remove_part,
    save_part,
)
from sla.services.parts.controls import Control, Group, Listing

__all__ = [
    "PARTS",
    "Control",
    "Draft",
    "Group",
    "Listing",
    "NoSuchPart",
    "Part",
    "options_of",
    "part_form",
    "read_part",
    "read_part_as_it_stands",
    "remove_part",
    "save_part",
]
