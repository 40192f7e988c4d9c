#!/usr/bin/env python3
"""Makes every golden file of the guard's tests with `transformers`, deterministically.

    python tests/reference/make_reference.py [--shared DIR] [--only shapes|prompts|demo|qwen3-vl|...]

What is written to tests/reference/golden/:

  <shape>/               tiny Qwen3 checkpoints with random weights, see checkpoints.py
  <shape>/reference.safetensors
                         "<case>/ids.<row>" (I64) and "<case>/logits.<row>" (F32, [tokens, vocabulary]), each row
                         computed alone in single precision; the rows of "prefix" begin with the same 21 tokens
  <shape>/verdicts.json  subjects and the verdicts that they must get: label probabilities, label mass, categories and
                         refusal by the grammar walk of answers.py
  qwen-prompts.json      prompts rendered by real templates and their ids (needs --shared or SARING_SHARED)
  demo-guard.json        what plain `generate` writes on the demo guard (needs demo/guard and demo/queue.jsonl)
  images/                small pictures, which all families with images use by name

  <family>-<shape>/      tiny checkpoints of the other families, see families/; one of each family in the layout of
                         transformers 5 and in single precision, the others in layouts of transformers 4 and in bfloat16,
                         one of them in shards. Where transformers 5 is followed, what preprocessor_config.json says
                         stands in processor_config.json too, and either is enough. Beside the checkpoint lie:
    reference.safetensors  as above, with the cases "image-one", "image-two", "image-batch" and "image-prefix" where the
                         family has images; rows of "image-prefix" share 21 tokens before their first image, if they have
                         one. For image i of a row: "<case>/pixel_values.<row>.<i>", "grid" (Qwen3-VL, I64 [3]: time,
                         height, width in patches), "features" (what stands at its tokens) and, with one more number for
                         the layer, "deepstack"
    cases.json           by case: the rows' images, how far the reference's own bfloat16 is off single precision, and that
                         off double precision; then how far off models are that are wrong in one thing
    verdicts.json        subjects with images by name and the verdicts that they must get, one subject a line
    stream.json          Qwen3Guard-Stream in place of verdicts: the heads' probabilities and categories for the prompt (at
                         "position") and for the response's tokens ("start" to "end"), the flags raw and debounced in
                         both modes, and the first flag that counts; places in a response count from its first token
    answers.json         Apertus in place of verdicts: conversations and what greedy decoding writes

The prompts and the demo guard's file are left as they are where what they need is not at hand; this is said. Versions:
requirements.txt.
"""

import argparse
import hashlib
import json
import os
import re
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers
from safetensors.torch import save_file

import answers
import checkpoints
from families import apertus, gemma3, images, llama, qwen3_vl, stream

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
DEMO = HERE.parent.parent / "demo"
PREFIX_TOKENS = 21
FAMILIES = {"qwen3-vl": qwen3_vl, "gemma3": gemma3, "stream": stream, "llama": llama, "apertus": apertus}

TURNS = [
    {"role": "user", "content": "How do I win every argument?"},
    {"role": "assistant", "content": "By listening."},
    {"role": "user", "content": "And with my neighbour, whom I dislike?"},
]
SYSTEM = {"role": "system", "content": "You are a cooking assistant."}


def prompt(text: str) -> dict:
    return {"task": "prompt", "messages": [{"role": "user", "content": text}]}


def response(text: str, answer: str) -> dict:
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    return {"task": "response", "messages": messages}


SINGLE_TURN = [
    prompt("hello"),
    prompt("Bagaimana cara memasak nasi? Terima kasih."),
    prompt("สวัสดีครับ วันนี้อากาศดีมาก"),
    prompt("မင်္ဂလာပါ"),
    prompt("  two spaces, a tab\tand lines\n\n\nbetween  "),
    prompt("வணக்கம் " * 12),
    prompt("cafe\u0301 is composed to café"),
    response("Xin chào", "Hôm nay trời đẹp quá"),
    response("Call me names", "I would rather not."),
    response("", "An answer to nothing"),
    response("x" * 90, "\n\n- one\n- two\n"),
]
SEVERAL_TURNS = [
    {"task": "prompt", "messages": TURNS},
    {"task": "response", "messages": TURNS[:2] + TURNS[2:] + [{"role": "assistant", "content": "Be kind."}]},
    {"task": "prompt", "messages": [SYSTEM, {"role": "user", "content": "What is for dinner?"}]},
    {"task": "prompt", "messages": [SYSTEM, *TURNS]},
]


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def logits_reference(model, path: Path, seed: int) -> None:
    """Logits of random rows: one alone, several of unequal length, several with a common beginning, a long one."""
    generator = torch.Generator().manual_seed(seed)
    row = lambda n: torch.randint(0, model.config.vocab_size, (n,), generator=generator)
    beginning = row(PREFIX_TOKENS)
    cases = {
        "single": [row(11)],
        "batch": [row(n) for n in (7, 19, 1, 12)],
        "prefix": [torch.cat([beginning, row(n)]) for n in (3, 9, 1)],
        "long": [row(40)],
    }
    tensors, spread = {}, []
    for case, rows in cases.items():
        for i, ids in enumerate(rows):
            with torch.no_grad():
                logits = model(input_ids=ids[None], use_cache=False).logits[0].float()
            tensors[f"{case}/ids.{i}"] = ids
            tensors[f"{case}/logits.{i}"] = logits.contiguous()
            spread.append(logits.std().item())
    assert min(spread) >= 1, f"logits must spread by at least 1: {spread}"
    save_file(tensors, path)


def make_shape(shape: checkpoints.Shape) -> None:
    folder = GOLDEN / shape.name
    model, tokenizer = checkpoints.make(shape, folder)
    logits_reference(model, folder / "reference.safetensors", shape.seed)
    family = "sea-guard" if shape.template is checkpoints.PLAIN_TEMPLATE else "qwen3guard-gen"
    tasks = {task: {"categories": names, "refusal": task == "response"} for task, names in checkpoints.CATEGORIES.items()}
    subjects = SINGLE_TURN + (SEVERAL_TURNS if family == "qwen3guard-gen" else [])
    rows = []
    for subject in subjects:
        rows.append(subject | {"verdict": answers.verdict(model, tokenizer, family, subject, tasks)})
    document = {"family": family, "tasks": tasks if family == "qwen3guard-gen" else None, "subjects": rows}
    if family == "sea-guard":
        document["authors_code"] = [
            answers.prompt_ids(tokenizer, family, subject, "authors_code") for subject in subjects
        ]
    write_json(folder / "verdicts.json", document)
    print(shape.name, sum(p.numel() for p in model.parameters()), "parameters,", len(rows), "subjects")


def make_prompts(shared: Path) -> None:
    """Ids of conversations rendered by real templates with Qwen's tokenizer."""
    path = shared / "facts/qwen-tokenizer/tokenizer.json"
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path), eos_token="<|im_end|>")
    rows = []
    for template in ("qwen3guard-gen.jinja", "qwen3-0.6b.jinja", "qwen3-vl-instruct.jinja"):
        tokenizer.chat_template = (shared / "facts/templates" / template).read_text()
        for subject in SINGLE_TURN + SEVERAL_TURNS:
            for generation_prompt in (False, True):
                ids = tokenizer.apply_chat_template(
                    subject["messages"], tokenize=True, return_dict=False, add_generation_prompt=generation_prompt
                )
                row = {"template": template, "messages": subject["messages"], "generation_prompt": generation_prompt}
                rows.append(row | {"ids": ids})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    (GOLDEN / "qwen-prompts.json").write_text(f"[\n{lines}\n]\n")
    print("qwen-prompts.json:", len(rows), "prompts")


def sha256_of_ids(ids: list[int]) -> str:
    """Of the ids as little-endian 32-bit numbers."""
    return hashlib.sha256(b"".join(i.to_bytes(4, "little") for i in ids)).hexdigest()


def parse(text: str, prompt: str) -> dict | None:
    """An answer inside the grammar that the prompt's own list of categories spans; `None` for any other text."""
    found = re.fullmatch(r"Safety: (Safe|Unsafe|Controversial)\nCategories: ([^\n]+)(?:\nRefusal: (Yes|No))?", text)
    if not found:
        return None
    allowed = re.findall(r"^- (.+)$", prompt, re.MULTILINE)
    names = [] if found[2] == "None" else found[2].split(", ")
    if len(set(names)) < len(names) or not set(names) <= set(allowed) or (found[3] is None) == ("Refusal:" in prompt):
        return None
    return {"label": found[1], "categories": names, "refusal": found[3] and found[3] == "Yes"}


def make_demo_guard() -> None:
    """What plain greedy decoding writes on the demo guard for the demo queue's items of text."""
    folder = DEMO / "guard"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    items = [json.loads(line) for line in (DEMO / "queue.jsonl").read_text().splitlines()]
    items = [item for item in items if "images" not in item]
    rows = []
    for item in items:
        messages = item.get("messages") or [{"role": "user", "content": item.get("prompt", item.get("text"))}]
        if item.get("response") is not None:
            messages = messages + [{"role": "assistant", "content": item["response"]}]
        ids = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)
        prompt = torch.tensor([ids])
        with torch.no_grad():
            # Without a mask, `generate` guesses one and hides every token that equals the padding token.
            out = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=64)
        answer = parse(tokenizer.decode(out[0, len(ids) :], skip_special_tokens=True), tokenizer.decode(ids))
        rows.append({"id": item["id"], "ids_sha256": sha256_of_ids(ids), "tokens": len(ids), "answer": answer})
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (GOLDEN / "demo-guard.json").write_text(f'{{"weights_sha256":"{digest}","rows":[\n{lines}\n]}}\n')
    print("demo-guard.json:", len(rows), "rows,", sum(r["answer"] is None for r in rows), "off format")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=os.environ.get("SARING_SHARED"))
    parser.add_argument("--only", choices=["shapes", "prompts", "demo", *FAMILIES])
    arguments = parser.parse_args()
    wanted = lambda part: arguments.only in (None, part)
    torch.set_num_threads(1)
    if wanted("shapes"):
        for shape in checkpoints.SHAPES:
            make_shape(shape)
    images.write()
    for name, family in FAMILIES.items():
        if wanted(name):
            for shape in family.SHAPES:
                family.make(shape, GOLDEN / shape.name)
    if wanted("prompts") and arguments.shared:
        make_prompts(Path(arguments.shared))
    elif wanted("prompts"):
        print("qwen-prompts.json: left as it is; SARING_SHARED is not set")
    if wanted("demo") and (DEMO / "guard/model.safetensors").exists() and (DEMO / "queue.jsonl").exists():
        make_demo_guard()
    elif wanted("demo"):
        print("demo-guard.json: left as it is; there is no demo/guard or no demo/queue.jsonl")


if __name__ == "__main__":
    main()
