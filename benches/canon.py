"""Canonical text of a report: python3 canon.py VERDICT ... < patterns.csv > text

Reads what `parallax report --format csv` prints and writes a line per pattern: one character per lens for the
set of outcomes that are open (48 plus a bit per verdict in the order given, then `none` and `conflict`), so two
engines agree only where they leave the same outcomes open. `canon.rs` is the same, compiled.
"""
import csv
import re
import sys


def main():
    bits = {word: 1 << i for i, word in enumerate([*sys.argv[1:], "none", "conflict"])}
    known = {}

    def outcomes(cell):
        """`customer`, or `unknown (customer or other)`."""
        if cell not in known:
            words = [w for w in re.findall(r"[\w-]+", cell) if w not in ("unknown", "or")]
            known[cell] = chr(48 + sum(bits[w] for w in words))
        return known[cell]

    reader = csv.reader(sys.stdin)
    width = next(reader).index("count")
    rows = sorted(("".join(map(outcomes, row[:width])), int(row[width])) for row in reader)
    sys.stdout.write(f"subjects {sum(n for _, n in rows)}\npatterns {len(rows)}\n")
    sys.stdout.write("".join(f"vector {v} {n}\n" for v, n in rows))


if __name__ == "__main__":
    main()
