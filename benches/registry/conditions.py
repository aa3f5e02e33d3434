"""What rows of the "registry" workload may ask: each condition as a sentence and as SQL, side by side.

A condition is a function that takes a source of chance and gives `(plain, negated, sql)`. `plain` stands
in a row, `negated` within `not ( … )`, where words are introduced by `any`; `%` stands for a number that
keeps words of one row apart. The SQL is true, false or null over the columns of `subject` (peer.sql), null
being "neither certain nor impossible".
"""

FETCHED_AT = [100, 1000, 5000, 50000]
SCORE_AT = [20, 40, 60, 80]
DAYS = ["2016-01-01", "2018-01-01", "2020-01-01", "2022-01-01"]
REGISTRIES = ["core", "central", "mirror", "attic", "private"]


def pick(u, items):
    return items[int(u() * len(items))]


def compared(sentence, column, u, values):
    """A value of an open relation against a constant."""
    sign = pick(u, ["<", ">=", "<", ">=", "="]) if column == "score" else pick(u, ["<", ">="])
    value = pick(u, values)
    literal = "DATE '%s'" % value if column == "released" else value
    if sign == "=":
        return f"{sentence} v% = {value}", f"{sentence} {value}", f"{column} = {value}"
    return (f"{sentence} v% {sign} {value}",
            f"{sentence} any v% and v% {sign} {value}",
            f"{column} {sign} {literal}")


def fetched(u):
    return compared("package is fetched by", "fetched", u, FETCHED_AT)


def released(u):
    return compared("package was released on", "released", u, DAYS)


def scores(u):
    return compared("package scores", "score", u, SCORE_AT)


def registry(u):
    a, b = pick(u, REGISTRIES), pick(u, REGISTRIES)
    if u() < 0.5 or a == b:
        text = f'package is published in "{a}"'
        return text, text, f"coalesce(registry = '{a}', false)"
    rest = f'v% is one of "{a}", "{b}"'
    return (f"package is published in v% and {rest}", f"package is published in any v% and {rest}",
            f"coalesce(registry IN ('{a}', '{b}'), false)")


def licence(u):
    kind = int(u() * 3)
    if kind == 0:
        return ('package carries v% and starts-with(v%, "GPL")', 'package carries any v% and starts-with(v%, "GPL")',
                "starts_with(licence, 'GPL')")
    if kind == 1:
        return ('package carries v% and contains(v%, "GPL")', 'package carries any v% and contains(v%, "GPL")',
                "contains(licence, 'GPL')")
    return 'package carries "MIT"', 'package carries "MIT"', "licence = 'MIT'"


def on_record(u):
    sentence, column = pick(u, [("package is fetched by", "fetched"), ("package scores", "score"),
                                ("package carries", "licence"), ("package was released on", "released")])
    text = f"known {sentence} any v%"
    if u() < 0.5:
        return text, text, f"({column} IS NOT NULL)"
    return f"not {text}", f"not {text}", f"({column} IS NULL)"


def exposed(u):
    return "package is exposed", "package is exposed", "exposed"


def neglected(u):
    return "package is neglected", "package is neglected", "neglected"


def near_product(u):
    far = pick(u, [1, 3, 8, 20, 60])
    if u() < 0.6:
        head, column = "any p% reaches package at", "steps"
    else:
        product = pick(u, ["till", "portal", "ledger"])
        head, column = f'"{product}" reaches package at', f"steps_{product}"
    return f"{head} v% <= {far}", f"{head} any v% and v% <= {far}", f"coalesce({column} <= {far}, false)"


def unreached(u):
    text = "not any p% reaches package at any v%"
    return text, text, "(steps IS NULL)"


def counted(u):
    """Counts of things that are stated outright."""
    text, column, marks = pick(u, [
        ("count(x%: package depends on x%)", "deps", [3, 6, 9]),
        ("count(x%: x% depends on package)", "users", [1, 4, 40]),
        ("count(x%: x% maintains package)", "keepers", [1, 2, 3]),
        ("count(x%: package depends on any y% and y% is published in x%)", "dep_registries", [2, 3, 4]),
        ("count(x%: x% affects package)", "advised", [1, 2]),
    ])
    sign, mark = pick(u, ["<", ">="]), pick(u, marks)
    return f"{text} {sign} {mark}", f"{text} {sign} {mark}", f"{column} {sign} {mark}"


def severe(u):
    """A count of advisories, some of which nobody rated: it lies between two numbers."""
    mark = pick(u, [1, 2])
    text = f"count(x%: x% affects package and x% is rated any s% and s% >= 6) >= {mark}"
    return text, text, f"(CASE WHEN severe >= {mark} THEN true WHEN severe + unrated < {mark} THEN false END)"


def summed(u):
    """What users fetch in all; not known where one of them is not, unless those are left out."""
    mark = pick(u, [1000, 20000, 500000])
    if u() < 0.5:
        text = f"sum(a% for each x%: x% depends on package and x% is fetched by a%) >= {mark}"
        return text, text, f"(CASE WHEN user_gaps = 0 THEN user_fetched >= {mark} END)"
    text = f"sum(a% for each x%: x% depends on package and known x% is fetched by a%) >= {mark}"
    return text, text, f"(user_fetched >= {mark})"


def least_score(u):
    mark = pick(u, SCORE_AT)
    if u() < 0.5:
        text = f"min(a%: package depends on any x% and x% scores a%) < {mark}"
        return text, text, f"(CASE WHEN dep_score_gaps = 0 THEN coalesce(dep_score < {mark}, false) END)"
    text = f"min(a%: package depends on any x% and known x% scores a%) < {mark}"
    return text, text, f"coalesce(dep_score < {mark}, false)"


def graded(u):
    mark = pick(u, [2, 3, 4])
    if u() < 0.5:
        text = f"average(a% for each x%: x% grades package at a%) >= {mark}"
        return text, text, f"coalesce(grade_average >= {mark}, false)"
    text = f"min(a%: any x% grades package at a%) <= {mark}"
    return text, text, f"coalesce(grade_least <= {mark}, false)"


def needs_exposed(u):
    return ("package depends on x% and x% is exposed", "package depends on any x% and x% is exposed", "dep_exposed")


def needs_stale(u):
    day = pick(u, ["2016-01-01", "2019-01-01"])
    column = "dep_stale_" + day[:4]
    return (f"package depends on x% and x% was released on v% < {day}",
            f"package depends on any x% and x% was released on any v% and v% < {day}", column)


def needs_frail(u):
    return ("package depends on x% and x% scores v% < 30 and not x% is exposed",
            "package depends on any x% and x% scores any v% and v% < 30 and not x% is exposed", "dep_frail")


def hands(u):
    return ("x% maintains package and x% is verified as no", "any x% maintains package and x% is verified as no",
            "unverified")


def siblings(u):
    return ("x% maintains package and x% maintains y% and y% is exposed and y% is not package",
            "any x% maintains package and x% maintains any y% and y% is exposed and y% is not package", "sibling_exposed")


def gone_to(u):
    kind = pick(u, ["core", "attic"])
    return (f'package leads to x% and x% is published in "{kind}"',
            f'package leads to any x% and x% is published in "{kind}"', f"leads_{kind}")


def superseded(u):
    return "package gives way to any x%", "package gives way to any x%", "superseded"


PLAIN = [fetched, fetched, released, released, scores, scores, registry, registry, licence, on_record, exposed, neglected,
         near_product, unreached, counted, counted, severe, summed, least_score, graded, needs_exposed, needs_stale,
         needs_frail, hands, siblings, gone_to, superseded]
# Conditions that tell nothing of each other, for a row of several.
TOPIC = {needs_frail: "dep", needs_exposed: "dep", needs_stale: "dep2", near_product: "near", unreached: "near",
         gone_to: "gone", superseded: "gone", severe: "adv", summed: "users"}
