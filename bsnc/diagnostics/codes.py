"""The table of diagnostic codes. `bsnc explain CODE` and docs/errors.md are made from it.

0xx input and output · 1xx syntax · 2xx names, types, shapes · 3xx the graph · 4xx budgets · 5xx training, models
"""

from __future__ import annotations

from bsnc.diagnostics.code import Code

CODES: dict[str, Code] = {
    "BSN001": Code(
        "cannot read a file",
        "The path does not exist, is a directory, or may not be read. Check the spelling and the permissions.",
        environment=True,
    ),
    "BSN002": Code(
        "not a text file",
        "A spec is UTF-8 text. This file holds bytes that are not UTF-8, or NUL characters: it may be a binary "
        "file, or text in another encoding. Save it again as UTF-8.",
    ),
    "BSN003": Code(
        "cannot write the output",
        "The output path cannot be created or written: it may be a file where a directory is needed, be read-only, "
        "or the disk may be full. Or the directory for a run is not empty: each run has one of its own.",
        environment=True,
    ),
    "BSN004": Code(
        "bad option value",
        "A value given on the command line (`--set name=value`, `--budget cost=bound`, `--seed`, …) does not have "
        "the expected form or type. `--set` and `--budget` accept exactly what the spec itself would accept there. "
        "One cost has one `--budget`.",
        environment=True,
    ),
    "BSN005": Code(
        "bad file of masks or of an architecture",
        'The file for `--masks` is a JSON list of objects, each from edge name to 0 or 1: `[{"h[0]->h[1]": 0}, {}]`. '
        "Edges that are not named are kept. Fixed edges cannot be dropped. The file for `--arch` holds one such object "
        'or is `architecture.json` of a run, or `{"live": [names of edges]}`, where each edge lies on a path of these.',
        environment=True,
    ),
    "BSN101": Code(
        "syntax error",
        "The text does not follow the grammar at the marked place; the message says what could stand there.",
    ),
    "BSN102": Code(
        "bad number or unit",
        "A number may carry one unit, without a space: `k M G T` (powers of 1000), `B kB MB GB KiB MiB GiB` (bytes), "
        "`us ms s` (time) or `%`.",
    ),
    "BSN103": Code(
        "input too large or too deep",
        "A spec is limited in size and nesting, so that checking an untrusted file always ends soon: 1,000,000 "
        "characters, 50,000 words and signs, brackets 100 deep, expressions and statements 200 deep. Real specs stay "
        "far below these limits.",
    ),
    "BSN201": Code(
        "unknown name",
        "No parameter, `let`, block, node or loop variable of this name is visible here. Names are visible from their "
        "declaration to the end of the enclosing braces; a block is not visible in itself. Sections and budgets see "
        "none of them.",
    ),
    "BSN202": Code(
        "duplicate name",
        "Each name is declared once: a later declaration in the same network may not reuse it, not even in an inner "
        "scope.",
    ),
    "BSN203": Code(
        "unknown op",
        "A module is a pipeline of ops (`conv(16, 3) | batch_norm | relu`) and blocks. No op or block has this name; "
        "docs/ops.md lists all ops.",
    ),
    "BSN204": Code("missing argument", "An argument without a default was not given. docs/ops.md lists each op's."),
    "BSN205": Code(
        "unknown or surplus argument",
        "The op, block, function or cost has no such argument, has it already, or takes fewer positional arguments.",
    ),
    "BSN206": Code(
        "type mismatch",
        "A value has another type than the place needs: for example a string where an int is needed, or a module "
        "where a node is.",
    ),
    "BSN207": Code(
        "unit mismatch",
        "A quantity has another unit than the place needs: a budget on flops, params, steps or a cost of one's own is "
        "a plain number (`40M`), one on weights or memory is in bytes (`8MB`), one on latency a time (`40ms`); "
        "probabilities are between 0 and 1 or in `%`; quantities of unlike units cannot be added or compared.",
    ),
    "BSN208": Code("index out of range", "Indices start at 0 and end before the size of the array or list."),
    "BSN209": Code(
        "value out of range",
        "The value is not allowed here: a division by zero, the logarithm of a number that is not positive, a size "
        "below one, an initial probability that is not between 0 and 1, a number beyond what the language computes "
        "with.",
    ),
    "BSN210": Code(
        "unknown or repeated key",
        "The sections `search`, `train` and `data` are closed: only the documented keys may stand there, each once.",
    ),
    "BSN211": Code("bad section value", "The key exists, but this value is not one that it accepts."),
    "BSN212": Code("unknown cost", "No cost of this name is known. docs/costs.md defines each cost."),
    "BSN213": Code(
        "limit exceeded",
        "Elaboration is bounded, so that every spec is checked in bounded time: 100,000 nodes, 100,000 edges, "
        "5,000,000 steps of evaluation, 1,000 ops in a module, blocks 100 deep, 2^36 elements or parameters and 2^46 "
        "multiply-adds of an op, 100 mistakes.",
    ),
    "BSN214": Code(
        "op does not fit its input",
        "The op cannot be applied to a tensor of this shape: a convolution needs channels and space, a linear layer a "
        "vector (use `flatten` before it), a window may not be larger than its padded input.",
    ),
    "BSN215": Code(
        "unlike shapes arrive at a node",
        "A node adds what arrives, so all edges into it must deliver the same shape. The message shows both shapes "
        "and both edges.",
    ),
    "BSN216": Code(
        "output has another shape than declared",
        "The shape that arrives at the output differs from the one in its declaration.",
    ),
    "BSN217": Code(
        "code of one's own is not allowed",
        'An `extern "package.module:name"`, a module or a cost of a budget, names Python code. Checking or compiling a '
        "spec runs none of it unless you say `--allow-extern`, which you should for specs that you trust only.",
    ),
    "BSN218": Code(
        "code of one's own does not work",
        "The Python module or class of an `extern` cannot be imported, built with these arguments, or run on an input "
        "of this shape; or it does something other than its `with (…)` declares. The function of a budget cannot be "
        "imported, fails on an architecture, or returns something else than a finite number of at least 0. Or a "
        "network with such modules cannot be exported to ONNX.",
    ),
    "BSN221": Code(
        "cannot import a file",
        "`import` takes the path of another spec, relative to the file that it stands in. The file must exist and be "
        "readable text.",
    ),
    "BSN222": Code("imports in a circle", "A file cannot import itself, not even by way of other files."),
    "BSN223": Code(
        "import from outside",
        "Files are imported only from the directory of the spec and from those below it, so that a spec of somebody "
        "else cannot read your files. `--root DIR` names another directory to stay below.",
    ),
    "BSN301": Code("cycle", "An S-network is acyclic. The message shows one cycle, edge by edge."),
    "BSN302": Code(
        "no network, or not one input and output",
        "A network declares exactly one `input` and one `output`, with their shapes; a cell says which of its nodes "
        "are its `input` and its `output`. What is compiled is a network.",
    ),
    "BSN303": Code(
        "output depends on nothing",
        "No path of edges leads from the input to the output; or each such path needs two options of one gate at once.",
    ),
    "BSN304": Code(
        "node on no path",
        "No path from the input to the output passes this node: its edges can never be live, cost nothing and do "
        "nothing. What the input does not reach at all is left out of the graph.",
        severity="warning",
    ),
    "BSN305": Code(
        "edge between nodes that it may not join",
        "The input only has edges that leave it, and the output only edges that arrive. Edges of a cell join nodes of "
        "that cell.",
    ),
    "BSN306": Code(
        "not a node pipeline",
        "A node aggregates (`sum`, `mean`, `max` or `concat`) and then may apply parameter-free "
        "activations that keep the shape, such as `relu`. Convolutions, normalisations and other modules belong on "
        "edges.",
    ),
    "BSN307": Code(
        "unused name",
        "A parameter, block, cell, gate or `let` is declared but never used. A parameter that nothing depends "
        "on is often a sign of a number written out somewhere instead.",
        severity="warning",
    ),
    "BSN308": Code(
        "gate used in two ways",
        "A fixed edge has no gate. Edges that share a declared gate are kept or dropped together; choices that share "
        "one take the option of the same number, so they have equally many. A choice has an option besides `none`; its "
        "options start alike, so its gate has no initial probability.",
    ),
    "BSN309": Code(
        "gate that cannot close",
        "Every path from the input to the output passes this edge: a network without it is none. Its gate cannot learn "
        "anything, and each sample that drops the edge has to be drawn again.",
        severity="warning",
    ),
    "BSN401": Code(
        "budget infeasible",
        "No connected architecture is known that meets the budgets, so nothing is trained. Either it is proved that "
        "none does: the message gives the least bound that would work and the edges on which every architecture "
        "depends. Or none was found (`not shown to be feasible`): it then gives a bound that works, and one below "
        "which none can. After a search: no architecture was found that meets every budget.",
    ),
    "BSN402": Code(
        "budget trivially met",
        "The costliest architecture is within the budget, so the budget constrains nothing. Where no edge has a gate "
        "there is nothing to constrain: a budget then only states what the network costs at most, and this is not "
        "reported.",
        severity="warning",
    ),
    "BSN403": Code(
        "budget not checked",
        "A budget is on a latency that has not been measured on this machine: `compile` cannot tell whether it can be "
        "met. `bsnc profile` measures the network and keeps what it finds; `bsnc train` does so by itself.",
        severity="warning",
    ),
    "BSN404": Code(
        "budget without a bound",
        "A budget is a share of the greatest latency (`latency <= 50% of max`), which only a profile of this network "
        "on this machine tells: run `bsnc profile` on the spec, or give the bound as a time. Or it is a share of a "
        "cost that is 0 for every architecture, and so no bound.",
    ),
    "BSN405": Code(
        "gates do not learn",
        "During the warm-up of `search.warmup` epochs weights learn and gates only sample; it counts among the "
        "`train.epochs` of the search. Where it takes all of them, the final network is chosen by gates that never "
        "learnt anything.",
        severity="warning",
    ),
    "BSN406": Code(
        "entry without effect",
        "An entry of a section that others leave without use: a warm-up of gates, for one, means something only where "
        "gates learn beside the weights, `ignore` only of masks, `ema` only where a final network is trained, and a "
        "share for test only where the data have no split for it.",
        severity="warning",
    ),
    "BSN501": Code(
        "data not usable",
        "The source of section `data` does not hold what training needs: its files are damaged or lack something, a "
        "split is empty or too small, or its examples do not have the shape or the number of classes that the network "
        "declares, or an augmentation does not suit them.",
    ),
    "BSN502": Code(
        "training diverged",
        "The loss, or a step of the gates, became infinite or undefined. A lower learning rate is the usual remedy.",
    ),
    "BSN503": Code(
        "not a run",
        "The directory does not hold a finished run (`ir.json`, `architecture.json`, `weights.safetensors`), or a file "
        "in it, such as a checkpoint, is damaged, belongs to another run, or was written by another version.",
    ),
    "BSN504": Code(
        "nothing to train",
        "No module of the network has a trainable weight: it only pools, reshapes, adds up or the like. `compile` and "
        "`cost` tell what it costs; `train` has nothing to do.",
    ),
    "BSN505": Code(
        "nothing to resume",
        "`bsnc train --resume RUN` goes on with a run that was stopped or killed. The directory holds one that is "
        "finished, or none that has begun.",
        environment=True,
    ),
    "BSN506": Code(
        "resumed with other versions",
        "A run that goes on ends as if it had never been stopped, bit for bit, on the same machine and with the same "
        "versions of Python's packages. Some have changed since it began.",
        severity="warning",
    ),
    "BSN507": Code(
        "training cannot be done like this",
        "An entry of section `train` does not suit the network or the data. A teacher gives logits, so it is only for "
        "classes; `whole` is the network of all edges, which a network with choices does not have; a model file that "
        "teaches takes a batch of the network's inputs and gives as many logits as there are classes. Only images can "
        "be mirrored.",
    ),
    "BSN508": Code(
        "hardware cannot be used",
        "There is no such device here, or not as many as `--devices` asks for; or a batch cannot be split evenly among "
        "them: `batch_size` is that of all processes together. Or one of several processes that trained together is "
        "gone: it was killed, or has told above what went wrong; the run goes on from what it last saved.",
    ),
    "BSN509": Code(
        "run in use",
        "Another process is training in the directory, or going on with its run: two would write over each other's "
        "files. A process that was killed holds it no longer.",
        environment=True,
    ),
    "BSN511": Code("not an ONNX model", "The file is not a readable, well-formed ONNX model."),
    "BSN512": Code(
        "over budget",
        "The cost of the model file, recounted, measured, or told by a function of one's own, exceeds the budget's "
        "bound; the message says by how much. A measured latency is within its bound only where its whole 95% "
        "confidence interval is.",
    ),
    "BSN513": Code(
        "model does not match the spec",
        "The model names an architecture that is not one of this spec's network, or its operators, weights or cost "
        "are not those of the architecture that it names. Or its labels or normalisation are not those of the spec's "
        "data. Or what it says of itself, in its metadata, cannot be read.",
    ),
    "BSN514": Code(
        "model computes something else",
        "On the same inputs, the outputs of the model file differ from those of the spec's network with the weights "
        "of the file, or from those of the trained network, by more than the tolerance.",
    ),
    "BSN515": Code(
        "model without provenance",
        "The model was not exported by bsnc, or its metadata was removed. Costs are recounted from the file, but it "
        "cannot be compared with the spec's network.",
        severity="warning",
    ),
    "BSN516": Code(
        "cost cannot be recounted",
        "The file holds an operator or a shape from which this cost cannot be counted. A cost is never guessed.",
    ),
    "BSN517": Code(
        "spec has changed",
        "The model is that of the spec's network and within its budgets, but the text of the spec or of a file that it "
        "imports has changed since the model was trained: its settings of search and training may be others.",
        severity="warning",
    ),
    "BSN518": Code(
        "data not compared",
        "The spec's data cannot be read here, for the reason that the message gives. The model's outputs are compared "
        "with those of the spec's network on random inputs then, and its labels and normalisation with nothing.",
        severity="warning",
    ),
    "BSN519": Code(
        "exported within more than is verified",
        "The model was exported within a budget that the spec does not have, or has with a larger bound: it was given "
        "by `--budget`, or the spec was changed. A model is held to the budgets of whoever verifies it, never to its "
        "own word; the message gives the options that hold it to these too.",
        severity="warning",
    ),
    "BSN521": Code(
        "latency cannot be measured",
        "ONNX Runtime does not have the device on this machine, or cannot run the network on it. A latency is measured "
        "where it is to hold: profile and train on that machine.",
    ),
    "BSN531": Code(
        "a package for data is not installed",
        "Images, Parquet files and data sets of the hub are read by packages that bsnc does not need otherwise: "
        "`pip install 'bsnc[data]'` installs them.",
        environment=True,
    ),
    "BSN532": Code(
        "bad example",
        "One example cannot be used: its image is damaged or of another size than those before it, its label is no "
        "class, a number is missing or not finite. It names the file and the row, counted from 0 in each file. "
        "All data are checked before anything is trained.",
    ),
    "BSN533": Code(
        "column not found, or not clear which",
        "`input` and `label` in section `data` name columns. Without them the input is the only column of images, else "
        "of lists of numbers, else of numbers; the label is the only one left of the kind that `target` needs: an "
        "integer or a text for `class`, an image or lists of numbers for `mask`, a number or a list for `value`.",
    ),
    "BSN534": Code(
        "data set cannot be loaded",
        "The package `datasets` could not find, fetch or prepare the data set of `hub(…)`; the message is its own. "
        "What was fetched once it keeps on disk.",
        environment=True,
    ),
    "BSN535": Code(
        "a part of the data is not read",
        "Beside the splits the source holds arrays, folders, files or splits whose names say nothing to bsnc. They are "
        "left out; a name that was mistyped would be too. Or the folder of a class has no images: the class stays, and "
        "nothing is learnt of it.",
        severity="warning",
    ),
    "BSN536": Code(
        "numbers become equal in float32",
        "Networks compute in float32, which has about 7 digits. Of the numbers of a feature, stored with more, half or "
        "fewer are left apart, as where all are near 10⁹: what they tell is lost before they are normalised. Subtract "
        "their mean first.",
        severity="warning",
    ),
    "BSN541": Code(
        "log cannot be kept",
        "`bsnc train --log tensorboard` writes what TensorBoard shows, and needs its package: "
        "`pip install 'bsnc[tensorboard]'`. MLflow and Weights & Biases have packages of their own, `mlflow` and "
        "`wandb`. Or the tool refused to begin; the message is its own. One that fails later loses its log, and the "
        "run goes on.",
        environment=True,
    ),
    "BSN542": Code(
        "out of memory",
        "A step of training, or something after it, needs more memory than there is. A step needs about as much more "
        "as its batch is larger: where smaller ones go through, the message names one. The state of the last epoch "
        "is kept, but a run goes on with the batch size that it began with.",
        environment=True,
    ),
    "BSN543": Code(
        "training learns nothing",
        "After five epochs and a third of a phase the loss is still about that of a constant guess: for classes and "
        "masks the entropy of their frequencies, for values their variance. The learning rate may be far too high or "
        "too low, the network may lack normalisation, labels may not belong to their examples. The row of "
        "`metrics.jsonl` at which this was said has `warning`. It is said once a run, which goes on.",
        severity="warning",
    ),
}


def explain(code: str) -> str:
    """The documentation entry of a code, as Markdown."""
    entry = CODES[code]
    return f"## {code}: {entry.title}\n\n*{entry.severity}*\n\n{entry.explanation}\n"
