"""The engine's API on a Unix socket, served to clients that may do anything.

The door is opened before anything heavy is imported, so that clients can tell
loading from absence; hence nothing is imported here.
"""
