"""Reports that go out by themselves: who gets one, what it says, what a vendor is let have.

`periods` what a run is about · `readers` who gets it · `gathering` and `changing` what a summary says ·
`released` what a vendor's says · `files` what is attached · `runs` beginning a report and writing its mails ·
`releasing` letting a vendor have a statement · `leaving` with which mail it goes · `trying` a preview and
a test · `defaults` the first ones.
Import the modules: they stand above the rest of the services.
"""
