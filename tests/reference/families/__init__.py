"""Tiny checkpoints and reference answers of every guard family, one family a file."""
