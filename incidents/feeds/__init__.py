"""Readers of vendors' feeds, one module a format: bytes in, plain values out, no database."""
