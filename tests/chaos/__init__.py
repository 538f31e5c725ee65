"""A whole installation, disturbed: real programs and servers, killed, stopped, doubled and cut off.

`servers` databases and brokers of their own · `portfolio` what is there to close · `settings` and `shortened`
the product with short waits · `crashing` where a process kills itself · `installation` its programs · `books`
what came of it. Every test disturbs one run and asks the same: are the books those of an undisturbed one?
"""
