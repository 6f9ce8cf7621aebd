"""bench.server: real processes that are not fit to be measured."""

from pathlib import Path

import pytest

from bench import process
from bench.server import Server, StartError
from bench.targets import Target


def test_a_server_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    """Whoever waits learns why, in the server's own words."""
    target = Target("broken", "$python -m bench.no_such_module", "")
    with (
        pytest.raises(StartError, match=r"(?s)^broken ended before it listened\n.*no_such_module"),
        Server(target, tmp_path / "broken", None),
    ):
        pass


def test_a_server_with_another_answer_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens and answers 404: it is refused, and its process is gone."""
    spawned: list[int] = []
    spawn = Server._spawn

    def spawn_and_note(server: Server) -> None:
        spawn(server)
        spawned.append(server._pid)

    monkeypatch.setattr(Server, "_spawn", spawn_and_note)
    target = Target("files", "$python -m http.server --bind 127.0.0.1 $port", "")
    with (
        pytest.raises(
            StartError, match=r"files did not answer as it must: 1 answers to 2 requests"
        ),
        Server(target, tmp_path / "files", None),
    ):
        pass
    assert [process.session_stats(pid) for pid in spawned] == [[]]
