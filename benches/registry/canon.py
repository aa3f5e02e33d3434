"""Canonical text of the "registry" workload from `parallax report --format csv` on standard input."""
import csv
import re
import sys

import rules


def outcomes(cell, known={}):
    """The set of outcomes a cell leaves open, as `customer` or `unknown (customer or other)`."""
    if cell not in known:
        words = [w for w in re.findall(r"[\w-]+", cell) if w not in ("unknown", "or")]
        known[cell] = rules.letter(sum(rules.BIT[w] for w in words))
    return known[cell]


def main():
    reader = csv.reader(sys.stdin)
    width = next(reader).index("count")
    rows = sorted(("".join(map(outcomes, row[:width])), int(row[width])) for row in reader)
    sys.stdout.write(f"subjects {sum(n for _, n in rows)}\npatterns {len(rows)}\n")
    sys.stdout.write("".join(f"vector {v} {n}\n" for v, n in rows))


if __name__ == "__main__":
    main()
