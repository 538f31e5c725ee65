"""Settings of the programs under load: the real ones, with a clock that the test sets, and higher limits.

A person here does in a minute what hundreds do. Every hold and every wait is that of an installation.
"""

import importlib

real = importlib.import_module("config.settings")
globals().update({name: value for name, value in vars(real).items() if name.isupper()})

# Lays the clock.
importlib.import_module("tests.chaos.settings")

MOST = {"user": "100000/min", "export": "100000/hour"}
REST_FRAMEWORK = {
    **real.REST_FRAMEWORK,
    "DEFAULT_THROTTLE_RATES": {**real.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], **MOST},
}
