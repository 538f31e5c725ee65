"""Warnings: what is about to go wrong, found by looking, told once and again only when it gets worse.

`levels`, `steps`, `vendor_dates`, `patterns`, `notices`, `credits`, `open_incidents` and `sources` each find
what stands now, as plain values · `looking` asks all of them · `raising` compares what stands with the rows ·
`escalating` notes who has waited too long · `readers` who is told · `telling` what was not told yet · `runs`
does it by itself · `acknowledging` what a person does about one · `waiting` what waits for one person.
"""
