"""The closed, typed sections `search`, `train` and `data`, with the defaults that train.

A value such as `sgd(lr = 0.1)` is a model whose `kind` is the name; positional arguments fill fields in order.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from bsnc.ir.graph import Frozen, Probability

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Epochs = Annotated[int, Field(ge=0)]


Strategy = Literal["policy_gradient", "evolution", "random"]


class SearchConfig(Frozen):
    """How the architecture is found."""

    model_config = ConfigDict(populate_by_name=True)

    mode: Literal["staged", "joint"] = "staged"
    """`staged`: weights learn first, under architectures of every size; then a strategy searches, and judges with these
    weights. `joint`: gates learn beside the weights, as in the paper."""
    split: Probability | None = None
    """Of a joint search: the share of the training examples that is for the gates, the rest being for the weights (Liu
    et al., 2019, first order). Where the data have a split for validation, all of that is for the gates, whatever the
    share, and all training examples are for the weights. Not given, both learn from the same examples, as in the paper.
    The final network learns from all training examples."""
    strategy: Strategy = "policy_gradient"
    """Of a staged search: gates that learn and a local search around what they know, or what these have to beat:
    regularised evolution, random feasible architectures."""
    evaluations: Annotated[int, Field(ge=1)] = 300
    """Of a staged search: how many architectures it may judge."""
    held_out: Probability = 0.15
    """Of a staged search: the share of the training examples, at most 2 000, on which it judges. The weights that are
    shared do not learn from them; those of the final network do. Where the data have a split for validation, the search
    judges on that instead, on at most 2 000 examples."""
    estimator: Literal["reinforce", "rloo", "disarm", "gumbel_st"] = "rloo"
    """How gates get a gradient: by score function with the batch mean (`reinforce`, as the paper) or the mean of the
    others as baseline (`rloo`), by antithetic pairs (`disarm`), or through relaxed samples (`gumbel_st`)."""
    init: Probability = 0.95
    """Probability at which gates start that keep or drop, unless they are declared with their own; the options of a
    choice start alike. In a staged search the highest rate at which edges are kept while the weights learn."""
    gate_lr: Positive = 1.0
    """Of a joint search: learning rate of plain SGD on the gates' logits."""
    explore: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Exploration floor ε: samples come from (1 − ε) · learnt probability + ε · uniform."""
    penalty: Positive | Literal["auto"] = Field(default="auto", alias="lambda")
    """λ of every budget: a number, or `auto` for a dual that grows while a budget is exceeded."""
    warmup: Epochs = 10
    """Of a joint search: epochs of `train.epochs` in which weights learn and gates only sample."""
    tighten: Annotated[float, Field(ge=0, le=1)] = 0.6
    """Of a joint search: share of the epochs after the warm-up over which the budgets' targets shrink from the initial
    cost to the bound; 0 applies the bounds at once, as the paper does."""
    entropy: NonNegative = 0.1
    """Of a joint search: weight of the gates' entropy (nats, summed) in the objective at the end of the search; it
    grows linearly from 0 once the targets have reached the bounds, so that gates that hardly matter decide too. 0 as in
    the paper."""
    freeze: Epochs = 0
    """Of a joint search: a gate whose likeliest value has had p ≥ 0.99 for so many epochs in a row, the budgets'
    targets being at the bounds, is from then on sampled at that value and learns no more; 0 never. The architecture is
    found by what such gates learnt before."""


class Sgd(Frozen):
    """torch.optim.SGD. `decay_norms = false` spares biases and the parameters of norms weight decay."""

    kind: Literal["sgd"] = "sgd"
    lr: Positive = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: NonNegative = 5e-4
    nesterov: bool = False
    decay_norms: bool = True


class AdamW(Frozen):
    """torch.optim.AdamW: Adam with decoupled weight decay (Loshchilov & Hutter, 2019); `decay_norms` as of `sgd`."""

    kind: Literal["adamw"] = "adamw"
    lr: Positive = 1e-3
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.01
    decay_norms: bool = True


class Muon(Frozen):
    """torch.optim.Muon (Jordan et al., 2024) for hidden matrices: weights of linear layers and of convolutions without
    groups, as [out, in · kernel], but for the first layer behind the input and the last before the output. All else by
    `adamw` with its defaults and the same `lr` and `weight_decay`, to which Muon's steps are scaled (Liu et al., 2025);
    `decay_norms` as of `sgd`."""

    kind: Literal["muon"] = "muon"
    lr: Positive = 1e-3
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.95
    weight_decay: NonNegative = 0.01
    nesterov: bool = True
    decay_norms: bool = True


WarmUp = Epochs | Probability


class Constant(Frozen):
    """The learning rate stays."""

    kind: Literal["constant"] = "constant"


class OneCycle(Frozen):
    """torch.optim.lr_scheduler.OneCycleLR over a whole phase (Smith & Topin, 2018). It moves the momentum too, from
    0.95 to 0.85 and back: that of `sgd` and `muon`, `beta1` of `adamw`."""

    kind: Literal["one_cycle"] = "one_cycle"
    warmup: Probability = 0.2


class Cosine(Frozen):
    """Half a cosine from the full rate to `floor`, a share of it, over a whole phase (Loshchilov & Hutter, 2017),
    after a linear rise over `warmup`: a number of epochs, or a share of the phase."""

    kind: Literal["cosine"] = "cosine"
    floor: Annotated[float, Field(ge=0, lt=1)] = 0.0
    warmup: WarmUp = 0


class Step(Frozen):
    """Multiply the rate by `by` at each epoch in `at`; `warmup` as of `cosine`."""

    kind: Literal["step"] = "step"
    at: tuple[Epochs, ...]
    by: Positive = 0.1
    warmup: WarmUp = 0


Optimiser = Annotated[Sgd | AdamW | Muon, Field(discriminator="kind")]
Schedule = Annotated[Constant | OneCycle | Cosine | Step, Field(discriminator="kind")]


class Whole(Frozen):
    """The S-network with all its edges, with the weights that the search left."""

    kind: Literal["whole"] = "whole"


class Onnx(Frozen):
    """An ONNX file, its path relative to the spec, that takes a normalised batch and gives logits."""

    kind: Literal["onnx"] = "onnx"
    path: str


Argument = int | float | bool | str | tuple[int | float | bool | str, ...]


class Extern(Frozen):
    """A Python function of one's own, `package.module:function`, and what it is called with."""

    kind: Literal["extern"] = "extern"
    function: str
    arguments: dict[str, Argument] = Field(default_factory=dict)


class ExternTeacher(Extern):
    """`extern "package.module:function"(…)`: a Python function, or a class, of one's own that gives a torch module,
    from a normalised batch to logits. Needs `--allow-extern`."""


Teacher = Annotated[Whole | Onnx | ExternTeacher, Field(discriminator="kind")]


class Distill(Frozen):
    """Learn from a teacher beside the labels (Hinton et al., 2015): the loss is (1 − `weight`) · that of the labels
    + `weight` · T² · the cross-entropy between softmax(teacher's logits / T) and softmax(logits / T), with T the
    `temperature`."""

    kind: Literal["distill"] = "distill"
    teacher: Teacher = Whole()
    temperature: Positive = 4.0
    weight: Annotated[float, Field(gt=0, le=1)] = 0.5


Keep = Literal["last", "best"]
Origin = Literal["inherited", "fine_tuned", "from_scratch"]
"""Where the weights of a final network come from."""


class TrainConfig(Frozen):
    """How weights are learnt."""

    epochs: Annotated[int, Field(ge=1)] = 60
    """Epochs of the search, its warm-up included."""
    fine_tune: Epochs = 20
    """Epochs in which the final architecture alone trains, after those of the search."""
    clean: Epochs = 0
    """How many of these, the last ones, see examples as they are, not augmented."""
    batch_size: Annotated[int, Field(ge=2)] = 64
    """Examples of a step; each has its own sample of the gates."""
    optimizer: Optimiser = Sgd(nesterov=True)
    """How weights follow their gradients."""
    schedule: Schedule = OneCycle()
    """The learning rate over the epochs, of the search and of the fine-tuning alike, step by step."""
    clip: Positive | None = None
    """The greatest norm of the gradient of all weights; a longer one is scaled down to it."""
    ema: Probability | None = None
    """Decay a step of an average of the final network's weights, which is evaluated and exported in place of the last
    ones. The search does not use it."""
    keep: Keep = "last"
    """Which weights of the final network's training are kept: those after the last epoch, or after the epoch of the
    least loss on the split for validation, which the data must have."""
    distill: Distill | None = None
    """A teacher of the final network, not of the search. Only for classes."""
    final: Literal["fine_tuned", "from_scratch"] = "fine_tuned"
    """Which weights the exported network has: those of the search, fine-tuned, or others that learnt from scratch over
    `epochs` + `fine_tune` epochs, as many as the search and the fine-tuning have."""
    compare: tuple[Origin, ...] = ()
    """Weights of the final architecture that the summary shows side by side, beside those that are exported."""
    tta: Flip | None = None
    """Test-time augmentation: a second evaluation, of the mean of the outputs for an image and its mirror image. It is
    reported apart."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that the target spreads over all classes; without effect where values are predicted."""


class Crop(Frozen):
    """Pad by `padding` with black, then crop to the size at a random place. Masks are padded with the `ignore` label;
    where there is none, images and masks repeat their edges instead."""

    kind: Literal["crop"] = "crop"
    padding: Annotated[int, Field(ge=1)]


class Flip(Frozen):
    """Mirror left to right with probability 1/2, masks too."""

    kind: Literal["flip"] = "flip"


class Cutout(Frozen):
    """Blacken a square of `size` pixels whose centre is anywhere in the image (DeVries & Taylor, 2017); masks stay."""

    kind: Literal["cutout"] = "cutout"
    size: Annotated[int, Field(ge=1)]


class Jitter(Frozen):
    """Change brightness, then contrast, then saturation, each by a factor from 1 − a to 1 + a for the a given.
    Saturation needs red, green and blue."""

    kind: Literal["jitter"] = "jitter"
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.2
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.2
    saturation: Annotated[float, Field(ge=0, le=1)] = 0.0


class Mixup(Frozen):
    """Replace each example and its class by λ of it and 1 − λ of another one of the batch, λ from Beta(`alpha`,
    `alpha`) (Zhang et al., 2018). Only for classes; inputs may have any shape."""

    kind: Literal["mixup"] = "mixup"
    alpha: Positive = 0.2


Augmentation = Annotated[Crop | Flip | Cutout | Jitter | Mixup, Field(discriminator="kind")]
Target = Literal["class", "mask", "value"]


class Digits(Frozen):
    """scikit-learn's 1 797 handwritten digits of 8×8; `test` of them, stratified, are held out."""

    kind: Literal["digits"] = "digits"
    test: Annotated[int, Field(ge=10, le=1700)] = 450


class Hub(Frozen):
    """A data set of the Hugging Face hub, `owner/name`, with its configuration and revision; or a directory that the
    package `datasets` reads, where the path begins with `.` or `/`. Needs the extra `data`."""

    kind: Literal["hub"] = "hub"
    path: str
    config: str | None = None
    revision: str | None = None


class Parquet(Frozen):
    """A Parquet file, or a directory with a split in the name of each file: `train-*.parquet`, `test-*.parquet`. Needs
    the extra `data`."""

    kind: Literal["parquet"] = "parquet"
    path: str


class ImageFolder(Frozen):
    """Images in a folder for each class; these lie in the directory itself or in its `train`, `validation`, `test`.
    Needs the extra `data`."""

    kind: Literal["image_folder"] = "image_folder"
    path: str


class Npz(Frozen):
    """Arrays of NumPy in one file: `x_train` and `y_train`, the same of `val` and `test`, or `x` and `y`."""

    kind: Literal["npz"] = "npz"
    path: str


class ExternData(Extern):
    """`extern "package.module:function"(…)`: a Python function of one's own that returns arrays by the names of `npz`.
    Needs `--allow-extern`."""


Source = Annotated[Digits | Hub | Parquet | ImageFolder | Npz | ExternData, Field(discriminator="kind")]
Columns = str | Annotated[tuple[str, ...], Field(min_length=1)]
Extent = Annotated[int, Field(ge=1)]


class DataConfig(Frozen):
    """Where examples come from."""

    source: Source = Digits()
    """The data set."""
    input: Columns | None = None
    """The column of the inputs, or several columns of numbers; by default the only one that there can be."""
    label: Columns | None = None
    """The column of what is to be predicted, or several of numbers; by default the only one that there can be."""
    test: Probability = 0.2
    """The share of the training examples that is for test, where the source has no such split."""
    validation: Probability | None = None
    """The share of the training examples that is never trained on, and on which a staged search judges, where the
    source has no such split. Not given, the search takes `search.held_out`."""
    split_seed: Annotated[int, Field(ge=0)] = 0
    """Which examples these are; not a matter of the seed of a run."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """At most so many rows of each split of the source are read, the first ones."""
    size: Annotated[tuple[Extent, ...], Field(min_length=2, max_length=2)] | None = None
    """Height and width to which images are resized."""
    augment: tuple[Augmentation, ...] = ()
    """Random changes of training examples, in this order."""
    target: Target = "class"
    """What the network predicts: the class of an example, a class for each pixel, or numbers."""
    ignore: Annotated[int, Field(ge=0)] | None = None
    """The label in masks that counts neither in training nor in test."""

    def below(self, directory: Path) -> DataConfig:
        """The same data, the path of its source absolute: it is relative to the directory of the spec."""
        source = self.source
        if isinstance(source, (Digits, ExternData)) or (isinstance(source, Hub) and source.path[:1] not in (".", "/")):
            return self
        path = os.path.normpath(Path(directory).absolute() / source.path)
        return self.model_copy(update={"source": source.model_copy(update={"path": path})})


Execution = Literal["scheduled", "rows", "dense"]


class Hardware(Frozen):
    """What a run computes on: `devices` on each of so many `nodes`, a process for each. `auto` is CUDA where torch
    finds it. With `bf16-mixed` most of a step is in bfloat16; weights, gates and costs stay float32. `execution` is how
    an SS-network computes what it gives, which is always the same."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    devices: Annotated[int, Field(ge=1)] = 1
    nodes: Annotated[int, Field(ge=1)] = 1
    precision: Literal["32", "bf16-mixed"] = "32"
    execution: Execution = "scheduled"

    @property
    def processes(self) -> int:
        return self.devices * self.nodes


TrainConfig.model_rebuild()
SECTIONS: dict[str, type[Frozen]] = {"search": SearchConfig, "train": TrainConfig, "data": DataConfig}
