"""Texts that people and vendors may type, each meant to do harm somewhere; `atk` marks what came of them."""

from __future__ import annotations

from collections.abc import Mapping

# What a template, a formula or a document program would make of the sums below.
REVEALED = str(7919 * 7907)
# What stands in a file that a document program might be told to read.
CANARY = "The common look of all documents"
LISTENER = "LISTENER"
MOST = 200  # of most names

ATTACKS: Mapping[str, str] = {
    "script": "<script atk>alert(1)</script>",
    "script closed first": "</script></style></title></textarea><atk-a>",
    "image": '<img src=x atk onerror="alert(1)">',
    "attribute broken out of": '" atk onmouseover="alert(1)" x="',
    "attribute broken out of, single": "' atk onfocus='alert(1)' autofocus x='",
    "comment broken out of": "--><atk-b>]]><atk-c>",
    "javascript link": "javascript:alert('atk')",
    "javascript link, hidden": "java\tscript:alert('atk')",
    "data link": "data:text/html,<script atk>alert(1)</script>",
    "picture": '<svg atk onload="alert(1)"><a xlink:href="javascript:atk"/></svg>',
    "escaped already": "&lt;script atk&gt;&#60;atk-d&#62;",
    "wide brackets": "\uff1cscript atk\uff1e\u2039atk-e\u203a",
    "template": "atk {{7919*7907}}{% debug %}{# x #}${7919*7907}",
    "typst sum": "atk #(7919*7907) $x^2$ *b* _i_ `c` \\ #pagebreak()",
    "typst read": 'atk #read("base.typ") #eval("7919*7907") ] #[',
    "typst link": 'atk #link("http://LISTENER/")[x] #image("http://LISTENER/")',
    "formula": "=7919*7907+cmd|' /C calc'!A0 atk",
    "formula after blanks": " \t +7919*7907 atk",
    "formula, full width": "\uff1d7919*7907 atk",
    "formula, no width before": "\u200b@SUM(7919*7907) atk",
    "formula that links": '=HYPERLINK("http://LISTENER/atk","x")',
    "formula after a return": "\r-7919*7907 atk",
    "header": "atk\r\nBcc: atk@evil.example\r\n\r\n<atk-f>",
    "calendar line": "atk\r\nEND:VEVENT\r\nATTACH:http://LISTENER/atk;x,y\\n",
    "turned around": "\u202eatk\u2066 fdp.exe\u2069",
    "no width": "a\u200btk\u200d\ufeff\u2060atk",
    "emoji": "atk \U0001f469\u200d\U0001f4bb \U0001f1f3\U0001f1f1 e\u0301\u0323",
    "half a character": "atk\ud800",
    "NUL": "atk\x00atk",
    "control characters": "atk\x01\x07\x1b[2J\x7f\x85\u2028\ufffe",
    "path": "../../../../etc/passwd%00atk",
    "file": "file:///etc/passwd#atk",
    "inner address": "http://LISTENER/atk",
    "SQL": "atk'; DROP TABLE vendors_vendor; --\" \\",
    "format": "atk %s %n %(x)s {0} {0.__class__} %d",
    "XML entity": '<!DOCTYPE atk [<!ENTITY x SYSTEM "file:///etc/passwd">]>&x;',
    "thousand": "atk" + "W" * 1_000,
    "hundred thousand": "atk " + "word " * 20_000,
}
UNSTORABLE = ("half a character", "NUL")


def accepted(*, listener: str) -> list[str]:
    """Return the texts that a name may hold."""
    return [
        text.replace(LISTENER, listener)
        for name, text in ATTACKS.items()
        if name not in UNSTORABLE and len(text) <= MOST
    ]
