"""The templates that services are made from. Nobody changes them."""

import pytest

from tests.ops.new.making import Template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """This project."""
    return Template.of_this_project(tmp_path_factory.mktemp("new") / "template")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """As much of it as can be made a service of: what is not looked at is not copied."""
    some = r"[^/]+$|app/(__init__|content)\.py|bench/__init__|docs/updates|nginx/|ops/"
    return Template.of_this_project(tmp_path_factory.mktemp("small") / "template", some)
