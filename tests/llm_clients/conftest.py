"""The site of the real clients' tests: started once, at the first test that asks for it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256

import pytest

from cli.stack.errors import StackError
from cli.stack.server import KafkaServer, free_port
from tests.llm.process import Log, proxy_process
from tests.llm.servers import serving
from tests.llm_clients.calls.making import ASYNC, of_async
from tests.llm_clients.environments import python_of
from tests.llm_clients.everything import CLIENTS
from tests.llm_clients.running import Site, Told, run_both_ways
from tests.llm_clients.upstream import KEY, Upstream

ENVIRONMENT = "llm-clients"


@pytest.fixture(scope="session")
def clients() -> None:
    """Install the clients where they are missing; where they cannot be, fail: nothing else tries them."""
    try:
        for name in ("sdk", "litellm"):
            python_of(name)
    except StackError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def site(clients: None, broker: KafkaServer) -> Iterator[Site]:
    """Give an upstream, and the proxy as a process in front of it."""
    upstream, litellm_port = Upstream(), free_port()
    log = Log(broker, ENVIRONMENT, KEY)
    labels = [{"label": ASYNC, "sha256": sha256(of_async(KEY).encode()).hexdigest()}]
    providers = [{"name": "litellm", "url": f"http://127.0.0.1:{litellm_port}"}]
    with ExitStack() as stack:
        stack.callback(log.consumer.close)  # left open it keeps the whole run from ending
        url = stack.enter_context(serving(upstream))
        settings = {
            "ANTHROPIC_BASE_URL": url,
            "AZURE_API_BASE": url,
            "OLLAMA_BASE_URL": url,
            "LITELLM_PROVIDERS": json.dumps(providers),
            "LLM_KEY_LABELS": json.dumps(labels),
            "ORACLE_ENVIRONMENT": ENVIRONMENT,
        }
        try:
            proxy = proxy_process(f"{url}/v1", broker.bootstrap_servers, **settings)
            _, port, _ = stack.enter_context(proxy)
        except AssertionError as error:
            pytest.fail(f"the proxy does not start: {error}", pytrace=False)
        yield Site(upstream, url, f"http://127.0.0.1:{port}", litellm_port, log)


def _run(site: Site, environment: str, module: str) -> dict[tuple[str, str], Told]:
    try:
        return run_both_ways(site, environment, module)
    except AssertionError as error:
        # In short: it fails hundreds of tests.
        pytest.fail(f"{module}: {error}", pytrace=False)


@pytest.fixture(scope="session")
def openai_calls(site: Site) -> dict[tuple[str, str], Told]:
    """Give the calls of the openai SDK, by client and name."""
    return _run(site, "sdk", "openai_calls")


@pytest.fixture(scope="session")
def anthropic_calls(site: Site) -> dict[tuple[str, str], Told]:
    """Give the calls of the anthropic SDK."""
    return _run(site, "sdk", "anthropic_calls")


@pytest.fixture(scope="session")
def litellm_calls(site: Site) -> dict[tuple[str, str], Told]:
    """Give the calls of the litellm client."""
    return _run(site, "litellm", "litellm_calls")


@pytest.fixture
def call(request: pytest.FixtureRequest, client: str, name: str) -> Told:
    """Give what is known of one call, by the test's own parameters."""
    calls: dict[tuple[str, str], Told] = request.getfixturevalue(CLIENTS[client].fixture)
    return calls[client, name]
