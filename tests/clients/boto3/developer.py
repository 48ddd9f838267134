"""Developer users: their tokens, lookups, merges and links, and their identities."""

import json
from datetime import datetime, timedelta, timezone

import jwt

from check import Wrong, equal, invalid, members, ok, read, refused, true
from scene import (
    ACCOUNT,
    DEVELOPER,
    ISSUER,
    POOL_ARN,
    REGION,
    TAGS,
    UNKNOWN_IDENTITY,
    UNKNOWN_POOL,
    identity_not_found,
    pool_not_found,
)

SOURCE = "SourceUserIdentifier"
DESTINATION = "DestinationUserIdentifier"
USER = "DeveloperUserIdentifier"


def tell(scene):
    pool = scene.new_pool(DeveloperProviderName=DEVELOPER)
    tokens(scene, pool)
    token_refusals(scene, pool)
    lookups(scene, pool)
    merges(scene, pool)
    unlinks(scene, pool)
    identities(scene)


def user_not_found(user):
    return f"Developer user identifier '{user}' not found."


def tokens(scene, pool):
    answer = members(scene.developer_token(pool, "alice"))
    equal("a user gets an identity and a token", sorted(answer), ["IdentityId", "Token"])
    alice, token = answer["IdentityId"], answer["Token"]
    again = scene.developer_token(pool, "alice")["IdentityId"]
    equal("and the same identity the next time", again, alice)

    header = jwt.get_unverified_header(token)
    equal("the header says who signed, and how", list(header), ["kid", "typ", "alg"])
    equal("the token is a JWS of RS512", (header["typ"], header["alg"]), ("JWS", "RS512"))
    claims = scene.claims(token, pool)
    ok("PyJWT verifies it from /.well-known/jwks_uri alone")
    issued, expires = claims.pop("iat"), claims.pop("exp")
    equal("it is good for 900 seconds", expires - issued, 900)
    true("from now on", abs(datetime.now().timestamp() - issued) < 60)
    expected = {
        "sub": alice,
        "aud": pool,
        "amr": ["authenticated", DEVELOPER, f"{DEVELOPER}:{pool}:alice"],
        "iss": ISSUER,
        POOL_ARN: f"arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}",
    }
    equal("it says who, where and how", claims, expected)

    answer = scene.developer_token(
        pool, "alice", TokenDuration=86400, PrincipalTags={"team": "red", "level": "7"}
    )
    claims = scene.claims(answer["Token"], pool)
    equal("it lasts as long as was asked for", claims["exp"] - claims["iat"], 86400)
    tags = {"principal_tags": {"team": ["red"], "level": ["7"]}}
    equal("it has the tags that were asked for", claims[TAGS], tags)
    discovery(scene, pool, token)
    changed_tokens(scene, pool, token)


def discovery(scene, pool, token):
    published = json.loads(read(f"{scene.url}/.well-known/jwks_uri"))
    names = [sorted(key) for key in published["keys"]]
    equal("only public keys are served", names, [["alg", "e", "kid", "kty", "n", "use"]])
    document = json.loads(read(f"{scene.url}/.well-known/openid-configuration"))
    equal("the discovery document names the issuer", document["issuer"], ISSUER)
    algorithms = document["id_token_signing_alg_values_supported"]
    equal("and how tokens are signed", algorithms, ["RS512"])
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    jwt.decode(token, key, algorithms=algorithms, audience=pool, issuer=document["issuer"])
    ok("PyJWT verifies a token from what the discovery document says alone")


def changed_tokens(scene, pool, token):
    head, body, signature = token.split(".")
    other = jwt.encode(jwt.decode(token, options={"verify_signature": False}), None, "none")
    # Another letter in the middle changes all six bits that it encodes.
    middle = "A" if signature[100] != "A" else "B"
    changed = {
        "whose claims are changed": f"{head}.{body[:-4]}{body[-4:].swapcase()}.{signature}",
        "whose signature is changed": f"{head}.{body}.{signature[:100]}{middle}{signature[101:]}",
        "whose header says `none`": f"{other.split('.')[0]}.{body}.",
    }
    key = jwt.PyJWKClient(f"{scene.url}/.well-known/jwks_uri").get_signing_keys()[0]
    for what, text in changed.items():
        try:
            jwt.decode(text, key, algorithms=["RS512"], audience=pool, issuer=ISSUER)
        except jwt.InvalidTokenError:
            ok(f"PyJWT refuses a token {what}")
        else:
            raise Wrong(f"PyJWT accepts a token {what}")
    try:
        scene.claims(token, UNKNOWN_POOL)
    except jwt.InvalidAudienceError:
        ok("PyJWT refuses a token of another pool")
    else:
        raise Wrong("PyJWT accepts a token of another pool")


def token_refusals(scene, pool):
    call = scene.aws.get_open_id_token_for_developer_identity
    alice, _ = (scene.developer_token(pool, user)["IdentityId"] for user in ("alice", "bob"))
    refused(
        "a user of another identity",
        "DeveloperUserAlreadyRegisteredException",
        "This developer user identifier is already registered with Cognito.",
        call,
        IdentityPoolId=pool,
        IdentityId=alice,
        Logins={DEVELOPER: "bob"},
    )
    for what, code, message, arguments in [
        (
            "a user of an unknown pool",
            "ResourceNotFoundException",
            pool_not_found(UNKNOWN_POOL),
            {"IdentityPoolId": UNKNOWN_POOL},
        ),
        (
            "a user of an unknown identity",
            "ResourceNotFoundException",
            identity_not_found(UNKNOWN_IDENTITY),
            {"IdentityId": UNKNOWN_IDENTITY},
        ),
        (
            "a user of another developer provider",
            "InvalidParameterException",
            "This identity pool does not support the specified developer provider",
            {"Logins": {"login.other": "alice"}},
        ),
        (
            "a token for more than a day",
            "ValidationException",
            invalid(
                "Value '86401' at 'tokenDuration' failed to satisfy constraint: Member must have "
                "value less than or equal to 86400"
            ),
            {"TokenDuration": 86401},
        ),
    ]:
        good = {"IdentityPoolId": pool, "Logins": {DEVELOPER: "alice"}}
        refused(what, code, message, call, **good | arguments)
    refused(
        "a user without a signature",
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
        scene.public.get_open_id_token_for_developer_identity,
        IdentityPoolId=pool,
        Logins={DEVELOPER: "alice"},
    )


def lookups(scene, pool):
    def lookup(**by):
        return members(scene.aws.lookup_developer_identity(IdentityPoolId=pool, **by))

    carol = scene.developer_token(pool, "carol")["IdentityId"]
    for user in ("carol-2", "carol-3"):
        scene.developer_token(pool, user, IdentityId=carol)
    users = ["carol", "carol-2", "carol-3"]
    both = {"IdentityId": carol, "DeveloperUserIdentifierList": users}
    equal(
        "a user is found with all of the identity", lookup(DeveloperUserIdentifier=users[1]), both
    )
    equal("an identity is found with its users", lookup(IdentityId=carol), both)
    found = lookup(IdentityId=carol, DeveloperUserIdentifier="carol-2")
    one = {"IdentityId": carol, "DeveloperUserIdentifierList": ["carol-2"]}
    equal("both together are confirmed", found, one)

    first = lookup(IdentityId=carol, MaxResults=2)
    rest = lookup(IdentityId=carol, MaxResults=2, NextToken=first["NextToken"])
    pages = [page["DeveloperUserIdentifierList"] for page in (first, rest)]
    equal("three users have two pages of two", pages, [users[:2], users[2:]])
    true("the last page has no NextToken", "NextToken" not in rest)

    call = scene.aws.lookup_developer_identity
    for what, code, message, arguments in [
        (
            "a lookup of nothing",
            "InvalidParameterException",
            "Either IdentityId or DeveloperUserIdentifier must be provided.",
            {},
        ),
        (
            "a lookup of a stranger",
            "ResourceNotFoundException",
            user_not_found("Carol"),
            {USER: "Carol"},
        ),
        (
            "a lookup of an unknown identity",
            "ResourceNotFoundException",
            identity_not_found(UNKNOWN_IDENTITY),
            {"IdentityId": UNKNOWN_IDENTITY},
        ),
        (
            "a lookup of a user with another identity",
            "ResourceConflictException",
            f"The specified developer user identifier is not associated with identity '{carol}'.",
            {"IdentityId": carol, USER: "alice"},
        ),
    ]:
        refused(what, code, message, call, IdentityPoolId=pool, **arguments)


def merges(scene, pool):
    aws = scene.aws
    alice, bob = (scene.developer_token(pool, user)["IdentityId"] for user in ("alice", "bob"))
    good = {"IdentityPoolId": pool, "DeveloperProviderName": DEVELOPER}
    users = {SOURCE: "bob", DESTINATION: "alice"}
    found = members(aws.merge_developer_identities(**good, **users))
    equal("bob is merged into alice", found, {"IdentityId": alice})
    again = members(aws.merge_developer_identities(**good, **users))
    equal("once more changes nothing", again, found)
    found = scene.developer_token(pool, "bob")["IdentityId"]
    equal("bob now has alice's identity", found, alice)
    described = members(aws.describe_identity(IdentityId=bob))
    equal("bob's old identity is described as disabled", described["Logins"], ["DISABLED"])
    true("it changed after it was made", described["LastModifiedDate"] > described["CreationDate"])
    hidden = [i["IdentityId"] for i in scene.identities(pool, HideDisabled=True)]
    true("it is disabled, so that HideDisabled hides it", alice in hidden and bob not in hidden)
    true("and is listed otherwise", bob in [i["IdentityId"] for i in scene.identities(pool)])

    refused(
        "a merge of a stranger",
        "ResourceNotFoundException",
        user_not_found("nobody"),
        aws.merge_developer_identities,
        **good,
        **users | {SOURCE: "nobody"},
    )
    refused(
        "a merge at another provider",
        "InvalidParameterException",
        "This identity pool does not support the specified developer provider",
        aws.merge_developer_identities,
        **good | {"DeveloperProviderName": "login.other"},
        **users,
    )


def unlinks(scene, pool):
    aws = scene.aws
    dave = scene.developer_token(pool, "dave")["IdentityId"]
    good = {"IdentityPoolId": pool, "DeveloperProviderName": DEVELOPER}
    dave_alone = good | {"IdentityId": dave, USER: "dave"}
    call = aws.unlink_developer_identity
    refused(
        "an unlinking of a stranger",
        "ResourceNotFoundException",
        user_not_found("nobody"),
        call,
        **dave_alone | {USER: "nobody"},
    )
    refused(
        "an unlinking from another identity",
        "ResourceConflictException",
        f"The specified developer user identifier is not associated with identity '{dave}'.",
        call,
        **dave_alone | {USER: "alice"},
    )
    equal("a user is unlinked", members(call(**dave_alone)), {})
    found = scene.developer_token(pool, "dave")["IdentityId"]
    true("and has a new identity the next time", found != dave)
    refused(
        "an identity without its last login",
        "NotAuthorizedException",
        f"Access to Identity '{dave}' is forbidden.",
        aws.get_open_id_token_for_developer_identity,
        IdentityPoolId=pool,
        IdentityId=dave,
        Logins={DEVELOPER: "erin"},
    )


def identities(scene):
    aws = scene.aws
    pool = scene.new_pool("listed", guests=True, DeveloperProviderName=DEVELOPER)
    user = scene.developer_token(pool, "alice")["IdentityId"]
    guest = scene.public.get_id(IdentityPoolId=pool)["IdentityId"]
    described = members(aws.describe_identity(IdentityId=user))
    created = described["CreationDate"]
    expected = {"IdentityId": user, "Logins": [DEVELOPER]}
    dates = {"CreationDate": created, "LastModifiedDate": created}
    equal("a new identity is described with its logins", described, expected | dates)
    true(
        "its dates have a zone and whole milliseconds",
        created.tzinfo and not created.microsecond % 1000,
    )
    age = datetime.now(timezone.utc) - created
    true("and of now", abs(age) < timedelta(minutes=1))
    found = members(aws.describe_identity(IdentityId=guest))
    names = ["CreationDate", "IdentityId", "LastModifiedDate"]
    equal("a guest has no Logins", sorted(found), names)

    more = [scene.public.get_id(IdentityPoolId=pool)["IdentityId"] for _ in range(3)]
    listed = scene.identities(pool)
    equal(
        "pages of two list each of five identities once",
        sorted(identity["IdentityId"] for identity in listed),
        sorted([user, guest, *more]),
    )
    true("and as they are described", described in listed and found in listed)
    answer = aws.list_identities(IdentityPoolId=pool, MaxResults=60)
    equal("an answer names the pool", answer["IdentityPoolId"], pool)
    true("and has no NextToken when it has all", "NextToken" not in answer)

    stranger = scene.other.create_identity_pool(
        IdentityPoolName="theirs", AllowUnauthenticatedIdentities=True
    )["IdentityPoolId"]
    theirs = scene.public.get_id(IdentityPoolId=stranger)["IdentityId"]
    ids = [guest, UNKNOWN_IDENTITY, theirs, guest]
    found = members(aws.delete_identities(IdentityIdsToDelete=ids))
    denied = [{"IdentityId": theirs, "ErrorCode": "AccessDenied"}]
    equal("only another account's is not deleted", found, {"UnprocessedIdentityIds": denied})
    found = members(aws.delete_identities(IdentityIdsToDelete=more))
    equal("else the list is empty, and there", found, {"UnprocessedIdentityIds": []})
    equal("the others are left", [i["IdentityId"] for i in scene.identities(pool)], [user])

    not_found = ("ResourceNotFoundException", identity_not_found(guest))
    refused("a deleted identity", *not_found, aws.describe_identity, IdentityId=guest)
    refused("and its token", *not_found, scene.public.get_open_id_token, IdentityId=guest)
    refused(
        "an identity of another account",
        "ResourceNotFoundException",
        identity_not_found(theirs),
        aws.describe_identity,
        IdentityId=theirs,
    )
    refused(
        "a deletion of nothing",
        "ValidationException",
        invalid(
            "Value '[]' at 'identityIdsToDelete' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1"
        ),
        scene.unchecked.delete_identities,
        IdentityIdsToDelete=[],
    )
    refused(
        "identities of an unknown pool",
        "ResourceNotFoundException",
        pool_not_found(UNKNOWN_POOL),
        aws.list_identities,
        IdentityPoolId=UNKNOWN_POOL,
        MaxResults=1,
    )
