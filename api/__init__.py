"""Serve the state, its verdict and the live stream: thin routes over what the aggregator has stored."""
