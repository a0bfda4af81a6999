"""Words of a command line."""

from __future__ import annotations

import pytest

from vitreous.cli.arguments import Parser, add_parameters
from vitreous.errors import InputError
from vitreous.jobs.select import Select


def test_negative_numbers_are_no_options() -> None:
    parser = Parser("select", "")
    add_parameters(parser, Select)
    words = ["-1e-05", "-20", "20", "-.5", "-2E3", "7.", "-3."]
    assert vars(parser.parse_args(["--lasso", *words]))["lasso"] == words
    with pytest.raises(InputError, match="at least one argument"):
        parser.parse_args(["--lasso", "-e5"])
