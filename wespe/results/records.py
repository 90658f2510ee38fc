"""What the results' JSON files hold, as far as the report shows it."""

from pydantic import BaseModel, ConfigDict

from wespe.results.score import Score


class Record(BaseModel):
    """A record that another step wrote; keys that the report does not show are ignored."""

    model_config = ConfigDict(frozen=True)


class Domain(Record):
    """The patches of one domain that a network was trained on."""

    origin: str
    simulated: bool
    patches: int
    sha256: str
    photos: int | None = None
    licence: str = "not stated"


class Domains(Record):
    """The source domain X and the target domain Y."""

    source: Domain
    target: Domain


class TrainedBy(Record):
    """The recipe of a pair; all its settings are kept, only these have to be there."""

    model_config = ConfigDict(extra="allow")

    method: str
    batch_size: int


class Rollback(Record):
    """Where a training diverged, and where it went on from, at which share of its rates."""

    step: int
    to_step: int
    reason: str
    rates: dict[str, float]


class ModelCard(Record):
    """`generator.json`."""

    pair: str
    source: str
    target: str
    recipe: TrainedBy
    seed: int
    steps: int
    compute: str
    code_version: str
    code_commit: str = ""
    code_changed: bool = False
    torch: str = ""
    device: str = ""
    data: Domains
    sha256: str
    train_seconds: float
    patches_per_second: float
    rollbacks: tuple[Rollback, ...] = ()
    warning: str | None = None
    final_losses: dict[str, float | None]
    # Cards of version 0.1.0 lack these two; it knew WESPE alone.
    paired: bool = False
    samples: tuple[str, ...] = ("x", "G(x)", "F(G(x))")


class Statistic(Record):
    """A metric over the images of an evaluation; without an image there is no mean."""

    mean: float | None
    std: float | None
    n: int


class LeftOut(Record):
    """A photo that could not be used, and why."""

    file: str
    reason: str


class Extremes(Record):
    """The photos that gained least and most by a metric."""

    metric: str | None = None
    worst: tuple[str, ...] = ()
    best: tuple[str, ...] = ()


class Summary(Record):
    """`summary.json`."""

    evaluation: str
    pair: str
    photos: str
    origin: str
    simulated: bool
    n_images: int
    n_identical: int
    seconds: float
    engine: str = ""
    methods: dict[str, dict[str, Statistic]]
    unreadable: tuple[LeftOut, ...] = ()
    photos_sha256: str = ""
    pictures: dict[str, str] = {}
    gallery: tuple[str, ...] = ()
    crops: dict[str, tuple[int, int, int, int]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    extremes: Extremes = Extremes()


class MeanScore(Record):
    """A rater's scores over photos; `difference` is to the originals, photo by photo."""

    mean: float
    std: float | None
    n: int
    low: float | None = None
    high: float | None = None
    difference: "MeanScore | None" = None


class RatedBy(Record):
    """The rater of a rating, and what its card says of it in sentences."""

    name: str
    kind: str
    simulated: bool
    sha256: str = ""
    says: tuple[str, ...] = ()


class RatingSummary(Record):
    """`summary.json` of a rating."""

    rating: str
    rater: RatedBy
    pair: str
    shown: Score
    metric: str
    photos: str
    origin: str
    simulated: bool
    n_images: int
    seconds: float
    engine: str = ""
    methods: dict[str, MeanScore]
    unreadable: tuple[LeftOut, ...] = ()
