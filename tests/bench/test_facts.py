"""bench.facts: what the figures hold for."""

import sys

import pytest

from bench.facts import package_version, processor, profile_guided, program_version


@pytest.mark.parametrize(
    ("config_args", "flag", "expected"),
    [
        ("'--enable-shared' '--enable-optimizations'", "-fprofile-use", "yes"),
        ("'--enable-shared'", "-fprofile-use -fprofile-correction", "no"),
        ("'--enable-shared'", "", "yes, the distribution's"),
        ("", None, "no"),
    ],
)
def test_profile_guided_optimisation_is_read_off_the_build(
    config_args: str, flag: str | None, expected: str
) -> None:
    """configure's option says yes; Debian leaves no option but a blanked flag."""
    assert profile_guided(config_args, flag) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx version: nginx/1.22.1\n", "1.22.1"),
        ("wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012\n", "4.1.0-3+b2"),
        ("no number here\n", "unknown"),
    ],
)
def test_a_version_is_found_in_what_a_program_prints(text: str, expected: str) -> None:
    """nginx and wrk both wrap it in words of their own."""
    assert program_version([sys.executable, "-c", f"print({text!r})"]) == expected


def test_what_is_not_installed_is_absent() -> None:
    """Neither a program nor a package that is missing stops the run."""
    assert program_version(["no-such-program", "-v"]) == "absent"
    assert package_version("no-such-package") == "absent"


def test_the_processor_is_its_model_name() -> None:
    """The first core speaks for all."""
    assert processor("processor\t: 0\nmodel name\t: Quick 9000\nmodel name\t: x\n") == "Quick 9000"
