"""The "orders" workload in polars: python3 polars.py FOLDER; the canonical text on standard output."""
import os
import sys

sys.path.pop(0)
os.environ.setdefault("POLARS_MAX_THREADS", "2")
import polars as pl  # noqa: E402

ODD, LATE, FINE, CONFLICT = 1, 2, 4, 16
LENSES = ["price", "spender", "delay", "words", "ratings", "joint"]


def bit(condition, value):
    return pl.when(condition).then(value).otherwise(0)


def load(folder):
    text, number = pl.String, pl.Int64
    orders = pl.scan_csv(os.path.join(folder, "orders.csv"), quote_char=None, schema={
        "order": text, "customer": text, "product": text, "channel": text, "country": text, "cents": number,
        "quantity": number, "placed": pl.Date, "delivered": pl.Date, "rating": number, "coupon": text, "note": text})
    products = pl.scan_csv(os.path.join(folder, "products.csv"), quote_char=None, schema={"product": text, "category": text})
    return orders, products


def told(orders, products):
    """Each order with the figures of its product and its customer."""
    by_product = (orders.group_by("product").agg(typical=pl.col("cents").median(), thought=pl.col("rating").mean())
                  .join(products, on="product", how="left"))
    days = (pl.col("delivered") - pl.col("placed")).dt.total_days()
    orders = orders.with_columns(days=days, text=pl.col("note").fill_null(""))
    by_customer = orders.group_by("customer").agg(spends=pl.col("cents").mean(), orders=pl.len(), waits=pl.col("days").max())
    return orders.join(by_product, on="product").join(by_customer, on="customer")


def main():
    c = pl.col
    frame = told(*load(sys.argv[1]))
    unhappy = pl.when(c("channel") == "phone").then(False).otherwise(c("rating") <= 2)
    # A product that nobody rated is thought of as nothing: not met, whatever the rating.
    worse = pl.when(c("thought").is_null()).then(False).otherwise(c("rating") + 2.0137 < c("thought"))
    abroad = c("country").is_in(["KE", "ZA"]) & (c("channel") == "agent")
    frame = frame.with_columns(
        price=pl.when((c("cents") > 2 * c("typical")) | (2 * c("cents") < c("typical")) | (c("quantity") > 15))
        .then(ODD).otherwise(FINE),
        spender=pl.when((c("cents") > 3 * c("spends") + 1000.0137) | ((c("cents") >= 50000) & (c("orders") <= 3)))
        .then(ODD).otherwise(FINE),
        delay=pl.when(c("days").is_null()).then(LATE | FINE)
        .when((c("days") > 30) | ((c("days") > 7) & (c("category") == "food"))).then(LATE).otherwise(FINE),
        words=pl.when(c("text").str.to_lowercase().str.contains("refund", literal=True)).then(ODD)
        .when(c("text").str.contains("^(RE|QA)-[0-9]+$")).then(LATE)
        .when(c("coupon").str.starts_with("X-")).then(ODD)
        .when(c("coupon").str.contains("^SPRING[12]0$")).then(FINE)
        .otherwise(bit(c("coupon").is_null(), ODD | FINE)
                   | pl.when(c("text").str.len_chars() > 25).then(LATE).otherwise(FINE)),
        certain=bit(unhappy, LATE) | bit(worse | abroad, ODD),
        possible=bit(unhappy.fill_null(True), LATE) | bit((worse | abroad).fill_null(True), ODD))
    frame = frame.with_columns(
        ratings=pl.when(c("certain") == ODD | LATE).then(CONFLICT)
        .when((c("certain") != 0) & (c("possible") == c("certain"))).then(c("certain"))
        .when(c("certain") != 0).then(c("certain") | CONFLICT)
        .when(c("possible") == ODD | LATE).then(ODD | LATE | FINE | CONFLICT).otherwise(FINE | c("possible")))
    four = [c(n) for n in ("price", "spender", "words", "ratings")]
    odd_sure = sum((lens == ODD).cast(pl.Int8) for lens in four) >= 2
    odd_perhaps = sum((lens & ODD != 0).cast(pl.Int8) for lens in four) >= 2
    late_sure = (c("delay") == LATE) | (c("ratings") == LATE)
    late_perhaps = (c("delay") & LATE != 0) | (c("ratings") & LATE != 0)
    recent = c("placed") >= pl.date(2025, 1, 1)
    # `price` is always settled: the two agree for certain only where `words` is the same.
    part_sure, part_perhaps = recent & (c("price") & c("words") == 0), recent & (c("price") != c("words"))
    joint = (pl.when(odd_sure).then(ODD)
             .when(late_sure).then(LATE | bit(odd_perhaps, ODD))
             .otherwise(bit(odd_perhaps, ODD) | bit(late_perhaps, LATE)
                        | pl.when(part_sure).then(ODD).otherwise(c("price") | bit(part_perhaps, ODD))))
    counts = frame.with_columns(joint=joint).group_by(LENSES).len().collect(engine="streaming")
    rows = sorted(("".join(chr(48 + x) for x in codes), n) for *codes, n in counts.rows())
    sys.stdout.write(f"subjects {sum(n for _, n in rows)}\npatterns {len(rows)}\n")
    sys.stdout.write("".join(f"vector {v} {n}\n" for v, n in rows))


if __name__ == "__main__":
    main()
