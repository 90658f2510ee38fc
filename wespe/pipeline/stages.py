"""The stages of a run, with their files, settings and code: for Snakemake's rules and for DVC."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, reduce
from operator import getitem
from pathlib import Path
from typing import Any

from wespe.data.registry import SOURCES
from wespe.judging.metrics.registry import METRICS, needs_weights
from wespe.judging.registry import BASELINES
from wespe.networks.registry import ARCHITECTURES, EXTRACTORS
from wespe.pipeline.code import code_hash
from wespe.results.layout import Layout, StudyInputs
from wespe.settings.params import Params
from wespe.training.methods.settings import PerceptualRecipe

Files = dict[str, str]
"""Paths by what a rule calls them; a folder's has no suffix."""


@dataclass(frozen=True)
class Stage:
    """One rule for one entry of the settings, or for all of them (`name` is empty).

    `settings`: dotted keys. `code`: entries of `code_hash`, the command first, then what the
    settings choose. `facts`: what counts besides, of the `registry` modules that code leaves out.
    """

    rule: str
    name: str
    inputs: Files
    outputs: Files
    settings: tuple[str, ...]
    code: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name among all stages: names of rules have no `-`."""
        return f"{self.rule}-{self.name}" if self.name else self.rule

    @cached_property
    def code_hash(self) -> str:
        """What changes with its code and with nothing else."""
        return code_hash(self.code, facts=self.facts)


def outputs(layout: Layout, rule: str, name: str = "{name}") -> Files:
    """What a rule makes; without a name, as a pattern."""
    pair, rater, study = layout.pair(name), layout.rater(name), layout.study(name)
    patches, evaluation, rating = layout.patches(name), layout.evaluation(name), layout.rating(name)
    files: dict[str, dict[str, Path]] = {
        "acquire": {"photos": layout.source(name).folder},
        "patches": {"array": patches.array, "manifest": patches.manifest},
        "train": {
            "network": pair.network,
            "card": pair.card,
            "losses": pair.losses,
            "samples": pair.samples,
        },
        "evaluate": {
            "summary": evaluation.summary,
            "images": evaluation.images,
            "pictures": evaluation.pictures,
            "crops": evaluation.crops,
        },
        "rater": {"rater": rater.rater, "card": rater.card, "losses": rater.losses},
        "rate": {"summary": rating.summary, "scores": rating.scores},
        "study": {"figures": study.figures, "text": study.text, "table": study.table},
        "metrics": {"metrics": layout.metrics},
        "tables": {"tables": layout.tables},
        "report": {"page": layout.report},
    }
    return {key: str(path) for key, path in files[rule].items()}


class Stages:
    """The stages of the settings `params`, by rule and name."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self.layout = Layout(params.run.data, params.run.results)
        self._made: dict[tuple[str, str], Stage] = {}

    def __iter__(self) -> Iterator[Stage]:
        """All of them, each after those whose files it reads."""
        params = self.params
        for rule, names in {
            "acquire": params.sources,
            "patches": params.domains,
            "train": self._pairs_in_order(),
            "evaluate": params.evaluations,
            "rater": params.raters,
            "rate": params.ratings,
            "study": params.studies,
        }.items():
            yield from (self(rule, name) for name in names)
        yield from (self(rule) for rule in ("metrics", "tables", "report"))

    def __call__(self, rule: str, name: str = "") -> Stage:
        """One of them. Raises KeyError for a name that the settings do not have."""
        if (rule, name) not in self._made:
            self._made[rule, name] = self._make(rule, name)
        return self._made[rule, name]

    def _make(self, rule: str, name: str) -> Stage:
        of_all = {"metrics": self._metrics, "tables": self._tables, "report": self._report}
        if rule in of_all:
            return of_all[rule]()
        of_one = {
            "acquire": self._acquire,
            "patches": self._patches,
            "train": self._train,
            "evaluate": self._evaluate,
            "rater": self._rater,
            "rate": self._rate,
            "study": self._study,
        }
        return of_one[rule](name)

    def _stage(
        self,
        rule: str,
        name: str,
        inputs: Files,
        settings: tuple[str, ...],
        code: tuple[str, ...],
        facts: Mapping[str, Any] | None = None,
    ) -> Stage:
        made = outputs(self.layout, rule, name)
        return Stage(rule, name, inputs, made, settings, code, facts or {})

    def settings(self, stage: Stage) -> dict[str, Any]:
        """What the settings of a stage say, by key, as JSON has it."""
        return {key: reduce(getitem, key.split("."), self._tree) for key in stage.settings}

    @cached_property
    def _tree(self) -> dict[str, Any]:
        return self.params.model_dump(mode="json")

    def _outputs(self, rule: str, name: str, *keys: str, prefix: str = "") -> Files:
        made = outputs(self.layout, rule, name)
        return {prefix + key: made[key] for key in keys or made}

    def _pairs_in_order(self) -> list[str]:
        """All pairs, each behind the one whose network it begins with."""
        pairs, ordered = self.params.pairs, dict[str, None]()
        for name in pairs:
            chain = [name]
            while start := pairs[chain[-1]].start:
                chain.append(start)
            ordered |= dict.fromkeys(reversed(chain))
        return [*ordered]

    def _network(self, pair: str) -> tuple[str, ...]:
        """Where the architecture of a pair's network is: the step of its method imports it."""
        if recipe := self.params.recipe_of(pair):
            start = self.params.pairs[pair].start
            return (recipe.step, *(self._network(start) if start else ()))
        if self.params.pairs[pair].published:
            return ("wespe.networks.published:load_dped",)
        return tuple(ARCHITECTURES.values())  # which of them, its file alone says

    def _acquire(self, name: str) -> Stage:
        source = self.params.sources[name]
        acquire = SOURCES[source.kind].acquire
        code = ("wespe.cli.data:acquire", f"{acquire.__module__}:{acquire.__qualname__}")
        return self._stage("acquire", name, {"path": source.path}, (f"sources.{name}",), code)

    def _patches(self, name: str) -> Stage:
        inputs = self._outputs("acquire", name)
        settings = ("patches", "run.seed")
        return self._stage("patches", name, inputs, settings, ("wespe.cli.data:patches",))

    def _train(self, name: str) -> Stage:
        pair, recipe = self.params.pairs[name], self.params.recipe_of(name)
        inputs: Files = {}
        for part, domain in pair.patches.items():
            inputs |= self._outputs("patches", domain, prefix=f"{part}_")
        network = self._network(name)
        if recipe is None:
            inputs |= _numbered("network", pair.network_files)
            code = ("wespe.cli.training:import_network", *network)
            return self._stage("train", name, inputs, (f"pairs.{name}",), code)
        if pair.start:
            inputs |= self._outputs("train", pair.start, "network", prefix="start_")
        inputs |= _numbered("weights", recipe.given_files)
        settings = (f"pairs.{name}", f"recipes.{pair.recipe}", "run.seed", "run.compute")
        chosen = [recipe.content.extractor] if isinstance(recipe, PerceptualRecipe) else []
        extractors = (EXTRACTORS[key] for key in chosen)
        code = (
            *("wespe.cli.training:train_by_recipe", *network, *extractors),
            *recipe.packaged_files,
        )
        return self._stage("train", name, inputs, settings, code)

    def _evaluate(self, name: str) -> Stage:
        evaluation = self.params.evaluations[name]
        inputs = {
            **self._outputs("acquire", evaluation.photos),
            **self._outputs("train", evaluation.pair, "network", "card"),
        }
        facts = _described([evaluation.metrics]) | _baselines(evaluation.baselines)
        code = (
            *("wespe.cli.evaluation:evaluate", _OPENVINO, *self._network(evaluation.pair)),
            *(judge["function"] for judge in facts.values()),
        )
        settings = [f"evaluations.{name}", "run.compute"]
        if needs_weights(evaluation.metrics):
            settings.append("run.vgg_weights")
            if self.params.run.vgg_weights:
                inputs["vgg_weights"] = self.params.run.vgg_weights
        return self._stage("evaluate", name, inputs, tuple(settings), code, facts)

    def _rater(self, name: str) -> Stage:
        rater = self.params.raters[name]
        weights = [rater.weights_file] if rater.weights_file else []
        inputs = {**self._outputs("acquire", rater.photos), **_numbered("weights", weights)}
        settings = (f"raters.{name}", "run.seed", "run.compute")
        return self._stage("rater", name, inputs, settings, ("wespe.cli.raters:rater", rater.rater))

    def _rate(self, name: str) -> Stage:
        rating = self.params.ratings[name]
        inputs = {
            **self._outputs("acquire", rating.photos),
            **self._outputs("rater", rating.rater, "rater"),
            **self._outputs("rater", rating.rater, "card", prefix="rater_"),
            **self._outputs("train", rating.pair, "network", "card"),
        }
        rater = self.params.raters[rating.rater].rater
        facts = _baselines(rating.baselines)
        code = (
            *("wespe.cli.raters:rate", rater, _OPENVINO, *self._network(rating.pair)),
            *(baseline["function"] for baseline in facts.values()),
        )
        return self._stage("rate", name, inputs, (f"ratings.{name}", "run.compute"), code, facts)

    def _study(self, name: str) -> Stage:
        files = StudyInputs(Path(self.params.studies[name].path))
        inputs = {"key": str(files.key), "votes": str(files.votes)}
        return self._stage("study", name, inputs, (f"studies.{name}",), ("wespe.cli.study:report",))

    def _metrics(self) -> Stage:
        params = self.params
        inputs = self._all({"evaluate": params.evaluations, "rate": params.ratings}, "summary")
        code = ("wespe.cli.evaluation:metrics",)
        settings = ("evaluations", "ratings")
        return self._stage("metrics", "", inputs, settings, code, self._all_metrics())

    def _tables(self) -> Stage:
        inputs = self._all({"evaluate": self.params.evaluations, "rate": self.params.ratings})
        # DVC does not notice a rating that is no longer among the inputs.
        settings = ("tables", "evaluations", "ratings", "pairs", "recipes")
        code = ("wespe.cli.tables:tables", "reports/templates", "reports/papers/values.csv")
        return self._stage("tables", "", inputs, settings, code, self._all_metrics())

    def _report(self) -> Stage:
        params = self.params
        inputs = self._all(
            {
                "train": params.pairs,
                "evaluate": params.evaluations,
                "rate": params.ratings,
                "study": params.studies,
            }
        ) | self._outputs("tables", "")
        # The page shows all settings.
        settings = tuple(type(params).model_fields)
        code = ("wespe.cli.evaluation:report", "reports/templates")
        return self._stage("report", "", inputs, settings, code, self._all_metrics())

    def _all(self, entries: Mapping[str, Iterable[str]], *keys: str) -> Files:
        """The outputs of all stages of some rules."""
        return {
            f"{rule}_{name}_{key}": path
            for rule, names in entries.items()
            for name in names
            for key, path in self._outputs(rule, name, *keys).items()
        }

    def _all_metrics(self) -> dict[str, Any]:
        return _described(entry.metrics for entry in self.params.evaluations.values())


# Convolutions run there wherever it is installed; it is imported by a name that is put together.
_OPENVINO = "wespe.networks.inference.backends.openvino_cpu"


def _described(chosen: Iterable[Iterable[str]]) -> dict[str, Any]:
    """What the registry states about metrics, by name."""
    return {name: asdict(METRICS[name]) for names in chosen for name in names}


def _baselines(chosen: Iterable[str]) -> dict[str, Any]:
    """What the registry says of baselines, by name."""
    return {name: asdict(BASELINES[name]) for name in chosen}


def _numbered(key: str, files: Iterable[str]) -> Files:
    return {f"{key}_{number}": file for number, file in enumerate(files)}
