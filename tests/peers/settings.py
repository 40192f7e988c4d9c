"""Each peer at its best: which settings are tried, and which of them go into the rounds."""

from collections.abc import Callable
from dataclasses import asdict, replace

import llama
import transformers_engine as reference
from checkpoints import Shape
from rounds import GAIN, Results, Run, best
from workload import Mode

# What weights give in their first setting against the best so far, below which no other setting is tried with them.
HOPELESS = 0.5
FLAGS = ({"flash": "off"}, {"ubatch": 256}, {"ubatch": 1024}, {"cache": False})
BATCHES = (8, 16)
IMAGE_SLOTS = (1, 4)
IMAGE_BATCHES = (1, 4)

Measure = Callable[[Run], dict]


def settled(setting: object) -> tuple[tuple[str, object], ...]:
    return tuple(asdict(setting).items())


def promising(runs: list[Run], measure: Measure) -> None:
    """Measures runs, grouped by their weights; weights whose first run is hopeless are left alone after it."""
    top, left = 0.0, set()
    for run in runs:
        if run.weights in left:
            continue
        first = run.weights not in {each.weights for each in runs[: runs.index(run)]}
        rate = measure(run)[run.what]
        if first and rate < HOPELESS * top:
            left.add(run.weights)
        top = max(top, rate)


def try_llama(shape: Shape, mode: Mode, measure: Measure, results: Results) -> None:
    """Weights and slots; then each other flag on the best of the quantised and the best of the others."""
    what = mode.value
    if mode is Mode.IMAGE:
        weights, slots = kept(shape, "llama.cpp", Mode.ONE, results), IMAGE_SLOTS
    else:
        weights, slots = shape.llama_weights, shape.slots
    # Some slots first: one alone says little of what weights can do.
    order = sorted(slots, key=lambda count: count != 4)
    promising(
        [Run(shape.name, "llama.cpp", each, what, settled(llama.Setting(slots=count))) for each in weights for count in order], measure
    )
    if mode is Mode.IMAGE:
        return
    for kind in (llama.QUANTISED, llama.UNQUANTISED):
        # Without those that a comparison which was stopped has tried with other flags already.
        plain = [(run, figures) for run, figures in results.runs(shape.name) if has_usual_flags(run)]
        base = best(plain, "llama.cpp", what, kind)
        if base is not None:
            try_flags(base, measure)


def has_usual_flags(run: Run) -> bool:
    """Whether only the slots were chosen."""
    setting = dict(run.setting)
    return "slots" in setting and setting == asdict(llama.Setting(slots=setting["slots"]))


def try_flags(base: Run, measure: Measure) -> None:
    """Each flag alone, then those together that gained."""
    start, gained, gains = measure(base)[base.what], llama.Setting(**dict(base.setting)), 0
    for flag in FLAGS:
        changed = replace(base, setting=settled(replace(llama.Setting(**dict(base.setting)), **flag)))
        if measure(changed)[base.what] > GAIN * start:
            gained, gains = replace(gained, **flag), gains + 1
    if gains > 1:
        measure(replace(base, setting=settled(gained)))


def try_transformers(shape: Shape, mode: Mode, measure: Measure, results: Results, fits: Callable[[str], bool]) -> None:
    """Precisions, rows a batch, and the shared beginning read once or every time."""
    runs = []
    if mode is Mode.IMAGE:
        weights, batches, prefixes = kept(shape, "transformers", Mode.ONE, results), IMAGE_BATCHES, (False,)
    else:
        weights, batches, prefixes = ("f32", "int8", "bf16"), BATCHES, (True, False)
    for each in filter(fits, weights):
        for prefix in prefixes:
            for batch in batches:
                runs.append(Run(shape.name, "transformers", each, mode.value, settled(reference.Setting(batch, prefix))))
    promising(runs, measure)


def kinds(engine: str) -> tuple[tuple[str, ...], ...]:
    module = llama if engine == "llama.cpp" else reference
    return module.QUANTISED, module.UNQUANTISED


def kept(shape: Shape, engine: str, mode: Mode, results: Results) -> tuple[str, ...]:
    """The weights that go on: the fastest of the quantised and the fastest of the others."""
    tried = results.runs(shape.name)
    found = (best(tried, engine, mode.value, kind) for kind in kinds(engine))
    return tuple(run.weights for run in found if run is not None)


def contenders(shape: Shape, engines: tuple[str, ...], precisions: tuple[str, ...], results: Results) -> list[Run]:
    """The runs of one round: peers at the best settings that were tried, then Saring."""
    found, tried = [], results.runs(shape.name)
    for engine in ("llama.cpp", "transformers"):
        if engine not in engines:
            continue
        chosen = [best(tried, engine, mode.value, kind) for kind in kinds(engine) for mode in shape.modes]
        found += [run for run in chosen if run is not None]
        for weights in dict.fromkeys(run.weights for run in chosen if run is not None):
            setting = next(run.setting for run in chosen if run is not None and run.weights == weights)
            found.append(Run(shape.name, engine, weights, "prefill", setting if engine == "llama.cpp" else ()))
    if "saring" in engines:
        # Its verdicts are whole ones: there is no mode in which it says less than the guard's full answer.
        whats = [shape.modes[0].value, "prefill", *([Mode.IMAGE.value] if Mode.IMAGE in shape.modes else [])]
        found += [Run(shape.name, "saring", precision, what) for precision in precisions for what in whats]
    return found
