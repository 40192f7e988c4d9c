"""Measures Saring beside llama.cpp and transformers, and writes the table. See README.md.

    python tests/peers/compare.py --saring target/debug/saring --shared DIR
"""

import argparse
import datetime
import sys
from dataclasses import replace
from pathlib import Path

import checkpoints
import llama
import machine
import report
import settings
import transformers_engine as reference
import workload
from checkpoints import REPOSITORY, SHAPES, Shape
from rounds import TRYING, Results, Run
from saring_engine import PRECISIONS, Program
from workload import Item, Mode

ENGINES = ("llama.cpp", "transformers", "saring")
PREFILL_TOKENS = 512
# As many as the most slots, so that each of them has read the shared beginning before the clock starts.
WARM = 8
WORKLOAD_ITEMS = 96
REPEATS = 3


class Comparison:
    """Everything that a run needs."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.models, self.logs = options.folder / "models", options.folder / "logs"
        self.results = Results(options.folder / "results.json")
        self.llama = llama.Files(options.folder / "llama.cpp", self.models, self.logs, sys.executable)
        self.saring = Program(options.saring, self.logs)
        self.folders: dict[str, Path] = {}
        self.items: dict[str, list[Item]] = {}

    def prepare(self, shape: Shape) -> None:
        """Checkpoint and workload."""
        folder = checkpoints.checkpoint(shape, self.models, self.options.checkpoint, self.options.shared)
        self.folders[shape.name] = folder
        path = self.options.workload.get(shape.name)
        if path is None:
            path = self.options.folder / "workloads" / f"{shape.name}.jsonl"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                self.saring.export(folder, path, WORKLOAD_ITEMS)
        self.items[shape.name] = workload.read(path)
        if len(self.items[shape.name]) < shape.items + WARM:
            raise SystemExit(f"{path} has {len(self.items[shape.name])} items; {shape.items + WARM} are needed")
        measured = self.items[shape.name][: shape.items]
        workloads = self.results.about().get("workloads", {})
        workloads[shape.name] = {"tokens": sum(item.tokens for item in measured) / len(measured)}
        self.results.describe(self.results.about() | {"workloads": workloads})

    def chosen(self, shape: Shape, run: Run) -> tuple[list[Item], list[Item]]:
        """The items of a run, and those for warming up. Items with images are made of the first ones."""
        items = self.items[shape.name]
        if run.what == Mode.IMAGE.value:
            count = shape.images + 1
            images = checkpoints.pictures(self.options.folder / "images", count)
            items = workload.with_images(items[:count], images, checkpoints.IMAGE_TOKENS)
            return items[:-1], items[-1:]
        count = shape.tried if run.round == TRYING else shape.items
        return items[:count], items[-WARM:]

    def execute(self, shape: Shape, run: Run) -> dict:
        """The figures of a run, which nothing else of ours disturbs."""
        folder = self.folders[shape.name]
        items, warm = self.chosen(shape, run)
        match run.engine, run.what:
            case "llama.cpp", "prefill":
                return llama.prefill(self.llama, folder, run.weights, llama.Setting(**dict(run.setting)), PREFILL_TOKENS)
            case "llama.cpp", what:
                setting, mode = llama.Setting(**dict(run.setting)), Mode(what)
                return llama.serve(self.llama, folder, run.weights, setting, items, warm, mode)
            case "transformers", "prefill":
                return reference.prefill(folder, run.weights, PREFILL_TOKENS, self.logs)
            case "transformers", what:
                setting = reference.Setting(**dict(run.setting))
                return reference.ask(folder, run.weights, setting, items, warm, Mode(what), self.logs)
            case "saring", "prefill":
                return self.saring.prefill(folder, run.weights, PREFILL_TOKENS)
            case "saring", Mode.IMAGE.value:
                return self.saring.images(folder, run.weights, items)
            case _:
                return self.saring.judge(folder, run.weights, items, Mode(run.what))

    def measure(self, shape: Shape, run: Run) -> dict:
        """The same, once: from the file of results if it is there. Repeated where others took the processors meanwhile."""
        figures = self.results.get(run)
        if figures is not None:
            return figures
        tries = []
        for _ in range(REPEATS if self.options.patience else 1):
            machine.wait_until_quiet(self.options.patience)
            window = machine.Window()
            tries.append(self.execute(shape, run))
            tries[-1]["others"] = window.others_share()
            if tries[-1]["others"] < machine.QUIET_SHARE:
                break
        figures = min(tries, key=lambda each: each["others"])
        self.results.put(run, figures)
        told = ", ".join(f"{name} {value:.3g}" for name, value in figures.items() if isinstance(value, float))
        print(f"{run}: {told}", flush=True)
        return figures

    def compare(self, shape: Shape) -> None:
        """Tries settings, then goes round."""
        self.prepare(shape)

        def measure(run: Run) -> dict:
            return self.measure(shape, run)

        for mode in shape.modes:
            if "llama.cpp" in self.options.engines:
                settings.try_llama(shape, mode, measure, self.results)
            if "transformers" in self.options.engines:
                folder = self.folders[shape.name]
                settings.try_transformers(shape, mode, measure, self.results, lambda weights: reference.fits(folder, weights))
        runs = settings.contenders(shape, self.options.engines, PRECISIONS, self.results)
        if "llama.cpp" in self.options.engines:
            # Each takes gigabytes, and those that only were tried are not asked again.
            self.llama.keep_only(self.folders[shape.name], {run.weights for run in runs if run.engine == "llama.cpp"})
        for number in range(1, self.options.rounds + 1):
            for run in runs:
                measure(replace(run, round=number))

    def describe(self) -> None:
        """Notes where and with what it is measured."""
        about = {"machine": machine.describe(), "date": datetime.date.today().isoformat(), "share": self.options.share}
        if "llama.cpp" in self.options.engines:
            about["llama.cpp"] = self.llama.version()
        if "saring" in self.options.engines:
            about["saring"] = self.saring.version()
        self.results.describe(about)


def named_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or name not in {shape.name for shape in SHAPES}:
        raise argparse.ArgumentTypeError(f"{text!r} is not SHAPE=PATH; shapes are {', '.join(shape.name for shape in SHAPES)}")
    return name, Path(path).resolve()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".setup" / "peers", help="builds, models, results, logs")
    parser.add_argument("--saring", type=Path, default=REPOSITORY / "target" / "debug" / "saring", help="the command line to measure")
    parser.add_argument("--shared", help="tokenizers and configurations to make checkpoints with; or SARING_SHARED")
    parser.add_argument("--checkpoint", type=named_path, action="append", default=[], metavar="SHAPE=FOLDER")
    parser.add_argument("--workload", type=named_path, action="append", default=[], metavar="SHAPE=FILE")
    parser.add_argument("--only", choices=[shape.name for shape in SHAPES], help="one shape")
    parser.add_argument("--engines", default=",".join(ENGINES), help="some of them, with commas between")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=1.0, metavar="PART", help="ask only this part of the items, above 0 and up to 1")
    parser.add_argument("--patience", type=float, default=1800, metavar="SECONDS", help="how long to wait for quiet; 0: not at all")
    parser.add_argument("--again", action="append", default=[], choices=ENGINES, help="measure this engine again")
    parser.add_argument("--report", action="store_true", help="only write the table of what is there")
    parser.add_argument("--document", type=Path, default=REPOSITORY / "docs" / "performance.md")
    options = parser.parse_args()
    options.folder, options.shared = options.folder.resolve(), checkpoints.shared_folder(options.shared)
    options.checkpoint, options.workload = dict(options.checkpoint), dict(options.workload)
    options.engines = tuple(options.engines.split(","))
    if not set(options.engines) <= set(ENGINES):
        parser.error(f"--engines takes {', '.join(ENGINES)}")
    if not 0 < options.share <= 1:
        parser.error("--share takes a number above 0 and up to 1")
    return options


def part(shape: Shape, share: float) -> Shape:
    """The shape with fewer items, enough of each kind to say something."""
    images = max(2, round(shape.images * share)) if shape.images else 0
    return replace(shape, items=max(4, round(shape.items * share)), tried=max(2, round(shape.tried * share)), images=images)


def main() -> None:
    options = arguments()
    comparison = Comparison(options)
    shapes = [part(shape, options.share) for shape in SHAPES if options.only in (None, shape.name)]
    if not options.report:
        for engine in options.again:
            comparison.results.forget(engine)
        comparison.describe()
        for shape in shapes:
            comparison.compare(shape)
    report.write(options.document, comparison.results, shapes)
    print(f"Written to {options.document}")


if __name__ == "__main__":
    main()
