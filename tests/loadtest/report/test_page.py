"""loadtest.report.page: one document that fetches nothing and believes no name."""

import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser

import pytest

from loadtest.report.courses import MOST_MOMENTS, ended, thinned
from loadtest.report.model import Generator, Moment, Report
from loadtest.report.page import page
from tests.loadtest.report import examples
from tests.loadtest.report.examples import HOSTILE, run

NAMES = ["full", "single", "gallery", "all_void", "hostile", "empty"]
VOID = {"meta", "br", "link"}
FETCHING = {"src", "href", "xlink:href", "action", "data", "poster", "srcset", "background"}
PLOTS = [
    *(f"{plot}-{mode}-100" for mode in ("keepalive", "close") for plot in ("time", "spectrum")),
    *(f"{plot}-{mode}-100" for mode in ("keepalive", "close") for plot in ("rate", "p99")),
    *(f"{plot}-{mode}-100" for mode in ("keepalive", "close") for plot in ("rounds", "cpu")),
    *("memory-keepalive-100", "open-p50-poisson-keepalive-100", "open-p99-poisson-keepalive-100"),
]


class Document(HTMLParser):
    """Elements and their attributes; faults: what was not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data + " "

    def all(self, key: str) -> list[str]:
        """Every value of an attribute."""
        return [value for _, given in self.elements if (value := given.get(key)) is not None]


@cache
def document(name: str) -> Document:
    """The page of a made-up report."""
    return Document(page(getattr(examples, name)() if name != "empty" else Report({}, [])))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_well_formed(name: str) -> None:
    """Every element is closed in its turn, and ids are unique."""
    found = document(name)
    assert (found.faults, found.open) == ([], [])
    assert [key for key, count in Counter(found.all("id")).items() if count > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_ids_that_are_pointed_at_are_there(name: str) -> None:
    """By links, titles and descriptions."""
    found, ids = document(name), set(document(name).all("id"))
    links = [value.removeprefix("#") for value in found.all("href")]
    named = [*found.all("aria-labelledby"), *found.all("aria-describedby")]
    assert {*links, *named} <= ids
    assert all(re.fullmatch(r"[a-z0-9-]+", each) for each in ids)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_fetched(name: str) -> None:
    """No address, no import, and a policy that forbids all but this style and this script."""
    found = document(name)
    addresses = [value for key in FETCHING for value in found.all(key)]
    assert [value for value in addresses if not value.startswith("#")] == []
    text = page(getattr(examples, name)() if name != "empty" else Report({}, []))
    assert not re.search(r"https?://|url\(|@import", text)
    (policy,) = [value for value in found.all("content") if "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert found.all("style") == []


def test_every_plot_is_there_twice_with_its_words() -> None:
    """Narrow and wide, each with a title and a description."""
    found = document("full")
    ids = set(found.all("id"))
    assert [each for each in PLOTS if each not in ids] == []
    for plot in PLOTS:
        for size in ("narrow", "wide"):
            assert {f"{plot}-{size}-title", f"{plot}-{size}-desc"} <= ids


def test_a_server_has_one_colour() -> None:
    """In every plot; the null server has none of its own."""
    text = page(examples.full())
    for name in ("spectrum", "cpu", "rounds"):
        plot = text[text.index(f'id="{name}-keepalive-100"') :]
        plot = plot[: plot.index("</figure>")]
        for colour, server in (("s0", "protocol"), ("s2", "fastapi"), ("null", "floor")):
            assert re.search(rf'class="series {colour}">(?:(?!</g>).)*say="{server}|'
                             rf'class="{colour}">(?:(?!</g>).)*{server}', plot)  # fmt: skip


def test_a_generator_at_its_limit_is_seen() -> None:
    """A hollow bar and hollow points, said below."""
    limited = (Generator(1, 17.0, 0.0, 0.0, "it never waited"), None)
    assert "mark bar bound" in page(Report({}, [run(makers=limited)]))
    assert "mark hollow" in page(Report({}, [run(makers=limited)]))
    assert "Hollow:" in page(Report({}, [run(makers=limited)]))
    bare = page(Report({}, [run()]))
    assert not any(each in bare for each in ("mark bar bound", "mark hollow", "Hollow:"))


def test_dropped_arrivals_are_crossed() -> None:
    """At the rate where the server did not keep up."""
    text = page(Report({}, [examples.offered("x", rate, 500.0) for rate in (400.0, 900.0)]))
    assert text.count('class="mark cross"') == 4  # two plots, two sizes
    assert "44.4% dropped" in text


@pytest.mark.parametrize("name", ["hostile"])
def test_names_are_text(name: str) -> None:
    """Not one element nor attribute comes from them."""
    found = document(name)
    assert [tag for tag, _ in found.elements].count("script") == 1
    assert not any(key.startswith("on") for _, given in found.elements for key in given)
    assert "\x1b" not in page(examples.hostile())
    assert HOSTILE.split("&")[0] in found.text


def test_tables_hold_the_same_numbers() -> None:
    """A row per server in each mode, headers for columns and rows."""
    found = document("full")
    assert Counter(found.all("scope")).keys() == {"col", "row"}
    for text in ("Time and throughput", "Latency, milliseconds", "What the servers used"):
        assert found.text.count(text) >= 2


def test_what_does_not_count_is_told_first() -> None:
    """Above every plot, with links to what is behind it."""
    text = page(examples.full())
    head = text[: text.index("<figure")]
    assert "Not counted or missing: 2. Failed requests: 4. Thresholds missed: 1." in head
    assert 'href="#void"' in head


def test_a_load_alone_has_its_cpu_at_the_top() -> None:
    """Where two loads have a column each."""
    text = page(examples.gallery())
    head, rest = text[: text.index("</header>")], text[text.index("</header>") :]
    assert 'id="cpu-keepalive-100"' in head
    assert 'id="cpu-keepalive-100"' not in rest
    assert 'id="cpu-keepalive-100"' not in page(examples.full()).partition("</header>")[0]


def test_without_figures_there_are_no_plots() -> None:
    """And it is said why."""
    for name, said in (("all_void", "No run counts"), ("empty", "Nothing was measured")):
        assert [tag for tag, _ in document(name).elements if tag == "svg"] == []
        assert said in document(name).text


def test_a_long_series_is_thinned() -> None:
    """Answers are added up, and the worst percentile is kept."""
    series = [Moment(float(at), 1.0, 10, 1, 5.0, float(at)) for at in range(1_000)]
    found = thinned(series)
    assert len(found) <= MOST_MOMENTS
    assert sum(each.answers for each in found) == 10_000
    assert sum(each.seconds for each in found) == 1_000
    assert found[0].p99_us == 8.0
    assert thinned(series[:MOST_MOMENTS]) == series[:MOST_MOMENTS]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (2.75, [(1.0, 100), (1.0, 100), (0.75, 75)]),
        (2.25, [(1.0, 100), (1.25, 125)]),
        (3.0, [(1.0, 100), (1.0, 100), (1.0, 100)]),
    ],
)
def test_the_last_slice_ends_with_the_run(
    seconds: float, expected: list[tuple[float, int]]
) -> None:
    """Its throughput is that of the time it had; what is too short is put to the one before."""
    answers = int((seconds - 2) * 100)
    series = [
        Moment(float(at), 1.0, count, 0, 5.0, 9.0) for at, count in enumerate([100, 100, answers])
    ]
    found = ended(run(seconds=seconds, series=series))
    assert [(each.seconds, each.answers) for each in found] == expected
    assert ended(run(series=[])) == []


def test_a_slice_without_answers_is_a_gap() -> None:
    """Its percentile is none, not 0."""
    series = [Moment(float(at), 1.0, 0 if at == 3 else 9, 0, 5.0, 50.0) for at in range(6)]
    text = page(Report({}, [run(seconds=6.0, series=series)]))
    plot = text[text.index('id="p99-keepalive-100-narrow-desc"') :]
    drawn = plot[plot.index('class="series s0"') :]
    drawn = drawn[: drawn.index("</g>")]
    assert drawn.count("<path") == 2
    assert drawn.count("<circle") == 5


def test_a_slice_may_end_after_the_last_answer() -> None:
    """Nothing is drawn outside of its frame."""
    series = [Moment(float(at), 1.0, 9, 0, 5.0, 50.0) for at in range(6)]
    text = page(Report({}, [run(seconds=2.0, series=series)]))
    places = [float(each) for each in re.findall(r'cx="([0-9.]+)"', text)]
    assert max(places) <= 530
