"""The first thing that is read: what was measured beside what was published, in words. Pure."""

from collections.abc import Sequence

from loadtest.report.figures import FLOOR, Group, Panel, published_seconds, server_cpu
from loadtest.report.model import PUBLISHED_REQUESTS, PUBLISHED_SECONDS
from loadtest.report.quantities import digits, times
from loadtest.report.ratios import BASE, Bound, ratios
from loadtest.report.svg import tag, words


def cards(panels: Sequence[Panel]) -> str:
    """A card for each load that has a figure of the base server, or else of the first."""
    return "".join(_card(panel) for panel in panels)


def _card(panel: Panel) -> str:
    groups = [group for group in panel.groups if group.counted and group.server != FLOOR]
    if not groups:
        return ""
    group = next((group for group in groups if group.server == BASE), groups[0])
    found = group.spread(published_seconds)
    if found is None:
        return ""
    bound = "at most " if group.limited else ""
    return tag(
        "div",
        tag("p", words(panel.label), class_="kind"),
        tag(
            "p",
            tag("span", words(bound), class_="bound") if bound else "",
            words(digits(found.median)),
            tag("span", " s", class_="unit"),
            class_="big",
        ),
        tag("p", words(f"{group.server}, {PUBLISHED_REQUESTS:,} requests")),
        *(tag("p", words(line)) for line in _beside(panel, group)),
        class_="card",
    )


def _beside(panel: Panel, group: Group) -> list[str]:
    """What holds still: CPU time. Then the published seconds, and how many times as long the others
    took that were published."""
    parts = []
    cpu = group.spread(server_cpu)
    if cpu is not None:
        parts.append(f"CPU of a request: {digits(cpu.median)} us")
    pairs = ratios(panel)
    parts += [
        f"{used.server}: {times(used)} times that"
        for _, used in pairs
        if used and used.server in PUBLISHED_SECONDS
    ]
    if panel.published and group.server in PUBLISHED_SECONDS:
        seconds = f"{PUBLISHED_SECONDS[group.server]:g} s"
        parts.append(f"Published: {seconds}, whether over kept connections is unknown")
    for ratio in (each for each, _ in pairs if each and each.server in PUBLISHED_SECONDS):
        if ratio.bound is Bound.UNKNOWN:
            continue
        text = f"{ratio.server}: {times(ratio)} times the seconds"
        if panel.published and ratio.base in PUBLISHED_SECONDS:
            published = PUBLISHED_SECONDS[ratio.server] / PUBLISHED_SECONDS[ratio.base]
            text += f"; published: {published:.2g}"
        parts.append(text)
    return parts
