"""What makes rejection sampling (LMSI) lose points: the temperature, the filter, the short answers?

    python benchmarks/rejection_sampling.py --questions 250 --test 200 --tokens 150000

The embedded arithmetic student samples once at each temperature. Each variant begins with the same
student, trains on the same number of tokens and answers the same held-out questions greedily.
Controls are the gold rationales of the questions that it got right.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from db.records import ExampleKind, Item, Split, Subtask
from engine.config import Settings, demo_settings, with_values
from engine.postprocess import Draft, Weights, drop_repeats, plain, short_answer
from engine.rollout import Rollout, roll_out
from engine.seeds import item_seed
from engine.student.generation import chunks, text_generator
from engine.student.loading import load_student
from engine.student.model import Student
from engine.tasks import make_task
from engine.tasks.base import CannotJudge, Task, mixed_subtasks
from engine.training.encoding import encode
from engine.training.trainer import Trainer

KIND = ExampleKind.NON_IMPROVING


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample whose answer is right, and whether its steps are, too."""

    item: Item
    text: str
    steps_right: bool


@dataclass(frozen=True, slots=True)
class Bench:
    settings: Settings
    task: Task

    def student(self) -> Student:
        return load_student(self.settings.student, self.task.name, 1)

    def answers(
        self, student: Student, items: Sequence[Item], temperature: float
    ) -> list[tuple[Item, Rollout]]:
        generator = text_generator(student, self.settings.student, temperature)
        pairs: list[tuple[Item, Rollout]] = []
        for chunk in chunks(sorted(items, key=lambda item: len(item.question)), 64):
            seeds = [item_seed(f"s{temperature}", item.id) for item in chunk]
            questions = [item.question for item in chunk]
            rollouts = roll_out(
                generator,
                questions,
                seeds,
                self.task.hint,
                max_updates=1,
                max_attempt_tokens=400,
            )
            pairs += zip(chunk, rollouts, strict=True)
        return pairs

    def is_right(self, item: Item, rollout: Rollout) -> bool:
        attempt = rollout.trajectory.first
        answer = self.task.answer(attempt)
        return self.task.is_right(answer, item.answer, question=item.question, attempt=attempt.text)

    def right_samples(self, items: Sequence[Item], temperature: float) -> list[Sample]:
        found = []
        for item, rollout in self.answers(self.student(), items, temperature):
            if self.is_right(item, rollout):
                attempt = rollout.trajectory.first
                try:
                    good = self.task.feedback(item.question, attempt).is_correct
                except CannotJudge:
                    good = False
                found.append(Sample(item, attempt.text, good))
        return found

    def drafts(self, samples: Sequence[Sample], *, short: bool, gold: bool = False) -> list[Draft]:
        weights, drafts = Weights(), []
        for one in samples:
            item = one.item
            text = item.rationale if gold else one.text
            drafts.append(plain(item.question, text, self.task.hint, item.id, weights, KIND))
            if short:
                drafts.append(short_answer(item.question, item.answer, item.id, weights, None))
        return [draft for draft in drop_repeats(drafts) if draft.dropped is None]

    def outcome(self, student: Student, test: Sequence[Item]) -> str:
        right = {Subtask.SEEN: 0, Subtask.UNSEEN: 0}
        for item, rollout in self.answers(student, test, 0.0):
            right[item.subtask] += self.is_right(item, rollout)
        return f"{right[Subtask.SEEN]} | {right[Subtask.UNSEEN]}"

    def train(self, name: str, drafts: Sequence[Draft], test: Sequence[Item]) -> None:
        began = time.monotonic()
        student = self.student()
        rows = [encode(student.form, draft.segments) for draft in drafts]
        trainer = Trainer(student, rows, self.settings.train, 1)
        last = list(trainer.steps(lambda: None))[-1]
        took = f"{time.monotonic() - began:.0f} s"
        outcome = self.outcome(student, test)
        print(f"| {name} | {len(rows)} | {last.epoch:.1f} | {outcome} | {took} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=250)
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=150_000)
    args = parser.parse_args()
    values = {"student.threads": 1, "train.token_budget": args.tokens}
    settings = with_values(demo_settings(), values)
    wanted = settings.task
    task = make_task(wanted.name, wanted.seen, wanted.unseen)
    bench = Bench(settings, task)
    mixed = mixed_subtasks(args.test, wanted.unseen_share)
    test = [
        replace(item, id=number)
        for number, item in enumerate(task.generate(Split.TEST, mixed, args.test, 1))
    ]
    asked = [
        replace(item, id=number)
        for number, item in enumerate(task.generate(Split.TRAIN, [Subtask.SEEN], args.questions, 1))
    ]
    hot, cool = (bench.right_samples(asked, temperature) for temperature in (1.2, 0.7))
    for name, samples in (("1.2", hot), ("0.7", cool)):
        same = sum(one.text == one.item.rationale for one in samples)
        steps = sum(one.steps_right for one in samples)
        print(f"T = {name}: {len(samples)} right, {steps} in all steps, {same} the gold rationale")
    print("| trained on | examples | epochs | seen | unseen | time |\n|---|---|---|---|---|---|")
    print(f"| nothing: the start | | | {bench.outcome(bench.student(), test)} | |", flush=True)
    checked = [one for one in hot if one.steps_right]
    cool_checked = [one for one in cool if one.steps_right]
    for name, drafts in (
        ("T = 1.2, short answers (LMSI)", bench.drafts(hot, short=True)),
        ("T = 1.2", bench.drafts(hot, short=False)),
        ("T = 0.7, short answers", bench.drafts(cool, short=True)),
        ("T = 1.2, short answers, all steps right", bench.drafts(checked, short=True)),
        ("T = 0.7, all steps right", bench.drafts(cool_checked, short=False)),
        ("gold rationales, short answers", bench.drafts(hot, short=True, gold=True)),
        ("gold rationales", bench.drafts(hot, short=False, gold=True)),
    ):
        bench.train(name, drafts, test)


if __name__ == "__main__":
    main()
