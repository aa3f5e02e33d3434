"""Fifty lenses of twenty rows each for the "registry" workload, and the same as SQL.

`describe(seed)` makes lenses out of the conditions; `lens_text` prints them as a ruleset, `lens_sql` as the
stages of a query whose columns are sets of open outcomes, a bit each.
"""
import random

import conditions
from conditions import pick

LENSES, ROWS = 50, 20
VERDICTS = ["critical", "watched", "normal", "retired"]
BIT = {"critical": 1, "watched": 2, "normal": 4, "retired": 8, "none": 16, "conflict": 32}


def letter(outcomes):
    """One character for a set of open outcomes."""
    return chr(48 + outcomes)



def describe(seed=7):
    """Lenses in order; each asks only lenses before it."""
    u = random.Random(seed).random
    lenses = []
    for number in range(LENSES):
        # The first thirty ask no other lens, the next twelve those, the last eight any before the 42nd.
        stage = 0 if number < 30 else 1 if number < 42 else 2
        asked = [] if stage == 0 else lenses[:30] if stage == 1 else lenses[:42]
        unique = number % 5 == 4
        default = None if number % 10 == 9 else pick(u, ["normal", "normal", "watched"])
        rows = grid(u) if unique else [row(u, asked) for _ in range(ROWS)]
        lenses.append({"name": f"view-{number + 1:02d}", "stage": stage, "unique": unique, "rows": rows,
                       "default": default})
    return lenses


def row(u, asked):
    """A verdict and the parts of its condition, each `(text, sql)`."""
    parts, topics = [], set()
    for _ in range(1 + int(u() * 2.9)):
        parts.append(single(u, asked, topics, len(parts) + 1))
    if u() < 0.2:
        a, b = single(u, asked, topics, 7), single(u, asked, topics, 8)
        parts.append((f"({bracket(a[0])} or {bracket(b[0])})", f"({a[1]} OR {b[1]})"))
    if u() < 0.2:
        _, negated, sql = draw(u, topics)
        parts.append(("unless " + negated.replace("%", "9"), f"NOT {sql}"))
    return pick(u, VERDICTS), parts


def bracket(text):
    return f"({text})" if " and " in text else text


def draw(u, topics):
    """A condition on something this row does not ask yet."""
    while True:
        kind = pick(u, conditions.PLAIN)
        topic = conditions.TOPIC.get(kind, kind.__name__)
        if topic not in topics:
            topics.add(topic)
            return kind(u)


def single(u, asked, topics, number):
    if asked and u() < 0.3:
        return lens_asked(u, asked, number)
    plain, negated, sql = draw(u, topics)
    if u() < 0.25:
        return "not (" + negated.replace("%", str(number)) + ")", f"NOT {sql}"
    return plain.replace("%", str(number)), sql


def lens_asked(u, asked, number):
    """What another lens says, of this package or of one it needs."""
    kind, verdict = int(u() * 5), pick(u, VERDICTS)
    a, b, c = (pick(u, asked) for _ in range(3))
    if len({a["name"], b["name"], c["name"]}) < 3:
        kind = 0
    names = [x["name"] for x in (a, b, c)]
    if kind <= 1:
        return f"package is {verdict} according to {names[0]}", says(names[0], verdict)
    if kind == 2:
        return (f"package is {verdict} according to any of {names[0]}, {names[1]}, {names[2]}",
                "(" + " OR ".join(says(n, verdict) for n in names) + ")")
    if kind == 3:
        two = " OR ".join("(%s AND %s)" % (says(p, verdict), says(q, verdict))
                          for p, q in ((names[0], names[1]), (names[0], names[2]), (names[1], names[2])))
        return f"package is {verdict} according to at least 2 of {', '.join(names)}", f"({two})"
    if number % 2:
        return f"lenses {names[0]} and {names[1]} disagree on package", disagree(names[0], names[1])
    # Along the edges only two lenses are asked, one of each stage.
    other = "view-42" if a["stage"] else "view-07"
    if verdict in ("normal", "retired"):
        return (f"package depends on x{number} and x{number} is {verdict} according to {other}",
                f"dep_{column(other)}_{verdict}")
    return f"package is {verdict} according to {names[0]}", says(names[0], verdict)


def grid(u):
    """A unique lens as a table of bands with two gaps, and two rows beside the table that may contradict it."""
    cells, verdict = [], {}
    for i, (low, high) in enumerate(zip([None, *conditions.FETCHED_AT], [*conditions.FETCHED_AT, None])):
        for j, (old, new) in enumerate(zip([None, *conditions.DAYS[:3]], [*conditions.DAYS[:3], None])):
            parts = [band("package is fetched by", "f", "fetched", low, high, str),
                     band("package was released on", "d", "released", old, new, lambda day: f"DATE '{day}'")]
            verdict[i, j] = verdict[i, j - 1] if j and u() < 0.5 else pick(u, VERDICTS)
            if u() < 0.2:
                _, negated, sql = draw(u, {"fetched", "released"})
                parts.append(("unless " + negated.replace("%", "9"), f"NOT {sql}"))
            cells.append((verdict[i, j], parts))
    for _ in range(2):
        cells.pop(int(u() * len(cells)))
    # These compare no value that the cells compare: two rows that do so are known never to meet.
    beside = []
    for _ in range(2):
        topics = {"fetched", "released", "scores", "licence"}
        drawn = [draw(u, topics) for _ in range(3)]
        parts = [(plain.replace("%", str(n + 1)), sql) for n, (plain, _, sql) in enumerate(drawn)]
        beside.append((pick(u, VERDICTS), parts))
    assert len(cells) + len(beside) == ROWS
    return cells + beside


def band(sentence, word, name, low, high, literal):
    text, sql = f"{sentence} {word}", []
    if low is not None:
        sql.append(f"{name} >= {literal(low)}")
        text += f" >= {low}"
    if high is not None:
        text += f" and {word} < {high}" if low is not None else f" < {high}"
        sql.append(f"{name} < {literal(high)}")
    return text, " AND ".join(sql)


def lens_text(lens):
    out = [f"lens {lens['name']} {{"]
    if not lens["unique"]:
        out.append("  first match wins")
    for number, (verdict, parts) in enumerate(lens["rows"]):
        plain = [t for t, _ in parts if not t.startswith("unless ")]
        unless = [t for t, _ in parts if t.startswith("unless ")]
        out.append(f"  r{number + 1}: {verdict} when " + "\n    and ".join(plain))
        out.extend("    " + t for t in unless)
    if lens["default"]:
        out.append(f"  otherwise {lens['default']}")
    return "\n".join([*out, "}"]) + "\n"


def column(name):
    return name.replace("-", "_")


def says(name, verdict):
    """Three-valued: is this the outcome, may it be?"""
    c, bit = column(name), BIT[verdict]
    return f"(CASE WHEN {c} = {bit} THEN true WHEN {c} & {bit} = 0 THEN false END)"


def disagree(left, right):
    a, b = column(left), column(right)
    return f"(CASE WHEN {a} & {b} = 0 THEN true WHEN {a} = {b} AND bit_count({a}) = 1 THEN false END)"


def row_sql(row):
    return " AND ".join(f"({sql})" for _, sql in row[1])


def lens_sql(lens):
    """`(columns of rows, columns over these, the open outcomes over both)`, each an SQL expression with its name.

    Rows stand in columns of their own first: written into the CASE itself they take DuckDB half as long again.
    """
    name = column(lens["name"])
    rows = [(f"{name}_r{i + 1}", BIT[verdict]) for i, (verdict, _) in enumerate(lens["rows"])]
    columns = [f"{row_sql(r)} AS {c}" for r, (c, _) in zip(lens["rows"], rows)]
    return columns, *(unique_sql if lens["unique"] else first_sql)(name, rows, BIT[lens["default"] or "none"])


def first_sql(name, rows, default):
    """The first row that certainly matches, and whatever may match before it."""
    numbered = [(c, 64 * i + bit, i, bit) for i, (c, bit) in enumerate(rows)]
    last = 64 * len(rows) + default
    certain = "CASE " + " ".join(f"WHEN {c} THEN {code}" for c, code, _, _ in numbered) + f" ELSE {last} END AS {name}_k"
    possible = "CASE " + " ".join(f"WHEN {c} IS NOT FALSE THEN {code}" for c, code, _, _ in numbered) + f" ELSE {last} END AS {name}_j"
    doubt = " | ".join(f"CASE WHEN {c} IS NULL AND {name}_k >= {64 * (i + 1)} THEN {bit} ELSE 0 END" for c, _, i, bit in numbered)
    return [certain, possible], f"CASE WHEN {name}_j = {name}_k THEN {name}_k & 63 ELSE ({name}_k & 63) | {doubt} END AS {name}"


def unique_sql(name, rows, default):
    """Certain verdicts and possible ones, of the table and beside it; two different ones that may meet are a conflict."""
    def either(rows, test):
        return " | ".join(f"CASE WHEN {c} {test} THEN {bit} ELSE 0 END" for c, bit in rows)
    over = [f"{either(rows, 'IS TRUE')} AS {name}_c", f"{either(rows[:-2], 'IS NOT FALSE')} AS {name}_t",
            f"{either(rows[-2:], 'IS NOT FALSE')} AS {name}_b"]
    c, t, b, conflict = f"{name}_c", f"{name}_t", f"{name}_b", BIT["conflict"]
    return over, (f"CASE WHEN bit_count({c}) > 1 THEN {conflict} WHEN {c} <> 0 AND ({t} | {b}) = {c} THEN {c} "
                  f"WHEN {c} <> 0 THEN {c} | {conflict} WHEN {b} <> 0 AND bit_count({t} | {b}) > 1 "
                  f"THEN {default} | {t} | {b} | {conflict} ELSE {default} | {t} | {b} END AS {name}")
