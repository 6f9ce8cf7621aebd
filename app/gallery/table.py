"""The ways and what each can do, as Markdown: the part of docs/ways.md that is made from data."""

from app.gallery.ways import WAYS, Ability


def ways() -> str:
    """Each way with its idea and when to choose it."""
    lines = ["| way | the idea | when to choose it |", "| :-- | :-- | :-- |"]
    lines += [f"| `{way.name}` | {way.idea} | {way.choose} |" for way in WAYS.values()]
    return "\n".join(lines) + "\n"


def abilities() -> str:
    """Which way can do what, and why not where it cannot."""
    names = " | ".join(WAYS)
    lines = [f"| | {names} |", "| :-- |" + " :-: |" * len(WAYS)]
    for ability in Ability:
        cells = " | ".join("yes" if way.can(ability) else "no" for way in WAYS.values())
        lines.append(f"| {ability.value} | {cells} |")
    lines += ["", "Why not:", ""]
    for ability in Ability:
        reasons: dict[str, list[str]] = {}
        for way in WAYS.values():
            if not way.can(ability):
                reasons.setdefault(way.cannot[ability], []).append(way.name)
        lines += [f"- {ability.value}: {', '.join(who)}: {why}." for why, who in reasons.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(ways(), abilities(), sep="\n")
