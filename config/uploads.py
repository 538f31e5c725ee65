"""How much may be sent at once, said before any of it is stored."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class SizeLimit(FileUploadHandler):
    """Refuses a form whose files are too large together; Django itself limits only its other fields."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        """Look at the length that was announced: no more than that is read."""
        if content_length > settings.UPLOAD_MAX_SIZE:
            raise RequestDataTooBig(
                f"The form has {content_length} bytes, more than {settings.UPLOAD_MAX_SIZE}."
                " Send less at once."
            )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass on what came."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to those that keep it."""
