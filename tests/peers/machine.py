"""The machine that is measured on: what it is, whether it is quiet, and programs that are run alone and accounted for.

Linux only: it reads `/proc`.
"""

import os
import platform
import resource
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# What decides which kernels an engine can use.
TELLING_FLAGS = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm", "bf16")
# Of all processors' time; below this a machine counts as quiet.
QUIET_SHARE = 0.05
LOOK_S = 3.0


def threads() -> int:
    """Processors that may be used."""
    return len(os.sched_getaffinity(0))


def describe() -> dict:
    """Model, cores, flags that matter, memory in MiB, and the system."""
    cpu = Path("/proc/cpuinfo").read_text()
    fields = {}
    for line in cpu.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    flags = (fields.get("flags") or fields.get("features") or "").split()
    return {
        "processor": fields.get("model name") or platform.processor() or platform.machine(),
        "family": f"family {fields['cpu family']}, model {fields['model']}" if "cpu family" in fields else platform.machine(),
        "threads": threads(),
        "flags": [flag for flag in TELLING_FLAGS if flag in flags],
        "lacks": [flag for flag in TELLING_FLAGS[:7] if flag not in flags] if "flags" in fields else [],
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": f"{platform.system()} {platform.release()}",
    }


def memory_free_mib() -> int:
    """What the system says could be had without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    raise OSError("/proc/meminfo does not say what is available")


def busy_s() -> float:
    """Seconds that all processors together have worked, for anybody, hypervisors' other guests included."""
    user, nice, system, _idle, _waiting, *rest = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(rest)) / TICKS_PER_S


def own_s() -> float:
    """Seconds of this process and of those of its children that have ended."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


class Window:
    """How much of the processors others took while something ran. All children must have ended when it is asked."""

    def __init__(self) -> None:
        self.began, self.busy, self.own = time.monotonic(), busy_s(), own_s()

    def others_share(self) -> float:
        """Between 0 and 1, of all processors."""
        lasted = time.monotonic() - self.began
        others = (busy_s() - self.busy) - (own_s() - self.own)
        return max(0.0, others) / (lasted * (os.cpu_count() or 1))


def wait_until_quiet(patience_s: float) -> None:
    """Returns when others leave the processors alone, or when patience ends."""
    until = time.monotonic() + patience_s
    said = False
    while patience_s > 0:
        window = Window()
        time.sleep(LOOK_S)
        share = window.others_share()
        if share < QUIET_SHARE or time.monotonic() > until:
            return
        if not said:
            print(f"  others take {share:.0%} of the processors; waiting until they are done", flush=True)
            said = True


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, and the most memory that it had at once."""

    code: int
    peak_mib: float


class Program:
    """A program that runs, with its output in a file."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self.command, self.log = [str(part) for part in command], log
        log.parent.mkdir(parents=True, exist_ok=True)
        self.output = log.with_suffix(".out")
        with log.open("wb") as errors, self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=os.environ | (environment or {})
            )

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_raised: object) -> None:
        if self.process.returncode is None:
            self.stop()

    def wait(self) -> Ended:
        """Waits for the end."""
        _, status, usage = os.wait4(self.process.pid, 0)
        # Popen must know, or it would wait for it again.
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return Ended(self.process.returncode, usage.ru_maxrss / 1024)

    def stop(self) -> Ended:
        """Asks it to end, and waits until it has."""
        # Not `send_signal`, which may wait for it by itself and lose what it used.
        os.kill(self.process.pid, signal.SIGTERM)
        return self.wait()

    def has_ended(self) -> bool:
        """Whether it ended by itself; `wait` still has to be called."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def failure(self) -> RuntimeError:
        """An error that shows the end of what it wrote."""
        end = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return RuntimeError(f"{' '.join(self.command)}\nfailed; the end of {self.log}:\n{end}")


def run(command: list[str], log: Path, environment: dict[str, str] | None = None) -> tuple[str, Ended]:
    """Runs a program to its end; what it printed, and how it ended.

    Raises `RuntimeError` where it fails.
    """
    with Program(command, log, environment) as program:
        ended = program.wait()
        if ended.code != 0:
            raise program.failure()
        return program.output.read_text(), ended


def read_through(path: Path) -> None:
    """Reads files once, so that loading is measured from memory for every engine alike."""
    files = [path] if path.is_file() else sorted(path.glob("*.safetensors"))
    for file in files:
        with file.open("rb", buffering=0) as opened:
            while opened.read(1 << 24):
                pass
