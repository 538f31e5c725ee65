"""The web server's own settings: `gunicorn --config python:config.gunicorn`, the rest as options."""

from config.settings import LOGGING

wsgi_app = "config.wsgi"
# Before the first worker loads Django the server speaks already.
logconfig_dict = LOGGING
