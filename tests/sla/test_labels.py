"""What people read in forms: the reader's words, not the code's."""

import re

import pytest
from django.apps import apps
from django.db import models

from sla.models.columns import ChoicesOf

# The code's words that mean something else to a vendor manager or to accounts payable.
FORBIDDEN = re.compile(
    r"\b(freeze|charges?|settlement|disputed?|attribution|clock stops?|trace|ledger|digest|waived?|duty"
    r"|breach|gross|agreements?|(?<!service level )statements?)\b",
    re.IGNORECASE,
)


def labels_of(model: type[models.Model]) -> list[tuple[str, str]]:
    found = [("name", str(model._meta.verbose_name)), ("names", str(model._meta.verbose_name_plural))]
    for field in model._meta.get_fields():
        if isinstance(field, models.Field) and field.editable:
            found += [(field.name, str(field.verbose_name)), (f"{field.name} help", str(field.help_text))]
            choices = field.choices or ()
            found += [(f"{field.name}={value}", str(label)) for value, label in choices]
    return found


@pytest.mark.parametrize("model", apps.get_app_config("sla").get_models(), ids=lambda model: model.__name__)
def test_labels_use_the_readers_words(model: type[models.Model]) -> None:
    wrong = [(name, label) for name, label in labels_of(model) if FORBIDDEN.search(label)]
    assert wrong == []


def test_every_closed_list_has_a_label_for_each_member() -> None:
    fields = [
        field
        for model in apps.get_app_config("sla").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.Field) and field.choices
    ]
    assert len(fields) > 20
    assert all(label.strip() for field in fields for _, label in field.choices or ())
    assert isinstance(fields[0].deconstruct()[3]["choices"], ChoicesOf)
