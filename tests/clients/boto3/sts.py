"""The STS: a token for credentials, and credentials that ask who they are."""

import os
import tempfile
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import boto3

from check import equal, members, refused, true
from scene import ACCOUNT, COGNITO, DEVELOPER, REGION, role

DENIED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
INVALID_TOKEN = "The security token included in the request is invalid."


def tell(scene):
    pool = scene.new_pool("sts", guests=True, DeveloperProviderName=DEVELOPER)
    roles = {"authenticated": role("player"), "unauthenticated": role("guest")}
    scene.aws.set_identity_pool_roles(IdentityPoolId=pool, Roles=roles)
    alice = scene.developer_token(pool, "alice")
    credentials = assumes(scene, pool, alice)
    asks(scene, credentials)
    asks_in_the_enhanced_flow(scene, alice)
    refuses(scene, pool, alice)
    provides(scene, alice["Token"])


def keys(credentials):
    """Credentials as boto3 takes them."""
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials.get("SecretAccessKey") or credentials["SecretKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def assume(scene, name, token, **options):
    call = {"RoleArn": role(name), "RoleSessionName": "alice@home", "WebIdentityToken": token}
    return members(scene.sts().assume_role_with_web_identity(**call | options))


def assumes(scene, pool, alice):
    answer = assume(scene, "player", alice["Token"], DurationSeconds=900)
    ends = answer["Credentials"]["Expiration"] - datetime.now(timezone.utc)
    true("a developer token is exchanged for credentials", answer["Credentials"]["SessionToken"])
    true("of a quarter of an hour", timedelta(minutes=14) < ends <= timedelta(minutes=15))
    user = answer["AssumedRoleUser"]
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/player/alice@home"
    equal("for the role and the session", user["Arn"], arn)
    names = ("SubjectFromWebIdentityToken", "Audience", "Provider")
    equal(
        "for the identity, from the pool",
        [answer[name] for name in names],
        [alice["IdentityId"], pool, COGNITO],
    )
    return answer


def asks(scene, answer):
    user = answer["AssumedRoleUser"]
    who = members(scene.sts(**keys(answer["Credentials"])).get_caller_identity())
    expected = {"UserId": user["AssumedRoleId"], "Account": ACCOUNT, "Arn": user["Arn"]}
    equal("the credentials are told who they are", who, expected)
    wrong = keys(answer["Credentials"]) | {"aws_secret_access_key": "x" * 40}
    refused(
        "another secret key",
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details.",
        scene.sts(**wrong).get_caller_identity,
        status=403,
    )
    for what, credentials in [
        ("credentials of an account", {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x"}),
        ("a changed session token", keys(answer["Credentials"]) | {"aws_session_token": "abc"}),
        ("another key id", keys(answer["Credentials"]) | {"aws_access_key_id": "ASIAOTHER"}),
    ]:
        call = scene.sts(**credentials).get_caller_identity
        refused(what, "InvalidClientTokenId", INVALID_TOKEN, call, status=403)
    message = "Request is missing Authentication Token"
    call = scene.sts().get_caller_identity
    refused("no credentials", "MissingAuthenticationToken", message, call, status=403)


def asks_in_the_enhanced_flow(scene, alice):
    answer = scene.public.get_credentials_for_identity(
        IdentityId=alice["IdentityId"], Logins={COGNITO: alice["Token"]}
    )
    who = scene.sts(**keys(answer["Credentials"])).get_caller_identity()
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/player/CognitoIdentityCredentials"
    equal("credentials of GetCredentialsForIdentity are told, too", who["Arn"], arn)


def refuses(scene, pool, alice):
    token = alice["Token"]
    guest = scene.public.get_id(IdentityPoolId=pool)["IdentityId"]
    guest = scene.public.get_open_id_token(IdentityId=guest)["Token"]
    true("a guest assumes its role", assume(scene, "guest", guest))
    call = scene.sts().assume_role_with_web_identity
    for what, name, token in [
        ("a user as guest", "guest", alice["Token"]),
        ("a guest as user", "player", guest),
        ("a user in an unknown role", "unknown", alice["Token"]),
    ]:
        arguments = {"RoleArn": role(name), "RoleSessionName": "ab", "WebIdentityToken": token}
        refused(what, "AccessDenied", DENIED, call, status=403, **arguments)
    arguments = {"RoleArn": role("player"), "RoleSessionName": "ab", "WebIdentityToken": "none"}
    message = (
        "The web identity token that was passed could not be validated by AWS. Get a new identity "
        "token from the identity provider and then retry the request."
    )
    refused("what is no token", "InvalidIdentityToken", message, call, **arguments)
    arguments["DurationSeconds"] = 43_201
    message = (
        "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy "
        "constraint: Member must have value less than or equal to 43200"
    )
    refused("more than twelve hours", "ValidationError", message, call, **arguments)
    message = "Could not find operation GetSessionToken for version 2011-06-15"
    key = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x"}
    refused("other actions", "InvalidAction", message, scene.sts(**key).get_session_token)


@contextmanager
def environment(**variables):
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def provides(scene, token):
    """The provider of web identities, with nothing but its environment."""
    with tempfile.NamedTemporaryFile("w", suffix=".jwt") as file:
        file.write(token)
        file.flush()
        with environment(
            AWS_ENDPOINT_URL_STS=scene.url,
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            AWS_ROLE_ARN=role("player"),
            AWS_ROLE_SESSION_NAME="from-a-file",
            AWS_WEB_IDENTITY_TOKEN_FILE=file.name,
        ):
            session = boto3.Session()
            method = session.get_credentials().method
            who = session.client("sts").get_caller_identity()
    equal("the provider of web identities is in charge", method, "assume-role-with-web-identity")
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/player/from-a-file"
    equal("and its credentials are told who they are", who["Arn"], arn)
