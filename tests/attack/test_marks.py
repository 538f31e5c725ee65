"""Text is marked as safe for a page only where a reason is written down here."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("config", "vendors", "incidents", "sla")
MARKS = re.compile(
    r"mark_safe\(|SafeString\(|html_safe\b|\|\s*safe(seq)?\b|autoescape off|<script[^>]*>[^<]*\{\{"
)
# file -> how often, and why nothing that a person typed comes through
ALLOWED: dict[str, tuple[int, str]] = {
    "sla/reports/tables/html.py": (1, "the project's own style sheets"),
    "sla/reports/vendor/view.py": (1, "the project's own style sheet"),
    "sla/templates/sla/parts/level.html": (1, "a pattern drawn by sla/reports/pictures, which escapes text"),
    "sla/templates/sla/parts/pictures.html": (1, "drawn by sla/reports/pictures, which escapes text"),
    "sla/templates/sla/mails/vendor.txt": (1, "plain text, which no program reads as a page"),
    "sla/templates/sla/mails/summary.txt": (1, "plain text"),
    "sla/templates/sla/mails/warnings.txt": (1, "plain text"),
    "sla/templates/sla/mails/parts/statements.txt": (1, "plain text"),
    "config/templates/mfa/authenticate.html": (1, "data for the library's script: names of its own fields"),
    "config/templates/mfa/webauthn/add_form.html": (1, "the same"),
    "config/templates/mfa/webauthn/reauthenticate.html": (1, "the same"),
}


def files(*endings: str) -> Iterator[Path]:
    for app in APPS:
        yield from (path for path in (ROOT / app).rglob("*") if path.suffix in endings)


def test_text_is_marked_as_safe_only_where_a_reason_stands() -> None:
    found: Counter[str] = Counter()
    for path in files(".py", ".html", ".txt"):
        if count := len(MARKS.findall(path.read_text(encoding="utf-8"))):
            found[path.relative_to(ROOT).as_posix()] = count
    assert dict(found) == {name: count for name, (count, _) in ALLOWED.items()}


def test_format_html_takes_its_values_as_arguments() -> None:
    """A text that was put together before is taken for a template, and so as it is."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("format_html", "format_html_join")
        and any(isinstance(part, ast.JoinedStr | ast.BinOp | ast.Call) for part in templates_of(node))
    ]
    assert wrong == []


def templates_of(node: ast.Call) -> list[ast.expr]:
    assert isinstance(node.func, ast.Name)
    return node.args[: 2 if node.func.id == "format_html_join" else 1]
