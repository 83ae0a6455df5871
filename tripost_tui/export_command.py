"""An export asked for on the command line: what is ordered, how it goes, how it is used."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click

from engine.errors import Interrupted, ProjectError
from engine.export.formats import (
    MODELFILE,
    ExportFormat,
    ExportRequest,
    Precision,
    default_folder,
)
from engine.export.process import ExportProcess
from engine.export.provenance import Export, read_export
from engine.export.survey import Survey, survey
from engine.export.tools import create_command, find_converter, find_ollama
from engine.export.usage import Usage, usages
from engine.project import Project
from tripost_tui.progress import write_json
from tripost_tui.state.wording import percent, size
from tripost_tui.text import clean_text, one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """The options as given; None where nothing was said."""

    folder: Path
    out: Path | None = None
    format: str | None = None
    iteration: int | None = None
    all_iterations: bool = False
    precision: str | None = None
    name: str = ""
    create: bool = False
    replace: bool = False


def list_offers(wish: ExportWish, as_json: bool) -> None:
    """Say what there is to export. Raises TripostError and StoreError."""
    project = Project.open(wish.folder)
    found = _survey(project, wish)
    if as_json:
        write_json(_survey_facts(found))
        return
    for one in found.iterations:
        mark = "*" if one.iteration == found.chosen else " "
        right = f"{percent(one.final.count, one.final.of)}%" if one.final else "not evaluated"
        gone = "" if one.is_here else f", {found.gone}"
        click.echo(f"{mark} iteration {one.iteration}: {right}{gone}")
    for offer in found.offers:
        taken = (
            f"about {size(offer.size_bytes)}" if offer.size_bytes is not None else "size unknown"
        )
        said = f"no: {offer.why_not}" if offer.why_not else f"{taken}; {offer.note}".rstrip("; ")
        click.echo(clean_text(f"{offer.format.value:>10}  {said}"))
    for export in found.exports:
        about = f"{export.provenance.format}, {size(export.size_bytes)}"
        click.echo(f"there is   {one_line(str(export.folder), 1000)}: {about}")


def run_export(wish: ExportWish, as_json: bool) -> None:
    """Write an export, and say how it is used. Raises TripostError and StoreError."""
    project = Project.open(wish.folder)
    order = _order(project, wish)
    process = ExportProcess(project.path, order)
    try:
        for step in process.steps():
            if as_json:
                write_json({"doing": step})
            else:
                click.echo(f"{one_line(step)} …", err=True)
    except KeyboardInterrupt:
        process.cancel()
        for _ in process.steps():
            pass
        raise Interrupted("Nothing was left of it.", "The export was cancelled") from None
    export = read_export(process.order.out)
    if export is None:
        raise ProjectError(f"{process.order.out} is gone again.", "Nothing was exported")
    found = usages(export.provenance, export.folder, find_converter())
    if as_json:
        write_json(_export_facts(export, found))
    else:
        _tell(export, found)
    if wish.create:
        create(export)


def create(export: Export) -> None:
    """Have Ollama take a model up, its words passed on. Raises TripostError."""
    program, name = find_ollama(), export.provenance.name
    if program is None:
        raise ProjectError("Install Ollama, or run the command where it is.", "Ollama is not here")
    if export.provenance.to_convert:
        raise ProjectError(
            "The GGUF file is still to be made: run llama.cpp's converter first, as said above.",
            "Ollama has nothing to take up",
        )
    done = subprocess.run(
        create_command(program, name, MODELFILE),
        cwd=export.folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    click.echo(clean_text(done.stdout + done.stderr), err=True, nl=False)
    if done.returncode:
        raise ProjectError(f"ollama create ended with code {done.returncode}.", "Ollama refused")


def _survey(project: Project, wish: ExportWish) -> Survey:
    return survey(
        project,
        iteration=wish.iteration,
        precision=cast("Precision | None", wish.precision),
        all_iterations=wish.all_iterations,
    )


def _order(project: Project, wish: ExportWish) -> ExportRequest:
    found = _survey(project, wish)
    if found.chosen is None:
        raise ProjectError(
            f"{project.path}: no iteration has been trained yet. See: tripost status "
            f"{project.path}",
            "Nothing was trained",
        )
    adapter = any(one.is_adapter for one in found.iterations if one.iteration == found.chosen)
    default = ExportFormat.ADAPTER if adapter else ExportFormat.MERGED
    format_ = ExportFormat(wish.format) if wish.format else default
    out = wish.out or default_folder(
        project, found.run_id, found.chosen, format_, all_iterations=wish.all_iterations
    )
    return ExportRequest(
        format=format_,
        iteration=found.chosen,
        out=out,
        run_id=found.run_id,
        precision=cast("Precision | None", wish.precision),
        all_iterations=wish.all_iterations,
        replace=wish.replace,
        name=wish.name,
    )


def _tell(export: Export, found: list[Usage]) -> None:
    provenance = export.provenance
    which = ", ".join(map(str, provenance.iterations))
    word = "iteration" if len(provenance.iterations) == 1 else "iterations"
    folder = one_line(str(export.folder), 4000)
    click.echo(f"{folder}: {word} {which} of run {provenance.run}, {clean_text(provenance.what)}")
    for name, n_bytes in export.files:
        click.echo(f"  {size(n_bytes):>8}  {one_line(name)}")
    for usage in found:
        click.echo(f"\n# {usage.about}\n{clean_text(usage.text)}")


def _survey_facts(found: Survey) -> dict[str, Any]:
    return {
        "run": found.run_id,
        "iterations": [
            {
                "iteration": one.iteration,
                "right": one.final.count if one.final else None,
                "tested": one.final.of if one.final else None,
                "weights_bytes": one.weights_bytes,
            }
            for one in found.iterations
        ],
        "chosen": found.chosen,
        "formats": [
            {
                "format": offer.format.value,
                "bytes": offer.size_bytes,
                "why_not": offer.why_not or None,
                "note": offer.note or None,
            }
            for offer in found.offers
        ],
        "free_bytes": found.free_bytes,
        "exports": [str(export.folder) for export in found.exports],
    }


def _export_facts(export: Export, found: list[Usage]) -> dict[str, Any]:
    provenance = export.provenance
    return {
        "folder": str(export.folder),
        "format": provenance.format.value,
        "run": provenance.run,
        "iterations": list(provenance.iterations),
        "what": provenance.what,
        "bytes": export.size_bytes,
        "files": [{"name": name, "bytes": n_bytes} for name, n_bytes in export.files],
        "usage": [{"about": each.about, "text": each.text} for each in found],
    }
