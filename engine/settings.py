"""Every setting of a run: its only home, with its default, its bounds and its line of help.

The file, the command line and the app show these same lines. Reading and writing them is
`engine.config`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from engine.expert_settings import ExpertSettings
from engine.setting_types import Names, Section, senseless, setting
from engine.tasks import TASKS, is_folder, make_task

_Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
_Shapes = Annotated[tuple[str, ...], Field(strict=False, max_length=100)]
_Weight = Annotated[float, Field(ge=0, le=100)]
_Value = TypeVar("_Value")
_BatchSize = Annotated[int, Field(ge=1, le=4096)]
_AttemptTokens = Annotated[int, Field(ge=16, le=32768)]


class RunSettings(Section):
    """The run as a whole."""

    name: Annotated[str, Field(max_length=100)] = setting(
        "", "Name shown in lists; empty takes the folder's."
    )
    seed: _Seed = setting(1, "Seed of sampling, shuffling and training.")
    iterations: Annotated[int, Field(ge=1, le=100)] = setting(
        3, "How often to collect, post-process and train."
    )
    method: Literal[
        "tripost", "ft_rationale", "continued_rationale", "lmsi", "ft_si_demo", "prompt_only"
    ] = setting(
        "tripost",
        "TriPosT, or a baseline: gold rationales (all of them, or fresh ones), the student's own "
        "right samples, an expert's demonstrations, or prompting alone.",
    )


class TaskSettings(Section):
    """The questions. The same seed gives the same items."""

    name: Annotated[str, Field(max_length=4096)] = setting(
        "multistep_arithmetic", "Which task; one of your own by its folder, as in ./mine."
    )
    seen: _Shapes = setting(
        (), "Difficulties to train on, in the task's notation; empty: the paper's."
    )
    unseen: _Shapes = setting((), "Difficulties kept for tests alone; empty: the paper's.")
    train_items: Annotated[int, Field(ge=1, le=1_000_000)] = setting(2000, "Training questions.")
    dev_items: Annotated[int, Field(ge=0, le=100_000)] = setting(50, "Development questions.")
    test_items: Annotated[int, Field(ge=0, le=100_000)] = setting(
        300, "Test questions, of seen and unseen difficulties; 0: no evaluation."
    )
    unseen_share: Annotated[float, Field(ge=0, le=1)] = setting(
        0.5, "Share of the test questions that are of unseen difficulties."
    )
    seed: _Seed = setting(1, "Seed of the item generator.")

    @field_validator("name")
    @classmethod
    def _known_task(cls, name: str) -> str:
        if name not in TASKS and not is_folder(name):
            raise PydanticCustomError("unknown_task", "no such task")
        return name

    @field_validator("seen", "unseen")
    @classmethod
    def _known_difficulties(cls, shapes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """Each built-in task knows its own notation; what one's own has, only its files know."""
        if not is_folder(info.data.get("name", ".")):
            try:
                make_task(info.data["name"], seen=shapes)
            except ValueError as error:
                raise PydanticCustomError(
                    "no_difficulty", "a list of difficulties ({why})", {"why": str(error)}
                ) from error
        return shapes


class StudentSettings(Section):
    """The model that learns to improve itself."""

    path: Annotated[str, Field(min_length=1, max_length=4096)] = setting(
        "embedded",
        'The student: "embedded" (the package\'s for this task), a local folder, or a hub id.',
    )
    prompting: Literal["auto", "plain", "chat"] = setting(
        "auto",
        "Ask by the tokenizer's chat template or as plain text; auto: the template, if the model "
        "was tuned to it.",
    )
    adapter: Literal["auto", "full", "lora"] = setting(
        "auto", "Train all weights, or a LoRA adapter; auto: all of an embedded student's."
    )
    quantisation: Literal["auto", "none", "nf4"] = setting(
        "auto",
        "Frozen weights in 4 bits (NF4, double quantisation), or as they are; auto: 4 bits under "
        "an adapter, but for an embedded student.",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto",
        "Number format of calculations and frozen weights; auto: fp32 on a CPU and for an embedded "
        "student, else bf16, or fp16 on GPUs without it. What is trained is fp32.",
    )
    lora_rank: Annotated[int, Field(ge=1, le=1024)] = setting(16, "LoRA rank.")
    lora_alpha: Annotated[int, Field(ge=1, le=4096)] = setting(
        32, "LoRA scale is alpha / rank; with lora_rs alpha / sqrt(rank)."
    )
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = setting(0.0, "Dropout in the adapter.")
    lora_targets: Names = setting(
        (), "Linear layers with an adapter, such as q_proj; empty: all but the head."
    )
    lora_rs: bool = setting(False, "Rank-stabilised LoRA.")
    device: Literal["auto", "cpu", "cuda", "mps", "xpu"] = setting(
        "auto", "Where the student runs."
    )
    threads: Annotated[int, Field(ge=0, le=1024)] = setting(0, "CPU threads; 0: all.")
    generation: Literal["batch", "continuous"] = setting(
        "batch",
        "Generate batch by batch, or by transformers' continuous batching; sampled texts are the "
        "same but for rounding.",
    )
    kv_share: Annotated[float, Field(gt=0, le=1)] = setting(
        0.8,
        "Share of the device's memory, less the model's own, for the keys and values of texts "
        "that are generated; larger batches are cut.",
    )

    @field_validator("prompting")
    @classmethod
    def _has_template(cls, prompting: str, info: ValidationInfo) -> str:
        if prompting == "chat" and info.data.get("path") == "embedded":
            raise senseless('"auto" or "plain", as an embedded student has no chat template')
        return prompting

    @field_validator("quantisation")
    @classmethod
    def _can_be_trained(cls, quantisation: str, info: ValidationInfo) -> str:
        if quantisation == "nf4" and info.data.get("adapter") == "full":
            raise senseless(
                '"auto" or "none", as student.adapter is "full": 4-bit weights cannot be trained'
            )
        return quantisation

    @field_validator("lora_dropout", "lora_targets", "lora_rs")
    @classmethod
    def _has_adapter(cls, value: _Value, info: ValidationInfo) -> _Value:
        if value and info.data.get("adapter") == "full":
            nothing = {"lora_dropout": "0", "lora_targets": "empty", "lora_rs": "false"}
            raise senseless(
                f'{nothing[str(info.field_name)]}, as student.adapter is "full": there is no LoRA '
                "adapter"
            )
        return value

    @field_validator("lora_targets")
    @classmethod
    def _leaves_the_head_alone(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        if "lm_head" in targets:
            raise senseless(
                "linear layers below the head: the weighted loss knows no adapter in lm_head"
            )
        return targets


class CollectSettings(Section):
    """Stage 1: the student samples, experts edit."""

    questions: Annotated[int, Field(ge=1, le=1_000_000)] = setting(
        600, "Fresh training questions per iteration."
    )
    passes: Annotated[int, Field(ge=1, le=100)] = setting(
        5, "How often to go over them at most while the target is not reached."
    )
    target: Annotated[int, Field(ge=0, le=1_000_000)] = setting(
        0, "Trajectories wanted per iteration; 0: one pass over the questions."
    )
    minimum: Annotated[int, Field(ge=0, le=1_000_000)] = setting(
        20, "With fewer trajectories than this the run ends as failed."
    )
    temperature: Annotated[float, Field(gt=0, le=5)] = setting(1.0, "Sampling temperature.")
    max_updates: Annotated[int, Field(ge=1, le=20)] = setting(5, "Updates in a trajectory at most.")
    max_attempt_tokens: _AttemptTokens = setting(
        640, "Length limit of one attempt or feedback, in tokens."
    )
    batch_size: _BatchSize = setting(64, "Questions sampled at once.")
    attempts: Literal["student", "expert"] = setting(
        "student",
        "Who writes the attempts that TriPosT corrects; the expert is the first of "
        "experts.improve, or errors planted in gold rationales (no interaction).",
    )
    keep_failed: bool = setting(
        False, "Keep trajectories whose correction failed, as far as it came (no filtering)."
    )
    show_working: bool = setting(
        True, "Scripted feedback works out what it checks before its verdict."
    )

    @field_validator("minimum")
    @classmethod
    def _reachable(cls, minimum: int, info: ValidationInfo) -> int:
        """An attempt gives at most one trajectory: say so before hours are spent."""
        if not {"questions", "passes", "target"} <= info.data.keys():
            return minimum
        if info.data["target"]:
            most, why = info.data["questions"] * info.data["passes"], "questions x passes"
            if info.data["target"] < most:
                most, why = info.data["target"], "target"
        else:
            most, why = info.data["questions"], "questions, as target is 0"
        if minimum > most:
            raise PydanticCustomError(
                "unreachable", "at most {most} ({why})", {"most": most, "why": why}
            )
        return minimum


class PostprocessSettings(Section):
    """Stage 2: what is trained on."""

    ratio: Annotated[float, Field(ge=-1, le=100)] = setting(
        1.5,
        "r: improving to non-improving to ground truth is r : 1 : 1, a share p of r / (r + 2); "
        "0 or less: no rebalancing.",
    )
    short_answers: bool = setting(
        True, "LMSI trains on the bare answer, too, beside each rationale."
    )


class ReviewSettings(Section):
    """Review by a person. What is rejected is not trained on, what is edited is used as edited."""

    wait: Literal["off", "pending"] = setting(
        "off",
        "Before an iteration is post-processed, wait until every trajectory is accepted or "
        "rejected, or a person says to go on (pending); off: take what is reviewed by then.",
    )


class TrainSettings(Section):
    """Stage 3: weighted supervised learning."""

    epochs: Annotated[int, Field(ge=1, le=1000)] = setting(4, "Passes over the examples.")
    learning_rate: Annotated[float, Field(gt=0, le=1)] = setting(1e-4, "Highest learning rate.")
    schedule: Literal["cosine", "linear", "constant"] = setting(
        "cosine", "How the learning rate falls after the warm-up."
    )
    warmup: Annotated[float, Field(ge=0, le=1)] = setting(0.1, "Share of the steps that warm up.")
    iteration_factor: Annotated[float, Field(gt=0, le=1)] = setting(
        1.0, "Factor on the learning rate from one iteration to the next."
    )
    weight_decay: Annotated[float, Field(ge=0, le=10)] = setting(0.01, "AdamW's weight decay.")
    clip: Annotated[float, Field(ge=0, le=1000)] = setting(
        1.0, "Largest gradient norm; 0: no clipping."
    )
    batch_tokens: Annotated[int, Field(ge=16, le=10_000_000)] = setting(
        8192, "Tokens per optimizer step."
    )
    max_tokens: Annotated[int, Field(ge=16, le=131_072)] = setting(
        2048, "Length limit of one example, in tokens."
    )
    micro_tokens: Annotated[int, Field(ge=0, le=10_000_000)] = setting(
        0,
        "Tokens that go through the model at once, halved where memory runs out; 0: 4096, on a CPU "
        "1024.",
    )
    packing: Literal["auto", "on", "off"] = setting(
        "auto",
        "Examples one after the other without padding, where the model keeps them apart; auto: on "
        "a GPU.",
    )
    gradient_checkpointing: Literal["auto", "on", "off"] = setting(
        "auto",
        "Calculate activations twice instead of keeping them: slower, much less memory; auto: on "
        "a GPU.",
    )
    optimizer: Literal["auto", "adamw", "adamw_8bit", "paged_adamw_8bit"] = setting(
        "auto",
        "AdamW with its state in 32 or 8 bits, or 8 bits that may move to RAM; auto: 8 bits with "
        "CUDA, paged on cards of 8 GB or less.",
    )
    weight: _Weight = setting(
        1.5, "w: weight of feedback and update tokens in improving examples; others have 1."
    )
    wrong_attempt_weight: _Weight = setting(1.0, "Weight of the tokens of wrong attempts.")
    change_factor: Annotated[float, Field(ge=0, le=1000)] = setting(
        1.0, "Factor on the weight of those tokens of an update that differ from the attempt."
    )
    question_weight: _Weight = setting(0.0, "Weight of the question's tokens.")
    normalise: Literal["weights", "tokens"] = setting(
        "weights", "Divide the loss by the sum of weights, or by the number of tokens."
    )
    token_budget: Annotated[int, Field(ge=0, le=10**12)] = setting(
        0, "Training tokens per iteration; 0: as many as the epochs give."
    )
    select_by: Literal["last", "dev_loss", "dev_accuracy"] = setting(
        "last",
        "With which weights an iteration ends: the last ones, or those that do best on the "
        "development questions, by the loss on their gold rationales or by right final answers.",
    )
    dev_every: Annotated[float, Field(gt=0, le=1000)] = setting(
        1.0, "Epochs between two looks at the development questions."
    )
    patience: Annotated[int, Field(ge=0, le=1000)] = setting(
        0, "Looks without an improvement after which training stops early; 0: never."
    )
    checkpoint_every_s: Annotated[float, Field(ge=0, le=86_400)] = setting(
        30.0, "Seconds between checkpoints; 0: after every step."
    )


class EvaluateSettings(Section):
    """The test after each iteration. Nothing but the student's own feedback stops it."""

    batch_size: _BatchSize = setting(64, "Questions answered at once.")
    max_updates: Annotated[int, Field(ge=0, le=20)] = setting(3, "Updates at most.")
    max_attempt_tokens: _AttemptTokens = setting(
        640, "Length limit of one attempt or feedback, in tokens."
    )


class Settings(Section):
    """Every setting of a project."""

    run: RunSettings = RunSettings()
    task: TaskSettings = TaskSettings()
    student: StudentSettings = StudentSettings()
    collect: CollectSettings = CollectSettings()
    experts: ExpertSettings = ExpertSettings()
    review: ReviewSettings = ReviewSettings()
    postprocess: PostprocessSettings = PostprocessSettings()
    train: TrainSettings = TrainSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
