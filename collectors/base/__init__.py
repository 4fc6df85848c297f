"""What every collector is made of: the Protocol, the one loop, and what it publishes."""
