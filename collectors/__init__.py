"""Observe and publish: one package per thing that is watched; none interferes with it."""
