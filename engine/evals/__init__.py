"""Any model on any test, apart from runs: what `tripost eval` does.

``models`` and ``question_sets`` find what is named, without torch; ``order`` puts both together and
``overlap`` tells which questions a model was trained on. ``python -m engine.evals`` is the process
that generates and scores, which `child` starts: ``students`` asks students, ``chats`` experts.
``summary`` and ``pairing`` say what came out; ``item_files`` and ``samples`` read and write the
files of others.
"""
