"""Measuring how well a person's own questions are answered from their own files.

`cases` reads a set of questions, `running` asks them through the same core as
`kb ask`, `judging` holds each answer against what was expected, `figures` sums
up. `drafting` writes a first set of questions from the files themselves.
"""
