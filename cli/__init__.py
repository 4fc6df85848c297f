"""The `oracle` command, and the local stack that `oracle up` starts."""
