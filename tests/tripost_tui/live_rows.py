"""More of a recorded run: what experts were asked, and what a training tells beside its loss."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import recorded

from db.expert_records import ExpertCall
from db.records import Checkpoint, CheckpointKind, Level, RunStatus, StageName
from db.store import Store
from engine.config import with_values, write_settings
from engine.gpus import GpuLoad
from engine.project import Project
from tripost_tui.state.gpu_watch import GpuLook

OLLAMA, HOSTED = "ollama:qwen3:8b", "openai:gpt-5-mini@https://api.openai.com/v1"
CARD = GpuLook((GpuLoad("NVIDIA RTX 3060", 12 * 2**30, 5 * 2**30, 61, 148.4, 97),))
REFUSED = f"http://127.0.0.1:11434: Connection refused. Is {OLLAMA} there?"


def asking(project: Project, **more: object) -> None:
    """Settings by which two language models correct, within a budget."""
    values = {
        "experts.feedback": (OLLAMA,),
        "experts.improve": (HOSTED,),
        "experts.budget_tokens": 200_000,
        "experts.budget_cost": 2.0,
        "experts.prices": (f"{HOSTED}=0.25/2",),
        **{key.replace("__", "."): value for key, value in more.items()},
    }
    write_settings(project.settings_path, with_values(project.settings, values))


def calls(project: Project, run_id: int, iteration: int = 2) -> None:
    """Thirty replies of each expert, one every two seconds, and three failures of the first."""
    rows = []
    for n in range(30):
        for role, expert, cost in (("feedback", OLLAMA, 0.0), ("improve", HOSTED, 0.004)):
            rows.append(
                ExpertCall(
                    run_id=run_id,
                    iteration=iteration,
                    key=f"{role[0]}{n:015d}".ljust(64, "0"),
                    role=role,
                    expert=expert,
                    request={},
                    reply="yes",
                    prompt_tokens=700,
                    reply_tokens=90,
                    seconds=1.0 + n / 10,
                    cost=cost,
                    at=recorded.NOW - 60 + 2 * n,
                )
            )
    failure = "The expert took too long: no reply in 120 s"
    failed = [
        ExpertCall(
            run_id=run_id,
            iteration=iteration,
            key=f"f{n:015d}".ljust(64, "0"),
            role="feedback",
            expert=OLLAMA,
            request={},
            error=failure if n < 2 else "The expert refused the request: HTTP 500",
            seconds=120.0,
            at=recorded.NOW - 70 + n,
        )
        for n in range(3)
    ]
    with Store.open(project.db_path) as store:
        store.add_expert_calls([*failed, *rows])
        data = {"iteration": iteration, "expert": OLLAMA, "replayed": 12}
        store.add_event(run_id, "experts.calls", "12 replayed", data=data)


def offline(project: Project, run_id: int, expert: str | None = OLLAMA) -> None:
    """The end of a run whose expert went away."""
    facts = {
        "title": "The expert does not answer",
        "message": REFUSED,
        "exit_code": 8,
        "expert": expert,
    }
    with (
        patch("time.time", recorded.Clock(recorded.NOW - 30)),
        Store.open(project.db_path) as store,
    ):
        store.set_run_status(run_id, RunStatus.FAILED, f"{facts['title']}: {REFUSED}")
        store.add_event(run_id, "run.failed", "it failed", Level.ERROR, facts)


@contextmanager
def editing(project: Project, run_id: int) -> Iterator[None]:
    """An engine is in the middle of editing in iteration 2, and nothing is trained there yet."""
    with Store.open(project.db_path) as store, store.transaction():
        store._change("DELETE FROM train_steps WHERE iteration = 2")
        store._change("DELETE FROM stages WHERE iteration = 2 AND name IN ('postprocess', 'train')")
        store._change(
            "UPDATE stages SET status = 'running', done = 48, finished_at = NULL"
            " WHERE iteration = 2 AND name = 'edit'"
        )
    note = f"edit 48/60 · {OLLAMA}: 30 replies, 1.9 s each, 4 replayed, 3 under way"
    with recorded.at_work(project, run_id, note=note):
        _beat(project, StageName.EDIT, 48, 60)
        yield


def _beat(project: Project, stage: StageName, done: int, total: int) -> None:
    with Store.open(project.db_path) as store, store.transaction():
        store._change(
            "UPDATE heartbeats SET stage = ?, done = ?, total = ?, rate = 1.9, eta_s = 70",
            stage.value,
            done,
            total,
        )


def trained(project: Project, run_id: int, device: str = "cuda:0") -> None:
    """What the second training tells beside its losses: memory, looks, alerts, a checkpoint."""
    setup = {
        "iteration": 2,
        "device": device,
        "flops_per_token": 2_500_000_000,
        "peak_tflops": 51.0 if device != "cpu" else None,
    }
    with (
        patch("time.time", recorded.Clock(recorded.NOW - 100)),
        Store.open(project.db_path) as store,
        store.transaction(),
    ):
        store._change(
            "UPDATE train_steps SET memory_bytes = 5000000000 + 1000000 * step,"
            " micro_tokens = CASE WHEN iteration = 2 AND step > 40 THEN 2048 ELSE 4096 END,"
            " grad_norm = 0.4 + (step * 37 % 100) / 80.0,"
            " seconds = 0.45 + (step * 17 % 10) / 100.0,"
            " learning_rate = 0.0001 * (1.0 - step / 121.0)"
        )
        store.add_event(run_id, "train.setup", "iteration 2: 4096 tokens at once", data=setup)
        for step, value in ((30, -0.52), (60, -0.44)):
            data = {"iteration": 2, "step": step, "value": value, "best": True}
            store.add_event(run_id, "train.dev", f"step {step}", data=data)
        store.add_event(
            run_id,
            "alert",
            "iteration 2, step 41: memory ran out; 2048 tokens at once instead of 4096, the "
            "result is the same",
            Level.WARNING,
            {"micro_tokens": 2048},
        )
        store.add_checkpoint(
            Checkpoint(
                run_id=run_id,
                iteration=2,
                step=60,
                kind=CheckpointKind.STEP,
                path="checkpoints/2-60",
                sha256="00",
                created_at=recorded.NOW - 90,
            )
        )
        store._change("UPDATE runs SET config = json_set(config, '$.train.select_by', 'dev_loss')")


def not_a_number(project: Project, run_id: int) -> None:
    """The training ends with a loss that is none, and the run with it."""
    with (
        patch("time.time", recorded.Clock(recorded.NOW - 40)),
        Store.open(project.db_path) as store,
        store.transaction(),
    ):
        store._change(
            "UPDATE train_steps SET loss = NULL, grad_norm = NULL"
            " WHERE iteration = 2 AND step IN (50, 80)"
        )
        text = "iteration 2, step 80: the loss is not a number"
        store.add_event(run_id, "alert", text, Level.ERROR, {"step": 80})
        store.set_run_status(run_id, RunStatus.FAILED, "loss or gradient is not a number")
