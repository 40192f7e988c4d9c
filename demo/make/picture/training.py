"""Trains the picture guard in stages, in f32.

First the tower's two ends learn to name what stands in each 32 by 32 pixels of a picture, the drawing or the
sign, and what it means, by linear heads that are thrown away; nothing is between the ends, as the blocks
begin by adding nothing. Then the blocks learn it too, from whole pictures. Then everything learns the answer,
on rows with pictures and rows of text alone; the tower goes on naming. At last the decoder alone practises, on
more rows. Pictures have two equal frames, so
that the convolution over both is one linear map over either, which is what is trained.
"""

import time
from dataclasses import dataclass
from random import Random

import numpy
import torch
from torch import nn
from transformers import Qwen3VLForConditionalGeneration
from transformers.cache_utils import DynamicCache

from picture.conversation import Encoder
from picture.pixels import FRAMES, MERGE, PATCH, Patches, scaled, tower_input
from picture.training_set import PictureExample, TrainingPicture
from training import IGNORED, learning_rate_share, strewn

CELLS, TOWER_ROWS, ROWS = 256, 16, 16
ENDS_LEARNING_RATE, TOWER_LEARNING_RATE, LEARNING_RATE = 2e-3, 1.5e-3, 7e-4
EMPTY_KEPT = 0.1
NAMING_WEIGHT = 0.5
NOTHING_WEIGHT = 0.2
STREWN_SHARE = 0.5
PATCH_VALUES = 3 * PATCH * PATCH


@dataclass(frozen=True)
class Row:
    ids: tuple[int, ...]  # the prompt, without the shared prefix where there is no picture
    answer: tuple[int, ...]
    with_response: bool
    pictures: tuple[TrainingPicture, ...]


class Namer(nn.Module):
    """Says what stands in each cell from the tower's output, and from each of its deepstack outputs.

    `kinds` gives for each class what it means; that is told from the tower's output alone.
    """

    def __init__(self, size: int, kinds: list[int], outputs: int) -> None:
        super().__init__()
        self.names = nn.ModuleList(nn.Linear(size, len(kinds)) for _ in range(outputs))
        self.meaning = nn.Linear(size, max(kinds) + 1)
        self.kinds = torch.tensor(kinds)
        # Most cells are empty.
        self.weights = torch.ones(len(kinds))
        self.weights[0] = NOTHING_WEIGHT

    def loss(self, outputs: list[torch.Tensor], names: torch.Tensor) -> tuple[torch.Tensor, float]:
        """The loss of the heads, and the share of named cells that the last one has right.

        `outputs` may lack the deepstack's.
        """
        logits = [head(output) for head, output in zip(self.names[-len(outputs) :], outputs, strict=True)]
        right = (logits[-1].argmax(-1) == names)[names > 0].float().mean().item()
        losses = [nn.functional.cross_entropy(each, names, self.weights) for each in logits]
        kinds = self.kinds[names]
        meaning = nn.functional.cross_entropy(self.meaning(outputs[-1]), kinds, self.weights[: self.meaning.out_features])
        return sum(losses) / len(losses) + meaning, right


class FoldedPatchEmbed(nn.Module):
    """The patch embedding while it is trained: one linear map of the first frame."""

    def __init__(self, convolution: nn.Conv3d) -> None:
        super().__init__()
        self.linear = nn.Linear(PATCH_VALUES, convolution.out_channels)
        with torch.no_grad():
            self.linear.weight.copy_(convolution.weight.sum(2).flatten(1))
            self.linear.bias.copy_(convolution.bias)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        return self.linear(patches)

    @torch.no_grad()
    def unfold_into(self, convolution: nn.Conv3d) -> None:
        half = self.linear.weight.view(-1, 3, 1, PATCH, PATCH) / FRAMES
        convolution.weight.copy_(half.expand(-1, -1, FRAMES, -1, -1))
        convolution.bias.copy_(self.linear.bias)


def train(
    model: Qwen3VLForConditionalGeneration,
    encoder: Encoder,
    pictures: list[TrainingPicture],
    examples: list[PictureExample],
    kinds: list[int],
    epochs: tuple[int, int],
    seed: int,
) -> None:
    """`epochs`: how often the ends of the tower, then the whole tower, see each of `pictures`."""
    torch.manual_seed(seed)
    random = Random(seed)
    tower = model.model.visual
    whole = tower.patch_embed
    tower.patch_embed = FoldedPatchEmbed(whole.proj)
    namer = Namer(model.config.text_config.hidden_size, kinds, len(tower.deepstack_visual_indexes) + 1)
    train_ends(model, namer, pictures, epochs[0])
    train_tower(model, namer, pictures, epochs[1], random)
    train_whole(model, encoder, namer, examples, random)
    tower.patch_embed.unfold_into(whole.proj)
    tower.patch_embed = whole
    model.eval()


def practise(
    model: Qwen3VLForConditionalGeneration, encoder: Encoder, examples: list[PictureExample], seed: int
) -> None:
    torch.manual_seed(seed)
    tower = model.model.visual
    whole = tower.patch_embed
    tower.patch_embed = FoldedPatchEmbed(whole.proj)
    train_whole(model, encoder, None, examples, Random(seed))
    tower.patch_embed = whole
    model.eval()


class Steps:
    """One optimiser with its schedule, and a line about the loss now and then."""

    def __init__(self, name: str, parameters: list[nn.Parameter], peak: float, steps: int) -> None:
        self.name, self.steps, self.parameters = name, steps, parameters
        self.optimizer = torch.optim.AdamW(parameters, lr=peak, betas=(0.9, 0.98), weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.LambdaLR
        self.schedule = schedule(self.optimizer, lambda step: learning_rate_share(step, steps))
        self.started, self.step, self.recent = time.monotonic(), 0, []

    def take(self, loss: torch.Tensor, right: float) -> None:
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()
        self.step += 1
        self.recent.append((loss.item(), right))
        if self.step % 100 == 0 or self.step == self.steps:
            loss_mean, right_mean = numpy.nanmean(numpy.array(self.recent), axis=0)
            spent = f"{time.monotonic() - self.started:.0f} s"
            done = f"{self.name} {self.step}/{self.steps}"
            print(f"  {done}, loss {loss_mean:.4f}, right {right_mean:.3f}, {spent}", flush=True)
            self.recent = []


def train_ends(
    model: Qwen3VLForConditionalGeneration, namer: Namer, pictures: list[TrainingPicture], epochs: int
) -> None:
    tower = model.model.visual
    values, names = cells_of(pictures)
    parameters = [*tower.patch_embed.parameters(), *tower.merger.parameters(), *namer.parameters()]
    batches = [batch for _ in range(epochs) for batch in torch.randperm(len(names)).split(CELLS)]
    steps = Steps("ends", parameters, ENDS_LEARNING_RATE, len(batches))
    for batch in batches:
        patches = recoloured(scaled(values[batch].flatten(0, 1)), [MERGE**2] * len(batch))
        steps.take(*namer.loss([tower.merger(tower.patch_embed(patches))], names[batch]))


def cells_of(pictures: list[TrainingPicture]) -> tuple[torch.Tensor, torch.Tensor]:
    """[cells, 4, 768] and [cells]: all cells that something stands in, and a tenth of the empty ones."""
    values = torch.from_numpy(numpy.concatenate([picture.patches.values for picture in pictures]))
    values, names = values.view(-1, MERGE**2, PATCH_VALUES), names_of(pictures)
    kept = (names > 0) | (torch.rand(len(names)) < EMPTY_KEPT)
    return values[kept], names[kept]


def train_tower(
    model: Qwen3VLForConditionalGeneration,
    namer: Namer,
    pictures: list[TrainingPicture],
    epochs: int,
    random: Random,
) -> None:
    batches = []
    for _ in range(epochs):
        random.shuffle(pictures)
        batches += [pictures[at : at + TOWER_ROWS] for at in range(0, len(pictures), TOWER_ROWS)]
    parameters = [*model.model.visual.parameters(), *namer.parameters()]
    steps = Steps("tower", parameters, TOWER_LEARNING_RATE, len(batches))
    for batch in batches:
        outputs = tower_outputs(model, [picture.patches for picture in batch])
        steps.take(*namer.loss(outputs, names_of(batch)))


def names_of(batch: list[TrainingPicture]) -> torch.Tensor:
    return torch.from_numpy(numpy.concatenate([picture.patches.names for picture in batch]))


def tower_outputs(
    model: Qwen3VLForConditionalGeneration, pictures: list[Patches], shaken: bool = True
) -> list[torch.Tensor]:
    """The deepstack outputs, then the tower's own: each [tokens, hidden]. `shaken`: colours vary a little."""
    values, grid = tower_input(pictures, frames=1)
    if shaken:
        values = recoloured(values, [picture.rows * picture.columns for picture in pictures])
    output = model.model.visual(values, grid_thw=grid)
    return [*output.deepstack_features, output.pooler_output]


def recoloured(values: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    """The channels of each run of patches a little stronger or weaker, lighter or darker."""
    gain, shift = (torch.rand(2, len(lengths), 3) - 0.5) * torch.tensor([0.3, 0.2]).view(2, 1, 1)
    runs = torch.tensor(lengths)
    gain, shift = (each.repeat_interleave(runs, 0).repeat_interleave(PATCH * PATCH, 1) for each in (gain, shift))
    return (values * (1 + gain) + shift).clamp_(-1, 1)


def train_whole(
    model: Qwen3VLForConditionalGeneration,
    encoder: Encoder,
    namer: Namer | None,
    examples: list[PictureExample],
    random: Random,
) -> None:
    """Without a namer the tower stays as it is."""
    prefixes = {task: encoder.shared_prefix(task) for task in (False, True)}
    batches = make_batches([row_of(encoder, example, prefixes, random) for example in examples], random)
    parameters = [*model.parameters(), *namer.parameters()] if namer else [*model.model.language_model.parameters()]
    steps = Steps("guard" if namer else "practice", parameters, LEARNING_RATE, len(batches))
    for batch in batches:
        if batch[0].pictures:
            hidden, naming = picture_hidden(model, encoder, namer, batch)
        else:
            hidden, naming = text_hidden(model, batch, prefixes[batch[0].with_response]), 0.0
        targets = answer_targets(batch, hidden.shape[1])
        counted = targets != IGNORED
        logits = model.lm_head(hidden[counted])
        # The label and the end of the turn take turns; only the former says something.
        right = (logits.argmax(-1) == targets[counted])[::2].float().mean().item()
        loss = nn.functional.cross_entropy(logits, targets[counted])
        steps.take(loss + NAMING_WEIGHT * naming, right)


def row_of(encoder: Encoder, example: PictureExample, prefixes: dict[bool, list[int]], random: Random) -> Row:
    with_response = example.response is not None
    tokens = tuple(picture.patches.tokens for picture in example.pictures)
    ids = encoder.prompt(example.prompt, example.response, tokens)
    prefix = prefixes[with_response]
    start = len(ids) - len(encoder.prompt("", example.response)) + len(prefix) if tokens else len(prefix)
    end = ids.index(encoder.end)
    if random.random() < STREWN_SHARE and start < end:
        words = strewn(ids[start:end], encoder.tokenizer.get_vocab_size(with_added_tokens=False), random)
        ids = ids[:start] + words + ids[end:]
    return Row(
        tuple(ids if tokens else ids[len(prefix) :]),
        tuple(encoder.answer(example.unsafe)),
        with_response,
        example.pictures,
    )


def make_batches(rows: list[Row], random: Random) -> list[list[Row]]:
    """Batches of one task, with or without pictures, of rows of similar length."""
    batches = []
    for key in ((False, False), (True, False), (False, True)):
        chosen = [row for row in rows if (row.with_response, bool(row.pictures)) == key]
        random.shuffle(chosen)
        for at in range(0, len(chosen), ROWS * 40):
            chunk = sorted(chosen[at : at + ROWS * 40], key=lambda row: len(row.ids))
            batches.extend(chunk[n : n + ROWS] for n in range(0, len(chunk), ROWS))
    random.shuffle(batches)
    return batches


def padded(batch: list[Row]) -> tuple[torch.Tensor, torch.Tensor]:
    """[rows, width] the ids with the label behind them, and what of them is no padding."""
    width = max(len(row.ids) for row in batch) + 1
    ids, mask = torch.zeros(len(batch), width, dtype=torch.long), torch.zeros(len(batch), width, dtype=torch.long)
    for n, row in enumerate(batch):
        ids[n, : len(row.ids) + 1] = torch.tensor([*row.ids, row.answer[0]])
        mask[n, : len(row.ids) + 1] = 1
    return ids, mask


def answer_targets(batch: list[Row], width: int) -> torch.Tensor:
    """[rows, width] the label at the prompt's last token, the end of the turn at the label."""
    targets = torch.full((len(batch), width), IGNORED)
    for n, row in enumerate(batch):
        targets[n, len(row.ids) - 1 : len(row.ids) + 1] = torch.tensor(row.answer)
    return targets


def text_hidden(model: Qwen3VLForConditionalGeneration, batch: list[Row], prefix: list[int]) -> torch.Tensor:
    """[rows, width, hidden]; the keys and values of what opens every prompt are computed once."""
    ids, mask = padded(batch)
    decoder = model.model.language_model
    cache = DynamicCache(config=model.config.text_config)
    decoder(input_ids=torch.tensor([prefix]), past_key_values=cache, use_cache=True)
    for layer in cache.layers:
        layer.keys = layer.keys.expand(len(batch), -1, -1, -1)
        layer.values = layer.values.expand(len(batch), -1, -1, -1)
    mask = torch.cat([torch.ones(len(batch), len(prefix), dtype=torch.long), mask], 1)
    return decoder(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True).last_hidden_state


def picture_hidden(
    model: Qwen3VLForConditionalGeneration, encoder: Encoder, namer: Namer | None, batch: list[Row], shaken: bool = True
) -> tuple[torch.Tensor, torch.Tensor | float]:
    """[rows, width, hidden], and the loss of naming what is seen."""
    ids, mask = padded(batch)
    pictures = [picture for row in batch for picture in row.pictures]
    with torch.set_grad_enabled(namer is not None):
        outputs = tower_outputs(model, [picture.patches for picture in pictures], shaken)
    seen = ids == encoder.image
    decoder = model.model.language_model
    embedded = decoder.embed_tokens(ids).masked_scatter(seen[..., None], outputs[-1])
    grid = torch.tensor([[1, picture.patches.rows, picture.patches.columns] for picture in pictures])
    positions, _ = model.model.get_rope_index(ids, seen.int(), image_grid_thw=grid, attention_mask=mask)
    hidden = decoder(
        inputs_embeds=embedded,
        attention_mask=mask,
        position_ids=positions,
        visual_pos_masks=seen,
        deepstack_visual_embeds=outputs[:-1],
        use_cache=False,
    ).last_hidden_state
    return hidden, namer.loss(outputs, names_of(pictures))[0] if namer else 0.0
