"""The report as a page: whole, alone, the same each time, and nothing in it is obeyed."""

import re
from itertools import pairwise, product
from pathlib import Path

import pytest
from evaluated import BETTER, START, TASK, evaluated_project
from html_reading import Page, read
from test_hostile_text import HOSTILE

import tripost_tui.report_html
from db.expert_records import ExpertCall
from db.records import Drop, DropStage, Evaluation, Item, Level, Split, StageName, Subtask
from db.store import Store
from engine.project import Project
from engine.report_whole import build_whole_report
from tripost_tui.report_html.page import html_report
from tripost_tui.report_markdown import whole_markdown

ATTACKS = HOSTILE | {
    "end of a script": "</script><script>alert(1)</script>",
    "an event": '<svg onload="alert(1)"><img src=x onerror=alert(1)>',
    "out of an attribute": '" onmouseover="alert(1)" x=\'',
    "out of a style": "</style><style>@import url(http://example.org/x.css)</style>",
    "an address": '<a href="javascript:alert(1)">x</a> <base href="http://example.org/">',
    "a template": "{{ 7 * 7 }} {% raw %} {# x #}",
    "mathematics": r"$\frac{1}{0}$ $x_",
    "an entity": "&lt;b&gt; &#0; &nbsp;",
    "no characters": "\x00\ufffe\uffff a\x0bb",
    "a fence": "````\n# a heading\n```",
}


def page_of(project: Project, name: str = "demo") -> str:
    with Store.read(project.db_path) as store:
        run = store.latest_run()
        assert run is not None
        return html_report(build_whole_report(store, run.id), name)


def hostile_project(folder: Path, text: str) -> Project:
    """A run whose every text that others write is ``text``."""
    project = evaluated_project(folder, [START], iterations=1)
    told = text.encode("utf-8", "replace").decode()
    feedback = f'Feedback: In step (1) the part "{told[:50]}" is incorrect. This is because {told}.'
    with Store.open(project.db_path) as store:
        run = store.latest_run()
        assert run is not None
        one = Item(
            task=TASK,
            split=Split.TEST,
            subtask=Subtask.SEEN,
            question=f"{told} ?",
            answer=told,
            rationale="",
        )
        store.add_items([one])
        item = max(store.items(TASK, Split.TEST), key=lambda item: item.id)
        store.add_evaluations(
            [
                Evaluation(
                    run_id=run.id,
                    iteration=1,
                    item_id=item.id,
                    text=f"(1) {told}\n{feedback}\nUpdated Answer: {told}\n(1) x {told}",
                    first_answer=told,
                    final_answer=told,
                    first_correct=False,
                    final_correct=False,
                    first_flexible=False,
                    final_flexible=False,
                    updates=1,
                    finish_reason=told,
                    tokens=3,
                )
            ]
        )
        store.add_drops([Drop(run_id=run.id, iteration=1, stage=DropStage.EDIT, reason=told)])
        store.add_event(run.id, "x", told, level=Level.WARNING)
        store.add_expert_calls(
            [
                ExpertCall(
                    run_id=run.id,
                    iteration=1,
                    key="k",
                    role="feedback",
                    expert=told,
                    request={},
                    reply="x",
                    cost=1.0,
                    seconds=2.0,
                )
            ]
        )
    return project


def assert_alone(page: Page) -> None:
    assert page.outside() == []
    assert page.active() == []


def test_a_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page = read(page_of(evaluated_project(tmp_path / "p")))
    assert_alone(page)
    assert page.elements.count("svg") >= 5
    assert len(set(page.ids)) == len(page.ids)
    links = {value[1:] for _, name, value in page.attributes if name == "href"}
    assert links <= set(page.ids)


@pytest.mark.parametrize(
    "wrong", ['<img src="a.png">', "<style>@import 'x'</style>", '<p style="fill:url(http://x)">']
)
def test_what_is_outside_would_be_seen(wrong: str) -> None:
    assert read(wrong).outside()


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_text_of_others_is_shown_as_it_is(text: str, tmp_path: Path) -> None:
    project = hostile_project(tmp_path / "p", text)
    html = page_of(project, text)
    page = read(html)
    assert_alone(page)
    clean = read(page_of(evaluated_project(tmp_path / "q", [START], iterations=1), "x"))
    assert set(page.elements) - set(clean.elements) <= {"ins", "del", "mark", "a", "article"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e]", html)
    assert not re.search("[\u2066-\u2069\ud800-\udfff]", html)
    assert len(html) < 1_000_000
    if len(text) > 100_000:
        assert "more characters" in page.text
    elif "<" in text:
        assert " ".join(text.split()) in page.text


def test_a_fence_in_a_text_does_not_end_the_fence_around_it(tmp_path: Path) -> None:
    project = hostile_project(tmp_path / "p", ATTACKS["a fence"])
    with Store.read(project.db_path) as store:
        text = whole_markdown(build_whole_report(store, 1), "p")
    fenced, at = None, []
    for line in text.splitlines():
        if fenced is None and line.endswith("text") and set(line[:-4]) == {"`"}:
            fenced = line[:-4]
        elif line == fenced:
            fenced = None
        elif fenced is None:
            at.append(line)
    assert fenced is None
    assert "# a heading" not in at


def test_the_same_database_gives_the_same_bytes(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", [START, BETTER])
    assert page_of(project) == page_of(project)


def test_charts_have_words_and_their_figures_stand_in_a_table(tmp_path: Path) -> None:
    page = read(page_of(evaluated_project(tmp_path / "p", [START, BETTER])))
    svgs = page.elements.count("svg")
    assert page.elements.count("title") == svgs + 1
    assert page.elements.count("desc") == svgs
    labelled = [v for tag, name, v in page.attributes if (tag, name) == ("svg", "aria-labelledby")]
    assert all(part in page.ids for label in labelled for part in label.split())
    assert "start first 35.0%, final 35.0%; iteration 1 first 40.0%, final 80.0%" in page.text
    assert "80.0% (58.4–91.9)" in page.text


def test_headings_go_down_one_step_at_a_time(tmp_path: Path) -> None:
    page = read(page_of(evaluated_project(tmp_path / "p")))
    levels = [int(tag[1]) for tag in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_examples_mark_what_was_flagged_and_what_changed(tmp_path: Path) -> None:
    html = page_of(evaluated_project(tmp_path / "p", [START, BETTER]))
    found = html[html.index(">Fixed: 8 items<") : html.index(">Spoiled: 0 items<")]
    assert re.search(r"<mark>\d+ \* \d+ = \d+</mark>", found)
    assert re.search(r"<del>\d+</del><ins>\d+</ins>", found)
    assert "There is none." in html


def test_a_run_without_anything_has_a_page_that_says_so(tmp_path: Path) -> None:
    page = read(page_of(evaluated_project(tmp_path / "p", [])))
    assert_alone(page)
    assert "No evaluation yet." in page.text
    assert "Nothing yet: no iteration has been evaluated." in page.text


def test_experts_and_stages_have_charts(tmp_path: Path) -> None:
    project = hostile_project(tmp_path / "p", "ollama:judge")
    with Store.open(project.db_path) as store:
        stage = store.start_stage(1, 1, StageName.TRAIN, 1)
        store.advance_stage(stage.id, 1, 61.5)
    text = read(page_of(project)).text
    assert "Seconds that replies took, summed: feedback: ollama:judge 2.0" in text
    assert "Cost by the prices in the settings: feedback: ollama:judge 1.0000" in text
    assert "train 1 min 02 s" in text


_STYLE = Path(tripost_tui.report_html.__file__).parent / "templates" / "style.css"
PAIRS = list(product(("ink", "muted", "accent", "good", "bad"), ("page", "card")))
PAIRS += [("flag-ink", "flag"), ("add-ink", "add"), ("del-ink", "del")]


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "print"])
def test_texts_stand_out_from_what_is_behind_them(theme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", _STYLE.read_text(), re.DOTALL)
    assert len(blocks) == 3
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", blocks[theme]))
    ratios = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in PAIRS}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}
    series = [contrast(c, colours["page"]) for name, c in colours.items() if "series" in name]
    assert len(series) == 6
    assert min(series) >= 3


def contrast(one: str, other: str) -> float:
    """WCAG 2's ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
