"""What fits on a machine and how long it takes, told from a model's config.json alone.

Light: nothing here loads torch, so that the app and the command line may plan.
"""
