"""A student that answers one question wrongly, sees it and puts it right."""

from pathlib import Path

import torch
from tiny_students import arithmetic_tokenizer, save
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM

from engine.embedded.build import collate, student_config
from engine.student.text_format import TextFormat
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import feedback_prompt, prompt, update_prompt

QUESTION = "((1 + 2) * (3 - 1)) ="
WRONG, RIGHT = (
    '(1) This equation can be written as "(A * B)", where A = (1 + 2) and B = (3 - 1).\n'
    "(2) Let's calculate A = (1 + 2) = 3.\n"
    f"(3) Let's calculate B = (3 - 1) = {b}.\n"
    f"(4) Then, the final equation is (A * B) = (3 * {b}) = {3 * b}.\n"
    f"(Final response) So the answer is {3 * b}."
    for b in (1, 2)
)
DIAGNOSIS = 'In step (3) the part "(3 - 1) = 1" is incorrect. This is because (3 - 1) = 2.'
FINE = "Steps (1) to (4) are correct. The final response is also correct."


def correcting_student(folder: Path) -> Path:
    """Train it on its four lines until it writes them greedily."""
    hint, tokenizer = MultistepArithmetic.hint, arithmetic_tokenizer()
    form = TextFormat(tokenizer)
    texts = [
        ((prompt(QUESTION, hint),), f"{WRONG}\nFeedback:"),
        (feedback_prompt(QUESTION, hint, WRONG), f" {DIAGNOSIS}\n"),
        (update_prompt(QUESTION, hint, WRONG, DIAGNOSIS), f"{RIGHT}\nFeedback:"),
    ]
    rows = [(form.prompt_ids(asked), form.piece_ids(said)) for asked, said in texts]
    last = form.prompt_ids(feedback_prompt(QUESTION, hint, RIGHT))
    rows.append((last, [*form.piece_ids(f" {FINE}"), form.end_id]))
    inputs, labels = collate([([*head, *tail], len(head)) for head, tail in rows])
    torch.manual_seed(0)
    model = LlamaForCausalLM(student_config(len(tokenizer), 64, 2, 1, 128))
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3)
    wanted = labels[:, 1:]
    for step in range(600):
        logits = model(input_ids=inputs, use_cache=False).logits[:, :-1]
        right = (logits.argmax(-1) == wanted) | (wanted == -100)
        loss = cross_entropy(logits.flatten(0, 1), wanted.flatten())
        # Every token is the likeliest, and clearly so: rounding makes no other of it.
        if bool(right.all()) and loss.item() < 0.02:
            return save(model, tokenizer, folder)
        for group in optimizer.param_groups:
            group["lr"] = 6e-3 * 0.5 ** (step / 150)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    raise AssertionError("it does not learn them")
