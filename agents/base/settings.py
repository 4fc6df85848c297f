"""What every agent can be told by its environment."""

from typing import Annotated

from msgspec import Meta

from runtime.settings import BaseSettings, Positive

_Seconds = Annotated[float, Meta(gt=0, le=3600)]


class AgentSettings(BaseSettings, frozen=True, kw_only=True):
    """Who the agent is, how it beats and retries, and where its language model is."""

    oracle_agent_id: str = ""
    oracle_agent_name: str = ""
    oracle_workload: str = ""
    """The name of the deployment, where it differs from the class's."""
    oracle_heartbeat_seconds: _Seconds = 30.0
    hostname: str = ""
    kubernetes_service_host: str = ""

    agent_attempts: Positive = 3
    """How often a task is tried."""
    agent_backoff_seconds: _Seconds = 0.5
    """Before the second attempt; doubled before each further one, with jitter."""
    agent_stop_seconds: _Seconds = 10.0
    """How long running tasks may go on after SIGTERM."""

    llm_base_url: str = "http://127.0.0.1:8090/openai/v1"
    llm_model: str = "gpt-4o-mini"
    llm_large_model: str = ""
    """For the tasks that ask for more; empty: gpt-4o beside gpt-4o-mini, else LLM_MODEL itself."""
    llm_timeout_seconds: _Seconds = 120.0
    openai_api_key: str = ""

    @property
    def large_model(self) -> str:
        """Give the model for tasks that ask for more."""
        return self.llm_large_model or ("gpt-4o" if self.llm_model == "gpt-4o-mini" else self.llm_model)
