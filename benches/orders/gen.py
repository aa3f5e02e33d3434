#!/usr/bin/env python3
"""Writes the tables of the "orders" workload: one wide table, few joins.

    python3 gen.py FOLDER --facts 1e6

A tenth as many orders as facts, twelve columns each, and the products they are for.
"""
import argparse
import os
import random
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
CHANNELS = ["web", "shop", "phone", "agent", "app"]
COUNTRIES = ["AT", "BR", "CA", "DE", "ES", "FR", "GB", "IN", "JP", "KE", "MX", "NL", "NO", "PL", "US", "ZA"]
CATEGORIES = ["books", "tools", "garden", "toys", "food", "music", "sport"]
COUPONS = ["SPRING10", "SPRING20", "WELCOME", "X-STAFF", "X-PRESS", "LOYAL5"]
NOTES = ["", "leave at the door", "gift, no invoice", "asked for a refund", "Refund agreed", "call before", "second try",
         "RE-%d", "QA-%d", "window seat left of the entrance, ring twice"]


def date(day):
    """Days from 2023-01-01 in months of 28 days, which exist in every year."""
    return "%d-%02d-%02d" % (2023 + day // 336, 1 + day % 336 // 28, 1 + day % 28)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("folder")
    ap.add_argument("--facts", type=float, default=1e5)
    ap.add_argument("--seed", type=int, default=1)
    args = ap.parse_args()
    u = random.Random(args.seed).random
    orders = max(20, int(args.facts / 10))
    customers, products = max(5, orders // 9), max(4, orders // 60)
    os.makedirs(args.folder, exist_ok=True)
    shutil.copyfile(os.path.join(HERE, "orders.lens"), os.path.join(args.folder, "orders.lens"))
    worth = [100 + int(2000 * (1 / (u() + 0.02) - 0.9)) for _ in range(products)]
    facts = products
    with open(os.path.join(args.folder, "products.csv"), "w", newline="\n") as out:
        out.write("product,category\n")
        out.writelines("p%06d,%s\n" % (i, CATEGORIES[int(u() * 7)]) for i in range(products))
    with open(os.path.join(args.folder, "orders.csv"), "w", newline="\n") as out:
        out.write("order,customer,product,channel,country,cents,quantity,placed,delivered,rating,coupon,note\n")
        lines = []
        for i in range(orders):
            product = int(u() ** 1.8 * products)
            placed = int(u() * 900)
            delivered = "" if u() < 0.08 else date(placed + 1 + int(3 / (u() + 0.03)))
            rating = "" if u() < 0.35 else str(1 + int(5 * (1 - u() * u())))
            coupon = "" if u() < 0.7 else COUPONS[int(u() * 6)]
            note = NOTES[int(u() ** 2 * 10)]
            if "%" in note:
                note = note % int(u() * 500)
            note = note.replace(",", ";")
            lines.append("order-%09d,c%08d,p%06d,%s,%s,%d,%d,%s,%s,%s,%s,%s\n" % (
                i * 17 % (orders * 16 + 1), int(u() ** 1.4 * customers), product, CHANNELS[int(u() * u() * 5)],
                COUNTRIES[int(u() * u() * 16)], int(worth[product] * (0.4 + u() * u() * 2.2)) * 5, 1 + int(1 / (u() + 0.05)),
                date(placed), delivered, rating, coupon, note))
            facts += 7 + (delivered != "") + (rating != "") + (coupon != "") + (note != "")
            if len(lines) == 20000:
                out.write("".join(lines))
                lines.clear()
        out.write("".join(lines))
    print(f"orders {orders}\nproducts {products}\nfacts {facts}")


if __name__ == "__main__":
    main()
