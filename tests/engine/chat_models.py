"""Tokenizers of the kinds that published models have, and chat templates in their styles."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from engine.trajectory import ANSWER_PREFIX, FEEDBACK_PREFIX, UPDATE_PREFIX

CORPUS = [
    f"Q: What is ((1 + 2) * 3) = ?\n{ANSWER_PREFIX}\n(1) A = 3.\n(Final response) So 9.\n",
    f'{FEEDBACK_PREFIX} In step (1) the part "A = 3" is incorrect. This is because it is not.',
    f"\n{UPDATE_PREFIX}\n(1) A = 4.\n\nabab ba  ab system user assistant model You are helpful.",
] * 5

BLANK = "\N{LOWER ONE EIGHTH BLOCK}"
"""What SentencePiece writes a blank as."""


@cache
def _byte_level(add_prefix_space: bool) -> str:
    made = Tokenizer(models.BPE())
    split = Regex(
        r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(split, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    if add_prefix_space:
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    return str(made.to_str())


@cache
def _sentence_piece(scheme: str) -> str:
    """BPE over whole texts with byte fallback; ``scheme`` is how texts get a blank before them."""
    words = [text.replace(" ", BLANK) for text in CORPUS]
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Split(Regex(rf"\n|{BLANK}*[^{BLANK}\n]+"), "isolated")
    trained.train_from_iterator(words, trainers.BpeTrainer(vocab_size=500, show_progress=False))
    known = [token for token, _ in sorted(trained.get_vocab().items(), key=lambda pair: pair[1])]
    known = [token for token in known if "\n" not in token]
    first = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocab = {token: index for index, token in enumerate(dict.fromkeys([*first, BLANK, *known]))}
    merges = [
        (token[:at], token[at:])
        for token in known
        for at in range(1, len(token))
        if token[:at] in vocab and token[at:] in vocab
    ]
    made = Tokenizer(
        models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    if scheme == "legacy":
        made.normalizer = normalizers.Sequence(
            [normalizers.Prepend(BLANK), normalizers.Replace(" ", BLANK)]
        )
    else:
        made.pre_tokenizer = pre_tokenizers.Metaspace(
            replacement=BLANK, prepend_scheme=scheme, split=False
        )
    strip = [] if scheme == "never" else [decoders.Strip(" ", 1, 0)]
    made.decoder = decoders.Sequence(
        [decoders.Replace(BLANK, " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    return str(made.to_str())


@cache
def _unigram() -> str:
    """SentencePiece's other model, with its control tokens among its words."""
    letters = sorted(set("".join(CORPUS).replace(" ", BLANK)))
    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)]
    pieces += [(letter, -5.0) for letter in dict.fromkeys([BLANK, *letters, *"<|/s>_[]NTx:"])]
    pieces += [(f"{BLANK}step", -6.0), ("Answer", -6.0)]
    made = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement=BLANK, prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement=BLANK, prepend_scheme="always")
    return str(made.to_str())


KINDS = (
    "byte level",
    "byte level after a blank",
    "sentence piece always",
    "sentence piece first",
    "sentence piece never",
    "sentence piece legacy",
    "unigram",
)


def published_tokenizer(
    kind: str,
    special: tuple[str, ...] = (),
    plain: tuple[str, ...] = (),
    *,
    eos: str = "</s>",
    bos: str | None = None,
    template: str | None = None,
    frame: str | None = None,
) -> PreTrainedTokenizerFast:
    """A tokenizer of a kind, with ``special`` tokens, and added ones that are none.

    ``frame`` is what it puts around every text by itself, such as ``<s> $A``.
    """
    family, _, scheme = kind.partition(" piece ")
    if family == "sentence":
        made = Tokenizer.from_str(_sentence_piece(scheme))
    elif kind == "unigram":
        made = Tokenizer.from_str(_unigram())
    else:
        made = Tokenizer.from_str(_byte_level(kind.endswith("blank")))
    names = dict.fromkeys([*special, eos, *([bos] if bos else [])])
    made.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in names])
    made.add_tokens([AddedToken(name, normalized=False, special=False) for name in plain])
    if frame:
        pairs = [(name, made.token_to_id(name)) for name in names if name in frame]
        made.post_processor = processors.TemplateProcessing(single=frame, special_tokens=pairs)
    unknown = {} if family.startswith("byte") else {"unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token=eos,
        bos_token=bos,
        chat_template=template,
        clean_up_tokenization_spaces=True,
        **unknown,
    )


@dataclass(frozen=True)
class Style:
    """A family of chat models: what it writes, its tokens, and the whole of one exchange.

    ``whole`` has ``{q}`` and ``{r}`` for question and reply, up to the end of the reply.
    """

    template: str
    special: tuple[str, ...]
    end: str
    whole: str
    eos: str = "</s>"
    bos: str | None = None
    plain: tuple[str, ...] = ()
    kind: str = "byte level"


_CHATML = (
    "{%- if messages[0]['role'] != 'system' %}"
    "{{- '<|im_start|>system\\nYou are helpful.<|im_end|>\\n' }}{%- endif %}"
    "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' }}"
    "{%- if m.role == 'assistant' %}THOUGHTS{%- endif %}"
    "{{- m.content + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}THOUGHTS{%- endif %}"
)
_THOUGHTS = (
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
)
_LLAMA = (
    "{{- bos_token }}{%- if not date_string is defined %}"
    "{%- set date_string = strftime_now('%d %b %Y') %}{%- endif %}"
    "{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' }}"
    "{{- 'Today Date: ' + date_string + '\\n\\n<|eot_id|>' }}"
    "{%- for m in messages %}"
    "{{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim "
    "+ '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"
)
_GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\\n' "
    "+ m['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)
_PHI = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'] + '<|end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"
)
_SMOLLM = (
    "{%- set today = strftime_now('%d %B %Y') -%}"
    "{{- '<|im_start|>system\\nToday Date: ' + today + '<|im_end|>\\n' }}"
    "{%- for m in messages -%}{%- if m.role == 'user' -%}"
    "{{ '<|im_start|>user\\n' + m.content + '<|im_end|>\\n' }}"
    "{%- else -%}{% generation %}{{ '<|im_start|>assistant\\n<think>\\n\\n</think>\\n' "
    "+ m.content.lstrip('\\n') + '<|im_end|>\\n' }}{% endgeneration %}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}"
    "{{ '<|im_start|>assistant\\n<think>\\n\\n</think>\\n' }}{%- endif -%}"
)
_LLAMA_2 = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}"
    "{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)
_OPEN_THOUGHTS = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'user' %}{{ '<|User|>' + m['content'] }}"
    "{% else %}{{ '<|Assistant|>' + m['content'] + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|Assistant|><think>\\n' }}{% endif %}"
)
_IM = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
_DAY = "26 Jul 2024"

STYLES: Mapping[str, Style] = {
    "qwen2.5": Style(
        _CHATML.replace("THOUGHTS", ""),
        _IM,
        "<|im_end|>",
        "<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\n{q}<|im_end|>\n"
        "<|im_start|>assistant\n{r}<|im_end|>",
        eos="<|im_end|>",
    ),
    "qwen3": Style(
        _CHATML.replace("THOUGHTS", _THOUGHTS),
        _IM,
        "<|im_end|>",
        "<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\n{q}<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n{r}<|im_end|>",
        eos="<|im_end|>",
        plain=("<think>", "</think>"),
    ),
    "llama 3": Style(
        _LLAMA,
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        "<|eot_id|>",
        "<|begin|><|start_header_id|>system<|end_header_id|>\n\nToday Date: "
        + _DAY
        + "\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{q}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n{r}<|eot_id|>",
        eos="<|eot_id|>",
        bos="<|begin|>",
    ),
    "gemma": Style(
        _GEMMA,
        ("<start_of_turn>", "<end_of_turn>"),
        "<end_of_turn>",
        "<bos><start_of_turn>user\n{q}<end_of_turn>\n<start_of_turn>model\n{r}<end_of_turn>",
        eos="<eos>",
        bos="<bos>",
        kind="sentence piece never",
    ),
    "phi 3": Style(
        _PHI,
        ("<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"),
        "<|end|>",
        "<|user|>\n{q}<|end|>\n<|assistant|>\n{r}<|end|>",
        eos="<|endoftext|>",
    ),
    "smollm3": Style(
        _SMOLLM,
        _IM,
        "<|im_end|>",
        "<|im_start|>system\nToday Date: " + _DAY + "<|im_end|>\n<|im_start|>user\n{q}<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n{r}<|im_end|>",
        eos="<|im_end|>",
    ),
    "llama 2": Style(
        _LLAMA_2,
        (),
        "</s>",
        "<s>[INST] {q} [/INST] {r}",
        bos="<s>",
        kind="sentence piece legacy",
    ),
    "open thoughts": Style(
        _OPEN_THOUGHTS,
        ("<|User|>", "<|Assistant|>"),
        "</s>",
        "<s><|User|>{q}<|Assistant|>{r}</s>",
        bos="<s>",
    ),
}
"""Of open thoughts, a prompt for a reply differs from what stands before one that is there."""


def chat_tokenizer(name: str) -> PreTrainedTokenizerFast:
    """A tokenizer with the template of a style."""
    style = STYLES[name]
    return published_tokenizer(
        style.kind,
        style.special,
        style.plain,
        eos=style.eos,
        bos=style.bos,
        template=style.template,
    )
