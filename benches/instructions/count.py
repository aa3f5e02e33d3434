#!/usr/bin/env python3
"""Counts the instructions of small fixed calls and fails where one has grown.

    python3 benches/instructions/count.py [--update] [--only NAME]

Instructions are counted by valgrind on one thread, so the figures are the same on a busy machine; they move by
less than 0.1 % from call to call. Fails where a call takes 5 % more than `baseline.csv` says, where a rule costs
more than twice as much among 10,000 as among 40, and where renaming or reordering moves the cost by 10 % or more.
`--update` writes the baseline anew: do so in the change that moves it, and say why.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import samples

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BASELINE = os.path.join(HERE, "baseline.csv")
GROWTH, RULES, ORDER = 0.05, 2.0, 0.10
VARIANTS = ["renamed", "rules", "columns", "rows"]


def calls(work):
    """Name -> arguments of a call."""
    def under(*parts):
        return os.path.join(work, *parts)

    def csv(path):
        return ["report", "--format", "csv", path]
    customer = os.path.join(ROOT, "rulesets", "customer")
    found = {
        "check customer": ["check", customer],
        "report customer": ["report", customer],
        "report economy": csv(samples.generated("economy", under("economy"), "1e4")),
        "report registry": csv(samples.generated("registry", under("registry"), "1e4")),
        "report orders": csv(samples.generated("orders", under("orders"), "1e5")),
        "report flights": csv(samples.flights(under("flights"), 10_000)),
        "report links": csv(samples.links(under("links"), 1_000)),
        "report codes": csv(samples.codes(under("codes"), 5_000)),
    }
    for count, lenses, rows in ((1, 1, 1), (40, 2, 20), (10_000, 50, 200)):
        path = samples.lenses(under(f"rows-{count}"), lenses, rows)
        found[f"check {count} rows"] = ["check", path]
        found[f"report {count} rows"] = csv(path)
        if count < 10_000:
            found[f"report {count} definitions"] = csv(samples.definitions(under(f"definitions-{count}"), count))
    found["report 10000 definitions"] = csv(samples.definitions(under("definitions-10000"), 10_000))
    samples.generated("economy", under("plain"), "3e4")
    found["plain"] = csv(under("plain", "economy.lens"))
    for how in VARIANTS:
        found[how] = csv(samples.varied(under("plain"), under(how), how))
    return found


def instructions(parallax, call):
    """How many instructions a call takes on one thread."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", parallax, *call]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
    counted = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode or not counted:
        sys.exit(f"{' '.join(call)} failed:\n{done.stderr[-2000:]}")
    return int(counted[1].replace(",", ""))


def valgrind():
    if shutil.which("valgrind"):
        return
    admin = [] if os.geteuid() == 0 else ["sudo", "-n"]
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "--no-install-recommends", "valgrind"]):
        if subprocess.run([*admin, *command], stdout=subprocess.DEVNULL).returncode:
            sys.exit("valgrind is not there and cannot be installed: apt-get install valgrind")


def baseline():
    if not os.path.exists(BASELINE):
        return {}
    with open(BASELINE) as lines:
        return {name: int(count) for name, count in (line.rsplit(",", 1) for line in lines if "," in line)}


def against_baseline(counts, before):
    """Which calls have grown."""
    wrong = []
    print(f"{'':26} {'instructions':>16} {'baseline':>16}")
    for name, count in counts.items():
        known = before.get(name)
        change = f"{count / known - 1:+.2%}" if known else "new"
        print(f"{name:26} {count:16,} {known or 0:16,} {change:>9}")
        if known and count > known * (1 + GROWTH):
            wrong.append(f"`{name}` takes {change} instructions; at most {GROWTH:+.0%} is allowed (--update if it is worth it)")
    if any(before.get(name, 0) * (1 - GROWTH) > count for name, count in counts.items()):
        print("some calls take less than before: --update keeps it so")
    return wrong


def per_rule(counts, verb, what):
    """What a rule costs beyond the first, among 40 and among 10,000."""
    one, few, many = (counts.get(f"{verb} {n} {what}") for n in (1, 40, 10_000))
    if not (one and few and many):
        return []
    small, large = (few - one) / 39, (many - one) / 9_999
    print(f"{verb}, {what}: {small:,.0f} instructions each among 40, {large:,.0f} among 10,000: {large / small:.2f} times")
    if large > RULES * small:
        return [f"{verb}: one of 10,000 {what} costs {large / small:.2f} times what one of 40 costs; at most {RULES:g} is allowed"]
    return []


def order(counts):
    wrong = []
    for how in VARIANTS:
        if "plain" in counts and how in counts:
            change = counts[how] / counts["plain"] - 1
            print(f"economy, {how}: {change:+.2%}")
            if abs(change) >= ORDER:
                wrong.append(f"economy with other {how}: {change:+.1%} instructions; under {ORDER:.0%} is allowed")
    return wrong


def update(counts):
    temporary = BASELINE + ".new"
    with open(temporary, "w") as out:
        out.writelines(f"{name},{count}\n" for name, count in counts.items())
    os.replace(temporary, BASELINE)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--update", action="store_true")
    ap.add_argument("--only", help="calls whose names contain this")
    ap.add_argument("--parallax", default=os.path.join(ROOT, "target", "release", "parallax"))
    args = ap.parse_args()
    valgrind()
    todo = {n: c for n, c in calls(os.path.join(ROOT, "target", "instructions")).items() if not args.only or args.only in n}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        counts = dict(zip(todo, pool.map(lambda call: instructions(args.parallax, call), todo.values())))
    wrong = [] if args.update else against_baseline(counts, baseline())
    wrong += per_rule(counts, "check", "rows") + per_rule(counts, "report", "rows") + per_rule(counts, "report", "definitions")
    wrong += order(counts)
    if args.update:
        update({**(baseline() if args.only else {}), **counts})
    for line in wrong:
        print("error: " + line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
