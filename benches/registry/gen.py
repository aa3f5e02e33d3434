#!/usr/bin/env python3
"""Writes the tables and the ruleset of the "registry" workload.

    python3 gen.py FOLDER --facts 1e5
"""
import argparse
import os

import rules
import tables

HERE = os.path.dirname(os.path.abspath(__file__))


def write_ruleset(path):
    with open(os.path.join(HERE, "head.lens")) as head:
        text = head.read() + "\n".join(rules.lens_text(lens) for lens in rules.describe())
    with open(path, "w", newline="\n") as out:
        out.write(text)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("folder")
    ap.add_argument("--facts", type=float, default=1e5, help="about this many facts in all")
    ap.add_argument("--seed", type=int, default=1)
    args = ap.parse_args()
    rows, facts = tables.write(args.folder, args.facts, args.seed)
    write_ruleset(os.path.join(args.folder, "registry.lens"))
    for name, count in rows.items():
        print(f"{name} {count}")
    print(f"facts {facts}")


if __name__ == "__main__":
    main()
