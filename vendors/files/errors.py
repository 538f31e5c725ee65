"""What is wrong with a file, or with one place in it."""

from dataclasses import dataclass


class FileError(ValueError):
    """The whole file cannot be read; its text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One record, or a part of it, that could not be used; a remark is about one that is used."""

    place: str
    message: str
    remark: bool = False
