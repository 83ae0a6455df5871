"""Questions and answers in the files of others, and back again."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from evaluated_by import evaluated, run_eval, stored
from reference_data import BBH, needs_bbh

from db.records import Subtask
from engine.errors import ConfigError
from engine.evals.item_files import bbh_name, task_of
from engine.evals.question_sets import of_files, of_task, subtask_counts


def lines(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("word_sorting.json", "word_sorting"),
        ("samples_bbh_cot_fewshot_word_sorting_2026-01-02T03-04.jsonl", "word_sorting"),
        ("bbh_cot_fewshot_logical_deduction_seven_objects.jsonl", "logical_deduction"),
        ("multistep_arithmetic_two.json", "multistep_arithmetic"),
        ("my_word_sortings.json", None),
        ("mine.jsonl", None),
    ],
)
def test_names_of_big_bench_hard(name: str, task: str | None) -> None:
    assert task_of(Path(name)) == task
    assert (bbh_name(Path(name)) is None) == (task is None)


def test_rows_of_no_use_are_left_out_and_told(tmp_path: Path) -> None:
    rows = [
        {"question": "(1 + 2) =", "answer": "3"},
        {"question": "(1 + 2) =", "answer": "3"},
        {"question": "(1 + 3) =", "answer": "four"},
        {"question": 5, "answer": "5"},
        ["no row"],
        {"input": "(2 + 3 + 1) =", "target": 6, "subtask": "unseen"},
    ]
    test = of_files([lines(tmp_path / "mine.jsonl", rows)], "multistep_arithmetic")
    assert [(q.question, q.answer, q.subtask) for q in test.questions] == [
        ("(1 + 2) =", "3", None),
        ("(2 + 3 + 1) =", "6", Subtask.UNSEEN),
    ]
    (note,) = test.notes
    assert note.startswith("4 rows are left out; the first: ")
    assert "mine.jsonl:4: question (or input): must be text" in note


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no row can be used"),
        ("{not json\n", "no row can be used. The first: "),
        ("\udcff", "is not UTF-8"),
    ],
)
def test_a_file_of_no_use_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "word_sorting.jsonl"
    path.write_bytes(content.encode(errors="surrogateescape"))
    result = run_eval("embedded", "--items", path, "--out", tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr


def test_files_of_several_tasks_are_no_test(tmp_path: Path) -> None:
    row = [{"input": "(1 + 2) =", "target": "3"}]
    paths = [
        lines(tmp_path / name, row) for name in ("word_sorting.jsonl", "date_understanding.jsonl")
    ]
    with pytest.raises(ConfigError, match="of several tasks"):
        of_files(paths, None)


@pytest.mark.parametrize(
    "task", ["multistep_arithmetic", "word_sorting", "date_understanding", "logical_deduction"]
)
def test_the_subtask_of_a_question_is_told_by_its_difficulty(task: str, tmp_path: Path) -> None:
    made = of_task(task, count=40)
    rows = [{"question": q.question, "answer": q.answer} for q in made.questions]
    read = of_files([lines(tmp_path / "made.jsonl", rows)], task)
    assert [(q.question, q.answer, q.subtask) for q in read.questions] == [
        (q.question, q.answer, q.subtask) for q in made.questions
    ]
    assert read.hash == made.hash


@needs_bbh
def test_big_bench_hard_is_read_as_it_is() -> None:
    for path in BBH:
        test = of_files([path], None)
        assert len(test.questions) == len(json.loads(path.read_text())["examples"]), test.notes
        assert test.notes == ()
        if "logical" in path.name:
            wanted = Subtask.UNSEEN if "seven" in path.name else Subtask.SEEN
            assert set(subtask_counts(test.questions)) == {wanted}


def test_samples_of_others_are_scored_compared_and_written_again(tmp_path: Path) -> None:
    questions = [("b a", "a b"), ("d c e", "c d e"), ("g f", "f g")]
    said = ["(1) Look.\n(Final response) So the answer is: a b.", "The answer is c d e", "no idea"]
    rows = [
        {
            "doc_id": at,
            "doc": {"input": f"Sort the following words alphabetically: List: {q}", "target": a},
            "resps": [[text]],
            "filtered_resps": [text],
        }
        for at, ((q, a), text) in enumerate(zip(questions, said, strict=True))
    ]
    path = lines(tmp_path / "samples_bbh_cot_fewshot_word_sorting_x.jsonl", rows)
    out = tmp_path / "out"
    written = tmp_path / "samples_bbh_cot_fewshot_word_sorting_again.jsonl"
    (first,) = evaluated(f"samples:{path}", "--out", out, "--samples", written)
    assert (first["all"]["final"], first["all"]["final_flexible"]) == (1, 2)
    lines_written = [json.loads(line) for line in written.read_text().splitlines()]
    assert {line["task_name"] for line in lines_written} == {"bbh_cot_fewshot_word_sorting"}
    assert [line["resps"] for line in lines_written] == [[[text]] for text in said]
    assert [line["exact_match"] for line in lines_written] == [1.0, 0.0, 0.0]
    both = evaluated(f"samples:{path}", f"samples:{written}", "--out", out)
    assert both[1]["all"] == first["all"]
    assert both[2]["measures"]["final answer, strict"]["all"]["outcome"].startswith(
        "not distinguishable"
    )
    assert len(stored(out, 2)[1]) == 3
