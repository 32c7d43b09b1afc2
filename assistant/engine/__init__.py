"""The model engine: a resident process that holds the language model, and its thin client.

Faces import `assistant.engine.client` alone. Everything else here runs in the
engine's own process, so that a native crash of llama.cpp ends nothing but it.
"""
