"""What is done with feeds: their records brought in, their words matched, what waits for a person decided.

`importing` brings a file in · `records` what was said of each record · `incidents`, `notices`, `samples`
one record of each kind · `merging` never over a person's value · `names` and `words` what a feed's words
mean here · `proposals` windows that texts tell of · `inbox` what waits for a person · `runs` one import.
"""
