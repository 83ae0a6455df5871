"""Which kinds of causal language models the installed transformers has code for.

It is read from its source: importing it takes seconds and torch.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_MAPPING = re.compile(r"^MODEL_FOR_CAUSAL_LM_MAPPING_NAMES = OrderedDict\($(.*?)^\)$", re.M | re.S)
_ENTRY = re.compile(r'^\s*\("([\w.-]+)", "(\w+)"\)', re.M)

TEXT_PARTS = frozenset({"gemma3"})
"""Models that also see images, whose text part `engine.student.loading` loads by itself."""


@cache
def causal_models() -> Mapping[str, str]:
    """Return the class of each kind (``model_type``); empty where it cannot be told."""
    found = importlib.util.find_spec("transformers")
    if found is None or not found.submodule_search_locations:
        return {}
    folder = Path(found.submodule_search_locations[0])
    try:
        source = (folder / "models" / "auto" / "modeling_auto.py").read_text(encoding="utf-8")
    except OSError:
        return {}
    mapping = _MAPPING.search(source)
    return dict(_ENTRY.findall(mapping[1])) if mapping else {}
