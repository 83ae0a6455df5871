"""A student in llama.cpp reads the same tokens and says the same as in transformers."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from requirements import need
from safetensors.torch import load_file, save_file
from student_folders import edit, remove
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from db.records import Item, Split, Subtask
from engine.embedded import student_folder
from engine.embedded.arithmetic import PHRASES
from engine.errors import ProjectError, StudentError
from engine.gguf_writing import write_gguf
from engine.phrase_tokens import phrase_tokens
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import Trajectory, Turn, prompt, render
from local_experts.gguf import read_gguf

if TYPE_CHECKING:
    from llama_cpp import Llama

ARITHMETIC = student_folder("multistep_arithmetic")
TASK = MultistepArithmetic()
TOKENIZER = AutoTokenizer.from_pretrained(ARITHMETIC)
CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))
FLOAT32 = 0  # as the numbers of ggml have it: llama.cpp itself keeps keys and values in half


def loaded(path: Path) -> "Llama":
    """The model in llama.cpp, with the numbers that transformers has: nothing in half precision."""
    need("llama_cpp")
    from llama_cpp import Llama

    return Llama(
        str(path),
        n_ctx=1024,
        n_threads=1,
        n_threads_batch=1,
        type_k=FLOAT32,
        type_v=FLOAT32,
        logits_all=True,
        verbose=False,
    )


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Llama"]:
    path = tmp_path_factory.mktemp("gguf") / "student.gguf"
    write_gguf(ARITHMETIC, path, name="arithmetic")
    model = loaded(path)
    yield model
    model.close()


def items(count: int, split: Split = Split.TEST) -> list[Item]:
    return TASK.generate(split, [Subtask.SEEN, Subtask.UNSEEN], count, seed=1)


def ids_of(text: str) -> list[int]:
    found: list[int] = TOKENIZER(text, split_special_tokens=True)["input_ids"]
    return found


def detokenized(model: "Llama", ids: list[int]) -> str:
    """The text, by llama.cpp's own function: that of the library loses tokens of over 32 bytes."""
    from ctypes import create_string_buffer

    from llama_cpp import llama_detokenize, llama_model_get_vocab, llama_token

    text = create_string_buffer(100_000)
    vocabulary = llama_model_get_vocab(model.model)
    given = (llama_token * len(ids))(*ids)
    length = llama_detokenize(vocabulary, given, len(ids), text, len(text), False, False)
    return text.raw[:length].decode()


def greedy(model: "Llama", text: str, count: int) -> list[int]:
    found: list[int] = []
    for token in model.generate(ids_of(text), temp=0.0):
        found.append(token)
        if token == TOKENIZER.eos_token_id or len(found) == count:
            break
    return found


def next_logits(model: "Llama", ids: list[int]) -> np.ndarray:
    """Logits after each of ``ids``, (token, vocabulary)."""
    model.reset()
    model.eval(ids)
    return np.array(model.scores[: len(ids)])


def trajectories(count: int) -> Iterator[str]:
    """An attempt that another question's rationale gives, its feedback, and the right one."""
    asked = items(count, Split.TRAIN)
    for item, other in zip(asked, [*asked[1:], asked[0]], strict=True):
        wrong, right = TASK.rationale(other.question), TASK.rationale(item.question)
        turns = [
            Turn.of(attempt, TASK.feedback(item.question, attempt, show_working=True))
            for attempt in (wrong, right)
        ]
        yield render(Trajectory(item.question, tuple(turns)), TASK.hint)


def test_trajectories_have_the_same_tokens(llama: "Llama") -> None:
    texts = list(trajectories(300))
    assert {text for text in texts if llama.tokenize(text.encode()) != ids_of(text)} == set()
    assert detokenized(llama, ids_of(texts[0])) == texts[0]


@given(
    st.lists(st.one_of(st.sampled_from(PHRASES), st.text(CHARACTERS, max_size=12)), max_size=8).map(
        "".join
    )
)
@example(", and ")
@example("the end</s><pad><unk>")
@example("\\x41 \\n \\")
def test_printable_text_has_the_same_tokens(llama: "Llama", text: str) -> None:
    assert llama.tokenize(text.encode()) == ids_of(text)
    assert llama.tokenize(text.encode(), special=True) == ids_of(text)


def test_a_character_that_it_does_not_know_is_unknown_once_for_each_byte(llama: "Llama") -> None:
    unknown = TOKENIZER.unk_token_id
    assert ids_of("1×") == [*ids_of("1"), unknown]
    assert llama.tokenize("1×".encode()) == [*ids_of("1"), unknown, unknown]


def test_the_same_words_come_out(llama: "Llama") -> None:
    student = AutoModelForCausalLM.from_pretrained(ARITHMETIC).eval()
    for item in items(20):
        text = prompt(item.question, TASK.hint)
        ids = torch.tensor([ids_of(text)])
        with torch.no_grad():
            logits = student(ids).logits[0].numpy()
            said = student.generate(ids, max_new_tokens=200, do_sample=False)[0, ids.shape[1] :]
        assert np.abs(next_logits(llama, ids[0].tolist()) - logits).max() < 0.001
        assert greedy(llama, text, 200) == said.tolist()


def test_the_end_is_known_and_nothing_is_put_before_a_text(llama: "Llama") -> None:
    assert llama.token_eos() == TOKENIZER.eos_token_id
    assert llama.tokenize(b"1", add_bos=True) == ids_of("1")


def test_it_says_what_it_is(tmp_path: Path) -> None:
    write_gguf(ARITHMETIC, tmp_path / "student.gguf", name="a student")
    file = read_gguf(tmp_path / "student.gguf")
    assert (file.architecture, file.name, file.context) == ("llama", "a student", 2048)


def test_half_precision_is_half_the_size_and_nearly_the_same(tmp_path: Path) -> None:
    for precision in ("fp16", "fp32"):
        write_gguf(ARITHMETIC, tmp_path / precision, name="s", precision=precision)
    sizes = [(tmp_path / precision).stat().st_size for precision in ("fp16", "fp32")]
    assert sizes[0] < 0.51 * sizes[1]
    ids = ids_of(prompt(items(1)[0].question, TASK.hint))
    halves, wholes = (next_logits(loaded(tmp_path / p), ids) for p in ("fp16", "fp32"))
    assert 0 < np.abs(halves - wholes).max() < 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_student_with_a_head_of_its_own(tmp_path: Path, dtype: torch.dtype) -> None:
    # Heads are wider than their share, and queries have heads of their own.
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(TOKENIZER),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=16,
        max_position_embeddings=1024,
        rope_parameters={"rope_type": "default", "rope_theta": 5_000.0},
        tie_word_embeddings=False,
        eos_token_id=TOKENIZER.eos_token_id,
        pad_token_id=TOKENIZER.pad_token_id,
        bos_token_id=None,
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).to(dtype).save_pretrained(tmp_path, max_shard_size="50KB")
    TOKENIZER.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors.index.json").exists()
    write_gguf(tmp_path, tmp_path / "s.gguf", name="s")
    ids = ids_of(prompt(items(1)[0].question, TASK.hint))
    student = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = student(torch.tensor([ids])).logits[0].numpy()
    assert np.abs(next_logits(loaded(tmp_path / "s.gguf"), ids) - logits).max() < 0.001


def test_the_student_that_sorts_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudentError, match=r"where a word ends decides"):
        write_gguf(student_folder("word_sorting"), tmp_path / "s.gguf", name="s")
    assert list(tmp_path.iterdir()) == []


def tokens(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """A change of what tokenizer.json says."""

    def apply(folder: Path) -> None:
        path = folder / "tokenizer.json"
        said = json.loads(path.read_text())
        change(said)
        path.write_text(json.dumps(said))

    return apply


def pattern(regex: str) -> Callable[[Path], None]:
    return tokens(lambda said: said["pre_tokenizer"]["pattern"].update(Regex=regex))


def weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "model.safetensors"
        found = load_file(path)
        change(found)
        save_file(found, path)

    return apply


NORM = "model.norm.weight"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (edit("config.json", model_type="qwen3"), "qwen3, only llama"),
        (edit("config.json", hidden_act="gelu"), "hidden_act is gelu"),
        (edit("config.json", attention_bias=True), "attention_bias is True"),
        (edit("config.json", rope_parameters={"rope_type": "yarn"}), "rope_type is yarn"),
        (edit("config.json", quantization_config={}), "quantised"),
        (edit("config.json", hidden_size=None), "hidden_size"),
        (edit("config.json", eos_token_id=5), "eos_token_id is 5"),
        (edit("config.json", vocab_size=140), "139 tokens, the model 140"),
        (edit("config.json", num_hidden_layers=3), "weights that a Llama has not"),
        (edit("config.json", num_hidden_layers=5), "no weights model.layers.4"),
        (remove("model.safetensors"), "model.safetensors"),
        (remove("tokenizer.json"), "tokenizer.json"),
        (weights(lambda found: found.update({NORM: found[NORM].to(torch.int8)})), "int8"),
        (edit("tokenizer.json", normalizer={"type": "NFC"}), "changes a text"),
        (edit("tokenizer.json", pre_tokenizer={"type": "ByteLevel"}), "KeyError"),
        (tokens(lambda said: said["model"].update(type="Unigram")), "kind Unigram"),
        (tokens(lambda said: said["model"].update(merges=[["1", "2"]])), "merges"),
        (tokens(lambda said: said["added_tokens"][0].update(special=False)), "not special"),
        (tokens(lambda said: said["model"]["vocab"].update({"9": 200})), "gaps"),
        (tokens(lambda said: said["model"]["vocab"].update(word=139)), "'word'"),
        (tokens(lambda said: said["post_processor"]["single"].insert(0, {})), "adds tokens"),
        (pattern(r"\d|[\s\S]"), "by .*d, for which"),
        (pattern("List"), "into single characters"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(
    spoil: Callable[[Path], object], why: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(ARITHMETIC, tmp_path / "student")
    spoil(folder)
    with pytest.raises(StudentError, match=why):
        write_gguf(folder, tmp_path / "s.gguf", name="s")
    assert list(tmp_path.glob("*.gguf*")) == []


def test_a_pattern_that_prefers_a_short_phrase_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(ARITHMETIC, tmp_path / "student")
    said = json.loads((folder / "tokenizer.json").read_text())
    *phrases, rest = said["pre_tokenizer"]["pattern"]["Regex"].split("|")
    pattern("|".join([*sorted(phrases, key=len), rest]))(folder)
    with pytest.raises(StudentError, match=r"', ' where ', so ' stands"):
        phrase_tokens(folder, {"eos_token_id": 1})


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no-such-folder"):
        write_gguf(ARITHMETIC, tmp_path / "no-such-folder" / "s.gguf", name="s")
