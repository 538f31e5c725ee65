"""Mutation tests of the engine: change one operator, name or number, and see that a test fails.

    python -m tests.mutants [PATTERN ...] [--tests PATH ...] [--jobs N] [--seconds N]

A pattern is a module, a function or one mutant, with `*`: `sla.engine.money*`,
`sla.engine.claims.deadlines.deadlines_of*`, `sla.engine.money.round_minor:12`. What to change comes
from mutmut; its own runner collects the tests anew for each mutant, which here takes hours. So the
tests are collected once, each notes the functions that it calls, and then each mutant lives in a
forked child: the code of one function is exchanged, what was cached is forgotten, and the tests that
call the function run until one fails, those that killed before and the quick ones first, for at most so
many seconds. The survivors are printed at the end as what changed.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import fnmatch
import functools
import gc
import hashlib
import importlib
import mmap
import os
import re
import resource
import signal
import struct
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.file_mutation import mutate_file_contents

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "sla" / "engine"
# The values that everything else is made of, with the tests that are about them.
DEFAULT = ("sla.engine.money*", "sla.engine.intervals*", "sla.engine.periods*", "sla.engine.claims*")
DEFAULT_TESTS = tuple(
    f"tests/engine/test_{name}.py"
    for name in ("money", "intervals", "periods", "claims", "earn_back", "chronic", "chronic_look_back")
)
# Random input finds what no one thought of, but takes too long to be asked about each mutant.
LEFT_OUT = ("test_oracle.py", "test_invariants.py", "test_credits_properties.py", "test_purity.py")
# Whole cases a second time in another order: true of most mutants too, and slow.
DESELECTED = "not the_order_of_versions_and_facts and not every_reason_reads_as_a_sentence"
OUTCOMES = KILLED, TIMED_OUT, SURVIVED, NO_TESTS = "killed", "timed out", "survived", "no test"
MEMORY = 2 << 30
# Guards against a mistake in the code itself, which no input reaches.
GUARDS = re.compile(r", strict=(?:True|False|None)\b")


@dataclass(frozen=True)
class Mutant:
    """One changed function: its name, and the sources before and after."""

    name: str
    function: FunctionType
    tree: ast.FunctionDef
    before: ast.FunctionDef

    def difference(self) -> str:
        """Return the lines that changed, as written by `ast.unparse`."""
        old, new = (ast.unparse(tree).splitlines()[1:] for tree in (self.before, self.tree))
        head = [ast.unparse(tree).splitlines()[:1] for tree in (self.before, self.tree)]
        if ast.dump(self.before.args) != ast.dump(self.tree.args):
            old, new = head[0] + old, head[1] + new
        lines = [*difflib.unified_diff(old, new, lineterm="", n=0)][3:]
        return "\n".join(f"      {line}" for line in lines if not line.startswith("@@"))

    def is_told_apart(self) -> bool:
        """Return whether anything but a guard changed."""
        before, after = (
            GUARDS.sub("", ast.unparse(ast.Module(tree.body, []))) for tree in (self.before, self.tree)
        )
        return before != after or ast.dump(self.before.args) != ast.dump(self.tree.args)

    def install(self) -> None:
        """Exchange the function's code and defaults, so that everyone who imported it gets the mutant."""
        module = ast.Module(body=[self.tree], type_ignores=[])
        # Annotations are not looked at: this module's own future import holds for what it compiles.
        code = compile(module, self.function.__code__.co_filename, "exec")
        names = dict(vars(sys.modules[self.function.__module__]))
        exec(code, names)
        made = names[self.tree.name]
        made = getattr(made, "__func__", made)
        self.function.__code__ = made.__code__.replace(co_name=self.function.__name__)
        self.function.__defaults__ = made.__defaults__
        self.function.__kwdefaults__ = made.__kwdefaults__


def modules_of(patterns: Sequence[str]) -> list[str]:
    """Return the engine's modules that a pattern may mean, by name."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in ENGINE.rglob("*.py")]
    names = sorted(name.removesuffix(".__init__") for name in names)
    return [
        name
        for name in names
        if any(fnmatch.fnmatch(name, one) or one.startswith(f"{name}.") for one in patterns)
    ]


def mutated_source(path: Path) -> str:
    """Return the module with all its mutants side by side, from `mutants/` if the module is unchanged."""
    source = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    kept = ROOT / "mutants" / f"{'.'.join(path.relative_to(ROOT).parts)}-{digest}"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(mutate_file_contents(str(path), source, None, None).code, encoding="utf-8")
    return kept.read_text(encoding="utf-8")


def mutants_in(module: ModuleType, *, patterns: Sequence[str]) -> Iterator[Mutant]:
    """Yield the mutants of a module that match a pattern, function by function."""
    path = Path(str(module.__file__))
    tree = ast.parse(mutated_source(path))
    found = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for name, node in found.items():
        stem, mark, number = name.rpartition("__mutmut_")
        if not mark or number == "orig":
            continue
        _, *owner, plain = stem.split("ǁ") if "ǁ" in stem else ("", stem.removeprefix("x_"))
        place = ".".join([module.__name__, *owner, plain])
        holder = getattr(module, owner[0]) if owner else module
        function = vars(holder)[plain]
        function = getattr(function, "__func__", function)
        mutant = Mutant(f"{place}:{number}", function, node, found[f"{stem}__mutmut_orig"])
        is_meant = any(fnmatch.fnmatch(mutant.name, one) or fnmatch.fnmatch(place, one) for one in patterns)
        if is_meant and mutant.is_told_apart():
            yield mutant


@functools.cache
def caches() -> list[Any]:
    """Return the functions of the project and its tests that remember what they returned."""
    every = [
        value
        for name, module in [*sys.modules.items()]
        if name.partition(".")[0] in ("sla", "tests")
        for value in vars(module).values()
    ]
    return [one for one in every if isinstance(one, functools._lru_cache_wrapper) and one is not caches]


def code_behind(cached: Any) -> CodeType:
    return cached.__wrapped__.__code__


@dataclass
class Coverage:
    """Which tests call which function, how long each takes, and what was called for a cached value."""

    items: dict[CodeType, list[int]] = field(default_factory=lambda: defaultdict(list))
    seconds: list[float] = field(default_factory=list)
    behind: dict[CodeType, set[CodeType]] = field(default_factory=lambda: defaultdict(set))

    def note(self, item: pytest.Item, *, of: set[str]) -> bool:
        """Run one test with nothing cached; return whether it passes."""
        called: set[CodeType] = set()
        cached = {code_behind(one) for one in caches()}

        def profile(frame: FrameType, event: str, _: Any) -> None:
            code = frame.f_code
            if event == "call" and code.co_filename in of:
                called.add(code)
            elif event == "return" and code in cached:
                # What the test called before may have gone into it through another cache.
                self.behind[code] |= called

        for one in caches():
            one.cache_clear()
        began = time.perf_counter()
        sys.setprofile(profile)
        try:
            passed = passes(item)
        finally:
            sys.setprofile(None)
        for code in called:
            self.items[code].append(len(self.seconds))
        self.seconds.append(time.perf_counter() - began)
        return passed

    def forget(self, code: CodeType) -> None:
        """Clear the caches whose values may have been made with the code."""
        for one in caches():
            if code in self.behind[code_behind(one)]:
                one.cache_clear()


def passes(item: pytest.Item) -> bool:
    return not any(report.failed for report in runtestprotocol(item, nextitem=None, log=False))


@dataclass
class Mutation:
    """The pytest plugin that runs the collected tests against each mutant instead of once."""

    patterns: Sequence[str]
    jobs: int
    seconds: float
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    survivors: list[str] = field(default_factory=list)
    kills: Counter[int] = field(default_factory=Counter)
    coverage: Coverage = field(default_factory=Coverage)
    running: dict[int, tuple[Mutant, int]] = field(default_factory=dict)
    slots: list[int] = field(default_factory=list)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Replace the run of the tests: note who calls what, then try each mutant."""
        modules = [importlib.import_module(name) for name in modules_of(self.patterns)]
        files = {str(module.__file__) for module in modules}
        for item in session.items:
            if not self.coverage.note(item, of=files):
                raise pytest.UsageError(f"{item.nodeid} fails without any mutant. Mend it first.")
        print(f"\n{len(session.items)} tests take {sum(self.coverage.seconds):.0f} s, one by one", flush=True)
        for item in session.items:
            passes(item)  # Fills the caches again, for the children to inherit.
        self.slots = list(range(self.jobs))
        self.killers = mmap.mmap(-1, 8 * self.jobs)
        gc.freeze()
        # Module by module: all changed functions at once would take a gigabyte.
        for module in modules:
            for mutant in mutants_in(module, patterns=self.patterns):
                self.try_mutant(mutant, items=session.items)
        while self.running:
            self.wait()
        return True

    def try_mutant(self, mutant: Mutant, *, items: Sequence[pytest.Item]) -> None:
        """Start one child for the mutant, as soon as there is room."""
        linked = self.coverage.items.get(mutant.function.__code__, [])
        if not linked:
            self.record(mutant, NO_TESTS)
            return
        # Who has killed a mutant before is asked first, then the quick ones.
        order = sorted(linked, key=lambda i: (-self.kills[i], self.coverage.seconds[i]))
        if len(self.running) >= self.jobs:
            self.wait()
        slot = self.slots.pop()
        pid = os.fork()
        if pid == 0:
            self.live(mutant, items=items, order=order, slot=slot)
        self.running[pid] = mutant, slot

    def live(self, mutant: Mutant, *, items: Sequence[pytest.Item], order: list[int], slot: int) -> None:
        """Run the tests as the mutant and leave the process: 1 when a test fails, else 0."""
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1)
        os.dup2(devnull, 2)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            self.coverage.forget(mutant.function.__code__)
            mutant.install()
            for i in order:
                if time.process_time() > self.seconds:
                    break
                struct.pack_into("q", self.killers, 8 * slot, i)
                # An endless loop is ended by the alarm; the first test of a child fills the caches.
                signal.setitimer(signal.ITIMER_PROF, 3 + 5 * self.coverage.seconds[i])
                if not passes(items[i]):
                    os._exit(1)
        except BaseException:
            os._exit(1)
        os._exit(0)

    def wait(self) -> None:
        """Take in the verdict of the child that ends first."""
        pid, status = os.wait()
        mutant, slot = self.running.pop(pid)
        self.slots.append(slot)
        if os.WIFSIGNALED(status):
            self.record(mutant, TIMED_OUT)
        elif os.WEXITSTATUS(status):
            (killer,) = struct.unpack_from("q", self.killers, 8 * slot)
            self.kills[killer] += 1
            self.record(mutant, KILLED)
        else:
            self.record(mutant, SURVIVED)

    def record(self, mutant: Mutant, outcome: str) -> None:
        self.outcomes[mutant.function.__module__][outcome] += 1
        if outcome != KILLED:
            print(f"{mutant.name}: {outcome}\n{mutant.difference()}", flush=True)
        if outcome in (SURVIVED, NO_TESTS):
            self.survivors.append(mutant.name)

    def pytest_terminal_summary(self) -> None:
        """Print one row a module, then the name of each survivor."""
        rows = [*sorted(self.outcomes.items()), ("all", sum(self.outcomes.values(), Counter()))]
        print(f"\n{'module':40}" + "".join(f"{name:>10}" for name in ("mutants", *OUTCOMES)))
        for module, count in rows:
            figures = [count.total(), *(count[one] for one in OUTCOMES)]
            print(f"{module:40}" + "".join(f"{figure:10}" for figure in figures))
        print("\nSurvivors:" if self.survivors else "\nNo survivor.")
        for name in self.survivors:
            print(f"  {name}")


def main() -> int:
    """Read the command line, and hand the tests to pytest with the plugin."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description="Mutation tests of the engine."
    )
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    parser.add_argument("--tests", nargs="+", metavar="PATH")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--seconds", type=float, default=10, metavar="N", help="of tests for one mutant (10)")
    wanted = parser.parse_args()
    os.chdir(ROOT)
    left_out = [f"--ignore=tests/engine/{name}" for name in LEFT_OUT]
    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=no", "-k", DESELECTED]
    tests = wanted.tests or (["tests/engine"] if wanted.patterns else DEFAULT_TESTS)
    plugin = Mutation(wanted.patterns or DEFAULT, jobs=wanted.jobs, seconds=wanted.seconds)
    status = pytest.main([*tests, *left_out, *quiet, "--hypothesis-seed=0"], plugins=[plugin])
    return int(status)


if __name__ == "__main__":
    raise SystemExit(main())
