"""The evidence pack: everything that somebody needs who does not believe us, in one file.

`files` what is in it · `account` the time account and incidents as CSV · `clauses` what was promised ·
`calculator` the few numbers, to be re-performed by hand · `verifier` the program that goes along, and
computes all of it again with nothing but Python.
"""

from sla.reports.evidence.calculator import calculator_text
from sla.reports.evidence.files import pack_files, pack_folder

__all__ = ["calculator_text", "pack_files", "pack_folder"]
