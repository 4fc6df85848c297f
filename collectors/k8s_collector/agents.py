"""What a deployment says of the agent that it runs (SPEC §7): labels, annotations, inference; pure."""

import re

from msgspec import UNSET

from collectors.k8s_collector.objects import Deployment, TemplateContainer
from schema.agent_names import name_of
from schema.observed import AgentObserved

LABEL_AGENT = "oracle-monitor/agent"
LABEL_NAME = "oracle-monitor/name"
ANNOTATION_MODELS = "oracle-monitor/models"
ANNOTATION_DESCRIPTION = "oracle-monitor/description"
ANNOTATION_EXCLUDE = "oracle-monitor/exclude"
MAX_MODELS = 50
MAX_TEXT = 1000

_MODEL_VARIABLE = re.compile(r"(?:[A-Z0-9]+_)*MODELS?(?:_NAMES?|_IDS?)?")
"""MODEL_NAME, OPENAI_MODEL, LLM_MODEL_ID, MODELS."""
_NO_MODEL = re.compile(r"://|^[/.~]|^(?i:true|false|\d+)$")
"""Values of such variables that name a file, an address or a switch."""
_MODEL_SERVER = re.compile(r"(?:^|[/_.-])(?:ollama|litellm|vllm)(?:[/_.:@-]|$)")


def agent_of(deployment: Deployment) -> AgentObserved:
    """Give the agent that a deployment runs, whether or not it says that it is one."""
    metadata = deployment.metadata
    labels, annotations = metadata.labels or {}, metadata.annotations or {}
    containers = deployment.spec.template.spec.containers
    name = labels.get(LABEL_NAME) or annotations.get(LABEL_NAME) or name_of(metadata.name)
    told = annotations.get(ANNOTATION_DESCRIPTION, "").strip()
    return AgentObserved(
        namespace=metadata.namespace,
        deployment_name=metadata.name,
        name=name[:256],
        labeled=_is_true(labels.get(LABEL_AGENT)),
        excluded=_is_true(annotations.get(ANNOTATION_EXCLUDE)),
        role="llm_server" if any(_serves_models(one) for one in containers) else "agent",
        models=_models(annotations.get(ANNOTATION_MODELS), containers) or UNSET,
        description=(told or f"{name}, deployed as {metadata.name} in {metadata.namespace}")[:MAX_TEXT],
    )


def _is_true(value: str | None) -> bool:
    return (value or "").strip().lower() == "true"


def _serves_models(container: TemplateContainer) -> bool:
    return bool(_MODEL_SERVER.search((container.image or "").lower()))


def _models(annotated: str | None, containers: list[TemplateContainer]) -> list[str]:
    """Give the annotated models, or those that variables of the containers name; in order, each once."""
    if annotated is not None:
        return _named(annotated)
    values = [
        variable.value
        for container in containers
        for variable in container.env or ()
        if variable.value and _MODEL_VARIABLE.fullmatch(variable.name)
    ]
    return [one for one in _named(",".join(values)) if not _NO_MODEL.search(one)]


def _named(text: str) -> list[str]:
    names = (part.strip() for part in text.split(","))
    return list(dict.fromkeys(name[:256] for name in names if name))[:MAX_MODELS]
