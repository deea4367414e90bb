"""The interpretation protocol as data, and its evaluator.

`rules` has the words the tables are written in, `table_*` the versioned criteria with thresholds and citations, `paths`
the decision paths by diagnosis, `evaluator` runs them on measurements. Must not import the interpreter or the verifier.
"""
