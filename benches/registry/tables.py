"""The tables of the "registry" workload: a registry of software packages, seeded and repeatable.

`write(folder, facts)` writes eight CSV files. Packages come in families, long ladders of packages that
need one another; a few packages at the ground serve all families. Most families are published in one go
by one team, so their packages are much alike. Only `random.Random(seed).random()`
is drawn from, whose sequence is fixed across versions of Python.
"""
import os
import random

COLUMNS = {
    "packages": "package,registry,fetched,released,score,licence",
    "depends": "package,other",
    "replaced": "package,other",
    "maintains": "maintainer,package",
    "maintainers": "maintainer,verified,joined",
    "advisories": "advisory,package,severity",
    "grades": "auditor,package,grade",
    "ships": "product,package",
}
REGISTRIES = ["core", "central", "mirror", "attic", "private"]
LICENCES = ["MIT", "Apache-2.0", "GPL-3.0-only", "GPL-2.0-or-later", "BSD-3-Clause", "LGPL-2.1-only"]
FETCHED = [3, 20, 150, 1200, 9000, 70000, 500000]
PRODUCTS = ["till", "portal", "ledger", "scanner", "kiosk", "archive"]
SYLLABLES = ["no", "va", "par", "se", "lib", "http", "tok", "en", "json", "ra", "mi", "core", "fast", "ui", "graph", "io"]
# Facts that one package brings with it, all tables taken together.
FACTS_PER_PACKAGE = 14.8


def spell(index):
    """A name of the length package names have; never the same twice."""
    parts, rest = [], (index * 7368787 + 1299709) % 9999991
    for _ in range(2 + rest % 3):
        parts.append(SYLLABLES[rest % 16])
        rest //= 16
    return "%s-%d" % ("".join(parts), index)


class Tables:
    """Buffered writers, one a table, that count their rows and the facts these state."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.files = {n: open(os.path.join(folder, n + ".csv"), "w", newline="\n") for n in COLUMNS}
        self.lines = {n: [c + "\n"] for n, c in COLUMNS.items()}
        self.rows = dict.fromkeys(COLUMNS, 0)
        self.facts = 0

    def add(self, name, *cells):
        lines = self.lines[name]
        lines.append(",".join(cells) + "\n")
        self.rows[name] += 1
        # All columns but the key are facts of their own in a table of attributes.
        self.facts += sum(1 for c in cells[1:] if c) if name in ("packages", "maintainers") else 1
        if name == "advisories" and cells[2]:
            self.facts += 1
        if len(lines) > 20000:
            self.files[name].write("".join(lines))
            lines.clear()

    def close(self):
        for name, file in self.files.items():
            file.write("".join(self.lines[name]))
            file.close()


def families(total, ground, u):
    """First package, length and whether all are alike, of each family above the ground; mostly short, some very long."""
    at, out = ground, []
    while at < total:
        length = min(int(12 / (u() + 0.004) ** 0.9), total - at)
        out.append((at, length, u() < 0.85))
        at += length
    return out


def write(folder, facts, seed=1):
    """Writes the tables; gives the number of rows per table and of facts in all."""
    u = random.Random(seed).random
    tables = Tables(folder)
    total = max(60, int(facts / FACTS_PER_PACKAGE))
    ground = max(5, total // 50)
    names = [spell(i) for i in range(total)]
    chains = families(total, ground, u)
    packages(tables, names, ground, chains, u)
    needs(tables, names, ground, chains, u)
    # The first package of a family whose packages are alike, for each of these.
    team = {i: first for first, length, alike in chains if alike for i in range(first, first + length)}
    people(tables, names, ground, team, u)
    reviews(tables, names, ground, team, u)
    tables.close()
    return tables.rows, tables.facts


def packages(tables, names, ground, chains, u):
    """Attributes go with the family a package is of."""
    for i in range(ground):
        tables.add("packages", names[i], *attributes(0.95, u))
    for first, length, alike in chains:
        mood = u()
        shared = attributes(mood, u)
        for i in range(first, first + length):
            own = shared if alike else attributes(mood if u() < 0.7 else u(), u)
            if u() >= 0.02:  # the rest are needed by others, but published nowhere
                tables.add("packages", names[i], *own)


def attributes(mood, u):
    step = min(6, max(0, int(mood * 5 + u() * 2)))
    year = 2012 + min(13, int(mood * 8 + u() * 6))
    return (
        REGISTRIES[min(4, int(abs(mood - u() * 0.4) * 6) % 5)],
        "" if u() < 0.06 else str(FETCHED[step]),
        "" if u() < 0.04 else "%d-%02d-01" % (year, 1 + 6 * int(u() * 2)),
        "" if u() < 0.10 else str(min(90, 10 * int(mood * 6 + u() * 4))),
        "" if u() < 0.05 else LICENCES[min(5, int((mood * 0.5 + u() * 0.5) * 6))],
    )


def needs(tables, names, ground, chains, u):
    """Who needs whom, who gave way to whom, and what products are made of."""
    shipped = set()
    for first, length, alike in chains:
        shared = [int(u() ** 2.5 * ground) for _ in range(4)]
        for i in range(first, first + length):
            place = i - first
            others = set()
            if alike:
                others.update(shared)
                others.update(i - step for step in (1, 2, 3, 5) if step <= place)
            for _ in range(int(4 + u() * 12) if not alike else u() < 0.02):
                if u() < 0.62 and place:
                    others.add(i - 1 - int(u() * u() * min(place, 12)))
                elif u() < 0.05 and length > 2:
                    others.add(first + int(u() * length))  # may lead back: a circle
                else:
                    others.add(int(u() ** 2.5 * ground))
            others.discard(i)
            for other in sorted(others):
                tables.add("depends", names[i], names[other])
            if place and u() < (0.04 if alike else 0.18):
                back = place > 3 and u() < 0.02
                tables.add("replaced", names[i - 1], names[first if back else i])
        if u() < 0.25 or length > 150:
            for product in PRODUCTS:
                if u() < 0.3:
                    shipped.add((product, names[first + length - 1]))
    for i in range(1, ground):
        if u() < 0.6:
            tables.add("depends", names[i], names[int(u() * i)])
    for product in PRODUCTS:
        shipped.add((product, names[chains[0][0]]))
    for product, name in sorted(shipped):
        tables.add("ships", product, name)


def people(tables, names, ground, team, u):
    count = max(8, len(names) // 3)
    for i in range(count):
        tables.add(
            "maintainers", "m%07d" % i,
            "" if u() < 0.15 else "yes" if u() < 0.6 else "no",
            "" if u() < 0.10 else "%d-%02d-15" % (2008 + int(u() * 17), 1 + 3 * int(u() * 4)),
        )
    for i, name in enumerate(names):
        keepers = {(i // 3 + int(u() * u() * 6)) % count for _ in range(int(u() * 3.2))}
        if i in team:
            keepers = {team[i] // 3, team[i] // 3 + 1}
        if i < ground:
            keepers.add(int(u() * count))
        for keeper in sorted(keepers):
            tables.add("maintains", "m%07d" % keeper, name)


def reviews(tables, names, ground, team, u):
    number = 0
    for i, name in enumerate(names):
        if u() < (0.03 if i in team else 0.08):
            for _ in range(1 + int(u() * u() * 4)):
                severe = 0.2 + u() * 8 if i < ground else u() * 9.9
                number += 1
                missing = i >= ground and u() < 0.06
                tables.add("advisories", "a%07d" % number, name, "" if missing else "%.1f" % severe)
        if u() < (0.02 if i in team else 0.15):
            for auditor in sorted({int(u() * 40) for _ in range(1 + int(u() * 4))}):
                tables.add("grades", "office-%d" % auditor, name, str(1 + int(u() * 5)))
