"""Two kinds of chart as small SVG files that read well on light and on dark pages."""
import math
from html import escape

# Okabe and Ito's colours, which most eyes tell apart; Parallax is always the first.
COLOURS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999"]
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #222 }
.title { font-weight: 600 } .faint { fill: #666 } .grid { stroke: #ccc; stroke-width: 1 }
@media (prefers-color-scheme: dark) { text { fill: #eee } .faint { fill: #aaa } .grid { stroke: #555 } }
</style>"""


def colours(peers):
    """A colour per engine; the limit is grey."""
    others = sorted(p for p in peers if p not in ("parallax", "limit"))
    order = ["parallax", *others]
    return {"limit": COLOURS[-1], **{p: COLOURS[i % (len(COLOURS) - 1)] for i, p in enumerate(order)}}


def document(path, width, height, title, parts):
    text = "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<title>{escape(title)}</title>", STYLE, f'<text class="title" x="8" y="20">{escape(title)}</text>', *parts, "</svg>", ""])
    with open(path, "w", newline="\n") as out:
        out.write(text)


def bars(path, rows, title):
    """CPU seconds of each engine at the greatest size."""
    done = [r for r in rows if r["cpu"]]
    facts = max(int(r["facts"]) for r in done)
    here = sorted((r for r in done if int(r["facts"]) == facts), key=lambda r: float(r["cpu"]))
    colour, most = colours({r["peer"] for r in done}), max(float(r["cpu"]) for r in here)
    parts = [f'<text class="faint" x="8" y="38">{facts:,} facts; shorter is better</text>']
    for at, row in enumerate(here):
        y, width = 50 + 26 * at, max(2, 400 * float(row["cpu"]) / most)
        weight = ' class="title"' if row["peer"].startswith("parallax") else ""
        parts.append(f'<text{weight} x="120" y="{y + 14}" text-anchor="end">{escape(row["peer"])}</text>'
                     f'<rect x="128" y="{y}" width="{width:.0f}" height="18" fill="{colour[row["peer"]]}"/>'
                     f'<text x="{134 + width:.0f}" y="{y + 14}">{float(row["cpu"]):.2f} s, {float(row["mib"]):.0f} MiB</text>')
    document(path, 680, 60 + 26 * len(here), title, parts)


def growth(path, rows, title):
    """CPU seconds over facts, both by powers of ten: a slope of one is cost in proportion."""
    done = [(r["peer"], int(r["facts"]), float(r["cpu"])) for r in rows if r["cpu"] and float(r["cpu"]) > 0 and int(r["facts"])]
    low_x, high_x = (f(math.log10(x) for _, x, _ in done) for f in (min, max))
    low_y, high_y = math.floor(min(math.log10(y) for *_, y in done)), math.ceil(max(math.log10(y) for *_, y in done))
    colour = colours({p for p, *_ in done})

    def across(x):
        return 60 + 430 * (math.log10(x) - low_x) / max(high_x - low_x, 1e-9)

    def down(y):
        return 300 - 250 * (math.log10(y) - low_y) / max(high_y - low_y, 1)
    parts = []
    for power in range(low_y, high_y + 1):
        y = down(10.0 ** power)
        parts.append(f'<line class="grid" x1="60" x2="490" y1="{y:.0f}" y2="{y:.0f}"/>'
                     f'<text class="faint" x="52" y="{y + 4:.0f}" text-anchor="end">{10.0 ** power:g} s</text>')
    for x in sorted({x for _, x, _ in done}):
        parts.append(f'<text class="faint" x="{across(x):.0f}" y="320" text-anchor="middle">{x:,}</text>')
    ends = []
    for peer in sorted({p for p, *_ in done}):
        points = sorted((x, y) for p, x, y in done if p == peer)
        line = " ".join(f"{across(x):.0f},{down(y):.1f}" for x, y in points)
        wide = 3 if peer.startswith("parallax") else 1.5
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour[peer]}" stroke-width="{wide}"/>')
        parts += [f'<circle cx="{across(x):.0f}" cy="{down(y):.1f}" r="3" fill="{colour[peer]}"/>' for x, y in points]
        ends.append((down(points[-1][1]), across(points[-1][0]), peer))
    # Names that would lie upon each other move down.
    last = -99.0
    for y, x, peer in sorted(ends):
        last = max(y, last + 15)
        weight = ' class="title"' if peer.startswith("parallax") else ""
        parts.append(f'<text{weight} x="{x + 10:.0f}" y="{last + 4:.0f}">{escape(peer)}</text>')
    document(path, 640, 335, title, parts)
