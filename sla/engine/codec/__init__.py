"""The only way between frozen values and plain data (dict, list, text, whole numbers, truth).

`scalars` one value each · `bounds` how large it may be · `plans` what a class consists of ·
`reading` plain data to values, all faults at once, each with its place · `writing` values to plain
data, canonical bytes and digest.

A parameters class chosen by a sibling (``metric``, ``scheme``) stands flat: its fields are keys
beside that sibling. What has its default value is left out.
"""

from sla.engine.codec.places import MOST_FAULTS, CodecError
from sla.engine.codec.plans import CHOICES, Choice, fields_of
from sla.engine.codec.reading import from_plain
from sla.engine.codec.scalars import parse_length, written_length_text
from sla.engine.codec.writing import canonical, digest, document_plain, to_plain
from sla.engine.terms.problems import Problem, joined, listed

__all__ = [
    "CHOICES",
    "MOST_FAULTS",
    "Choice",
    "CodecError",
    "Problem",
    "canonical",
    "digest",
    "document_plain",
    "fields_of",
    "from_plain",
    "joined",
    "listed",
    "parse_length",
    "to_plain",
    "written_length_text",
]
