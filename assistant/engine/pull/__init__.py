"""Downloading a model: `python -m assistant.engine.pull`, the only process of kb that may use the network.

`kb models pull` starts it and draws what it tells, a JSON object a line. It ends
with whoever started it, because nobody would see it go on.

huggingface_hub, which other dependencies bring along, is not used: of a file
that it has written it checks the size and never the sha256, it keeps what is
half done in a folder of its own beside the models, its transfer by hf-xet starts
anew where a process was killed, and nothing can be looked at before it is
written, so that the page of a captive portal is saved as a model. What is left
to do without it are two addresses that answer JSON and one request for bytes
from a position on.
"""
