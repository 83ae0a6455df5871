"""The Playground by its keys; only the student's process is played."""

from dataclasses import replace
from pathlib import Path

import pytest
from piloting import AppPilot, app_on, at_home, said, text_of, until
from played import (
    OUTLOOK,
    QUESTION,
    FakePlayer,
    PlayedBackend,
    answered,
    ask,
    at_playground,
    attempt,
    both,
    say,
    wrong_at_start,
)
from test_hostile_text import HOSTILE
from textual.events import Paste

import tripost_tui.clipboard
from engine.errors import StudentError
from engine.play.messages import Begun, Cancel, Done, Ended
from engine.play.outlook import Weights
from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.clipboard import Copied
from tripost_tui.screens.choosing import ChoiceDialog
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.playground import PlaygroundScreen
from tripost_tui.state.playground import Phase

SIZE = (120, 40)


@pytest.fixture
def player() -> FakePlayer:
    return FakePlayer()


@pytest.fixture
def app(project: Project, player: FakePlayer) -> TripostApp:
    return app_on(PlayedBackend(project.path.parent, player))


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []

    def copy(text: str) -> Copied:
        texts.append(text)
        return Copied("Copied.", osc52=False)

    monkeypatch.setattr(tripost_tui.clipboard, "copy", copy)
    return texts


async def test_the_go_to_menu_leads_there_and_escape_back(
    app: TripostApp, player: FakePlayer
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("g", "p")
        await until(pilot, lambda: isinstance(app.screen, PlaygroundScreen), "the Playground")
        await until(pilot, lambda: player.started == 1, "loading")
        # Out of the field, then out of the screen; the process ends with it.
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not isinstance(app.screen, PlaygroundScreen), "leaving")
        await until(pilot, lambda: player.closed, "the process's end")


async def test_a_question_is_typed_asked_and_answered(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        # Letters only type, those of keys too.
        await pilot.press(*"gym", "question_mark", "enter")
        await until(pilot, lambda: player.asked, "asking")
        assert (player.ask.question, player.ask.weights) == ("gym?", (0, 2))
        await say(pilot, screen, player, both(player.ask.id))
        shown = text_of(pilot)
        assert "start  ✗ wrong" in shown
        assert "iteration 2  ✓ right" in shown
        assert "Feedback: incorrect at step (2)" in shown
        assert "FBK: incorrect at step (2), as the student says" in shown
        assert "Final answer: 108  ✓ right; first attempt wrong" in shown
        assert "Final answer: 60  ✗ wrong, 108 is right" in shown
        assert "tokens/s" in shown
        assert screen.state.phase is Phase.READY


async def test_what_is_written_is_shown_as_it_grows(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        number = await ask(pilot, screen, player)
        await say(pilot, screen, player, wrong_at_start(number)[:3])
        shown = text_of(pilot)
        assert "● writing attempt" in shown
        assert "(1) This equation" in shown
        assert "(Final response)" not in shown
        await say(pilot, screen, player, wrong_at_start(number)[3:4])
        assert "(Final response) So the answer is 60" in text_of(pilot)


async def test_escape_cancels_what_is_written(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        number = await ask(pilot, screen, player)
        await say(pilot, screen, player, wrong_at_start(number)[:3])
        await pilot.press("enter")
        await said(pilot, "It is answering: esc cancels.")
        await pilot.press("escape")
        assert player.asked[-1] == Cancel(id=number)
        await say(pilot, screen, player, [Done(id=number, cancelled=True)])
        assert app.screen is screen
        assert "■ cancelled" in text_of(pilot)


async def test_test_items_are_taken_by_a_key(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await pilot.press("ctrl+r")
        assert "Question: test item 2" in text_of(pilot)
        await pilot.press("escape", "u")
        assert "Question: test item 22, unseen, answer 9" in text_of(pilot)
        await pilot.press("s")
        assert screen._box.text == QUESTION
        await pilot.press("r", "enter")
        await until(pilot, lambda: player.asked, "asking")
        assert player.ask.item_id in (21, 22)
        assert player.ask.answer in ("108", "9")


async def test_without_test_items_the_keys_say_so(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    player.outlook = replace(OUTLOOK, items=())
    async with app.run_test(size=SIZE) as pilot:
        await at_playground(pilot, project.path)
        await pilot.press("ctrl+r")
        await said(pilot, "The project has no test items.")


async def test_an_empty_field_asks_nothing(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_playground(pilot, project.path)
        await pilot.press("space", "enter")
        await said(pilot, "Type a question first")
        assert not player.asked


async def test_models_are_chosen_from_lists(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog), "the list")
        await pilot.press("j", "enter")
        await until(pilot, lambda: "Right column" in text_of(pilot), "the second list")
        await pilot.press("end", "enter")
        await until(pilot, lambda: app.screen is screen, "choosing")
        assert screen.state.chosen == (1,)
        assert not screen.query_one("#right").display
        await ask(pilot, screen, player)
        assert player.ask.weights == (1,)


async def test_temperature_and_updates_are_changed(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await pilot.press("ctrl+t", "escape", "t", "minus", "minus", "plus")
        assert "temperature 0.7" in text_of(pilot)
        assert "2 updates at most" in text_of(pilot)
        await ask(pilot, screen, player)
        assert (player.ask.temperature, player.ask.max_updates) == (0.7, 2)


async def test_arrows_in_the_field_go_through_what_was_asked(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        for question in ("one", "two"):
            screen._box.focus()
            screen._write("")
            await pilot.press(*question, "enter")
            await until(pilot, lambda: screen.state.open and player.asked, "asking")
            number = screen.state.asked[-1].id
            answers = [
                Begun(id=number, weights=0, seconds=0),
                *attempt(number, 0, f"answer to {question}"),
                answered(number, 0, question, right=None, final_correct=None),
                Done(id=number),
            ]
            await say(pilot, screen, player, answers)
        await pilot.press("i", "up")
        assert screen._box.text == "one"
        assert "answer to one" in text_of(pilot)
        await pilot.press("down")
        assert screen._box.text == "two"
        assert "answer to two" in text_of(pilot)
        assert "nobody here knows the right one" in text_of(pilot)


async def test_ctrl_j_begins_a_line_and_arrows_stay_within_lines(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await pilot.press("a", "ctrl+j", "b", "up", "c", "enter")
        await until(pilot, lambda: player.asked, "asking")
        assert player.ask.question == "ac\nb"
        assert screen.state.asked[0].question == "ac\nb"


async def test_y_copies_question_and_answers(
    app: TripostApp, player: FakePlayer, project: Project, copied: list[str]
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await pilot.press("escape", "y")
        await said(pilot, "Nothing has been asked yet.")
        await say(pilot, screen, player, both(await ask(pilot, screen, player)))
        await pilot.press("y")
        await until(pilot, lambda: copied, "copying")
        (text,) = copied
        assert text.startswith(f"Question\n{QUESTION}\n\n=== start ===\n\nAttempt\n(1)")
        assert "Final answer: 108 (right)" in text


async def test_z_gives_a_column_the_whole_screen(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await say(pilot, screen, player, both(await ask(pilot, screen, player)))
        await pilot.press("z")
        assert screen.maximized is screen.query_one("#left")
        await pilot.press("escape")
        assert screen.maximized is None
        assert app.screen is screen


async def test_a_process_that_died_is_started_anew_by_asking(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        number = await ask(pilot, screen, player)
        gone = Ended(title="The model's process ended unexpectedly", message="It was killed.")
        await say(pilot, screen, player, [*wrong_at_start(number)[:3], gone])
        shown = text_of(pilot)
        assert "The model's process ended unexpectedly: It was killed." in shown
        assert "■ broken off" in shown
        await pilot.press("enter")
        await until(pilot, lambda: player.started == 2 and player.ask.id == number + 1, "anew")
        assert "killed" not in text_of(pilot)


async def test_beside_an_engine_at_work_it_loads_when_asked(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    player.outlook = replace(OUTLOOK, at_work=("tripost-demo",))
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await pilot.pause(0.2)
        assert not player.started
        shown = " ".join(text_of(pilot).split())
        assert "An engine is at work (tripost-demo)" in shown
        assert "training slows down" in shown
        await ask(pilot, screen, player)
        assert player.started == 1


async def test_where_memory_may_not_suffice_it_asks_first(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    memory = "It needs about 9.0 GiB of VRAM; 2.0 GiB are free."
    player.outlook = replace(OUTLOOK, fits=False, memory=memory, at_work=("other",))
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        assert memory in " ".join(text_of(pilot).split())
        for key in ("n", "y"):
            screen._write(QUESTION)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
            assert "9.0 GiB of VRAM" in " ".join(text_of(pilot).split())
            assert not player.started
            await pilot.press(key)
            await until(pilot, lambda: app.screen is screen, "deciding")
        await until(pilot, lambda: player.asked, "asking")
        assert player.started == 1
        assert [one.cancelled for one in screen.state.asked] == [True, False]


@pytest.mark.parametrize("when", ["looking", "starting"])
async def test_a_student_that_is_not_there_is_told(
    app: TripostApp, player: FakePlayer, project: Project, when: str
) -> None:
    error = StudentError("student.path is './x': there is no model.", "The student is missing")
    player.trouble = error if when == "looking" else None
    player.start_trouble = error if when == "starting" else None
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await until(pilot, lambda: "The student is missing" in text_of(pilot), "the trouble")
        assert "✗ failed" in text_of(pilot)
        assert "enter tries again" in text_of(pilot)
        # What was wrong may be put right meanwhile.
        player.trouble = player.start_trouble = None
        screen._write(QUESTION)
        await pilot.press("enter")
        await until(pilot, lambda: player.asked, "asking")
        assert (player.ask.weights, player.ask.answer) == ((0, 2), "108")
        assert player.ask.max_updates == OUTLOOK.max_updates


async def test_an_empty_question_loads_anew_what_has_ended(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    player.trouble = StudentError("there is no model.", "The student is missing")
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        player.trouble = None
        await pilot.press("enter")
        await until(pilot, lambda: screen.state.phase is Phase.READY, "loading")
        assert player.started == 1
        assert not player.asked


async def test_what_was_asked_is_there_for_who_comes_back(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await say(pilot, screen, player, both(await ask(pilot, screen, player)))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen, "leaving")
        again = await at_playground(pilot, project.path)
        assert again is not screen
        assert again._box.text == QUESTION
        assert "Final answer: 108" in text_of(pilot)


async def test_a_megabyte_is_not_pasted(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        screen._box.post_message(Paste("x" * 1_000_000))
        await said(pilot, "1,000,000 characters are too long for the field")
        assert screen._box.text == ""
        screen._box.post_message(Paste("two\r\nlines\x1b[2J"))
        await until(pilot, lambda: screen._box.text, "pasting")
        assert screen._box.text == "two\nlines[2J"


async def test_weights_that_are_gone_are_told(
    app: TripostApp, player: FakePlayer, project: Project
) -> None:
    gone = Weights(2, "their folder is gone: /p/checkpoints/run1-iteration2")
    player.outlook = replace(OUTLOOK, weights=(*OUTLOOK.weights[:2], gone))
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        assert "No iteration 2: their folder is gone" in text_of(pilot)
        assert screen.state.chosen == (0, 1)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_text_is_shown_as_it_is(text: str, project: Project, player: FakePlayer) -> None:
    item = replace(OUTLOOK.items[0], question=text or "?", answer=text)
    player.outlook = replace(OUTLOOK, items=(item,), task=text, name=text, student=text)
    app = app_on(PlayedBackend(project.path.parent, player))
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        await pilot.press("ctrl+r", "enter")
        if text.strip():
            await until(pilot, lambda: player.asked, "asking")
        else:
            screen._write("?")
            await pilot.press("enter")
            await until(pilot, lambda: player.asked, "asking")
        number = player.ask.id
        hostile = [
            replace(
                event,
                **{
                    name: text
                    for name in (
                        "text",
                        "step",
                        "span",
                        "problem",
                        "message",
                        "final_answer",
                        "right",
                        "end",
                    )
                    if hasattr(event, name)
                },
            )
            for event in both(number)
        ]
        for event in hostile:
            player.to_say.append(event)
            await until(pilot, lambda: not player.to_say, "hearing")
            await check(pilot)
        await pilot.click("#left", offset=(5, 3))
        await pilot.press("z", "end", "home", "escape", "i", "up")
        await check(pilot)
        assert not app._exit


async def check(pilot: AppPilot) -> None:
    shown = text_of(pilot)
    assert not any(ord(sign) < 32 and sign != "\n" for sign in shown)
    assert "\x9b" not in shown
    assert "\u202e" not in shown


async def test_a_test_item_is_asked_as_it_is_stored(player: FakePlayer, project: Project) -> None:
    """Shown clean, asked whole: its answer is known all the same."""
    item = replace(OUTLOOK.items[0], question="safe \u202e7 + 1\r =")
    player.outlook = replace(OUTLOOK, items=(item,))
    app = app_on(PlayedBackend(project.path.parent, player))
    async with app.run_test(size=SIZE) as pilot:
        await at_playground(pilot, project.path)
        await pilot.press("ctrl+r", "enter")
        await until(pilot, lambda: player.asked, "asking")
        assert (player.ask.question, player.ask.item_id) == (item.question, item.id)


async def test_a_student_that_writes_fast_does_not_hold_up_keys(
    app: TripostApp, player: FakePlayer, project: Project, tmp_path: Path
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_playground(pilot, project.path)
        number = await ask(pilot, screen, player)
        begun = wrong_at_start(number)[:2]
        pieces = [wrong_at_start(number)[2]] * 2000
        await say(pilot, screen, player, [*begun, *pieces])
        await pilot.press("escape")
        assert player.asked[-1] == Cancel(id=number)
        assert "more characters" in text_of(pilot)
