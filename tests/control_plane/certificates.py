"""The keys and certificates that the control plane's parts show one another, made anew for each cluster.

https://kubernetes.io/docs/setup/best-practices/certificates/ names them: one CA for what the servers show,
one for the front proxy through which aggregated APIs are asked, and the key that signs the tokens of service
accounts.
"""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FRONT_PROXY_USER = "front-proxy-client"
_VALID_DAYS = 7


@dataclass(frozen=True)
class Pair:
    """The paths of a PEM certificate and of its PEM private key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """Everything in one directory; `ca` is what clients verify the servers by."""

    ca: Path
    server: Pair
    front_proxy_ca: Path
    front_proxy_client: Pair
    service_account_key: Path
    service_account_public_key: Path


@dataclass(frozen=True)
class _Authority:
    name: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_certificates(directory: Path) -> Certificates:
    """Write all of them into a directory that only we can read."""
    directory.mkdir(mode=0o700, parents=True)
    servers, front_proxy = _authority("oracle-test-ca"), _authority("oracle-test-front-proxy-ca")
    accounts = ec.generate_private_key(ec.SECP256R1())
    public = accounts.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Certificates(
        ca=_write(directory / "ca.crt", servers.certificate.public_bytes(serialization.Encoding.PEM)),
        server=_leaf(directory, "server", "127.0.0.1", servers),
        front_proxy_ca=_write(
            directory / "front-proxy-ca.crt", front_proxy.certificate.public_bytes(serialization.Encoding.PEM)
        ),
        front_proxy_client=_leaf(directory, "front-proxy-client", FRONT_PROXY_USER, front_proxy),
        service_account_key=_write(directory / "service-account.key", _pem(accounts)),
        service_account_public_key=_write(directory / "service-account.pub", public),
    )


def _authority(name: str) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Authority(name, certificate, key)


def _leaf(directory: Path, file_name: str, subject: str, issuer: _Authority) -> Pair:
    """Make a certificate for a server on loopback that serves as a client's too."""
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.DNSName("localhost"),
        x509.DNSName("kubernetes.default.svc"),
    ]
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    certificate = (
        _builder(subject, issuer.name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(issuer.key, hashes.SHA256())
    )
    return Pair(
        _write(directory / f"{file_name}.crt", certificate.public_bytes(serialization.Encoding.PEM)),
        _write(directory / f"{file_name}.key", _pem(key)),
    )


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=_VALID_DAYS))
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
