"""A signed statement that nobody may train on a published folder, or mine it: C2PA with CAWG's ``cawg.training-mining``.

One for the folder: it is bound to ``hideseek.json``, which lists every image by the digest of its pixels.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hideseek_cli import __version__
from hideseek_cli.errors import InputError
from hideseek_cli.formats.manifest import NAME
from hideseek_cli.runtime.places import refuse_special

if TYPE_CHECKING:
    from c2pa import C2paSigningAlg

FORBIDDEN = ("cawg.ai_generative_training", "cawg.ai_training", "cawg.data_mining")
KIND = "application/json"
MAX_PEM = 2**20
"""Bytes of a certificate or key at most."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """With what an owner signs."""

    cert: bytes
    """The certificate and those that vouch for it, PEM."""
    key: bytes
    """Its private key, PEM, not encrypted: ECDSA, Ed25519 or RSA."""

    @classmethod
    def load(cls, cert: Path | None, key: Path | None) -> Signer | None:
        """None where neither is given. Raises InputError where one is, or what is needed is not installed."""
        if cert is None and key is None:
            return None
        if cert is None or key is None:
            raise InputError("a statement is signed with `certificate` and `private_key` together; give both, or neither")
        try:
            import c2pa  # noqa: F401
            import cryptography  # noqa: F401
        except ImportError as error:
            raise InputError("signing needs c2pa-python; install it with pip install 'hideseek[c2pa]'") from error
        return cls(cert=_read_pem(cert), key=_read_pem(key))

    def sign(self, manifest: bytes) -> bytes:
        """The statement about a manifest. Raises InputError where certificate and key cannot sign it."""
        import c2pa

        info = c2pa.C2paSignerInfo(alg=choose_algorithm(self.key), sign_cert=self.cert, private_key=self.key, ta_url=None)
        try:
            builder = c2pa.Builder(_state())
            builder.set_no_embed()
            return bytes(builder.sign(c2pa.Signer.from_info(info), KIND, io.BytesIO(manifest), io.BytesIO()))
        except c2pa.C2paError as error:
            why = " ".join(str(error).split())
            raise InputError(
                f"`certificate` and `private_key` cannot sign ({why}); give a signing certificate with its chain, and its key"
            ) from error


def _state() -> dict[str, Any]:
    """What is stated."""
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/dataDrivenMedia"
    return {
        "claim_generator_info": [{"name": "hideseek", "version": __version__}], "title": NAME, "format": KIND,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": source}]}},
            {"label": "cawg.training-mining", "data": {"entries": {use: {"use": "notAllowed"} for use in FORBIDDEN}}},
        ],
    }  # fmt: skip


def choose_algorithm(key: bytes) -> C2paSigningAlg:
    """How C2PA signs with a private key. Raises InputError where it does not."""
    from c2pa import C2paSigningAlg
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise InputError("`private_key` is no private key in PEM that can be read without a password; give one") from error
    if isinstance(found, Ed25519PrivateKey):
        return C2paSigningAlg.ED25519
    if isinstance(found, RSAPrivateKey):
        return C2paSigningAlg.PS256
    curves = {"secp256r1": C2paSigningAlg.ES256, "secp384r1": C2paSigningAlg.ES384, "secp521r1": C2paSigningAlg.ES512}
    name = found.curve.name if isinstance(found, EllipticCurvePrivateKey) else ""
    if name not in curves:
        raise InputError("`private_key` is of a kind that C2PA does not sign with; give an ECDSA (P-256), Ed25519 or RSA key")
    return curves[name]


def _read_pem(path: Path) -> bytes:
    refuse_special(path, "a PEM file")
    try:
        with path.open("rb") as file:
            return file.read(MAX_PEM)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give a PEM file") from error
