"""Start an agent from its class: `python -m agents.base.run module:MyAgent`."""

import importlib
import sys

from agents.base.agent import BaseAgent

USAGE = "usage: python -m agents.base.run module:Class, where Class is a BaseAgent"


def agent_of(target: str) -> BaseAgent:
    """Make the agent that `module:Class` names. Raises ValueError with one line for people."""
    module_name, _, class_name = target.partition(":")
    if not module_name or not class_name:
        raise ValueError(USAGE)
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except ModuleNotFoundError as error:
        raise ValueError(f"there is no module {error.name}") from None
    except AttributeError:
        raise ValueError(f"module {module_name} has no {class_name}") from None
    if not (isinstance(found, type) and issubclass(found, BaseAgent)):
        raise ValueError(f"{target} is not a BaseAgent")
    return found()


def main() -> None:
    """Run the agent that the command line names."""
    sys.path.insert(0, "")
    try:
        agent = agent_of(sys.argv[1] if len(sys.argv) == 2 else "")
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    agent.run()


if __name__ == "__main__":
    main()
