"""Studies: many runs planned in one file, worked off as a queue, compared with each other.

`study_file` reads the file, `plan` makes runs of it, `sharing` gives a run what another has done
already, `queue` works them off, `results` reads what they reached, `comparing` compares, `tables`
and `writing` tell. Each run is an ordinary project in the study's folder. All of it is light.
"""
