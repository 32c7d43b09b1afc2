"""From files to passages: the background half of kb, and the owner of everything stored."""
