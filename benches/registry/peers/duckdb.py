"""The "registry" workload in DuckDB: python3 duckdb.py FOLDER [THREADS]; the canonical text on standard output."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = os.path.dirname(HERE)
import duckdb  # noqa: E402

import rules  # noqa: E402

TABLES = {
    "packages": {"package": "VARCHAR", "registry": "VARCHAR", "fetched": "INTEGER", "released": "DATE", "score": "INTEGER",
                 "licence": "VARCHAR"},
    "depends": {"package": "VARCHAR", "other": "VARCHAR"},
    "replaced": {"package": "VARCHAR", "other": "VARCHAR"},
    "maintains": {"maintainer": "VARCHAR", "package": "VARCHAR"},
    "maintainers": {"maintainer": "VARCHAR", "verified": "BOOLEAN", "joined": "DATE"},
    "advisories": {"advisory": "VARCHAR", "package": "VARCHAR", "severity": "DECIMAL(9, 1)"},
    "grades": {"auditor": "VARCHAR", "package": "VARCHAR", "grade": "INTEGER"},
    "ships": {"product": "VARCHAR", "package": "VARCHAR"},
}
# Lenses that others ask of what a package needs, after the stage that settles them.
ALONG_EDGES = {0: "view_07", 1: "view_42"}


def load(con, folder):
    for name, columns in TABLES.items():
        con.execute(f"CREATE TABLE {name} AS FROM read_csv('{folder}/{name}.csv', header = true, auto_detect = false, "
                    f"delim = ',', quote = '', escape = '', columns = {columns})")


def stage_sql(source, lenses):
    """Three levels: rows, what decides, the open outcomes of each lens."""
    rows, over, outcomes = [], [], []
    for lens in lenses:
        a, b, c = rules.lens_sql(lens)
        rows += a
        over += b
        outcomes.append(c)
    return (f"SELECT *, {', '.join(outcomes)} FROM (SELECT *, {', '.join(over)} FROM "
            f"(SELECT *, {', '.join(rows)} FROM {source}))")


def settle(con, lenses):
    """Stage after stage, since lenses ask earlier ones; gives the names of all lenses in order."""
    source, names = "subject", []
    for stage in range(3):
        mine = [x for x in lenses if x["stage"] == stage]
        own = [rules.column(x["name"]) for x in mine]
        names += own
        con.execute(f"CREATE TEMP TABLE stage{stage} AS SELECT id, {', '.join(own)} FROM ({stage_sql(source, mine)})")
        if stage not in ALONG_EDGES:
            continue
        asked = ALONG_EDGES[stage]
        some = ", ".join(f"perhaps_any({rules.says('s.' + asked, v)}) AS dep_{asked}_{v}" for v in ("normal", "retired"))
        con.execute(f"CREATE TEMP TABLE along{stage} AS SELECT e.package, {some} FROM edge e "
                    f"JOIN stage{stage} s ON s.id = e.other GROUP BY e.package")
        more = ", ".join(f"CASE WHEN w.package IS NULL THEN false ELSE w.dep_{asked}_{v} END AS dep_{asked}_{v}"
                         for v in ("normal", "retired"))
        con.execute(f"CREATE TEMP TABLE wide{stage} AS SELECT b.*, {more}, t.* EXCLUDE (id) FROM {source} b "
                    f"JOIN stage{stage} t ON t.id = b.id LEFT JOIN along{stage} w ON w.package = b.id")
        source = f"wide{stage}"
    return names


def main():
    folder, threads = sys.argv[1], int((sys.argv[2:] or ["2"])[0])
    con = duckdb.connect(":memory:")
    con.execute(f"SET threads = {threads}")
    con.execute("SET preserve_insertion_order = false")
    load(con, folder)
    with open(os.path.join(HERE, "subject.sql")) as f:
        con.execute(f.read())
    every = settle(con, rules.describe())
    pattern = " || ".join(f"chr(48 + {n})" for n in every)
    text = con.execute(
        f"SELECT 'vector ' || v || ' ' || n AS line, n FROM (SELECT {pattern} AS v, count(*) AS n "
        f"FROM stage0 JOIN stage1 USING (id) JOIN stage2 USING (id) GROUP BY v) ORDER BY v COLLATE \"C\"").fetchall()
    sys.stdout.write(f"subjects {sum(n for _, n in text)}\npatterns {len(text)}\n")
    sys.stdout.write("".join(line + "\n" for line, _ in text))


if __name__ == "__main__":
    main()
