"""A statement about training is signed with the owner's certificate and bound to the manifest."""

from __future__ import annotations

import datetime
import io
import json
from pathlib import Path

import pytest

pytest.importorskip("c2pa", reason="needs c2pa-python to sign")
pytest.importorskip("cryptography", reason="needs cryptography to make certificates")

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from hideseek_cli.cards.credentials import KIND, Signer
from hideseek_cli.cards.facts import Words
from hideseek_cli.cards.writing import write_card
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest
from hideseek_cli.formats.card_files import CREDENTIALS, README
from hideseek_cli.runtime.atomic import StagedFolder
from tests.helpers.published import publish

KINDS = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()), "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate, "rsa": lambda: rsa.generate_private_key(65537, 2048),
}  # fmt: skip


def _name(text: str) -> x509.Name:
    oid = x509.oid.NameOID
    return x509.Name([x509.NameAttribute(oid.COMMON_NAME, text), x509.NameAttribute(oid.ORGANIZATION_NAME, text)])


def _usage(*, signs: bool, vouches: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=vouches, crl_sign=vouches, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def make_signer(place: Path, kind: str = "p256", password: bytes | None = None) -> tuple[Path, Path]:
    """A certificate with its root, and its key, as files."""
    root_key, key, now = KINDS["p256"](), KINDS[kind](), datetime.datetime.now(datetime.UTC)

    def build(subject: str, public: object, authority: bool) -> x509.Certificate:
        made = (
            x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name("Root")).public_key(public)
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(1))
            .not_valid_after(now + datetime.timedelta(9)).add_extension(x509.BasicConstraints(authority, None), True)
            .add_extension(_usage(signs=not authority, vouches=authority), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
        )  # fmt: skip
        if not authority:
            made = made.add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION]), True)
        return made.sign(root_key, hashes.SHA256())

    chain = [build("Owner", key.public_key(), False), build("Root", root_key.public_key(), True)]
    (place / "chain.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in chain))
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    (place / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))
    return place / "chain.pem", place / "key.pem"


@pytest.mark.parametrize("kind", KINDS)
def test_the_statement_forbids_training_and_mining_and_holds_for_this_manifest_alone(kind, tmp_path):
    folder = publish(tmp_path / "p", [("cat", "0"), ("dog", "0")])
    write_card(folder, Words(), Signer.load(*make_signer(tmp_path, kind)))
    stated, listed = (folder / CREDENTIALS).read_bytes(), (folder / manifest.NAME).read_bytes()
    found = json.loads(c2pa.Reader(KIND, io.BytesIO(listed), manifest_data=stated).json())
    active = found["manifests"][found["active_manifest"]]
    entries = next(one["data"]["entries"] for one in active["assertions"] if one["label"] == "cawg.training-mining")
    assert entries == {
        use: {"use": "notAllowed"} for use in ("cawg.ai_generative_training", "cawg.ai_training", "cawg.data_mining")
    }
    assert found["validation_state"] == "Valid" and active["signature_info"]["common_name"] == "Owner"
    other = json.loads(c2pa.Reader(KIND, io.BytesIO(listed + b" "), manifest_data=stated).json())
    assert other["validation_state"] == "Invalid"


def test_a_signed_card_says_so_and_is_replaced_with_leave(tmp_path):
    folder = publish(tmp_path / "p", [("cat", "0"), ("dog", "0")])
    signer = Signer.load(*make_signer(tmp_path))
    assert write_card(folder, Words(), signer).files[-1] == CREDENTIALS
    write_card(folder, Words(), signer, overwrite=True)
    write_card(folder, Words(), overwrite=True)
    assert f"`{CREDENTIALS}`" in (folder / README).read_text()
    StagedFolder(folder, overwrite=True, ours=lambda: manifest.list_owned_files(folder)).check()
    for path in folder.iterdir():
        assert path.is_dir() or b"PRIVATE" not in path.read_bytes()


def test_what_cannot_sign_is_said_and_nothing_is_written(tmp_path):
    folder = publish(tmp_path / "p", [("cat", "0")])
    (tmp_path / "b").mkdir()
    cert, key = make_signer(tmp_path)
    foreign = make_signer(tmp_path / "b", "rsa")[1]
    with pytest.raises(InputError, match="cannot sign"):
        write_card(folder, Words(), Signer.load(cert, foreign))
    with pytest.raises(InputError, match="together"):
        Signer.load(cert, None)
    with pytest.raises(InputError, match=r"gone.pem cannot be read"):
        Signer.load(tmp_path / "gone.pem", key)
    with pytest.raises(InputError, match="no private key in PEM"):
        write_card(folder, Words(), Signer.load(cert, cert))
    with pytest.raises(InputError, match="without a password"):
        write_card(folder, Words(), Signer.load(*make_signer(tmp_path, password=b"secret")))
    assert {path.name for path in folder.iterdir()} == {"cat", manifest.NAME}


def test_without_c2pa_it_is_said_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)
    with pytest.raises(InputError, match=r"pip install 'hideseek\[c2pa\]'"):
        Signer.load(tmp_path / "a", tmp_path / "b")
