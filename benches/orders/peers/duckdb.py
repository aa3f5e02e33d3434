"""The "orders" workload in DuckDB: python3 duckdb.py FOLDER [THREADS]; the canonical text on standard output."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.pop(0)
import duckdb  # noqa: E402

TABLES = {
    "orders": {"order": "VARCHAR", "customer": "VARCHAR", "product": "VARCHAR", "channel": "VARCHAR", "country": "VARCHAR",
               "cents": "BIGINT", "quantity": "INTEGER", "placed": "DATE", "delivered": "DATE", "rating": "INTEGER",
               "coupon": "VARCHAR", "note": "VARCHAR"},
    "products": {"product": "VARCHAR", "category": "VARCHAR"},
}
LENSES = ["price", "spender", "delay", "words", "ratings", "joint"]


def main():
    folder, threads = sys.argv[1], int((sys.argv[2:] or ["2"])[0])
    con = duckdb.connect(":memory:")
    con.execute(f"SET threads = {threads}")
    con.execute("SET preserve_insertion_order = false")
    for name, columns in TABLES.items():
        con.execute(f"CREATE TABLE {name} AS FROM read_csv('{folder}/{name}.csv', header = true, auto_detect = false, "
                    f"delim = ',', quote = '', escape = '', columns = {columns})")
    with open(os.path.join(HERE, "orders.sql")) as f:
        con.execute(f.read())
    pattern = " || ".join(f"chr(48 + {lens})" for lens in LENSES)
    rows = con.execute(f"SELECT {pattern} AS v, count(*) AS n FROM outcome GROUP BY v ORDER BY v COLLATE \"C\"").fetchall()
    sys.stdout.write(f"subjects {sum(n for _, n in rows)}\npatterns {len(rows)}\n")
    sys.stdout.write("".join(f"vector {v} {n}\n" for v, n in rows))


if __name__ == "__main__":
    main()
