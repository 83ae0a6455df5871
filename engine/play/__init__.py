"""Asking a student anything: a process of its own that loads it, and how to talk to that.

``python -m engine.play DIR`` is the process, with `session` for its work; `child` starts it and
sees to its end; `messages` is what the two say to each other, as lines of JSON over pipes. What
there is to ask, and whether it fits, `outlook` tells without torch.
"""
