"""The workloads: how their tables are made, which ruleset reads them, and who else can do the work.

A peer is a command that prints the workload's canonical text. What is not installed is left out.
"""
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass
class Workload:
    name: str
    ruleset: str
    # What the canonical printer is told: its form, then the verdicts.
    canon: list
    # The sort of each column, for the limit program: `i` a name, a text or a date, `n` a number.
    columns: dict
    # Name of a peer -> function from a folder to its command, or to nothing.
    peers: dict = field(default_factory=dict)

    def path(self, *parts):
        return os.path.join(HERE, self.name, *parts)

    def make(self, folder, facts):
        """Writes tables and ruleset, unless they were written by this very generator."""
        done = os.path.join(folder, "made")
        changed = max(os.path.getmtime(self.path(name)) for name in os.listdir(self.path()) if name.endswith(".py"))
        if not os.path.exists(done) or os.path.getmtime(done) < changed:
            os.makedirs(folder, exist_ok=True)
            made = subprocess.run([sys.executable, self.path("gen.py"), folder, "--facts", facts], check=True,
                                  capture_output=True, text=True).stdout
            with open(done, "w") as out:
                out.write(made)
        source = self.path(self.ruleset)
        if os.path.exists(source):
            shutil.copyfile(source, os.path.join(folder, self.ruleset))

    def installed(self, folder):
        found = {name: command(self, folder) for name, command in self.peers.items()}
        return {name: command for name, command in found.items() if command}


def python(module, script):
    """A peer that is a module of this Python."""
    def command(workload, folder):
        if importlib.util.find_spec(module):
            return [sys.executable, workload.path("peers", script), folder]
    return command


def script(program, script):
    """A peer that is a program on the path, driven by a script."""
    def command(workload, folder):
        if shutil.which(program):
            return [workload.path("peers", script), folder]
    return command


def built(variable, script):
    """A peer that has to be built first; the variable says where it is."""
    def command(workload, folder):
        if os.path.exists(os.environ.get(variable, "")):
            return [workload.path("peers", script), folder, os.environ[variable]]
    return command


WORKLOADS = {w.name: w for w in [
    Workload(
        "economy", "economy.lens", ["labels", "customer", "partner", "colleague", "funder", "other"],
        {"makes": "ii", "sells": "iii", "uses": "ii", "pays": "iiin", "distributes": "ii", "employs": "ii",
         "supports": "ii", "funds": "ii", "commission": "ii", "needs": "ii", "contracts": "iii"},
        {"duckdb": python("duckdb", "duckdb/run.py"), "polars": python("polars", "polars/run.py"),
         "sqlite": script("sqlite3", "sqlite/run.sh"), "clingo": python("clingo", "clingo/run.py"),
         "souffle": script("souffle", "souffle/run.sh"),
         "souffle-compiled": built("SOUFFLE_PROGRAM", "souffle/run.sh"),
         "ascent": built("ASCENT", "ascent/run.sh")}),
    Workload(
        "registry", "registry.lens", ["open", "critical", "watched", "normal", "retired"],
        {"packages": "iinini", "depends": "ii", "replaced": "ii", "maintains": "ii", "maintainers": "iii",
         "advisories": "iin", "grades": "iin", "ships": "ii"},
        {"duckdb": python("duckdb", "duckdb.py")}),
    Workload(
        "orders", "orders.lens", ["open", "odd", "late", "fine"],
        {"orders": "iiiiinniinii", "products": "ii"},
        {"duckdb": python("duckdb", "duckdb.py"), "polars": python("polars", "polars.py")}),
]}
