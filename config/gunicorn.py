"""The web server's own settings: `gunicorn --config python:config.gunicorn`, the rest as options."""

import os
from pathlib import Path

from config.settings import LOGGING

wsgi_app = "config.wsgi"
# Before the first worker loads Django the server speaks already.
logconfig_dict = LOGGING
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
# A request that takes longer is broken off; PostgreSQL breaks its query off earlier.
timeout = 60
# Asked to stop, it takes nothing new and lets what it has begun end.
graceful_timeout = 30
# What leaks is given back, and not by all at once.
max_requests, max_requests_jitter = 5000, 500
# Nobody steers it while it runs.
control_socket_disable = True
# Where a disk that is slow would make a worker seem dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # nosec B108 # files without a name
