"""A Markdown document without what names something that is left out.

Sections go by their heading; rows of tables, items of lists and sentences go where a code span or a
link in them names what has gone, and sentences also where they speak of it by its word. So does a
block of commands, with the text below that goes on in small letters. Knows nothing of why.
"""

import posixpath
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

WIDTH = 100
DEEPEST = 7  # no heading is
HEADING = re.compile(r"(#+) (.*)")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*\[(])")
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Gone:
    """What is left out: files and folders, targets of make, headings of sections, and by which
    words one speaks of it."""

    paths: frozenset[str]
    targets: frozenset[str]
    sections: frozenset[str]
    words: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether it is a file that has gone, one below a folder that has, or a module of it."""
        parts = name.strip("/").split("::")[0].split("/")
        return any("/".join(parts[:end]) in self.paths for end in range(1, len(parts) + 1))

    def named(self, text: str, folder: str) -> bool:
        """Whether a text, from a document in this folder, names it."""
        for target in LINK.findall(text):
            name, _, anchor = target.partition("#")
            if anchor in map(slug, self.sections):
                return True
            if name and "://" not in name and self.has(posixpath.normpath(f"{folder}/{name}")):
                return True
        return any(self.commanded(each) or self.spanned(each) for each in SPAN.findall(text))

    def spoken(self, sentence: str) -> bool:
        """Whether a sentence speaks of it, code and addresses aside."""
        said = LINK.sub("]", SPAN.sub("", sentence))
        return not self.words.isdisjoint(re.findall(r"\w+", said.lower()))

    def commanded(self, text: str) -> bool:
        """Whether a command, or some of them, cannot be given any more."""
        modules = (each.replace(".", "/") for each in re.findall(r"-m ([\w.]+)", text))
        targets = re.findall(r"\bmake ([a-z-]+)", text)
        return any(map(self.has, modules)) or bool(self.targets.intersection(targets))

    def spanned(self, text: str) -> bool:
        """Whether a code span is the name of a file that has gone; those of tests may be short."""
        return self.has(text) or self.has(f"tests/{text}")


def slug(heading: str) -> str:
    """What a link says after its # to lead to this heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def prune(text: str, name: str, gone: Gone) -> str:
    """The document of this name without all of that."""
    folder = posixpath.dirname(name) or "."
    kept: list[str] = []
    silent = False  # below a block of commands that has gone
    for block in _without_sections(_blocks(text), gone.sections):
        if silent and re.match(r"[a-z]", block):
            silent = False
            continue
        found = _pruned(block, gone, folder)
        silent = found == "" and block.startswith("```")
        if found:
            kept.append(found)
    return "\n\n".join(_without_empty(kept)) + "\n"


def _blocks(text: str) -> Iterator[str]:
    """What stands between blank lines; what is fenced is one block, and so is a heading."""
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        if fenced or line.strip():
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def _without_sections(blocks: Iterator[str], sections: frozenset[str]) -> Iterator[str]:
    depth = 0  # of the section that is being left out
    for block in blocks:
        if match := HEADING.fullmatch(block):
            if depth and len(match[1]) <= depth:
                depth = 0
            if not depth and match[2] in sections:
                depth = len(match[1])
        if not depth:
            yield block


def _without_empty(blocks: list[str]) -> list[str]:
    """Leave out headings of which nothing is left but the heading."""
    kept: list[str] = []
    depth = 1  # of the heading that comes next; as deep as can be where it is a text
    for block in reversed(blocks):
        match = HEADING.fullmatch(block)
        if match is None:
            depth = DEEPEST
        elif len(match[1]) >= depth:
            continue
        else:
            depth = len(match[1])
        kept.insert(0, block)
    return kept


def _pruned(block: str, gone: Gone, folder: str) -> str:
    """What is left of a block; "" for nothing."""
    if HEADING.fullmatch(block) or block.startswith("<!--"):
        return block
    if block.startswith("```"):
        return "" if gone.commanded(block) else block
    if block.startswith("|"):
        head, rule, *rows = block.split("\n")
        kept = [each for each in rows if not gone.named(each, folder)]
        return "\n".join([head, rule, *kept]) if kept or not rows else ""
    if re.match(r"- |[0-9]+\. ", block):
        items = re.split(r"\n(?=- |[0-9]+\. )", block)
        return "\n".join(each for each in items if not gone.named(each, folder))
    sentences = SENTENCE.split(block)
    left = [each for each in sentences if not (gone.named(each, folder) or gone.spoken(each))]
    if len(left) == len(sentences):
        return block
    return refill(" ".join(left))


def refill(paragraph: str) -> str:
    """The same in lines of their usual length."""
    return textwrap.fill(
        " ".join(paragraph.split()), WIDTH, break_long_words=False, break_on_hyphens=False
    )
