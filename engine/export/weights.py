"""The weights of an iteration, written in one of their forms. Loads torch."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from db.records import Run, Split
from db.store import Store
from engine.errors import StudentError
from engine.export.describing import finish, hint_of_run, provenance_of
from engine.export.folders import check_room, new_folder
from engine.export.formats import (
    GGUF_FILE,
    MODELFILE,
    PROMPT_FILE,
    ExportFormat,
    ExportRequest,
    Precision,
)
from engine.export.modelfile import Speech, modelfile
from engine.export.models import Tell, copy_files, speech_of, write_merged, write_one_file
from engine.export.offers import (
    FULL_WEIGHTS,
    GgufWay,
    ModelFacts,
    gguf_precision,
    model_facts,
    offers,
)
from engine.export.provenance import Provenance
from engine.export.tools import find_converter
from engine.project import Project
from engine.student_place import Place
from engine.trained import TrainedIteration, find_trained, trained_iterations
from engine.weight_files import read_json


class WeightsExport:
    """Writes the weights of an iteration in one of their forms."""

    def __init__(
        self, project: Project, store: Store, run: Run, order: ExportRequest, tell: Tell
    ) -> None:
        self.project, self.store, self.run = project, store, run
        self.order, self.tell = order, tell
        self.trained = find_trained(project, order.iteration, run.id)
        self.settings = self.trained.settings
        self.converter = find_converter()

    def write(self) -> Provenance:
        order, trained = self.order, self.trained
        if order.format is ExportFormat.ADAPTER:
            return self._write_adapter()
        self.tell("looking for the model")
        place = trained.place(fetching=True)
        facts = model_facts(trained, place)
        precision: Precision = order.precision or facts.precision
        self._check_room(facts, precision)
        speech = self._speech(place)
        file, to_convert = "", False
        with new_folder(order.out, replace=order.replace) as folder:
            if order.format is ExportFormat.MERGED or self._lacks_converter(facts):
                to_convert = facts.way is GgufWay.CONVERTER
                what = write_merged(trained, place, precision, folder, self.tell)
            else:
                file = GGUF_FILE
                precision = gguf_precision(facts.way, precision)
                what = write_one_file(
                    trained,
                    place,
                    facts,
                    precision,
                    folder / file,
                    self.converter,
                    f"{self.project.name}, iteration {trained.iteration}",
                    self.tell,
                )
            provenance = self._provenance(
                what,
                place.name,
                speech,
                precision=precision,
                file=file,
                to_convert=to_convert,
            )
            self._write_texts(folder, provenance, speech)
            self.tell("hashing the files")
            finish(folder, order.out, provenance, self.converter)
        return provenance

    def _write_adapter(self) -> Provenance:
        """Copy the adapter; its model need not be here."""
        trained = self.trained
        if not trained.is_adapter:
            raise StudentError(f"{trained.folder}: {FULL_WEIGHTS}.", "There is no adapter")
        said = read_json(trained.folder / "adapter_config.json")
        base = str(said.get("base_model_name_or_path") or self.run.student)
        speech = None
        with suppress(StudentError):
            place = trained.place()
            if place.is_here:
                speech = self._speech(place)
        check_room(self.order.out, sum(p.stat().st_size for p in trained.folder.iterdir()))
        with new_folder(self.order.out, replace=self.order.replace) as folder:
            self.tell("copying the adapter")
            copy_files(trained.folder, folder, without=("README",))
            provenance = self._provenance(f"a LoRA adapter of {base}", base, speech)
            finish(folder, self.order.out, provenance)
        return provenance

    def _speech(self, place: Place) -> Speech:
        hint = hint_of_run(self.project, self.store, self.run, self.settings)
        return speech_of(place, self.trained, hint, self.settings)

    def _provenance(
        self,
        what: str,
        base: str,
        speech: Speech | None,
        *,
        precision: str = "",
        file: str = "",
        to_convert: bool = False,
    ) -> Provenance:
        return provenance_of(
            self.project,
            self.run,
            self.settings,
            self.order,
            [self.trained.iteration],
            what,
            base=base,
            precision=precision,
            file=file,
            to_convert=to_convert,
            speech=speech,
            question=self._question(),
            accuracy=self._accuracy(),
        )

    def _lacks_converter(self, facts: ModelFacts) -> bool:
        """Whether a Modelfile is all that can be made for Ollama; the file is left to a person."""
        return (
            self.order.format is ExportFormat.OLLAMA
            and facts.way is GgufWay.CONVERTER
            and self.converter is None
        )

    def _check_room(self, facts: ModelFacts, precision: Precision) -> None:
        trained, out = self.trained, self.order.out
        this = TrainedIteration(
            trained.iteration, trained.folder, weights_bytes=0, is_adapter=trained.is_adapter
        )
        offered = offers(
            self.store,
            self.run.id,
            this,
            trained,
            converter=self.converter,
            precision=precision,
        )
        (offer,) = [each for each in offered if each.format is self.order.format]
        check_room(out, offer.needed_bytes or 0)

    def _write_texts(self, folder: Path, provenance: Provenance, speech: Speech) -> None:
        """Write what a program needs beside the weights to ask the student as the run did."""
        if self.order.format in (ExportFormat.GGUF, ExportFormat.OLLAMA):
            # llama.cpp takes one line end off the end of a prompt's file.
            (folder / PROMPT_FILE).write_text(f"{provenance.prompt}\n", encoding="utf-8")
        if self.order.format is ExportFormat.OLLAMA:
            notes = [f"{self.project.name}, run {self.run.id}, iteration {self.trained.iteration}"]
            if not provenance.file:
                notes.append(f"{GGUF_FILE} is still to be made: see README.md")
            text = modelfile(GGUF_FILE, speech, notes)
            (folder / MODELFILE).write_text(text, encoding="utf-8")

    def _question(self) -> str:
        name = self.settings.task.name
        for split in (Split.TEST, Split.TRAIN):
            if items := self.store.items(name, split):
                return items[0].question
        return ""

    def _accuracy(self) -> tuple[int | None, int | None, int | None]:
        """Right answers after this iteration, of how many, and how many before training."""
        found = trained_iterations(self.project, self.store, self.run.id)
        (final,) = [one.final for one in found if one.iteration == self.trained.iteration]
        start = sum(
            each.final_correct
            for each in self.store.evaluation_counts(self.run.id)
            if each.iteration == 0
        )
        return (final.count, final.of, start) if final else (None, None, None)
