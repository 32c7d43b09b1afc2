"""The tests of kb: real Chroma, real llama.cpp, real child processes, made-up files."""
