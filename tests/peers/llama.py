"""llama.cpp: its files, its server under a queue of items, and its own benchmark."""

import base64
import http.client
import json
import os
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import machine
from workload import IMAGE_MARK, Item, Mode

QUANTISED = ("Q4_0", "Q4_K_M", "Q8_0")
UNQUANTISED = ("bf16", "f16")
HOST = "127.0.0.1"
READY_WITHIN_S = 300


@dataclass(frozen=True)
class Files:
    """Where llama.cpp was built, where GGUF files are kept, and where logs go."""

    built: Path
    models: Path
    logs: Path
    python: str

    def program(self, name: str) -> Path:
        return self.built / "bin" / name

    def version(self) -> str:
        """The pinned package, and what the program says of itself."""
        said = subprocess.run([self.program("llama-server"), "--version"], capture_output=True, text=True, check=True)
        first = (said.stderr + said.stdout).strip().splitlines()[0]
        return f"{first.removeprefix('version: ')}, from llama-cpp-python {(self.built / 'version').read_text().strip()}"

    def gguf(self, checkpoint: Path, weights: str) -> Path:
        """The checkpoint as one file in these weights; made if it is not there."""
        path = self.models / f"{checkpoint.name}-{weights}.gguf"
        if path.exists():
            return path
        print(f"  making {path.name}", flush=True)
        self.models.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        if weights in QUANTISED:
            source = self.gguf(checkpoint, "bf16")
            command = [self.program("llama-quantize"), source, unfinished, weights, str(machine.threads())]
        else:
            command = [self.python, self.converter(), checkpoint, "--outtype", weights, "--outfile", unfinished]
        machine.run(command, self.logs / f"{path.name}.log", {"HF_HUB_OFFLINE": "1"})
        unfinished.rename(path)
        return path

    def keep_only(self, checkpoint: Path, weights: set[str]) -> None:
        """Removes this checkpoint's files in other weights."""
        for other in {*QUANTISED, *UNQUANTISED} - weights:
            (self.models / f"{checkpoint.name}-{other}.gguf").unlink(missing_ok=True)

    def projector(self, checkpoint: Path) -> Path:
        """What turns images into tokens, as a file of its own."""
        path = self.models / f"mmproj-{checkpoint.name}.gguf"
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            command = [self.python, self.converter(), checkpoint, "--mmproj", "--outtype", "f16", "--outfile", unfinished]
            machine.run(command, self.logs / f"{path.name}.log", {"HF_HUB_OFFLINE": "1"})
            # The converter puts its own mark in front of the name.
            made = unfinished if unfinished.exists() else unfinished.with_name(f"mmproj-{unfinished.name}")
            made.rename(path)
        return path

    def converter(self) -> Path:
        return self.built / "source" / "convert_hf_to_gguf.py"


@dataclass(frozen=True)
class Setting:
    """How the server is started."""

    slots: int = 1
    cache: bool = True
    flash: str = "auto"
    ubatch: int = 512

    def arguments(self, context_tokens: int) -> list[str]:
        """`context_tokens`: of one slot."""
        count = str(machine.threads())
        return [
            *("--threads", count, "--threads-batch", count, "--parallel", str(self.slots)),
            *("--ctx-size", str(self.slots * context_tokens), "--no-kv-unified", "--flash-attn", self.flash),
            *("--batch-size", str(max(2048, self.ubatch)), "--ubatch-size", str(self.ubatch)),
            *("--cache-ram", "0", "--cache-prompt" if self.cache else "--no-cache-prompt"),
        ]


class Server:
    """A server that runs, for a while."""

    def __init__(self, files: Files, arguments: list[str], log: Path) -> None:
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        began = time.monotonic()
        own = ["--host", HOST, "--port", str(self.port), "--no-slots"]
        self.program = machine.Program([files.program("llama-server"), *arguments, *own], log)
        try:
            while not self.is_ready():
                if self.program.has_ended() or time.monotonic() - began > READY_WITHIN_S:
                    self.program.stop()
                    raise self.program.failure()
                time.sleep(0.05)
        except BaseException:
            self.program.__exit__()
            raise
        self.load_s = time.monotonic() - began

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/health")[0] == 200
        except OSError:
            return False

    def ask(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=3600)
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")
        finally:
            connection.close()

    def complete(self, prompt: str | dict, tokens: int, cache: bool) -> dict:
        """Generates greedily exactly so many tokens."""
        body = {
            "prompt": prompt, "n_predict": tokens, "cache_prompt": cache, "ignore_eos": True,
            "samplers": ["top_k"], "top_k": 1, "temperature": 0.0,
        }
        status, answer = self.ask("POST", "/completion", body)
        if status != 200:
            raise RuntimeError(f"llama-server answered {status}: {answer.get('error')}")
        return answer

    def media_mark(self) -> str:
        """What stands for an image in a prompt."""
        return self.ask("GET", "/props")[1]["media_marker"]


def asked(item: Item, mark: str) -> str | dict:
    """The prompt as the server wants it."""
    if item.image is None:
        return item.prompt
    data = base64.b64encode(item.image.read_bytes()).decode()
    return {"prompt_string": item.prompt.replace(IMAGE_MARK, mark), "multimodal_data": [data]}


def serve(files: Files, checkpoint: Path, weights: str, setting: Setting, items: list[Item], warm: list[Item], mode: Mode) -> dict:
    """Items a second through the server, how long it took to load, and its peak of memory.

    Items for warming up leave the shared beginning in every slot; they are not counted.
    """
    gguf = files.gguf(checkpoint, weights)
    machine.read_through(gguf)
    longest = max(item.tokens + mode.answer_tokens(item) for item in items + warm)
    # Slots of whole pages of 256 tokens, which is what the server rounds to.
    arguments = ["--model", str(gguf), *setting.arguments((longest // 256 + 1) * 256)]
    with_images = any(item.image for item in items)
    if with_images:
        arguments += ["--mmproj", str(files.projector(checkpoint))]
    server = Server(files, arguments, files.logs / f"server-{checkpoint.name}-{weights}.log")
    with server.program as program:
        mark = server.media_mark() if with_images else ""

        def one(item: Item) -> dict:
            return server.complete(asked(item, mark), mode.answer_tokens(item), setting.cache)

        # Two requests a slot: one is always waiting when another ends.
        with ThreadPoolExecutor(2 * setting.slots) as pool:
            list(pool.map(one, (warm * setting.slots)[: max(len(warm), setting.slots)]))
            began = time.monotonic()
            answers = list(pool.map(one, items))
            seconds = time.monotonic() - began
        ended = program.stop()
    check(items, answers, mode)
    return {mode.value: len(items) / seconds, "load_s": server.load_s, "peak_mib": ended.peak_mib}


def check(items: list[Item], answers: list[dict], mode: Mode) -> None:
    """That what was asked is what was measured: as many tokens in and out as the workload says."""
    for number, (item, answer) in enumerate(zip(items, answers, strict=True)):
        read, written = answer["tokens_evaluated"], answer["tokens_predicted"]
        if read != item.tokens or written != mode.answer_tokens(item):
            raise RuntimeError(
                f"item {number}: the workload says {item.tokens} tokens and {mode.answer_tokens(item)} for the answer; "
                f"llama-server read {read} and wrote {written}"
            )


def prefill(files: Files, checkpoint: Path, weights: str, setting: Setting, tokens: int) -> dict:
    """Tokens a second that llama-bench reads in one go."""
    gguf = files.gguf(checkpoint, weights)
    machine.read_through(gguf)
    flash = {"on": ["--flash-attn", "1"], "off": ["--flash-attn", "0"], "auto": []}[setting.flash]
    command = [
        files.program("llama-bench"), "--model", gguf, "--threads", str(machine.threads()), "--n-prompt", str(tokens),
        "--n-gen", "0", "--repetitions", "3", "--ubatch-size", str(setting.ubatch), *flash, "--output", "json",
    ]
    said, _ = machine.run(command, files.logs / f"bench-{checkpoint.name}-{weights}.log")
    (row,) = json.loads(said)
    return {"prefill": row["avg_ts"]}
