"""What runs by itself: rows that are due, each done once, on any number of workers or in a loop.

`periods` what is due at an instant · `planning` rows for it, `intake` those of feeds, `writing` each once ·
`holding` one worker a run · `running` doing it · `rounds` everything that is due, once · `forgetting` what
need not be kept. Import the modules: what does the work stands beside this package.
"""
