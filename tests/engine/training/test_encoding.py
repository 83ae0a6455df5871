"""Training text has exact weights, and is what the student will be prompted with."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_students import arithmetic_tokenizer, questions
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from db.records import ExampleKind, Item, Segment
from engine.differences import changes
from engine.editing import Editor, Kept
from engine.errors import StudentError
from engine.postprocess import (
    Draft,
    Weights,
    ground_truth,
    plain,
    short_answer,
    split_into_turns,
)
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.student.text_format import TextFormat
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.training.encoding import encode
from engine.trajectory import (
    Trajectory,
    Turn,
    correct,
    feedback_prompt,
    parse_attempt,
    prompt,
    update_prompt,
)

TASK = MultistepArithmetic()
WEIGHTS = Weights(question=0.0, wrong_attempt=0.25, improvement=1.5)
EMPHATIC = replace(WEIGHTS, change=4.0)


def edited(item: Item) -> Trajectory:
    """A trajectory whose first attempt has one number wrong."""
    at = item.rationale.rindex(" = ") + 3
    wrong = item.rationale[:at] + "7" + item.rationale[at:]
    student = Trajectory(item.question, (Turn(parse_attempt(wrong)),))
    kept = Editor(ScriptedFeedback(TASK), ScriptedImprove(TASK)).edit(student)
    assert isinstance(kept, Kept)
    assert kept.trajectory.updates >= 1
    return kept.trajectory


@cache
def byte_level_tokenizer() -> PreTrainedTokenizerFast:
    """Of the kind that most models have: pairs of bytes, merged, with the blank before a word."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["</s>"], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(["ab ab aab 11 1 a b ba é 你", " ab 11 b\n\n"] * 9, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>", pad_token="</s>")


def drafts() -> list[Draft]:
    """Every kind of example that a run makes."""
    made: list[Draft] = []
    for item in questions(4):
        gold = parse_attempt(item.rationale)
        made += split_into_turns(edited(item), TASK.hint, WEIGHTS, 1, 1)
        made += split_into_turns(edited(item), TASK.hint, EMPHATIC, 1, 1)
        made.append(ground_truth(item.question, gold, correct(gold), TASK.hint, 1, WEIGHTS))
        kind = ExampleKind.GROUND_TRUTH
        made.append(plain(item.question, item.rationale, TASK.hint, 1, WEIGHTS, kind))
        made.append(short_answer(item.question, item.answer, 1, WEIGHTS, 1))
    return made


@pytest.mark.parametrize("draft", drafts(), ids=lambda draft: str(draft.kind))
def test_segments_give_the_ids_of_the_whole_text(
    draft: Draft, tokenizer: PreTrainedTokenizerFast
) -> None:
    whole = tokenizer(draft.text)["input_ids"]
    assert list(encode(TextFormat(tokenizer), draft.segments).ids) == [
        *whole,
        tokenizer.eos_token_id,
    ]


@pytest.mark.parametrize("draft", drafts(), ids=lambda draft: str(draft.kind))
def test_each_token_has_the_weight_of_its_segment(
    draft: Draft, tokenizer: PreTrainedTokenizerFast
) -> None:
    encoded = encode(TextFormat(tokenizer), draft.segments)
    at = 0
    for text, weight in draft.segments:
        count = len(tokenizer(text)["input_ids"])
        assert tokenizer.decode(encoded.ids[at : at + count]) == text
        first = 1 if at == 0 else 0
        weights = {weight} if isinstance(weight, float) else {of_run for _, of_run in weight}
        assert set(encoded.weights[at + first : at + count]) == weights
        at += count
    assert encoded.ids[at:] == (tokenizer.eos_token_id,)
    # No example ends with a change: its full stop stays.
    assert encoded.weights[at:] == (1.5 if draft.kind is ExampleKind.IMPROVING else 1.0,)


def test_what_an_update_changes_is_heavier_and_tokens_stay_whole(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    after = "(4) Let's calculate A = (15 * 5) = 75.\n(Final response) So the answer is 75."
    before = after.replace("75", "65")
    runs = tuple((len(text), 6.0 if new else 1.5) for text, new in changes(before, after))
    encoded = encode(TextFormat(tokenizer), [("Q", 0.0), (after, runs)])
    heavy = [
        tokenizer.decode([index])
        for index, weight in zip(encoded.ids, encoded.weights, strict=True)
        if weight == 6.0
    ]
    assert "".join(heavy) == "7575"
    assert tokenizer.convert_tokens_to_ids("So the answer is ") in encoded.ids


@given(
    st.lists(
        st.tuples(st.text("ab 1\né\u4f60😀", min_size=1, max_size=6), st.floats(0.5, 9)), min_size=1
    )
)
def test_a_token_weighs_as_its_heaviest_character(pieces: list[tuple[str, float]]) -> None:
    tokenizer = byte_level_tokenizer()
    text = "".join(piece for piece, _ in pieces)
    runs = tuple((len(piece), weight) for piece, weight in pieces)
    of_characters = [weight for piece, weight in pieces for _ in piece]
    encoded = encode(TextFormat(tokenizer), [("Q", 0.0), (text, runs)])
    whole = tokenizer(text, return_offsets_mapping=True)
    question = len(tokenizer("Q")["input_ids"])
    assert list(encoded.ids[question:-1]) == whole["input_ids"]
    assert encoded.weights[-1] == pieces[-1][1]
    for (start, end), weight in zip(
        whole["offset_mapping"], encoded.weights[question:-1], strict=True
    ):
        signs = [at for at in range(start, end) if not text[at].isspace()]
        assert weight == max(of_characters[at] for at in signs or [start])


def test_a_tokenizer_that_knows_no_places_is_refused() -> None:
    slow = ByT5Tokenizer()
    assert encode(TextFormat(slow), [("ab", 1.0)]).weights == (0.0, 1.0, 1.0)
    with pytest.raises(StudentError, match=r"train\.change_factor"):
        encode(TextFormat(slow), [("Q", 0.0), ("ab", ((1, 1.0), (1, 2.0)))])


def test_in_improving_examples_w_begins_at_the_feedback(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    first = split_into_turns(edited(questions(1)[0]), TASK.hint, WEIGHTS, 1, 1)[0]
    encoded = encode(TextFormat(tokenizer), first.segments)
    pieces = [tokenizer.decode([index]) for index in encoded.ids]
    begin = pieces.index("Feedback:")
    assert set(encoded.weights[begin:]) == {1.5}
    answer = pieces.index(TASK.hint) + 2
    assert set(encoded.weights[:answer]) == {0.0}
    assert set(encoded.weights[answer:begin]) == {0.25}


def test_training_text_begins_as_the_prompts_of_sampling_do(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    for item in questions(4):
        trajectory = edited(item)
        first = trajectory.turns[0]
        draft = split_into_turns(trajectory, TASK.hint, WEIGHTS, 1, 1)[0]
        ids = list(encode(TextFormat(tokenizer), draft.segments).ids)
        attempt, feedback = first.attempt.text, first.feedback_text
        assert feedback is not None
        for pieces in (
            (prompt(item.question, TASK.hint),),
            feedback_prompt(item.question, TASK.hint, attempt),
            update_prompt(item.question, TASK.hint, attempt, feedback),
        ):
            start = TextFormat(tokenizer).prompt_ids(pieces)
            assert ids[: len(start)] == start


def with_markers(*, bos: bool, eos: bool) -> PreTrainedTokenizerFast:
    """A tokenizer that frames every text by itself, as many published ones do."""
    tokenizer = arithmetic_tokenizer()
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    frame = f"{'<s> ' if bos else ''}$A{' </s>' if eos else ''}"
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=frame,
        special_tokens=[("<s>", tokenizer.bos_token_id), ("</s>", tokenizer.eos_token_id)],
    )
    return tokenizer


@pytest.mark.parametrize("eos", [False, True])
@pytest.mark.parametrize("bos", [False, True])
def test_a_start_token_stands_once_at_the_start_of_training_text_and_prompts(
    bos: bool, eos: bool
) -> None:
    tokenizer = with_markers(bos=bos, eos=eos)
    start = [tokenizer.bos_token_id] if bos else []
    question, answer = (tokenizer(t, add_special_tokens=False)["input_ids"] for t in ("Q: 1", "2"))
    assert TextFormat(tokenizer).prompt_ids(["Q: 1"]) == start + question
    encoded = encode(TextFormat(tokenizer), [("Q: 1", 0.5), ("2", 1.0)])
    assert list(encoded.ids) == [*start, *question, *answer, tokenizer.eos_token_id]
    # Nothing predicts the first token; the second is predicted where there is a start token.
    assert encoded.weights == (0.0, *[0.5] * (len(start + question) - 1), 1.0, 1.0)


def test_the_weight_of_an_end_of_text_is_that_of_the_last_segment(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    segments: list[Segment] = [("Q: ", 0.0), ("1", 1.0), ("2", 2.5)]
    assert encode(TextFormat(tokenizer), segments).weights == (0.0, 1.0, 2.5, 2.5)
