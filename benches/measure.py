#!/usr/bin/env python3
"""Parallax and every installed peer on a workload, in turn, from tables to the same canonical text.

    python3 benches/measure.py economy 1e5 1e6 1e7 [--runs 3] [--only parallax,duckdb] [--csv results.csv]

Takes turns (a b c a b c ...), so a drift of the machine meets all of them. Wall is from start to exit, CPU user
and system of everything the command ran, memory the largest single process (some 20 MiB is the least that can be
seen: the measuring process itself at the moment it starts another). The first text is what all others must equal
byte for byte; it must also be the one `answers.csv` knows, on which two engines have agreed before. Data go under
`target/bench` unless `--data` names another folder; nothing else is written. Exits with 1 where texts differ.
"""
import argparse
import csv
import hashlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from workloads import HERE, WORKLOADS

ROOT = os.path.dirname(HERE)
FIELDS = ["workload", "scale", "facts", "peer", "wall", "cpu", "mib", "runs", "text"]


def build(folder, name):
    """A small program of one file, built by rustc alone."""
    source, program = os.path.join(HERE, name + ".rs"), os.path.join(folder, name)
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["rustc", "--edition", "2024", "-C", "opt-level=3", "-o", program, source], check=True)
    return program


def run(commands, seconds):
    """Runs commands as a pipe; wall, CPU, MiB, what went wrong, the text."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start, before, children = time.monotonic(), None, []
        for number, command in enumerate(commands):
            last = number + 1 == len(commands)
            child = subprocess.Popen(command, stdin=before, stdout=out if last else subprocess.PIPE, stderr=err)
            if before:
                before.close()
            before = child.stdout
            children.append(child)
        late = []
        watch = threading.Timer(seconds, lambda: late.extend(children) or [os.kill(c.pid, signal.SIGKILL) for c in children])
        watch.start()
        cpu, memory, failed = 0.0, 0, None
        for child in children:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            cpu += usage.ru_utime + usage.ru_stime
            memory = max(memory, usage.ru_maxrss)
            failed = failed or (child.returncode and f"exit {child.returncode}")
        wall = time.monotonic() - start
        watch.cancel()
        if failed and not late:
            err.seek(0)
            sys.stderr.write(err.read()[-400:].decode("utf-8", "replace") + "\n")
        out.seek(0)
        return wall, cpu, memory / 1024, "too long" if late else failed, out.read()


def contestants(workload, folder, args):
    """Name -> (commands of a pipe, whether they print the text)."""
    limit, canon = build(args.data, "limit"), [build(args.data, "canon"), *workload.canon]
    found = {"limit": ([[limit, folder, "2", *(f"{n}:{c}" for n, c in workload.columns.items())]], False)}
    report = [args.parallax, "report", "--format", "csv"]
    ruleset = os.path.join(folder, workload.ruleset)
    found["parallax"] = ([[*report, ruleset], canon], True)
    told = subprocess.run([args.parallax, "report", "--help"], capture_output=True, text=True, check=True).stdout
    if "--cache" in told and args.cache:
        kept = os.path.join(folder, "cache")
        shutil.rmtree(kept, ignore_errors=True)
        warm = [[*report, f"--cache={kept}", ruleset], canon]
        run(warm, args.limit)
        found["parallax-warm"] = (warm, True)
    for name, command in workload.installed(folder).items():
        found[name] = ([command], True)
    return {n: found[n] for n in (args.only.split(",") if args.only else found) if n in found}


def check_printer(workload, folder, args):
    """The compiled printer and the plain one give the same text."""
    report = [args.parallax, "report", "--format", "csv", os.path.join(folder, workload.ruleset)]
    texts = [run([report, [*printer, *workload.canon]], args.limit)[4]
             for printer in ([build(args.data, "canon")], [sys.executable, os.path.join(HERE, "canon.py")])]
    if not texts[0] or texts[0] != texts[1]:
        sys.exit("canon.rs and canon.py differ")


def agreed(workload, scale, text):
    """Whether this is the text known for the workload at this size, where one is known."""
    with open(os.path.join(HERE, "answers.csv")) as lines:
        known = {(r["workload"], r["scale"]): r["text"] for r in csv.DictReader(lines)}
    told = known.get((workload.name, scale))
    return told is None or hashlib.sha256(text).hexdigest().startswith(told)


def compare(workload, scale, args):
    """Measures one workload at one size; a row of results per contestant."""
    folder = os.path.join(args.data, workload.name, scale)
    workload.make(folder, scale)
    with open(os.path.join(folder, "made")) as made:
        facts = next((int(line.split()[1]) for line in made if line.startswith(("facts", "all"))), 0)
    todo = contestants(workload, folder, args)
    if facts < 20_000:
        check_printer(workload, folder, args)
    taken, word, reference = {n: [] for n in todo}, dict.fromkeys(todo, ""), None
    for _ in range(args.runs):
        for name, (commands, prints) in todo.items():
            if word[name] not in ("", "same", "-"):
                continue
            wall, cpu, memory, failed, text = run(commands, args.limit)
            print(f"  {name:17} {wall:8.2f} s wall {cpu:8.2f} s CPU {memory:7.0f} MiB {failed or ''}", file=sys.stderr)
            if failed:
                word[name] = failed
                continue
            taken[name].append((wall, cpu, memory))
            if not prints:
                word[name] = "-"
                continue
            reference = reference or text
            word[name] = "same" if text == reference and agreed(workload, scale, text) else "DIFFERS"
    rows = []
    for name, turns in taken.items():
        middle = [statistics.median(t[i] for t in turns) for i in range(3)] if turns else [None] * 3
        rows.append(dict(zip(FIELDS, [workload.name, scale, facts, name, *middle, len(turns), word[name]])))
    return rows


def table(rows):
    """Ratios against the limit program and the fastest peer of the same call."""
    done = [r for r in rows if r["wall"] is not None]
    limit = next((r for r in done if r["peer"] == "limit"), None)
    peers = [r for r in done if r["peer"] != "limit" and not r["peer"].startswith("parallax") and r["text"] == "same"]
    best = {key: min((p[key] for p in peers), default=None) for key in ("wall", "cpu", "mib")}
    print(f"{'':17} {'wall s':>9} {'CPU s':>9} {'MiB':>7} | {'of limit':>8} {'CPU':>6} | {'of best peer':>12} {'CPU':>6} {'MiB':>6} | turns text")

    def share(row, key, base):
        return f"{row[key] / base:.2f}" if base else "–"
    for r in sorted(done, key=lambda row: row["cpu"]):
        base = limit or {"wall": None, "cpu": None}
        print(f"{r['peer']:17} {r['wall']:9.3f} {r['cpu']:9.3f} {r['mib']:7.0f} | {share(r, 'wall', base['wall']):>8} "
              f"{share(r, 'cpu', base['cpu']):>6} | {share(r, 'wall', best['wall']):>12} {share(r, 'cpu', best['cpu']):>6} "
              f"{share(r, 'mib', best['mib']):>6} | {r['runs']:5} {r['text']}")
    for r in rows:
        if r["wall"] is None:
            print(f"{r['peer']:17} {r['text']}")


def growth(results):
    """CPU per fact at each size over that at the size before."""
    by_peer = {}
    for row in results:
        if row["wall"] is not None and row["facts"]:
            by_peer.setdefault(row["peer"], []).append(row)
    for peer, rows in by_peer.items():
        rows.sort(key=lambda row: row["facts"])
        steps = [f"{b['scale']} / {a['scale']}: {b['cpu'] / b['facts'] / (a['cpu'] / a['facts']):.2f}"
                 for a, b in zip(rows, rows[1:]) if a["cpu"]]
        if steps:
            print(f"CPU per fact, {peer}: " + ", ".join(steps))


def arguments():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("workload", choices=[*WORKLOADS])
    ap.add_argument("scales", nargs="+", help="numbers of facts, as in 1e5")
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--limit", type=float, default=300, help="seconds a turn may take")
    ap.add_argument("--only", default="", help="names, with commas")
    ap.add_argument("--data", default=os.path.join(ROOT, "target", "bench"))
    ap.add_argument("--parallax", default=os.path.join(ROOT, "target", "release", "parallax"))
    ap.add_argument("--csv", help="append the results to this file")
    ap.add_argument("--no-cache", dest="cache", action="store_false", help="do not measure a warm cache")
    return ap.parse_args()


def main():
    args = arguments()
    results = []
    for scale in args.scales:
        print(f"== {args.workload} {scale}", flush=True)
        rows = compare(WORKLOADS[args.workload], scale, args)
        table(rows)
        results += rows
    growth(results)
    if args.csv:
        new = not os.path.exists(args.csv)
        with open(args.csv, "a", newline="") as out:
            writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerows(results)
    return 1 if any(r["text"] == "DIFFERS" for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
