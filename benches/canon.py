"""Canonical text of a report: python3 canon.py open|labels VERDICT ... < patterns.csv > text

The same as `canon.rs`, which is the one that is timed; `measure.py` compares the two on small data. `open` prints a
line per pattern: one character per lens for the set of outcomes that are open (48 plus a bit per verdict in the order
given, then `none` and `conflict`), so two engines agree only where they leave the same outcomes open. `labels` prints
the text of the economy workload.
"""
import csv
import os
import re
import sys


def open_outcomes(verdicts, rows):
    bits = {word: 1 << i for i, word in enumerate([*verdicts, "none", "conflict"])}
    known = {}

    def outcomes(cell):
        """`customer`, or `unknown (customer or other)`."""
        if cell not in known:
            words = [w for w in re.findall(r"[\w-]+", cell) if w not in ("unknown", "or")]
            known[cell] = chr(48 + sum(bits[w] for w in words))
        return known[cell]

    patterns = sorted(("".join(map(outcomes, cells)), count) for cells, count in rows)
    head = f"subjects {sum(n for _, n in patterns)}\npatterns {len(patterns)}\n"
    return head + "".join(f"vector {v} {n}\n" for v, n in patterns)


def main():
    form, verdicts = sys.argv[1], sys.argv[2:]
    reader = csv.reader(sys.stdin)
    width = next(reader).index("count")
    rows = [(row[:width], int(row[width])) for row in reader]
    if form == "labels":
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "economy"))
        from canon import canon
        sys.stdout.write(canon([*cells, count] for cells, count in rows))
    else:
        sys.stdout.write(open_outcomes(verdicts, rows))


if __name__ == "__main__":
    main()
