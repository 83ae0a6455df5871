"""`tripost export`: what a run has made, as a folder for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from tripost_tui.commands.arguments import json_option, project_argument


@click.command()
@project_argument
@click.argument("out", metavar="[OUT]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["adapter", "merged", "gguf", "ollama", "dataset"]),
    help="What to write.  [default: adapter, or merged where all weights were trained]",
)
@click.option("--merge", is_flag=True, help="The same as --format merged.")
@click.option(
    "--iteration",
    type=click.IntRange(1),
    help="Which iteration.  [default: the one with most final answers right]",
)
@click.option("--all-iterations", is_flag=True, help="A dataset of all iterations.")
@click.option(
    "--precision",
    type=click.Choice(["bf16", "fp16", "fp32"]),
    help="Number format of a model.  [default: its own]",
)
@click.option("--name", default="", help="What Ollama is to call it.  [default: the project's]")
@click.option("--create", is_flag=True, help="Have Ollama take the model up as well.")
@click.option("--force", is_flag=True, help="Replace an earlier export in OUT.")
@click.option("--list", "only_list", is_flag=True, help="Say what there is to export, and stop.")
@json_option
def export(
    folder: Path,
    out: Path | None,
    format_name: str | None,
    merge: bool,
    iteration: int | None,
    all_iterations: bool,
    precision: str | None,
    name: str,
    create: bool,
    force: bool,
    only_list: bool,
    as_json: bool,
) -> None:
    """Write what a run has trained into a folder (OUT, in the project's exports/ unless given).

    adapter: LoRA weights for peft. merged: a model that transformers loads, with its tokenizer.
    gguf: one file for llama.cpp. ollama: the same with a Modelfile. dataset: what was trained on,
    as JSON lines. GGUF of other students than the package's own takes llama.cpp's
    convert_hf_to_gguf.py, from the folder LLAMA_CPP_DIR or on PATH.
    """
    from tripost_tui.export_command import ExportWish, list_offers, run_export

    if merge and format_name not in (None, "merged"):
        raise click.UsageError("--merge is --format merged.")
    if all_iterations and format_name != "dataset":
        raise click.UsageError("--all-iterations is for --format dataset.")
    if create and format_name != "ollama":
        raise click.UsageError("--create is for --format ollama.")
    wish = ExportWish(
        folder=folder,
        out=out,
        format="merged" if merge else format_name,
        iteration=iteration,
        all_iterations=all_iterations,
        precision=precision,
        name=name,
        create=create,
        replace=force,
    )
    if only_list:
        list_offers(wish, as_json)
    else:
        run_export(wish, as_json)
