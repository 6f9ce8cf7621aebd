"""The template as the files of one service. Pure: files in, files out.

Whatever is not a text is taken as it is. Knows nothing of git, nor where a service is put.
"""

import re
from collections.abc import Callable, Mapping

from ops.new import document, lock
from ops.new.answers import PORTS, Answers
from ops.new.git import File, NewError
from ops.new.parts import OPTIONAL, PARTS, cut

OURS = re.compile(r"slipway", re.IGNORECASE)
TARGET = re.compile(r"(?m)^([a-z-]+):.*##")
VERSION = re.compile(r'(?m)^(version|__version__) = "(.*)"$')
FIRST = "0.1.0"
CHANGES = f"## [Unreleased]\n\nThis will be {FIRST}.\n"
LOCK = re.compile(r"requirements(-[a-z]+)?\.txt")


def version_of(files: Mapping[str, File]) -> str:
    """The template's own version."""
    found = VERSION.search(files["pyproject.toml"].data.decode())
    if found is None:
        raise NewError("pyproject.toml has no version")
    return found[2]


def render(files: Mapping[str, File], answers: Answers) -> dict[str, File]:
    """All files of the service. Raises NewError for marks that are wrong."""
    without = {"template", *answers.without}
    gone = find_gone(files, without)
    moved = {old: new for part in without for old, new in PARTS[part].moved.items()}
    kept = {
        moved.get(path, path): file
        for path, file in files.items()
        if path in moved or not gone.has(path)
    }
    texts = {
        name: number(spell(_changed(name, text, without, gone), answers.name), answers.ports)
        for name, file in kept.items()
        if (text := _text(file.data)) is not None
    }
    for name in filter(LOCK.fullmatch, texts):
        if f"\n{answers.name}==" in texts[name]:
            raise NewError(f"NAME={answers.name} is what something is called that it requires")
        texts[name] = lock.prune(texts[name], texts["pyproject.toml"])
    return {
        spell(name, answers.name): (
            File(texts[name].encode(), file.executable) if name in texts else file
        )
        for name, file in kept.items()
    }


def _text(data: bytes) -> str | None:
    """What is in a file; None where it is no text."""
    try:
        return None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return None


def _changed(name: str, text: str, without: set[str], gone: document.Gone) -> str:
    """A text of this name, without what has gone."""
    text = document.prune(text, name, gone) if name.endswith(".md") else cut(text, without)
    if name.endswith("ignore"):  # a line of such a file is a path
        text = "".join(
            each for each in text.splitlines(keepends=True) if not gone.has(each.strip())
        )
    for part in without:
        for old, new in PARTS[part].words.items():
            text = text.replace(old, new)
    return OWN[name](text) if name in OWN else text


def find_gone(files: Mapping[str, File], without: set[str]) -> document.Gone:
    """What of the template is not in a service without these parts."""
    makefile = files["Makefile"].data.decode()
    return document.Gone(
        frozenset(path for part in without for path in PARTS[part].paths),
        frozenset(TARGET.findall(makefile)) - frozenset(TARGET.findall(cut(makefile, without))),
        frozenset(heading for part in without for heading in PARTS[part].sections),
        frozenset(OPTIONAL.keys() & without),
    )


def spell(text: str, name: str) -> str:
    """The text with the service's name in place of the template's, each as it was written."""

    def written(match: re.Match[str]) -> str:
        found = match[0]
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        words = name.split("-")
        if found.isupper():
            return "_".join(words).upper()
        if found[0].isupper():
            title = "".join(map(str.title, words)) if after.isupper() else " ".join(words)
            return title[0].upper() + title[1:]
        return "_".join(words) if "_" in (before, after) else name

    return OURS.sub(written, text)


def number(text: str, ports: Mapping[str, int]) -> str:
    """The text with the service's ports. PORT is the same wherever it stands; of nginx's the ones
    on the machine that it runs on, and not those within its container."""
    patterns = []
    for name in ports:
        if name == "PORT":  # 8000 is also a length, and a count
            patterns.append(rf"(?<!least )(?<!requests )(?<!\* )\b{PORTS[name]}\b")
        else:
            told = "|".join(rf"(?<={name}{each})" for each in ("=", ":-", "=127.0.0.1:"))
            patterns.append(rf"(?:{told}|(?<=localhost:)){PORTS[name]}\b")
            patterns.append(rf"\b{PORTS[name]}(?= \(`{name}`\))")
    new = {str(PORTS[name]): str(port) for name, port in ports.items()}
    return re.sub("|".join(patterns), lambda match: new[match[0]], text)


# ---- what every service begins on its own


def _changelog(text: str) -> str:
    return text[: text.index("## ")] + CHANGES


def _readme(text: str) -> str:
    """Its first sentence says what the template is."""
    title, first, rest = text.split("\n\n", 2)
    _, *others = document.SENTENCE.split(first)
    opening = "Slipway: say here what it does, and for whom."
    return "\n\n".join([title, document.refill(" ".join([opening, *others])), rest])


def _project(text: str) -> str:
    text = re.sub(r'(?m)^description = ".*"$', 'description = "Slipway, an HTTP service"', text)
    return _version(text)


def _version(text: str) -> str:
    return VERSION.sub(lambda match: f'{match[1]} = "{FIRST}"', text)


OWN: Mapping[str, Callable[[str], str]] = {
    "CHANGELOG.md": _changelog,
    "README.md": _readme,
    "pyproject.toml": _project,
    "app/__init__.py": _version,
}
