"""python -m app.collect app/static: what lies there is compressed, and not touched."""

import gzip
from pathlib import Path

from app import collect, handlers

CSS = b"a { color: red }\n" * 20


def test_the_folder_is_the_one_that_is_served() -> None:
    """It is named twice, since the handlers need more than an image has when it is built."""
    assert collect.STATIC == handlers.STATIC


def test_in_place(tmp_path: Path) -> None:
    """Each file stays as it was, with its time, and gets its .gz; again changes nothing."""
    file = tmp_path / "a.css"
    file.write_bytes(CSS)
    before = file.stat().st_mtime_ns
    for _ in range(2):
        collect.collect(tmp_path, tmp_path)
        assert sorted(each.name for each in tmp_path.iterdir()) == ["a.css", "a.css.gz"]
        assert (file.read_bytes(), file.stat().st_mtime_ns) == (CSS, before)
        assert gzip.decompress((tmp_path / "a.css.gz").read_bytes()) == CSS
