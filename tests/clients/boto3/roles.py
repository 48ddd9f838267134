"""Roles of a pool, and the claims that become principal tags."""

from check import equal, members, refused, true
from scene import (
    DEVELOPER,
    GOOGLE,
    OIDC,
    OIDC_ARN,
    OTHER_ACCOUNT,
    TAGS,
    UNKNOWN_POOL,
    USER_POOL,
    pool_not_found,
    public_providers,
    role,
)


def tell(scene):
    pool = scene.new_pool("roles", **public_providers(scene.issuers))
    roles(scene, pool)
    role_refusals(scene, pool)
    attribute_maps(scene, pool)
    tags(scene)


def roles(scene, pool):
    aws = scene.aws
    client = f"{USER_POOL}:{scene.issuers[USER_POOL].client}"

    def found():
        return members(aws.get_identity_pool_roles(IdentityPoolId=pool))

    equal("a new pool has no roles", found(), {"IdentityPoolId": pool})
    rule = {
        "Claim": "cognito:groups",
        "MatchType": "Contains",
        "Value": "admin",
        "RoleARN": role("admin"),
    }
    whole = {
        "Roles": {"authenticated": role("user"), "unauthenticated": role("guest")},
        "RoleMappings": {
            client: {"Type": "Token", "AmbiguousRoleResolution": "Deny"},
            GOOGLE: {
                "Type": "Rules",
                "AmbiguousRoleResolution": "AuthenticatedRole",
                "RulesConfiguration": {"Rules": [rule, rule | {"MatchType": "NotEqual"}]},
            },
            OIDC_ARN: {
                "Type": "Rules",
                "AmbiguousRoleResolution": "Deny",
                "RulesConfiguration": {"Rules": [rule | {"MatchType": "StartsWith"}]},
            },
        },
    }
    answer = members(aws.set_identity_pool_roles(IdentityPoolId=pool, **whole))
    equal("roles are set, which answers nothing", answer, {})
    equal("and read as they were set", found(), {"IdentityPoolId": pool} | whole)
    less = {"Roles": {"authenticated": role("user")}}
    aws.set_identity_pool_roles(IdentityPoolId=pool, **less)
    equal("what is left out is gone", found(), {"IdentityPoolId": pool} | less)
    aws.set_identity_pool_roles(IdentityPoolId=pool, Roles={}, RoleMappings={})
    equal("no roles clear them", found(), {"IdentityPoolId": pool})


def role_refusals(scene, pool):
    aws = scene.aws
    before = members(aws.get_identity_pool_roles(IdentityPoolId=pool))
    token = {"Type": "Token", "AmbiguousRoleResolution": "Deny"}
    foreign = role("user", OTHER_ACCOUNT)
    for what, code, message, arguments in [
        (
            "a role of another account",
            "NotAuthorizedException",
            f"Access to Role '{foreign}' is forbidden.",
            {"Roles": {"authenticated": foreign}},
        ),
        (
            "a role that is none",
            "NotAuthorizedException",
            f"Access to Role '{OIDC_ARN}' is forbidden.",
            {"Roles": {"unauthenticated": OIDC_ARN}},
        ),
        (
            "a mapping of a provider with a scheme",
            "InvalidParameterException",
            f"(https://{GOOGLE}) is not a valid RoleMapping ProviderName or is not a configured "
            "provider.",
            {"RoleMappings": {f"https://{GOOGLE}": token}},
        ),
        (
            "a mapping of a user pool without its client",
            "InvalidParameterException",
            f"({USER_POOL}) is not a valid RoleMapping ProviderName or is not a configured "
            "provider.",
            {"RoleMappings": {USER_POOL: token}},
        ),
        (
            "a mapping that does not say what else",
            "InvalidParameterException",
            "AmbiguousRoleResolution is required for role mapping of type Token.",
            {"RoleMappings": {GOOGLE: {"Type": "Token"}}},
        ),
        (
            "a mapping by rules without rules",
            "InvalidParameterException",
            "RulesConfiguration is required for role mapping of type Rules.",
            {"RoleMappings": {GOOGLE: token | {"Type": "Rules"}}},
        ),
        (
            "roles of an unknown pool",
            "ResourceNotFoundException",
            pool_not_found(UNKNOWN_POOL),
            {"IdentityPoolId": UNKNOWN_POOL},
        ),
    ]:
        good = {"IdentityPoolId": pool, "Roles": {}}
        refused(what, code, message, aws.set_identity_pool_roles, **good | arguments)
    refused(
        "a role for nobody",
        "ValidationException",
        f"1 validation error detected: Value '{{admin={role('user')}}}' at 'roles' failed to "
        "satisfy constraint: Map keys must satisfy constraint: [Member must have length less than "
        "or equal to 128, Member must have length greater than or equal to 1, Member must satisfy "
        "regular expression pattern: (un)?authenticated]",
        aws.set_identity_pool_roles,
        IdentityPoolId=pool,
        Roles={"admin": role("user")},
    )
    refused(
        "reading roles of an unknown pool",
        "ResourceNotFoundException",
        pool_not_found(UNKNOWN_POOL),
        aws.get_identity_pool_roles,
        IdentityPoolId=UNKNOWN_POOL,
    )
    found = members(aws.get_identity_pool_roles(IdentityPoolId=pool))
    equal("a refused call sets nothing", found, before)


def attribute_maps(scene, pool):
    aws = scene.aws
    of_google = {"IdentityPoolId": pool, "IdentityProviderName": GOOGLE}

    def found():
        return members(aws.get_principal_tag_attribute_map(**of_google))

    def not_found(what, call):
        refused(
            what,
            "ResourceNotFoundException",
            f"Principal tag attribute map of '{call['IdentityProviderName']}' not found.",
            aws.get_principal_tag_attribute_map,
            **call,
        )

    not_found("a map that was never set", of_google)
    own = {"team": "custom:team"}
    defaults = {"UseDefaults": True, "PrincipalTags": {"client": "aud", "username": "sub"}}
    for what, settings, expected in [
        ("a map of one's own", {"UseDefaults": False, "PrincipalTags": own}, None),
        ("the defaults", {"UseDefaults": True, "PrincipalTags": {}}, defaults),
        ("the defaults beside a map", {"UseDefaults": True, "PrincipalTags": own}, defaults),
    ]:
        answer = members(aws.set_principal_tag_attribute_map(**of_google, **settings))
        equal(f"{what}: answered as set", answer, of_google | (expected or settings))
        equal(f"{what}: read as set", found(), answer)
    answer = members(aws.set_principal_tag_attribute_map(**of_google, UseDefaults=False))
    equal("a map can be removed", answer, of_google | {"UseDefaults": False})
    not_found("a map that was removed", of_google)

    others = of_google | {"IdentityProviderName": "www.amazon.com"}
    unknown = of_google | {"IdentityPoolId": UNKNOWN_POOL}
    for call in (aws.get_principal_tag_attribute_map, aws.set_principal_tag_attribute_map):
        refused(
            f"{call.__name__} of an unknown pool",
            "ResourceNotFoundException",
            pool_not_found(UNKNOWN_POOL),
            call,
            **unknown,
        )
    refused(
        "setting a map of no provider of the pool",
        "InvalidParameterException",
        "'www.amazon.com' is not a configured provider of this identity pool.",
        aws.set_principal_tag_attribute_map,
        **others,
    )
    not_found("a map of no provider of the pool", others)


def tags(scene):
    pool = scene.new_pool(
        "tags", DeveloperProviderName=DEVELOPER, **public_providers(scene.issuers)
    )
    for name, settings in [
        (USER_POOL, {"UseDefaults": True}),
        (OIDC_ARN, {"PrincipalTags": {"team": "custom:team", "level": "level"}}),
    ]:
        scene.aws.set_principal_tag_attribute_map(
            IdentityPoolId=pool, IdentityProviderName=name, **settings
        )

    def found(logins):
        ann = scene.public.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
        token = scene.public.get_open_id_token(IdentityId=ann, Logins=logins)["Token"]
        return scene.claims(token, pool).get(TAGS)

    def expected(**values):
        return {"principal_tags": {key: [value] for key, value in values.items()}}

    client = scene.issuers[USER_POOL].client
    equal(
        "the defaults are the application and the user",
        found(scene.login(USER_POOL, "ann")),
        expected(client=client, username="ann"),
    )
    red = scene.login(OIDC, "ann", level=7, **{"custom:team": "red"})
    equal("a map names the claims", found(red), expected(team="red", level="7"))
    less = scene.login(OIDC, "ann", level=8)
    equal("a claim that is missing makes no tag", found(less), expected(level="8"))
    equal("without any there are none", found(scene.login(OIDC, "ann")), None)
    true("nor without a map", found(scene.login(GOOGLE, "ann")) is None)

    answer = scene.aws.get_open_id_token_for_developer_identity(
        IdentityPoolId=pool,
        Logins={DEVELOPER: "ann"} | red,
        PrincipalTags={"level": "9", "from": "backend"},
    )
    found = scene.claims(answer["Token"], pool)[TAGS]["principal_tags"]
    own = {"level": ["9"], "from": ["backend"]}
    equal("a backend's own tags are in its token", found | own, found)
    equal("with those of the map", found["team"], ["red"])
