"""JSON as it goes over the wire: nothing rounded, nothing that no database can hold."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

from vendors.files.documents import is_storable

MOST_DEEP = 50


class ExactEncoder(JSONEncoder):
    """The encoder of the framework writes a bare decimal as a float; here that is a fault."""

    def default(self, obj: Any) -> Any:
        """Refuse a decimal that no field wrote as text."""
        if isinstance(obj, Decimal):
            raise TypeError(f"{obj!r} would lose digits as a JSON number: declare a DecimalField for it.")
        return super().default(obj)


class ExactRenderer(JSONRenderer):
    """JSON without floats."""

    encoder_class = ExactEncoder


class StrictParser(JSONParser):
    """JSON that is an object, of moderate depth, whose texts can be stored."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the body; raise ParseError for what nobody can store."""
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        if not isinstance(body, dict):
            raise ParseError('Send a JSON object, such as {"name": "..."}.')
        _check(body, place="", depth=0)
        return body


def _check(value: Any, *, place: str, depth: int) -> None:
    if depth > MOST_DEEP:
        raise ParseError(f"{place} is nested too deeply.")
    if isinstance(value, str):
        _check_text(value, place=place)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _check_text(name, place=place)
            _check(inner, place=f"{place}.{name}" if place else name, depth=depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _check(inner, place=f"{place}[{number}]", depth=depth + 1)


def _check_text(text: str, *, place: str) -> None:
    if not is_storable(text):
        raise ParseError(
            f"{place or 'The body'} holds a character that is none: NUL, or half a surrogate pair."
        )
