"""A certificate for the proxy's TLS on loopback, made once in a folder: its own authority, which clients can name."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from local.errors import UserError

VALID_DAYS = 365


def server_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Give a server's TLS context, and the certificate that clients check it by (`?ca=`).

    Raises:
        UserError: The package that makes certificates is not installed, or the folder cannot be written.
    """
    certificate, key = folder / "ca.pem", folder / "key.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        if not (certificate.exists() and key.exists()) or _ends_soon(certificate):
            _make(certificate, key)
        context.load_cert_chain(certificate, key)
    except ImportError:
        raise UserError("TLS needs the package cryptography; install crossover[aws], or give --no-tls") from None
    except OSError as problem:
        raise UserError(f"no certificate can be kept in {folder}: {problem.strerror}") from None
    return context, certificate


def _ends_soon(certificate: Path) -> bool:
    from cryptography import x509

    end = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return end < datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)


def _make(certificate: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Crossover's emulated RDS Proxy")])
    now = datetime.datetime.now(datetime.UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    certificate.parent.mkdir(parents=True, exist_ok=True)
    key.touch(mode=0o600)
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
