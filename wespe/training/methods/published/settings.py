"""The settings of a network that the DPED authors published, taken as it is."""

from typing import ClassVar, Literal

from wespe.training.methods.settings import Recipe


class PublishedRecipe(Recipe):
    """No training: the network is a generator that the DPED authors published, so that it can be
    evaluated like any other. The pair's patches are used only to fit the plain enhancers that an
    evaluation compares it with. Settings of training do not matter."""

    step: ClassVar[str] = "wespe.training.methods.published.step:PublishedStep"

    method: Literal["published"]
    """The training method."""
    checkpoint: str
    """A TensorFlow checkpoint of the DPED code: its prefix, or its `.index` file."""
    steps: Literal[1] = 1
    """One step, which changes nothing."""

    @property
    def given_files(self) -> tuple[str, ...]:
        prefix = self.checkpoint.removesuffix(".index")
        # The code saves a generator of 1.6 MB in one shard.
        return (f"{prefix}.index", f"{prefix}.data-00000-of-00001")
