"""What a program and its children use of the memory of this machine, without what they share."""

from __future__ import annotations

from pathlib import Path

PRIVATE = ("Private_Clean:", "Private_Dirty:")


def megabytes(pid: int) -> dict[int, float]:
    """Return the unshared megabytes of a process and of its children, by process."""
    return {each: _private(each) for each in (pid, *_children(pid))}


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _private(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(PRIVATE)) / 1024
