"""The settings that training methods share."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from wespe.core.schema import Count, Fraction, NonNegative, Positive, Settings


class Generator(Settings):
    """The generator of DPED and WESPE; WESPE's F has the same shape."""

    width: Annotated[int, Field(ge=4, le=512)] = 64
    """Channels of every hidden layer; 64 as in DPED. Half of it is almost four times as fast."""
    blocks: Annotated[int, Field(ge=0, le=32)] = 4
    """Residual blocks, of two convolutions each; four in the paper."""
    norm: Literal["batch", "instance", "none"] = "batch"
    """Normalisation in the residual blocks. The DPED paper, whose network this is, has batch norm.
    The code published with it normalises each photo by itself (`instance`), which makes enhancing
    slower and needs disk space. `batch` and `none` cost nothing when enhancing."""
    start: Literal["random", "identity", "transport"] = "random"
    """`random`: the output is a scaled tanh, as in the DPED code. `identity`: the output is the
    input plus a residual that is zero before training. This is more stable and not in the paper.
    `transport`: the same, brought to the style of the target domain by plain statistics
    (`wespe/networks/transport.py`). Convolutions then restore texture, in the source's colours."""
    light: bool = False
    """With `start: transport`: decide once a photo, by a gamma, how bright it becomes. Photos of
    ordinary brightness come to the mean of the target's; dark and bright ones are taken to be meant
    so. A photo with a side below 128 px is taken for a part of one and is left alone."""
    detail: bool = False
    """With WESPE's `weights.restoration`: measure after the training how much power the finest
    detail of enhanced photos lacks of the target's, and amplify it to make up 0.7 of that. A
    network that restores texture smooths what it is not sure of."""
    leak: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The slope of the ReLUs below zero. 0 as in DPED. Where there is little to restore, all ReLUs
    of a layer may die before the network has learned anything; with 0.1 they cannot."""


class Discriminator(Settings):
    """The discriminators: D_c (on blurred colour) and D_t (on grey) of WESPE, D_t of DPED."""

    norm: Literal["instance", "batch", "spectral", "none"] = "instance"
    """Normalisation of the convolutions after the first. The paper does not say; the DPED code
    normalises each photo by itself. `spectral` bounds every layer, including the first; between
    colour-matched photos it stayed at chance."""
    r1: NonNegative = 0.0
    """Weight of the R1 gradient penalty on real patches (Mescheder et al. 2018). Not in the
    paper."""


Layers = Annotated[
    str | Annotated[tuple[str, ...], Field(min_length=1)],
    # A list in YAML, which a strict union does not take for a tuple.
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
]
"""One layer of a feature extractor, or several."""


class Content(Settings):
    """The feature extractor ψ of the content loss."""

    extractor: Literal["vgg19", "mobilenet_v2", "untrained"] = "vgg19"
    """`vgg19` is the paper's. `mobilenet_v2` is smaller. `untrained` is a fixed random network that
    needs no download, for the demo."""
    layer: Layers = "relu5_4"
    """The layer whose features are compared: of vgg19 `relu1_1` … `relu5_4`, or the same `conv…`
    before the activation, of mobilenet_v2 `block0` … `block18`, of untrained `relu1` … `relu4`. The
    paper does not say which; DPED has `relu5_4`. Of a list of layers, the mean of their distances
    counts."""
    weights: str | None = None
    """A local .safetensors file with torchvision's keys; by default torchvision's weights are
    downloaded and their hash is checked. Torchvision trained them anew, and their activations are
    smaller than those of the Oxford weights that the papers used. So a content weight found with
    one does not carry over to the other."""

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that count."""
        return (self.layer,) if isinstance(self.layer, str) else self.layer


class Monitor(Settings):
    """What happens when training diverges: a value that is not finite, photos that come out
    inverted, constant or unlike themselves, or a discriminator that wins."""

    rollbacks: Annotated[int, Field(ge=0)] = 5
    """How often a training may return to its last save before it fails."""
    slow_down: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The factor on the learning rates at each return: on the discriminators' if one of them has
    won, else on all."""
    discriminator_won: NonNegative = 0.02
    """A discriminator has won if its loss is below this in ten records in a row; a loss of ln 2
    means chance. 0 switches this check off."""


class Recipe(Settings):
    """What every method has."""

    step: ClassVar[str]
    """Where the method's step is, as `module:class`."""

    method: str
    """The training method."""
    steps: Count = 20000
    """Training steps. Each updates every network once."""
    batch_size: Count = 30
    """Patches of each domain per step."""
    learning_rate: Positive = 5e-4
    """Adam's learning rate for the generators. The paper does not say; the DPED code has 0.0005."""
    adam_beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Adam's β1. The paper does not say; 0.9 is Adam's own default, 0.5 is usual for GANs."""
    adam_beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Adam's β2. The paper does not say; 0.999 is Adam's own default."""
    warm_up: Annotated[int, Field(ge=0)] = 0
    """Steps in which the learning rates rise linearly to their values. Without them a high rate can
    kill all ReLUs of a network before it has learned anything. The paper mentions none."""
    decay_from: Fraction = 1.0
    """The share of the steps after which the learning rates fall to zero. 1 keeps them constant,
    since the paper mentions no schedule."""
    decay: Literal["linear", "cosine"] = "linear"
    """How they fall: in a straight line, or as half a wave of a cosine."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of the running average of the generator's weights, which is saved. 0 saves the last
    weights, as in the paper."""
    augment: bool = False
    """Flip and rotate patches at random (the eight symmetries of the square). Not in the paper."""
    shrink_transport: bool = True
    """Remove from the transport between the domains (`wespe/training/transport`) what chance
    may explain, since they show different things. With only a few photos this is nearly all. Use
    `false` if both domains show the same things, such as two cameras' photos of the same scenes."""
    monitor: Monitor = Monitor()
    log_every: Count = 20
    """Steps between two records of the losses, and between two checks for divergence."""
    sample_every: Count = 1000
    """Steps between two sheets of sample pictures."""
    save_every: Count = 500
    """Steps between two saves of the state from which a stopped or diverged training resumes."""

    @property
    def given_files(self) -> tuple[str, ...]:
        """The files of weights that the recipe names; a training depends on them."""
        return ()

    @property
    def packaged_files(self) -> tuple[str, ...]:
        """The same of files that come with the package, by their paths in it."""
        return ()

    @property
    def begins_with(self) -> str | None:
        """The network whose convolutions a training begins with."""
        return None

    @property
    def restores(self) -> bool:
        """Whether the network learns to undo what the source's camera does to clean patches."""
        return False

    @property
    def adapts_light(self) -> bool:
        """Whether the light of each whole photo is brought to a common mean."""
        return False

    @property
    def enlarges(self) -> bool:
        """Whether the network makes photos larger: photos are then made smaller to learn from, and
        a pair has a target alone."""
        return False

    @property
    def clip_frames(self) -> int:
        """Frames in a row that the method learns from, of a source of clips; 1: single patches."""
        return 1

    @property
    def continues(self) -> bool:
        """Whether the training goes on with the network of another pair, which has to be named."""
        return False


class PerceptualRecipe(Recipe):
    """What every method with a content loss has."""

    content: Content = Content()

    @property
    def has_content(self) -> bool:
        """Whether the content loss has a weight, so that an extractor is needed."""
        return True

    @property
    def given_files(self) -> tuple[str, ...]:
        return (self.content.weights,) if self.content.weights and self.has_content else ()


class AdversarialRecipe(Recipe):
    """What every method with discriminators has."""

    discriminator_learning_rate: Positive = 5e-4
    """Adam's learning rate for the discriminators."""
    discriminator: Discriminator = Discriminator()


class EnlargingRecipe(Recipe):
    """What every method of super-resolution has. Its pairs need no source: patches of the target
    are made smaller, and the network learns to make them as large as they were."""

    scale: Literal[2, 4] = 4
    """How many times as wide and as high photos become. Patches have to be a multiple as large."""
    degradation: Literal["bicubic", "blur_down", "camera"] = "bicubic"
    """How patches are made smaller. `bicubic`: MATLAB's `imresize` with antialiasing, at 8 bits, as
    in the papers' tables. `blur_down`: a Gaussian of 0.4 px per px of the scale (1.6 px at 4), and
    every 2nd or 4th pixel. `camera`: bicubic, then blur, noise and JPEG as many cameras and phones
    have them, drawn anew for each patch: for photos as people have them, which the other two leave
    as noisy as they are."""

    crop_px: Annotated[int, Field(ge=16, le=512)] | None = None
    """Width and height that each step cuts out of its patches, at one place for all; by default all
    of them count. For a method that needs smaller ones than others which learn from the same."""

    @property
    def enlarges(self) -> bool:
        return True


class PixelRecipe(EnlargingRecipe):
    """What methods of super-resolution have that learn from the pixels alone."""

    loss: Literal["l1", "mse"] = "l1"
    """The loss: the mean of absolute or of squared differences, of all channels."""
    generator: Settings


class EnlargingDiscriminator(Settings):
    """The discriminator of SRGAN and ESRGAN, of eight convolutions."""

    width: Annotated[int, Field(ge=1, le=512)] = 64
    """Channels of the first convolution, of which the last has eight times as many; 64 in the SRGAN
    paper."""
    norm: Literal["batch", "none"] = "batch"
    """Normalisation of the convolutions after the first; `batch` in the papers."""
    r1: NonNegative = 0.0
    """Weight of the R1 gradient penalty on real patches (Mescheder et al. 2018). Not in the
    papers."""


class EnlargingGanWeights(Settings):
    """The weights of the total loss of SRGAN and ESRGAN."""

    pixels: NonNegative = 0.0
    """Of the mean absolute difference of the pixels."""
    color: NonNegative = 0.0
    """Of the mean absolute difference of what is left at the small size, each pixel the mean of a
    block. It holds colours and light, which features hardly see, and leaves fine detail free. Not
    in the papers."""
    content: NonNegative = 1.0
    """Of the distance of features."""
    texture: NonNegative = 1e-3
    """Of the adversarial loss."""


class EnlargingGanRecipe(EnlargingRecipe, PerceptualRecipe):
    """What GANs for super-resolution have. They go on with the network of another pair, of any
    architecture that enlarges by the same `scale`."""

    discriminator_learning_rate: Positive = 1e-4
    """Adam's learning rate for the discriminator."""
    discriminator: EnlargingDiscriminator = EnlargingDiscriminator()
    content_distance: Literal["mse", "l1", "cosine"] = "mse"
    """The distance of features: the mean of their squared or of their absolute differences, or of 1
    − the cosine between the channels of each place, in which all layers have the same range. That
    is half of what the metric `vgg_distance` measures of a layer."""

    weights: EnlargingGanWeights = EnlargingGanWeights()

    @property
    def has_content(self) -> bool:
        return self.weights.content > 0

    @property
    def continues(self) -> bool:
        return True
