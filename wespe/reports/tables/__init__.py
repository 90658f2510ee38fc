"""Tables of evaluations, each beside one of the papers, as JSON, HTML, CSV, Markdown and LaTeX.

`TABLE.json` is what others read, such as the report page:

    {"name", "title", "caption", "simulated": whether any of its photos are,
     "columns": [{"key", "label", "unit", "direction": "higher", "lower" or null, "decimals",
                  "paper_decimals": those that the paper prints, null where it has no such column}],
     "rows": [{"label", "photos", "method", "cells": {column key: cell}}],
     "notes": [text, …], each once, in the order of the cells that have it,
     "checks": [{"photos", "method", "column", "value", "low", "high", "paper", "agrees": true,
                 false or null, "note"}]}

A cell is `{"value", "low", "high", "paper", "p", "n", "note"}`; what there is not is null.
`value` is the mean over `n` photos and null where the data is not at hand, which `note` then says.
`low` and `high` are its 95 % bootstrap interval over photos. `paper` is what the paper prints for
the same method on the same dataset. `p` is that of the Wilcoxon signed-rank test, two-sided, of
the `n` photos against their originals. `label` is `photos: method`. `checks` are the values of
originals and published networks that a paper has too: whether its value is within our interval.

`wespe/reports/templates/table.html.j2` has the macro `table(data)`, which shows such an object.
"""
