"""What has been measured: kept in a file after every run, so that a comparison that was stopped goes on where it was."""

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

TRYING = 0
# A setting counts as better than another only past what two runs of the same one differ by.
GAIN = 1.03


@dataclass(frozen=True)
class Run:
    """One measurement. `round` is 0 while settings are tried."""

    shape: str
    engine: str
    weights: str
    what: str
    setting: tuple[tuple[str, object], ...] = ()
    round: int = TRYING

    def key(self) -> str:
        return json.dumps(asdict(self) | {"setting": dict(self.setting)}, sort_keys=True)

    def __str__(self) -> str:
        words = [self.shape, self.engine, self.weights, self.what, *(f"{name} {value}" for name, value in self.setting)]
        return ", ".join(words) + (f", round {self.round}" if self.round else ", trying")


class Results:
    """Figures of runs, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = json.loads(path.read_text()) if path.exists() else {"about": {}, "runs": {}}

    def get(self, run: Run) -> dict | None:
        return self.kept["runs"].get(run.key())

    def put(self, run: Run, figures: dict) -> None:
        self.kept["runs"][run.key()] = figures
        self.write()

    def about(self) -> dict:
        """Where and with what it was measured."""
        return self.kept["about"]

    def describe(self, about: dict) -> None:
        """Says where and with what runs are measured.

        Raises `ValueError` where what is there was measured on another machine.
        """
        before = self.kept["about"].get("machine")
        if before not in (None, about["machine"]):
            raise ValueError(f"{self.path} was measured on another machine: remove it, or give another --folder")
        self.kept["about"] |= about
        self.write()

    def forget(self, engine: str) -> None:
        """Drops an engine's runs, to measure it again."""
        self.kept["runs"] = {key: figures for key, figures in self.kept["runs"].items() if json.loads(key)["engine"] != engine}
        self.write()

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self.kept, indent=1, ensure_ascii=False))
        unfinished.rename(self.path)

    def runs(self, shape: str) -> list[tuple[Run, dict]]:
        """Of one shape, in the order in which they were measured."""
        found = []
        for key, figures in self.kept["runs"].items():
            run = json.loads(key)
            if run["shape"] == shape:
                found.append((Run(**run | {"setting": tuple(run["setting"].items())}), figures))
        return found


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, and what they lie between."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


def best(tried: list[tuple[Run, dict]], engine: str, what: str, weights: tuple[str, ...]) -> Run | None:
    """The fastest of the settings that were tried with any of these weights."""
    found = [
        (figures[what], run)
        for run, figures in tried
        if (run.round, run.engine, run.what) == (TRYING, engine, what) and run.weights in weights
    ]
    return max(found, key=lambda each: each[0])[1] if found else None
