"""The store of a project: every query on one object, for one thread of one process."""

from db.collection import CollectionQueries
from db.evaluation import EvaluationQueries
from db.events import EventQueries
from db.example_lists import ExampleListQueries
from db.experts import ExpertQueries
from db.live import LiveQueries
from db.report_facts import ReportQueries
from db.review_lists import ReviewListQueries
from db.reviews import ReviewQueries
from db.runs import RunQueries
from db.training import TrainingQueries


class Store(
    RunQueries,
    CollectionQueries,
    ExpertQueries,
    TrainingQueries,
    ExampleListQueries,
    EvaluationQueries,
    EventQueries,
    LiveQueries,
    ReportQueries,
    ReviewQueries,
    ReviewListQueries,
):
    """A project's database, opened with :meth:`open` or :meth:`create`.

    The engine is the only writer of run data; others write commands,
    and the app reviews. Each writing method is a
    transaction of its own, or part of the one around it (:meth:`transaction`), and what it
    returned from is on disk.
    """
