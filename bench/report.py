"""The table and the plot of docs/performance.md."""
import html
import xml.etree.ElementTree as xml

BEGIN, END = "<!-- bench/run writes from here -->", "<!-- to here -->"
COLORS = {"halcyon": "#5e3c99"}
OTHERS = ["#b2abd2", "#fdb863", "#e66101"]
NAME, BAR, HEIGHT = 130, 420, 18


def span(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def table(rows):
    lines = ["| | Halcyon | beside it | goal | |", "|---|---|---|---|---|"]
    for row in rows:
        seconds = row["seconds"]
        others = "<br>".join(f"{name}: {span(one['median'])}" for name, one in seconds.items() if name != "halcyon")
        goals = "<br>".join(f"{goal['value']:.2f} {goal['text']} ({'at least' if goal['at_least'] else 'at most'} {goal['limit']})"
                            for goal in row["goals"])
        met = "<br>".join("yes" if goal["met"] else "**no**" for goal in row["goals"])
        lines.append(f"| {row['title']} | {span(seconds['halcyon']['median'])} | {others} | {goals} | {met} |")
    # Others compile, too: GHC's memory is not ours.
    peak = max((row["peaks"]["halcyon"] for row in rows if row["name"].startswith("restore")), default=0)
    lines.append(f"| Peak memory of a restore, sum over processes | {peak / 1e6:.0f} MB | | "
                 f"at most 200 MB | {'yes' if peak <= 200e6 else '**no**'} |")
    return lines


def micro(text):
    lines = ["| micro-benchmark | mean |", "|---|---|"]
    for case in xml.fromstring(text).iter("TestCase"):
        for result in case.iter("BenchmarkResults"):
            mean = float(result.find("mean").get("value")) / 1e9
            shown = f"{mean * 1e6:.1f} µs" if mean < 1e-3 else span(mean)
            lines.append(f"| {case.get('name')}: {result.get('name')} | {shown} |")
    return lines


def plot(rows):
    """Bars of seconds; every row has a scale of its own."""
    parts, y = [], 10
    for row in rows:
        parts.append(f'<text x="0" y="{y + 12}" font-weight="bold">{html.escape(row["title"])}</text>')
        y += 20
        most = max(one["median"] for one in row["seconds"].values())
        others = iter(OTHERS)
        for name, one in row["seconds"].items():
            color = COLORS.get(name) or next(others)
            width = max(1, BAR * one["median"] / most)
            parts.append(f'<text x="{NAME - 6}" y="{y + 13}" text-anchor="end">{html.escape(name)}</text>'
                         f'<rect x="{NAME}" y="{y}" width="{width:.0f}" height="{HEIGHT - 3}" fill="{color}"/>'
                         f'<text x="{NAME + width + 5:.0f}" y="{y + 13}">{span(one["median"])}</text>')
            y += HEIGHT
        y += 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{NAME + BAR + 90}" height="{y}" font-family="sans-serif" '
            f'font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def write(results, order, docs):
    rows = [results["rows"][name] for name in order if name in results["rows"]]
    lines = [BEGIN, ""]
    if rows:
        lines += table(rows) + ["", "![The same as bars](performance.svg)", ""]
        for row in rows:
            about = row["machine"]
            lines.append(f"- {row['title']}: medians of {row['runs']}, {about['date']}, {about['cpus']} cores ({about['model']}), "
                         f"load average {about['load']} at the start, {about['rate']} a connection. " + ". ".join(row["notes"]))
            if row["spent"]:
                lines.append("  Where it went, the last time: " + "; ".join(row["spent"]) + ".")
        (docs / "performance.svg").write_text(plot(rows))
    if "micro" in results:
        lines += [""] + micro(results["micro"])
    lines += ["", END]
    file = docs / "performance.md"
    text = file.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    file.write_text(before + "\n".join(lines) + after)
