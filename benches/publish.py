#!/usr/bin/env python3
"""Measures all workloads and writes tables and charts of `docs/performance.md`.

    python3 benches/publish.py                  # measure (an hour on a small machine), then write
    python3 benches/publish.py --written-only   # write again from docs/performance/results.csv
"""
import argparse
import csv
import os
import platform
import subprocess
import sys

import charts
from measure import FIELDS, ROOT
from workloads import HERE, WORKLOADS

SCALES = ["1e5", "1e6", "1e7"]
DOCS = os.path.join(ROOT, "docs", "performance")
PAGE = DOCS + ".md"
RESULTS = os.path.join(DOCS, "results.csv")


def measure(args):
    """All workloads at all sizes, into a new file of results that replaces the old one."""
    fresh = RESULTS + ".new"
    if os.path.exists(fresh):
        os.remove(fresh)
    for workload in args.workloads.split(","):
        command = [sys.executable, os.path.join(HERE, "measure.py"), workload, *args.scales.split(","), "--csv", fresh,
                   "--runs", str(args.runs), *(["--data", args.data] if args.data else [])]
        if subprocess.run(command).returncode:
            sys.exit(f"{workload}: see above; nothing was written")
    kept = [r for r in results() if r["workload"] not in args.workloads.split(",")] if os.path.exists(RESULTS) else []
    with open(fresh) as lines:
        rows = kept + list(csv.DictReader(lines))
    order = [*WORKLOADS]
    rows.sort(key=lambda row: order.index(row["workload"]))
    with open(fresh, "w", newline="") as out:
        writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, **{k: f"{float(row[k]):.3f}" for k in ("wall", "cpu", "mib") if row[k]}} for row in rows)
    os.replace(fresh, RESULTS)


def results():
    with open(RESULTS) as lines:
        return list(csv.DictReader(lines))


def number(text, base):
    return f"{float(text) / float(base):.2f}" if text and base and float(base) else "–"


def short(text):
    """Three digits that mean something."""
    value = float(text)
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def table(rows):
    """One table per workload: each size, each engine, with ratios."""
    out = ["| facts | engine | CPU s | wall s | peak MiB | CPU of the limit | CPU of the fastest peer | µs of CPU per fact |",
           "|--:|---|--:|--:|--:|--:|--:|--:|"]
    for facts in sorted({int(r["facts"]) for r in rows}):
        here = [r for r in rows if int(r["facts"]) == facts and r["cpu"]]
        limit = next((r["cpu"] for r in here if r["peer"] == "limit"), None)
        peers = [float(r["cpu"]) for r in here if r["text"] == "same" and not r["peer"].startswith("parallax")]
        best = min(peers, default=None)
        for r in sorted(here, key=lambda row: float(row["cpu"])):
            name = f"**{r['peer']}**" if r["peer"].startswith("parallax") else r["peer"]
            out.append(f"| {facts:,} | {name} | {short(r['cpu'])} | {short(r['wall'])} | {float(r['mib']):.0f} | "
                       f"{number(r['cpu'], limit)} | {number(r['cpu'], best)} | {float(r['cpu']) / facts * 1e6:.2f} |")
        out += [f"| {facts:,} | {r['peer']} | {r['text']} | | | | | |" for r in rows if int(r["facts"]) == facts and not r["cpu"]]
    return "\n".join(out)


def machine():
    """What it was measured on, as far as it matters."""
    name = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    return f"{os.cpu_count()} cores{' of ' + name if name else ''}, {platform.system()}"


def place(page, mark, text):
    """Puts a text between its two marks."""
    start, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, _, rest = page.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        sys.exit(f"docs/performance.md has no place for `{mark}`")
    return before + start + text + "\n" + end + after


def write(args):
    rows = results()
    with open(PAGE) as text:
        page = text.read()
    for workload in WORKLOADS:
        mine = [r for r in rows if r["workload"] == workload]
        if not mine:
            continue
        page = place(page, workload, table(mine))
        charts.bars(os.path.join(DOCS, f"{workload}.svg"), mine, f"{workload}: CPU seconds, from tables to patterns")
        charts.growth(os.path.join(DOCS, f"{workload}-growth.svg"), mine, f"{workload}: CPU seconds by number of facts")
    if not args.written_only:
        page = place(page, "machine", f"Measured on {machine()}.")
    with open(PAGE + ".new", "w") as out:
        out.write(page)
    os.replace(PAGE + ".new", PAGE)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--written-only", action="store_true", help="measure nothing")
    ap.add_argument("--workloads", default=",".join(WORKLOADS))
    ap.add_argument("--scales", default=",".join(SCALES))
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--data", help="where data are made and kept")
    args = ap.parse_args()
    os.makedirs(DOCS, exist_ok=True)
    if not args.written_only:
        measure(args)
    write(args)


if __name__ == "__main__":
    main()
