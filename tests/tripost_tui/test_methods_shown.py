"""What is shown of a run speaks of its method: no FBK, IMP or p where there is none."""

from pathlib import Path

import pytest
import recorded
from balanced import balanced_project
from click.testing import CliRunner

from db.store import Store
from engine.project import Project
from engine.report import Report, build_report
from engine.report_tables import report_tables
from tripost_tui.cli import tripost
from tripost_tui.situation import Situation, can_change_values
from tripost_tui.state.balance import BalanceDesk
from tripost_tui.state.balance_store import StoreBalance
from tripost_tui.state.balance_words import nothing_said, values_said
from tripost_tui.state.collect_reading import CollectReader
from tripost_tui.state.collecting import CollectState

CORRECTED = ("tripost", "ft_si_demo")
SAMPLED = (*CORRECTED, "lmsi")
METHODS = (*SAMPLED, "ft_rationale", "continued_rationale", "prompt_only")


def project_of(tmp_path: Path, method: str) -> Project:
    """A project whose run has collected, where its method does."""
    count = 8 if method in SAMPLED else 0
    return balanced_project(tmp_path / "demo", count, made=False, run__method=method)[0]


def report_of(project: Project) -> Report:
    with Store.open(project.db_path, readonly=True) as store:
        run = store.latest_run()
        assert run is not None
        return build_report(store, run.id)


def tables_of(project: Project) -> dict[str, tuple[str, list[str]]]:
    """Of each table of the report its note, or why it is empty, and its cells."""
    tables = report_tables(report_of(project))
    return {t.title: (str(t), [cell for row in t.rows for cell in row]) for t in tables}


@pytest.mark.parametrize("method", METHODS)
def test_the_balance_names_p_and_w_only_where_they_matter(tmp_path: Path, method: str) -> None:
    project = project_of(tmp_path, method)
    desk = BalanceDesk(StoreBalance(project.path))
    desk.poll()
    view = desk.view()
    desk.close()
    said = values_said(view.values, view.facts)
    assert said[0].startswith("p 0.33") is (method in CORRECTED)
    assert any(part.startswith("w ") for part in said) is (method in CORRECTED)
    assert ("w 1 (expert's demonstrations)" in said) is (method == "ft_si_demo")
    can_change = can_change_values(Situation(has_iterations=True, has_p=view.facts.balances))
    assert (can_change is None) is (method in CORRECTED)


def test_where_nothing_is_trained_the_balance_says_so(tmp_path: Path) -> None:
    project = project_of(tmp_path, "prompt_only")
    shown = CliRunner().invoke(tripost, ["balance", str(project.path)]).output
    assert "This method trains on nothing." in shown
    assert "collected for this iteration yet" not in shown
    desk = BalanceDesk(StoreBalance(project.path))
    desk.poll()
    assert nothing_said(desk.view().facts)[0] in shown
    desk.close()


def test_rejection_sampling_has_no_p_in_its_balance(tmp_path: Path) -> None:
    project = project_of(tmp_path, "lmsi")
    shown = CliRunner().invoke(tripost, ["balance", str(project.path)]).output
    assert "LMSI (rejection sampling): no p, all is taken" in shown
    assert "no improving examples in this method" in shown
    assert "would leave no surplus" not in shown


@pytest.mark.parametrize("method", METHODS)
def test_collect_counts_who_is_at_work(tmp_path: Path, method: str) -> None:
    project = project_of(tmp_path, method)
    state = CollectState("demo")
    with CollectReader(project.path, clock=recorded.Clock(recorded.NOW)) as reader:
        state.apply(reader.read())
    who = [count.who for count in state.counts()]
    assert ("FBK" in who) is ("IMP" in who) is (method in CORRECTED)
    assert ("student" in who) is (method in ("tripost", "lmsi"))
    assert ("expert" in who) is (method == "ft_si_demo")
    assert ("by this method" in state.empty()) is (method not in SAMPLED)


@pytest.mark.parametrize("method", METHODS)
def test_the_report_names_the_method_and_wants_p_only_of_those_with_one(
    tmp_path: Path, method: str
) -> None:
    project = project_of(tmp_path, method)
    report = report_of(project)
    assert (report.wanted_p is not None) is (method in CORRECTED)
    tables = tables_of(project)
    assert any(cell.startswith(f"{method}: ") for cell in tables["Run"][1])
    assert ("samples nothing" in tables["Collected"][0]) is (method not in SAMPLED)
    assert ("trains nothing" in tables["Training"][0]) is (method == "prompt_only")


def test_the_report_tells_of_an_experts_attempts_in_tripost(tmp_path: Path) -> None:
    values = {"run__method": "tripost", "collect__attempts": "expert"}
    project = balanced_project(tmp_path / "demo", 8, made=False, **values)[0]
    assert any("an expert's attempts" in cell for cell in tables_of(project)["Run"][1])
