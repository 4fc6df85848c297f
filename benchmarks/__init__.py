"""Benchmarks of Oracle Monitor: `make bench`, or `python -m benchmarks` (docs/BENCHMARKS.md)."""
