"""The contracts on every arrow between services: what travels, and what is stored."""
