"""The entry point of WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

from config.queries import limit_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
limit_queries()
