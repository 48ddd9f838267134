"""Credentials: for guests and users, with roles, role mappings, and tokens of the server."""

import re
import time
from datetime import datetime, timedelta, timezone

from check import equal, members, refused, true
from scene import (
    COGNITO,
    DEVELOPER,
    GOOGLE,
    OIDC,
    OIDC_ARN,
    UNKNOWN_IDENTITY,
    USER_POOL,
    identity_not_found,
    public_providers,
    role,
)

NO_ROLE = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
DONT_MATCH = (
    "Logins don't match. Please include at least one valid login for this identity or identity "
    "pool."
)


def tell(scene):
    default_roles(scene)
    developer_tokens(scene)
    rules(scene)
    roles_of_tokens(scene)


def good(what, scene, identity, **arguments):
    """Requests credentials and checks all members of the answer."""
    answer = members(scene.public.get_credentials_for_identity(IdentityId=identity, **arguments))
    found = answer["Credentials"]
    ends = found["Expiration"] - datetime.now(timezone.utc)
    names = ["AccessKeyId", "Expiration", "SecretKey", "SessionToken"]
    true(
        what,
        sorted(answer) == ["Credentials", "IdentityId"]
        and sorted(found) == names
        and found["AccessKeyId"].startswith("ASIA")
        and len(found["AccessKeyId"]) == 20
        and len(found["SecretKey"]) == 40
        and len(found["SessionToken"]) > 100
        and found["Expiration"].microsecond == 0
        and timedelta(minutes=59) < ends <= timedelta(hours=1),
    )
    return answer


def bad(what, scene, code, message, identity, **arguments):
    call = scene.public.get_credentials_for_identity
    refused(what, code, message, call, IdentityId=identity, **arguments)


def default_roles(scene):
    aws, public = scene.aws, scene.public
    pool = scene.new_pool("roles", guests=True, **public_providers(scene.issuers))
    guest = public.get_id(IdentityPoolId=pool)["IdentityId"]
    logins = scene.login(GOOGLE)
    ann = public.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
    no_role = ("InvalidIdentityPoolConfigurationException", NO_ROLE)
    bad("a guest of a pool without roles", scene, *no_role, guest)
    aws.set_identity_pool_roles(IdentityPoolId=pool, Roles={"unauthenticated": role("guest")})
    bad("a user of a pool with a role for guests only", scene, *no_role, ann, Logins=logins)
    answer = good("a guest gets credentials of an hour", scene, guest)
    equal("for the guest itself", answer["IdentityId"], guest)
    again = good("and others the next time", scene, guest)["Credentials"]
    true("with another key", again["AccessKeyId"] != answer["Credentials"]["AccessKeyId"])

    aws.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role("user")})
    bad("a guest of a pool with a role for users only", scene, *no_role, guest)
    answer = good("a user gets credentials", scene, ann, Logins=logins)
    equal("for the user", answer["IdentityId"], ann)
    answer = good("a guest who logs in gets the user's", scene, guest, Logins=logins)
    equal("for the user, too", answer["IdentityId"], ann)
    forbidden = ("NotAuthorizedException", "Access to Identity '{}' is forbidden.")
    bad("the guest is gone", scene, forbidden[0], forbidden[1].format(guest), guest)
    bad("a user without logins", scene, forbidden[0], forbidden[1].format(ann), ann)
    bad(
        "an unknown identity",
        scene,
        "ResourceNotFoundException",
        identity_not_found(UNKNOWN_IDENTITY),
        UNKNOWN_IDENTITY,
    )
    # The provider has no mapping with roles to choose from.
    good("a role asked for without a mapping", scene, ann, Logins=logins, CustomRoleArn=role("x"))


def developer_tokens(scene):
    pool = scene.new_pool(DeveloperProviderName=DEVELOPER)
    scene.aws.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role("user")})
    alice, bob = (scene.developer_token(pool, user) for user in ("alice", "bob"))
    short = scene.developer_token(pool, "alice", TokenDuration=1)["Token"]
    identity, logins = alice["IdentityId"], {COGNITO: alice["Token"]}
    answer = good("a token of the server gets credentials", scene, identity, Logins=logins)
    equal("for its user", answer["IdentityId"], identity)
    refuse = "NotAuthorizedException"
    mine = {COGNITO: bob["Token"]}
    bad("the token of another user", scene, refuse, DONT_MATCH, identity, Logins=mine)
    for what, token in [
        ("a token of another issuer", scene.issuers[GOOGLE].token()),
        ("a token with another signature", alice["Token"][:-100] + bob["Token"][-100:]),
        ("what is no token", "abc"),
    ]:
        message = "Invalid login token. Not a Cognito token."
        bad(what, scene, refuse, message, identity, Logins={COGNITO: token})
    bad(
        "a developer user without a token",
        scene,
        "InvalidParameterException",
        "Please provide a valid public provider",
        identity,
        Logins={DEVELOPER: "alice"},
    )
    time.sleep(1.1)
    expired = re.compile(r"Invalid login token\. Token expired: \d+ >= \d+")
    bad("a token that was for a second", scene, refuse, expired, identity, Logins={COGNITO: short})


def rules(scene):
    """The first rule that matches a claim of the token names the role."""
    pool = scene.new_pool("rules", guests=True, **public_providers(scene.issuers))
    rows = [
        ("role", "Equals", "captain"),
        ("custom:groups", "Contains", "red"),
        ("email", "StartsWith", "ann@"),
        ("verified", "NotEqual", "false"),
    ]
    names = ("Claim", "MatchType", "Value")
    listed = [dict(zip(names, row), RoleARN=role(row[0].split(":")[-1])) for row in rows]
    mapping = {"Type": "Rules", "RulesConfiguration": {"Rules": listed}}

    def resolve(how, roles):
        mappings = {OIDC_ARN: mapping | {"AmbiguousRoleResolution": how}}
        scene.aws.set_identity_pool_roles(IdentityPoolId=pool, Roles=roles, RoleMappings=mappings)

    resolve("Deny", {"authenticated": role("user")})
    ann = scene.public.get_id(IdentityPoolId=pool, Logins=scene.login(OIDC))["IdentityId"]
    groups = "custom:groups"
    denied = f"The ambiguous role mapping rules for: {OIDC_ARN} denied this request."
    for claims, matches in [
        ({"role": "captain"}, True),
        ({"role": "Captain"}, False),
        ({"role": "captains"}, False),
        ({groups: "the red ones"}, True),
        ({groups: ["blue", "red"]}, True),
        ({groups: ["blue", "green"]}, False),
        ({"email": "ann@example.com"}, True),
        ({"email": "joann@example.com"}, False),
        ({"verified": True}, True),
        ({"verified": False}, False),
        ({}, False),
    ]:
        arguments = {"Logins": scene.login(OIDC, **claims)}
        if matches:
            good(f"a rule matches {claims}", scene, ann, **arguments)
        else:
            bad(
                f"no rule matches {claims}",
                scene,
                "NotAuthorizedException",
                denied,
                ann,
                **arguments,
            )

    both = {"Logins": scene.login(OIDC, role="captain", email="ann@example.com")}
    good(
        "the role of a later rule can be asked for", scene, ann, **both, CustomRoleArn=role("email")
    )
    message = f"Access to Role '{role('groups')}' is forbidden."
    bad(
        "but not that of a rule that does not match",
        scene,
        "NotAuthorizedException",
        message,
        ann,
        **both,
        CustomRoleArn=role("groups"),
    )
    google = {"Logins": scene.login(GOOGLE)}
    ben = scene.public.get_id(IdentityPoolId=pool, **google)["IdentityId"]
    good("a provider without a mapping has the pool's role", scene, ben, **google)
    refused(
        "a pool with mappings has no classic flow",
        "InvalidParameterException",
        "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.",
        scene.public.get_open_id_token,
        IdentityId=ben,
        **google,
    )

    none = {"Logins": scene.login(OIDC)}
    resolve("AuthenticatedRole", {"authenticated": role("user")})
    good("without a match the pool's role, if the mapping says so", scene, ann, **none)
    resolve("AuthenticatedRole", {})
    code = "InvalidIdentityPoolConfigurationException"
    bad("which has to be there", scene, code, NO_ROLE, ann, **none)
    good("while a rule that matches needs no other role", scene, ann, **both)


def roles_of_tokens(scene):
    """The token of a user pool itself names the roles."""
    pool = scene.new_pool("token roles", **public_providers(scene.issuers))
    client = f"{USER_POOL}:{scene.issuers[USER_POOL].client}"
    ann = scene.public.get_id(IdentityPoolId=pool, Logins=scene.login(USER_POOL))["IdentityId"]

    def resolve(how):
        scene.aws.set_identity_pool_roles(
            IdentityPoolId=pool,
            Roles={"authenticated": role("user")},
            RoleMappings={client: {"Type": "Token", "AmbiguousRoleResolution": how}},
        )

    one, two, three = (role(name) for name in ("one", "two", "three"))
    listed = {"cognito:roles": [one, two]}
    preferred = listed | {"cognito:preferred_role": two}
    denied = f"The ambiguous role mapping rules for: {client} denied this request."
    forbidden = f"Access to Role '{three}' is forbidden."
    resolve("Deny")
    for what, claims, custom, refusal in [
        ("a token that prefers a role", preferred, {}, None),
        ("a token that lists several", listed, {}, denied),
        ("a token that lists none", {}, {}, denied),
        ("a role asked for that the token lists", listed, {"CustomRoleArn": two}, None),
        ("a role asked for instead of the preferred", preferred, {"CustomRoleArn": one}, None),
        ("a role asked for that it does not list", preferred, {"CustomRoleArn": three}, forbidden),
        ("a role asked for where it lists none", {}, {"CustomRoleArn": three}, forbidden),
    ]:
        arguments = {"Logins": scene.login(USER_POOL, **claims)} | custom
        if refusal:
            bad(what, scene, "NotAuthorizedException", refusal, ann, **arguments)
        else:
            good(what, scene, ann, **arguments)
    resolve("AuthenticatedRole")
    logins = scene.login(USER_POOL, **listed)
    good("a token that lists several, where the pool's role will do", scene, ann, Logins=logins)
