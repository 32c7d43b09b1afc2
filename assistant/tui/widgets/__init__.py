"""The parts of the screens, one family a file: state in, messages out."""
