"""What is not made yet, by what lies on the disk."""

from pathlib import Path

from wespe.pipeline.stages import Stage, Stages

WANTED = frozenset({"patches", "rater", "metrics", "tables", "report"})
"""The rules that a whole run asks for. All others are needed by these; photos and votes that are
gone stop a rule that asks for them itself, and not one whose inputs do."""


def pending(stages: Stages) -> list[Stage]:
    """The stages that a whole run would make, in their order, as Snakemake finds them by files.

    That is what is asked for and not there, what these read and is not there, and what reads any of
    it. What has changed since it was made is Snakemake's to know: `snakemake --dry-run all`.
    """
    every = {stage.title: stage for stage in stages}
    makers = {path: stage.title for stage in every.values() for path in stage.outputs.values()}
    reads = {
        title: {makers[path] for path in stage.inputs.values() if path in makers}
        for title, stage in every.items()
    }
    lacking = {
        title
        for title, stage in every.items()
        if not all(Path(path).exists() for path in stage.outputs.values())
    }
    wanted = {title for title, stage in every.items() if stage.rule in WANTED}
    needed = wanted.union(*(_below(title, reads) for title in wanted))
    todo, before = wanted & lacking, set[str]()
    while todo != before:
        before = todo
        below = set[str]().union(*(reads[title] for title in todo))
        above = {title for title in needed if reads[title] & todo}
        todo = todo | above | (below & lacking)
    return [stage for title, stage in every.items() if title in todo]


def _below(title: str, reads: dict[str, set[str]]) -> set[str]:
    """All that a stage reads, directly or not."""
    return reads[title].union(*(_below(read, reads) for read in reads[title]))
