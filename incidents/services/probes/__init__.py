"""Our own probes of services whose vendor has no status page: an indication of ours, never more.

`judging` what a row of results means · `running` one probe asked, and its result kept.
"""
