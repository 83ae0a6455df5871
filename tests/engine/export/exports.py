"""Orders for tests, and students that another tokenizer was made for."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.export.formats import ExportFormat, ExportRequest
from engine.export.provenance import Export
from engine.export.writing import write_export
from engine.project import Project


def order(out: Path, format_: ExportFormat, iteration: int = 1, **more: Any) -> ExportRequest:
    return ExportRequest(format=format_, iteration=iteration, out=out, **more)


def written(project: Project, out: Path, format_: ExportFormat, **more: Any) -> Export:
    """Write an export in this process."""
    return write_export(project, order(out, format_, **more))


def until(true: Callable[[], object]) -> None:
    """Wait until that is so; fail after a minute."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").split("\n") if line]


def save_bytes_student(folder: Path) -> Path:
    """A random Llama whose tokenizer is of a kind that llama.cpp has: pieces, and bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from db.records import Split, Subtask
    from engine.tasks.multistep_arithmetic import MultistepArithmetic

    made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    blank = "\u2581"
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend(blank), normalizers.Replace(" ", blank)]
    )
    made.decoder = decoders.Sequence(
        [
            decoders.Replace(blank, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    items = MultistepArithmetic().generate(Split.TRAIN, [Subtask.SEEN], 100, 1)
    special = ["<unk>", "<s>", "</s>"]
    # So few that next to no pieces are merged: llama.cpp merges by scores, this tokenizer by rules.
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=[*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    )
    made.train_from_iterator([f"Q: {i.question}\n{i.rationale}" for i in items], trainer)
    said = json.loads(made.to_str())
    # Bytes are pieces like others, not control tokens.
    said["added_tokens"] = [t for t in said["added_tokens"] if t["content"] in special]
    made = Tokenizer.from_str(json.dumps(said))
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=None,
        tie_word_embeddings=False,
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
