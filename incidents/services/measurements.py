"""Record measured values in bulk; single rows go through `vendors.services.save_record`."""

from collections.abc import Sequence
from functools import reduce
from itertools import groupby

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from simple_history.utils import bulk_create_with_history

from incidents.models import Sample
from vendors.models import Span
from vendors.services import checked_reason, note_change


@transaction.atomic
def record_samples(samples: Sequence[Sample], *, by: User, reason: str) -> int:
    """Save new measured values with their history, all or none, and return how many were new.

    A value already on file is passed over when it is the same.

    Raises:
        ValidationError: a value is not valid, comes twice, or differs from the one on file.

    """
    reason = checked_reason(reason)
    on_file = _on_file(samples)
    new: dict[tuple[int, str, object], Sample] = {}
    for number, sample in enumerate(samples):
        sample.clean_fields()
        key = (sample.service_id, sample.metric, sample.at)
        known = on_file.get(key) or new.get(key)
        if known is None:
            new[key] = sample
        elif (known.value, known.volume) != (sample.value, sample.volume):
            raise ValidationError(
                f"Sample {number}: {sample.metric} at {sample.at:%Y-%m-%d %H:%M:%S} UTC is {sample.value}, "
                f"but {known.value} is known. Correct that row, or leave this one out.",
                code="differs",
            )
    bulk_create_with_history(
        list(new.values()), Sample, batch_size=500, default_user=by, default_change_reason=reason
    )
    _note(list(new.values()))
    return len(new)


def _on_file(samples: Sequence[Sample]) -> dict[tuple[int, str, object], Sample]:
    if not samples:
        return {}
    instants = [sample.at for sample in samples]
    known = Sample.objects.filter(
        service__in={sample.service_id for sample in samples}, at__range=(min(instants), max(instants))
    )
    return {(sample.service_id, sample.metric, sample.at): sample for sample in known}


def _note(samples: list[Sample]) -> None:
    """Note one change a contract, over the whole time that its new values cover."""
    by_contract = sorted(samples, key=lambda sample: sample.service.contract_id)
    for _, group in groupby(by_contract, key=lambda sample: sample.service.contract_id):
        rows = list(group)
        span = reduce(Span.union, (row.touched_span() for row in rows))
        note_change(rows[0].touched_contracts(), subject=f"{len(rows)} measured values added", during=span)
