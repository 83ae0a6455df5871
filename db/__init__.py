"""The project's SQLite store: schema, migrations and typed queries.

It is the bus between the engine process, which writes what happens in a run, and the app and
the command line, which read it and leave commands. Start at :class:`db.store.Store`.
"""
