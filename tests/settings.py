"""Settings of a test run: the real ones, in an environment that nothing on this machine leaks into.

TEST_DATABASE_URL and TEST_BROKER_URL choose the database and the broker; uploads, mails and the
SQLite file live in a directory of their own, never in `.data`.
"""

import atexit
import importlib
import os
import shutil
import tempfile

from config.environment import ADVICE

DATA = tempfile.mkdtemp(prefix="recourse-tests-")
atexit.register(shutil.rmtree, DATA, ignore_errors=True)

for name in ADVICE:
    os.environ.pop(name, None)
os.environ.update(
    RECOURSE_DEBUG="true",
    RECOURSE_DATA=DATA,
    RECOURSE_SECRET_KEY="only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", ""),
    CELERY_BROKER_URL=os.environ.get("TEST_BROKER_URL", ""),
)

real = importlib.import_module("config.settings")
globals().update({name: value for name, value in vars(real).items() if name.isupper()})

# Tables are made from the models, which takes a moment. tests/config/test_migrations.py holds the two equal.
DATABASES = {"default": {**real.DATABASES["default"], "TEST": {"MIGRATE": False}}}
# Otherwise each test client would list every static file.
WHITENOISE_AUTOREFRESH = True
# A slow hash protects passwords, not tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Logging in without a request, as the test client does, is refused by it.
AXES_ENABLED = False
