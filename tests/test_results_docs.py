"""The reference of the records is that of the code, and says something about every field."""

import pytest

from tests.conftest import ROOT
from tests.test_results_record import records
from wespe.results.docs import RECORDS, field_docs, markdown
from wespe.results.record import Record


def test_the_page_is_that_of_the_code() -> None:
    written = (ROOT / "docs" / "records.md").read_text("utf-8")
    assert written.rstrip() == markdown().rstrip(), "run: wespe schema --records > docs/records.md"


@pytest.mark.slow
def test_every_record_with_a_file_has_its_section() -> None:
    assert {kind for kind in records() if kind.what} == {*RECORDS}
    for kind in RECORDS:
        assert f"## `{kind.where}`" in markdown()


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
def test_every_field_has_a_docstring(kind: type[Record]) -> None:
    lacking = [name for name, told in field_docs(kind).items() if not told]
    assert not lacking


def test_a_field_of_a_base_keeps_its_docstring() -> None:
    page = markdown().partition("## `results/pairs/NAME/generator.json`")[2]
    assert "- **`torch`**: text  \n  The version of torch." in page
    assert "- **`rollbacks`**: list of [Rollback](#rollback)  " in page
    assert "- **`final_losses`**: mapping of names to number or null  " in page
