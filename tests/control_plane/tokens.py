"""Who may speak to the API server: the users of its token file, and short-lived tokens of service accounts.

The claims are those of https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/; the
server checks signature, issuer, audience, times, and that the account exists with that UID.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

import jwt

from tests.control_plane.client import Json
from tests.control_plane.commands import ISSUER

ADMIN = "admin"
LEEWAY_SECONDS = 60
"""How long after its `exp` the API server still takes a token (the default leeway of go-jose)."""


def make_users(names: Iterable[str]) -> dict[str, str]:
    """Give each user a token; `admin` is always among them."""
    return {name: secrets.token_hex(16) for name in (ADMIN, *names)}


def token_file(users: Mapping[str, str]) -> str:
    """Write the rows `token,user,uid,"groups"`: admin may do everything, nobody else may do anything."""
    rows = [
        f'{token},{name},{name}-uid,"{"system:masters" if name == ADMIN else ""}"'
        for name, token in users.items()
    ]
    return "\n".join(rows) + "\n"


def kubeconfig(server_url: str, ca_path: Path, user: str, token: str, namespace: str) -> str:
    """Write a kubeconfig of one user, as JSON (which is YAML)."""
    context = {"cluster": "test", "user": user, "namespace": namespace}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "test", "cluster": {"server": server_url, "certificate-authority": str(ca_path)}}
            ],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "test", "context": context}],
            "current-context": "test",
        }
    )


def sign_token(account: Json, private_key: str, now: float, seconds: float) -> str:
    """Sign a token for a ServiceAccount object that the API server refuses from `now + seconds` on.

    TokenRequest gives none below ten minutes, so this one is signed by the server's own key; as the server
    adds its leeway to `exp`, it is already over for everybody else.
    """
    metadata = account["metadata"]
    namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
    ends = int(now + seconds - LEEWAY_SECONDS)
    claims = {
        "iss": ISSUER,
        "aud": [ISSUER],
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "iat": ends - 1,
        "nbf": ends - 1,
        "exp": ends,
        "jti": secrets.token_hex(16),
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}},
    }
    return jwt.encode(claims, private_key, algorithm="ES256")
