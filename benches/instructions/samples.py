"""Small fixed rulesets and tables whose cost in instructions is counted."""
import os
import random
import re
import sys

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from workloads import WORKLOADS  # noqa: E402


def write(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", newline="\n") as out:
        out.write(text)


def generated(workload, folder, facts):
    """Tables and ruleset of a workload."""
    WORKLOADS[workload].make(folder, facts)
    return os.path.join(folder, workload + ".lens")


HEAD = """language 1
kind Person
kind Club
relation Person joined Club
relation Person earns Number
relation Person owes Number?
relation Person helps other: Person
question Person is a | b | c
  among person earns any n
"""


def lenses(folder, count, rows):
    """So many lenses of so many rows, over the same 400 people."""
    u = random.Random(3).random
    out = [HEAD]
    for lens in range(count):
        out.append(f"lens v{lens} {{\n  first match wins\n")
        for row in range(rows):
            low, high = int(u() * 100), int(u() * 100)
            kind = ["person earns n >= %d and person owes m < %d" % (low, high),
                    "person joined \"club-%d\" and person earns n < %d" % (low % 10, high),
                    "person helps other and other owes m >= %d and not other joined \"club-%d\"" % (low, high % 10),
                    ][int(u() * 3)]
            out.append("  r%d: %s when %s\n" % (row, "abc"[int(u() * 3)], kind))
        out.append("  otherwise c\n}\n")
    return ruled(folder, "".join(out), u)


def definitions(folder, count):
    """So many definitions of one relation each, and a lens that asks whether somebody is in any."""
    u = random.Random(4).random
    out = [HEAD, "relation Person is somewhere\n"]
    for i in range(count):
        out.append(f"relation Person is in group{i}\ndefine person is in group{i}\n")
        out.append(f"  when person earns n >= {int(u() * 100)} and not person joined \"club-{int(u() * 10)}\"\n")
        out.append(f"define person is somewhere when person is in group{i}\n")
    out.append("lens one {\n  in: a when person is somewhere\n  otherwise b\n}\n")
    return ruled(folder, "".join(out), u)


def ruled(folder, text, u):
    tables = {"joined": "person,club\n", "people": "person,money,debt\n", "helps": "person,other\n"}
    for i in range(400):
        tables["people"] += f"p{i},{int(u() * 100)},{'' if i % 9 == 0 else int(u() * 100)}\n"
        tables["joined"] += f"p{i},club-{int(u() * 10)}\n"
        tables["helps"] += f"p{i},p{(i * 7 + 1) % 400}\n"
    text += "from \"people.csv\" {\n  person earns money\n  person owes debt\n}\n"
    text += "from \"joined.csv\" {\n  person joined club\n}\nfrom \"helps.csv\" {\n  person helps other\n}\n"
    for name, rows in tables.items():
        write(folder, name + ".csv", rows)
    write(folder, "main.lens", text)
    return os.path.join(folder, "main.lens")


# Other words for the same relations, in another alphabetical order.
WORDS = {"makes": "yields", "sells": "brings", "uses": "wears out", "distributes": "carries", "meets": "answers",
         "needs": "wants", "employs": "keeps", "funds": "backs", "pays": "hands", "commission": "a share",
         "contracts": "agrees", "supports": "aids", "offers": "puts"}


def varied(source, folder, how):
    """The economy workload with one thing changed that should cost nothing."""
    text = open(os.path.join(source, "economy.lens")).read()
    chance = random.Random(5)
    names = [n for n in os.listdir(source) if n.endswith(".csv")]
    tables = {n: open(os.path.join(source, n)).read().splitlines() for n in names}
    if how == "renamed":
        text = re.sub(r"\b(%s)\b(?!\.csv)" % "|".join(WORDS), lambda m: WORDS[m[1]], text)
    elif how == "rules":
        blocks = text.split("\n\n")
        head, rest = blocks[:1], blocks[1:]
        chance.shuffle(rest)
        text = "\n\n".join(head + rest) + "\n"
    elif how == "columns":
        turned = {n: [",".join(reversed(line.split(","))) for line in lines] for n, lines in tables.items()}
        tables = turned
    elif how == "rows":
        for name in sorted(tables):
            body = tables[name][1:]
            chance.shuffle(body)
            tables[name][1:] = body
    for name, lines in tables.items():
        write(folder, name, "\n".join(lines) + "\n")
    write(folder, "economy.lens", text)
    return os.path.join(folder, "economy.lens")


FLIGHTS = """language 1
kind Flight
kind Carrier
kind Airport
relation Flight is flown by Carrier
relation Flight leaves Airport
relation Flight reaches Airport
relation Flight is on Date
relation Flight arrives after minutes: Number?
question Flight is late | fair
  among flight is flown by any c
lens absolute {
  a: late when flight arrives after n and n >= 15
  otherwise fair
}
lens carrier {
  a: late when flight is flown by c and flight arrives after n
     and n > average(m for each f m: f is flown by c and known (f arrives after m))
  otherwise fair
}
lens route {
  a: late when flight leaves o and flight reaches d and flight arrives after n
     and n > median(m for each f m: f leaves o and f reaches d and known (f arrives after m)) + 10
  otherwise fair
}
lens day {
  a: late when flight leaves o and flight is on t
     and count(f: f leaves o and f is on t and f arrives after any m and m > 60) > 1
  otherwise fair
}
"""

RANKED = """lens worst {
  a: late when flight is flown by c and flight is on t and flight arrives after n
     and not (any g is flown by c and g is on t and g arrives after any m and m > n)
  otherwise fair
}
lens rank {
  a: late when flight leaves o and flight is on t and flight arrives after n
     and count(g: g leaves o and g is on t and known (g arrives after any m) and m > n) < 3
  otherwise fair
}
"""


def flights(folder, count, ranked=True):
    """So many flights, with lenses that compare each with its carrier, its route and its day; `ranked` ones compare
    every two of a day."""
    random_ = random.Random(5)
    below = random_.randrange
    airports = max(6, int(count ** 0.4))
    rows = ["flight,carrier,from,to,day,delay\n"]
    for i in range(count):
        delay = int(random_.gauss(5, 30)) if random_.random() > 0.03 else ""
        day = f"2025-{below(1, 13):02d}-{below(1, 29):02d}"
        rows.append(f"F{i},C{below(20)},A{below(airports)},A{below(airports)},{day},{delay}\n")
    write(folder, "flights.csv", "".join(rows))
    table = ("from \"flights.csv\" {\n  flight is flown by carrier\n  flight leaves from\n  flight reaches to\n"
             "  flight is on day\n  flight arrives after delay\n}\n")
    write(folder, "flights.lens", FLIGHTS + (RANKED if ranked else "") + table)
    return os.path.join(folder, "flights.lens")


LINKS = """language 1
kind Stop
kind Line
relation Line leads from Stop to other: Stop
relation Stop reaches other: Stop
relation Stop runs along Line to other: Stop
relation Stop is Number rides from other: Stop, keeping the fewest
define a reaches b when any l leads from a to b
define a reaches c when a reaches b and b reaches c
define a runs along l to b when l leads from a to b
define a runs along l to c when a runs along l to b and l leads from b to c
define a is 1 rides from b when any l leads from a to b
define a is n rides from c when a is m rides from b and any l leads from b to c and n = m + 1
question Stop is far | near
  among any l leads from stop to any other
lens wide {
  a: far when count(b: stop reaches b) > 200
  otherwise near
}
lens lines {
  a: far when count(b: stop runs along any l to b) > 60
  otherwise near
}
lens rides {
  a: far when stop is n rides from any b and n > 12
  otherwise near
}
from "links.csv" {
  line leads from stop to next
}
"""


def links(folder, count):
    """Lines that run in rings of a hundred stops, with a few changes between them."""
    u = random.Random(7).random
    rows = ["line,stop,next\n"]
    for stop in range(count):
        ring = stop // 100
        rows.append(f"l{ring},s{stop},s{ring * 100 + (stop + 1) % 100}\n")
        if stop % 40 == 0:
            rows.append(f"l{ring},s{stop},s{min(count - 1, stop + int(u() * 150))}\n")
    write(folder, "links.csv", "".join(rows))
    write(folder, "main.lens", LINKS)
    return os.path.join(folder, "main.lens")


CODES = """language 1
kind Claim
kind Rule
relation Claim has code Text
relation Claim names Text
relation Rule covers Text
relation Rule is about Text
question Claim is paid | open
  among claim has code any c
lens prefix {
  a: paid when claim has code c and any r covers d and starts-with(c, d)
  otherwise open
}
lens name {
  a: paid when claim names n and any r is about m and lower(n) = lower(m)
  otherwise open
}
lens part {
  a: paid when not (claim names any n and any r is about any m and contains(lower(n), lower(m)))
  otherwise open
}
from "claims.csv" {
  claim has code code
  claim names name
}
from "rules.csv" {
  rule covers start
  rule is about word
}
"""


def codes(folder, count):
    """Claims with codes and names, and a tenth as many rules with beginnings of codes and words."""
    u = random.Random(8).random
    word = lambda: "".join("abcdefghij"[int(u() * 10)] for _ in range(4))
    claims = ["claim,code,name\n"] + [f"c{i},{word()}{int(u() * 1000)},{word().title()} {word()}\n" for i in range(count)]
    rules = ["rule,start,word\n"] + [f"r{i},{word()[:3]},{word().upper()}\n" for i in range(count // 10)]
    write(folder, "claims.csv", "".join(claims))
    write(folder, "rules.csv", "".join(rules))
    write(folder, "main.lens", CODES)
    return os.path.join(folder, "main.lens")
