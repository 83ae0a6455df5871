"""What a student wrote in a Playground, as styled text: model text is data, never markup."""

from __future__ import annotations

from textual.content import Content

from engine.play.messages import Part, Verdict
from tripost_tui.actions.keymap import fill
from tripost_tui.glyphs import Glyphs
from tripost_tui.state.playground import Phase, Playground
from tripost_tui.state.playing import Asked, Column, ShownPart
from tripost_tui.state.trajectory import (
    LONGEST,
    Passage,
    Tone,
    feedback_lines,
    find_span,
    shown_text,
)
from tripost_tui.text import clean_text, one_line
from tripost_tui.widgets.run_panes import FLAGGED, TONES

_VERDICTS = {
    "right": "bold $text-success",
    "wrong": "bold $text-error",
    "failed": "bold $text-error",
}


def top_content(state: Playground, name: str, now: float, glyphs: Glyphs) -> Content:
    """Project, models, way of asking, and how the process stands."""
    sign, style = {
        Phase.LOOKING: (glyphs.stopping, ""),
        Phase.EMPTY: (glyphs.waiting, "dim"),
        Phase.LOADING: (glyphs.stopping, "$text-accent"),
        Phase.READY: (glyphs.finished, "$text-success"),
        Phase.ANSWERING: (glyphs.running, "bold $text-accent"),
        Phase.ENDED: (glyphs.failed, "$text-error"),
        Phase.FAILED: (glyphs.failed, "$text-error"),
    }[state.phase]
    parts = [Content.styled(f"Playground {one_line(name, 40)}", "bold")]
    parts.append(Content.styled(f"{sign} {state.word(now)}", style))
    if state.chosen:
        parts.append(Content(state.names()))
        parts.append(Content(state.way()))
        parts.append(Content(f"{state.max_updates} updates at most"))
    if state.outlook is not None:
        parts.append(Content(one_line(state.outlook.task, 40)))
    if state.ready is not None:
        parts.append(Content(state.ready.device))
    return Content(f" {glyphs.dot} ").join(parts)


def question_title(state: Playground, typed: str) -> str:
    """What is known of the question in the field."""
    item = state.item_of(typed)
    if item is None:
        return "Question"
    answer = one_line(item.answer, 40)
    number = f" {item.id}" if item.id is not None else ""
    return f"Question: test item{number}, {item.subtask.value}, answer {answer}"


def column_title(asked: Asked | None, column: Column, glyphs: Glyphs) -> Content:
    """The weights' name and how they stand."""
    if asked is None:
        return Content(column.name)
    word = asked.word(column)
    signs = {
        "right": glyphs.finished,
        "done": glyphs.finished,
        "wrong": glyphs.failed,
        "failed": glyphs.failed,
        "cancelled": glyphs.stopped,
        "broken off": glyphs.stopped,
        "waiting": glyphs.waiting,
    }
    sign = signs.get(word, glyphs.running)
    return Content.assemble(f"{column.name}  ", (f"{sign} {word}", _VERDICTS.get(word, "")))


def column_content(
    asked: Asked | None, column: Column, state: Playground, glyphs: Glyphs
) -> Content:
    """All that a student with certain weights wrote, what FBK says of it, and how it ended."""
    if asked is None:
        return _nothing(column, state)
    blocks: list[Content] = []
    for place, part in enumerate(column.parts):
        following = column.after(place)
        blocks.append(_part(part, following, glyphs, writing=part.done is None and not asked.over))
        judged = part if part.part is not Part.FEEDBACK else None
        if judged is not None and (following is None or following.part is not Part.FEEDBACK):
            blocks += _judged(judged, None)
        if part.part is Part.FEEDBACK and part.done is not None and place:
            blocks += _judged(column.parts[place - 1], part)
    blocks += _ending(asked, column, glyphs)
    if not blocks:
        text = {
            "waiting": _waiting(state),
            "reading": "It reads the question.",
            "cancelled": "It was not asked any more.",
            "broken off": "It was not asked any more.",
        }
        blocks = [Content.styled(text.get(asked.word(column), ""), "dim")]
    return Content("\n").join(blocks)


def _waiting(state: Playground) -> str:
    if state.phase is Phase.LOADING:
        return "It is asked as soon as it is loaded."
    return "It is asked when the other one has ended."


def _nothing(column: Column, state: Playground) -> Content:
    whom = f"Ask {'the student as it started' if not column.weights else column.name}."
    how = "Type a question in the task's own words; {playground.ask} asks."
    if state.outlook is not None and state.outlook.items:
        how = (
            "{playground.random} takes a test item, of which the answer is known; or type a "
            "question in the task's own words. {playground.ask} asks."
        )
    return Content.styled(f"{whom}\n{fill(how)}", "dim")


def _part(
    part: ShownPart, following: ShownPart | None, glyphs: Glyphs, *, writing: bool
) -> Content:
    if part.part is Part.FEEDBACK:
        heading, tone = _feedback_heading(part)
        passage = Passage(heading, feedback_lines(part.text[: 2 * LONGEST]), tone)
    else:
        name = "Attempt" if part.part is Part.ATTEMPT else "Update"
        name = f"{name} {part.number}" if part.number > 1 else name
        text = shown_text(part.text)
        tone = Tone.ATTEMPT if part.part is Part.ATTEMPT else Tone.UPDATE
        passage = Passage(name, text, tone, _flagged(text, following))
    text_shown = Content(passage.text)
    for start, end in passage.flagged:
        text_shown = text_shown.stylize(FLAGGED, start, end)
    if writing:
        text_shown = Content.assemble(text_shown, (glyphs.bar_full, "$text-accent"))
    return Content.assemble((passage.heading, TONES[passage.tone]), "\n", text_shown)


def _feedback_heading(part: ShownPart) -> tuple[str, Tone]:
    done = part.done
    if done is None:
        return "Feedback", Tone.QUESTION
    if done.verdict is Verdict.CORRECT:
        return "Feedback: correct", Tone.RIGHT
    if done.verdict is Verdict.INCORRECT:
        return f"Feedback: incorrect at step ({one_line(done.step or '', 40)})", Tone.WRONG
    return "Feedback: no verdict", Tone.QUESTION


def _flagged(text: str, following: ShownPart | None) -> tuple[tuple[int, int], ...]:
    done = following.done if following is not None else None
    if done is None or done.part is not Part.FEEDBACK or done.verdict is not Verdict.INCORRECT:
        return ()
    found = find_span(text, done.step, clean_text(done.span[:LONGEST]) if done.span else None)
    return (found,) if found else ()


def _judged(attempt: ShownPart, feedback: ShownPart | None) -> list[Content]:
    """FBK's verdict on an attempt, and whether the student's is the same."""
    judged = attempt.judged
    if judged is None:
        return []
    if judged.problem:
        return [Content.styled(f"FBK cannot judge it: {one_line(judged.problem, 200)}", "dim")]
    agrees = ""
    if feedback is not None and feedback.done is not None:
        own = (feedback.done.verdict, feedback.done.step, feedback.done.span)
        same = own == (judged.verdict, judged.step, judged.span)
        agrees = ", as the student says" if same else ", other than the student says"
    if judged.verdict is Verdict.CORRECT:
        return [Content.styled(f"FBK: correct{agrees}", TONES[Tone.RIGHT])]
    head = f"FBK: incorrect at step ({one_line(judged.step or '', 40)}){agrees}"
    text = "" if agrees.startswith(", as") else "\n" + one_line(judged.text, 600)
    return [Content.assemble((head, TONES[Tone.WRONG]), text)]


def _ending(asked: Asked, column: Column, glyphs: Glyphs) -> list[Content]:
    found: list[Content] = []
    if column.trouble is not None:
        trouble = column.trouble
        text = f"{glyphs.failed} {clean_text(trouble.title)}: {shown_text(trouble.message)}"
        found.append(Content.styled(text, "$text-error"))
    answered = column.answered
    if answered is not None:
        said = one_line(answered.final_answer, 80) if answered.final_answer else "none"
        line = [("Final answer: ", "bold"), (said, "bold")]
        if answered.final_correct is not None:
            line += [("  ", ""), _verdict(answered.final_correct, glyphs)]
            if not answered.final_correct:
                line.append((f", {one_line(answered.right or '', 80)} is right", ""))
            if answered.updates and answered.first_correct is not None:
                first = "right" if answered.first_correct else "wrong"
                line.append((f"; first attempt {first}", ""))
        else:
            line.append(("  nobody here knows the right one", "dim"))
        found.append(Content.assemble(*line))
        if answered.as_tested is False:
            text = "other words than in the evaluation: another rounding"
            found.append(Content.styled(f"{glyphs.warning} {text}", "dim"))
    if (line_of_speed := _speed(asked, column, glyphs)) is not None:
        found.append(line_of_speed)
    return found


def _verdict(correct: bool, glyphs: Glyphs) -> tuple[str, str]:
    if correct:
        return f"{glyphs.finished} right", _VERDICTS["right"]
    return f"{glyphs.failed} wrong", _VERDICTS["wrong"]


def _speed(asked: Asked, column: Column, glyphs: Glyphs) -> Content | None:
    rate = column.tokens_per_s
    parts = (
        [f"ended by: {one_line(column.answered.end, 60)}"] if column.answered is not None else []
    )
    if asked.over and column.answered is None and column.begun and column.trouble is None:
        parts.append("broken off here")
    if rate is not None:
        tokens = sum(part.done.tokens for part in column.parts if part.done is not None)
        parts += [f"{tokens:,} tokens", f"{rate:,.0f} tokens/s"]
    if (first := column.first_s) is not None:
        parts.append(f"first after {1000 * first:,.0f} ms")
    return Content.styled(f" {glyphs.dot} ".join(parts), "dim") if parts else None


def plain_answers(asked: Asked) -> str:
    """A question and its answers for the clipboard: clean and whole."""
    parts = [f"Question\n{clean_text(asked.question)}"]
    for column in asked.columns:
        lines = [f"=== {column.name} ==="]
        lines += [f"{p.part.value.capitalize()}\n{clean_text(p.text)}" for p in column.parts]
        if column.answered is not None:
            final = clean_text(column.answered.final_answer or "none")
            lines.append(f"Final answer: {final} ({asked.word(column)})")
        if column.trouble is not None:
            lines.append(f"{column.trouble.title}: {clean_text(column.trouble.message)}")
        parts.append("\n\n".join(lines))
    return "\n\n".join(parts) + "\n"
