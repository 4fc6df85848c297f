"""What comes from agents, on its way to a terminal: without the characters that would steer it. Pure."""


def visible(text: str) -> str:
    """Give a text on one line; control characters, escape sequences among them, become U+FFFD."""
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "\ufffd" for sign in text)
