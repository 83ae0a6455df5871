"""What a run has made leaves the project: weights for other programs, data for other trainers.

`formats` and `offers` say what there is and what it takes, `process` has it written; both load no
torch. `writing` does it, in a process of its own.
"""
