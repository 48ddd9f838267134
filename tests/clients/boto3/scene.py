"""A running server, its clients, and the issuers that it knows."""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import boto3
import jwt
from botocore import UNSIGNED
from botocore.config import Config

from check import Wrong
from oidc import Issuer

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
REGION = "us-east-1"
ISSUER = "https://cognito-identity.amazonaws.com"
POOL_ARN = "https://cognito-identity.amazonaws.com/identity-pool-arn"
TAGS = "https://aws.amazon.com/tags"
COGNITO = "cognito-identity.amazonaws.com"
DEVELOPER = "login.game"
USER_POOL = f"cognito-idp.{REGION}.amazonaws.com/{REGION}_x"
GOOGLE = "accounts.google.com"
APPLE = "appleid.apple.com"
OIDC = "login.example.com/realms/game"
OIDC_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{OIDC}"
UNKNOWN_POOL = f"{REGION}:00000000-0000-4000-8000-000000000000"
UNKNOWN_IDENTITY = f"{REGION}:00000000-0000-4000-8000-000000000001"


def role(name, account=ACCOUNT):
    return f"arn:aws:iam::{account}:role/{name}"


def pool_not_found(pool):
    return f"IdentityPool '{pool}' not found."


def identity_not_found(identity):
    return f"Identity '{identity}' not found."


def make_issuers():
    issuers = [
        Issuer(USER_POOL, "app_client_1"),
        Issuer(GOOGLE, "1234567890.apps.googleusercontent.com"),
        Issuer(APPLE, "com.example.game"),
        Issuer(OIDC, "game"),
    ]
    return {issuer.name: issuer for issuer in issuers}


def public_providers(issuers):
    """The members of a pool that accepts all issuers."""
    user_pool = {"ProviderName": USER_POOL, "ClientId": issuers[USER_POOL].client}
    return {
        "CognitoIdentityProviders": [user_pool],
        "SupportedLoginProviders": {name: issuers[name].client for name in (GOOGLE, APPLE)},
        "OpenIdConnectProviderARNs": [OIDC_ARN],
    }


class Scene:
    """The clients of one server. They record answers and refusals."""

    def __init__(self, url, issuers):
        self.url = url
        self.issuers = issuers
        self.answered = set()
        self.refusals = defaultdict(set)
        self.aws = self.client(ACCOUNT)
        self.other = self.client(OTHER_ACCOUNT)
        self.public = self.client(None)
        # This client sends requests that boto3 itself would refuse.
        self.unchecked = self.client(ACCOUNT, parameter_validation=False)
        self.unchecked_public = self.client(None, parameter_validation=False)
        self.operations = set(self.aws.meta.service_model.operation_names)

    def sts(self, **credentials):
        """A client of the STS, without credentials if none are given."""
        options = {} if credentials else {"signature_version": UNSIGNED}
        config = Config(retries={"total_max_attempts": 1}, read_timeout=30, **options)
        session = boto3.Session(region_name=REGION, **credentials)
        return session.client("sts", endpoint_url=self.url, config=config)

    def client(self, account, **options):
        """A client for an account, or with None a client without credentials."""
        if account is None:
            session, options["signature_version"] = boto3.Session(region_name=REGION), UNSIGNED
        else:
            session = boto3.Session(account, "x", region_name=REGION)
        config = Config(
            retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30, **options
        )
        client = session.client("cognito-identity", endpoint_url=self.url, config=config)
        client.meta.events.register("after-call.cognito-identity", self.note)
        return client

    def note(self, model, parsed, **_):
        if error := parsed.get("Error"):
            self.refusals[model.name].add(error["Code"])
        else:
            self.answered.add(model.name)

    def new_pool(self, name="game", guests=False, **settings):
        answer = self.aws.create_identity_pool(
            IdentityPoolName=name, AllowUnauthenticatedIdentities=guests, **settings
        )
        return answer["IdentityPoolId"]

    def developer_token(self, pool, user, **options):
        """The answer for a developer user."""
        return self.aws.get_open_id_token_for_developer_identity(
            IdentityPoolId=pool, Logins={DEVELOPER: user}, **options
        )

    def login(self, name, *arguments, **options):
        """A `Logins` map with a token of an issuer."""
        return {name: self.issuers[name].token(*arguments, **options)}

    def identities(self, pool, **options):
        """Every identity of a pool, read in pages of two."""
        found, answer = [], {"NextToken": None}
        while "NextToken" in answer:
            if answer["NextToken"]:
                options["NextToken"] = answer["NextToken"]
            answer = self.aws.list_identities(IdentityPoolId=pool, MaxResults=2, **options)
            found += answer["Identities"]
        return found

    def claims(self, token, pool, algorithm="RS512"):
        """The claims of a token of the server, verified with only the published keys."""
        keys = jwt.PyJWKClient(f"{self.url}/.well-known/jwks_uri")
        return jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=[algorithm],
            audience=pool,
            issuer=ISSUER,
            options={"require": ["sub", "aud", "iss", "exp", "iat"]},
        )


@contextmanager
def running(binary, issuers=None, options=()):
    """A server on a free port with an empty folder. It is always stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="cognate-boto3-") as folder:
        folder = Path(folder)
        arguments = [
            binary,
            "serve",
            "--data",
            folder / "data",
            "--listen",
            "127.0.0.1:0",
            *options,
        ]
        for number, issuer in enumerate((issuers or {}).values()):
            file = folder / f"keys-{number}.json"
            file.write_text(json.dumps(issuer.key_set()))
            arguments += ["--oidc-jwks", f"https://{issuer.name}={file}"]
        if issuers:
            arguments += ["--oidc-client-id", f"https://{OIDC}={issuers[OIDC].client}"]
        output, log = folder / "output", folder / "log"
        with output.open("wb") as out, log.open("wb") as errors:
            process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
            )
        try:
            yield address(process, output), log
            process.terminate()
            status = process.wait(timeout=20)
            if status != 0:
                raise Wrong(f"the server ended with status {status}")
        except BaseException:
            print("".join(log.read_text().splitlines(keepends=True)[-10:]), file=sys.stderr)
            raise
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def address(process, output):
    for _ in range(600):
        if found := re.search(r"http://127\.0\.0\.1:\d+", output.read_text()):
            return found.group()
        if process.poll() is not None:
            raise Wrong("the server ended before it said where it listens")
        time.sleep(0.1)
    raise Wrong("the server did not say where it listens")
