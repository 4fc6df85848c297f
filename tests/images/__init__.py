"""The images and the compose file, read without an engine."""
