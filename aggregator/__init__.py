"""Fold the log, freeze one validated snapshot per tick, store it, and announce every change."""
