"""The engine runs where nothing but the standard library can be imported."""

import subprocess
import sys
from pathlib import Path

BLOCKED = (
    "django",
    "rest_framework",
    "celery",
    "kombu",
    "redis",
    "psycopg",
    "pydantic",
    "environs",
    "holidays",
    "simple_history",
    "unfold",
    "tomli_w",
    "vendors",
    "incidents",
    "config",
)
ROOT = Path(__file__).parents[2]
PROGRAM = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({BLOCKED!r}))
import sla.engine
for module in pkgutil.walk_packages(sla.engine.__path__, prefix="sla.engine."):
    importlib.import_module(module.name)
    print(module.name)
"""


def test_the_engine_imports_with_every_framework_blocked() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}){PROGRAM}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert {"sla.engine.evaluation", "sla.engine.claims.deadlines"} <= set(done.stdout.split())


def test_a_blocked_framework_is_really_out_of_reach() -> None:
    program = f"import sys; sys.modules.update(dict.fromkeys({BLOCKED!r})); import django"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError: import of django halted" in done.stderr
