"""Pools and their tags."""

import uuid

from check import equal, invalid, members, refused, true
from scene import (
    ACCOUNT,
    DEVELOPER,
    OIDC_ARN,
    OTHER_ACCOUNT,
    REGION,
    UNKNOWN_POOL,
    USER_POOL,
    pool_not_found,
    public_providers,
)


def tell(scene):
    settings(scene)
    listing(scene)
    tags(scene)
    refusals(scene)


def settings(scene):
    aws = scene.aws
    answer = aws.create_identity_pool(IdentityPoolName="plain", AllowUnauthenticatedIdentities=True)
    true("an answer names its request", uuid.UUID(answer["ResponseMetadata"]["RequestId"]))
    plain = members(answer)
    pool = plain["IdentityPoolId"]
    true("a pool's id begins with its region", pool.startswith(f"{REGION}:"))
    expected = {
        "IdentityPoolId": pool,
        "IdentityPoolName": "plain",
        "AllowUnauthenticatedIdentities": True,
        "IdentityPoolTags": {},
    }
    equal("a pool without options has no more members", plain, expected)
    found = members(aws.describe_identity_pool(IdentityPoolId=pool))
    equal("and is described as it was made", found, plain)

    whole = {
        "IdentityPoolName": "whole + 1",
        "AllowUnauthenticatedIdentities": False,
        "AllowClassicFlow": False,
        "DeveloperProviderName": DEVELOPER,
        "SamlProviderARNs": [f"arn:aws:iam::{ACCOUNT}:saml-provider/office"],
        "IdentityPoolTags": {"stage": "test", "empty": ""},
        **public_providers(scene.issuers),
    }
    whole["CognitoIdentityProviders"][0]["ServerSideTokenCheck"] = True
    made = members(aws.create_identity_pool(**whole))
    pool = made["IdentityPoolId"]
    equal("a pool with every option is answered as it was asked for", made, made | whole)
    found = members(aws.describe_identity_pool(IdentityPoolId=pool))
    equal("and is described as it was made", found, made)

    required = {"IdentityPoolId": pool, "IdentityPoolName": "less"}
    required["AllowUnauthenticatedIdentities"] = True
    kept = {name: whole[name] for name in ("DeveloperProviderName", "IdentityPoolTags")}
    found = members(aws.update_identity_pool(**required))
    equal("an update resets what it leaves out, but for developer and tags", found, required | kept)
    found = members(aws.describe_identity_pool(IdentityPoolId=pool))
    equal("and the pool is described as updated", found, required | kept)
    refused(
        "the developer provider cannot be changed",
        "InvalidParameterException",
        "Developer provider name cannot be changed once it has been set.",
        aws.update_identity_pool,
        **required,
        DeveloperProviderName="login.other",
    )

    equal("a pool is deleted", members(aws.delete_identity_pool(IdentityPoolId=pool)), {})
    for what, call in [
        ("a deleted pool is not described", aws.describe_identity_pool),
        ("and not deleted again", aws.delete_identity_pool),
    ]:
        refused(what, "ResourceNotFoundException", pool_not_found(pool), call, IdentityPoolId=pool)


def listing(scene):
    account = scene.client("111122223333")
    made = {}
    for name in ("one", "two", "three"):
        answer = account.create_identity_pool(
            IdentityPoolName=name, AllowUnauthenticatedIdentities=False
        )
        made[answer["IdentityPoolId"]] = name
    pages = account.get_paginator("list_identity_pools").paginate(PaginationConfig={"PageSize": 2})
    pages = [members(page) for page in pages]
    equal("three pools have two pages of two", [len(p["IdentityPools"]) for p in pages], [2, 1])
    true("only the first page has a NextToken", ["NextToken" in p for p in pages] == [True, False])
    found = [pool for page in pages for pool in page["IdentityPools"]]
    equal(
        "the pages list each pool once, with id and name",
        sorted((pool["IdentityPoolId"], pool["IdentityPoolName"]) for pool in found),
        sorted(made.items()),
    )
    true("and nothing else of it", all(len(pool) == 2 for pool in found))
    refused(
        "a page token of one's own making",
        "InvalidParameterException",
        "NextToken is not valid.",
        account.list_identity_pools,
        MaxResults=2,
        NextToken="abc",
    )


def tags(scene):
    aws = scene.aws
    pool = scene.new_pool("tagged", IdentityPoolTags={"stage": "test"})
    arn = f"arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}"

    def listed():
        return members(aws.list_tags_for_resource(ResourceArn=arn))

    equal("the tags of a new pool are listed by its ARN", listed(), {"Tags": {"stage": "test"}})
    added = {"stage": "live", "team": "a+b@c"}
    equal("tags are added", members(aws.tag_resource(ResourceArn=arn, Tags=added)), {})
    equal("a tag of a known key is replaced", listed(), {"Tags": added})
    found = aws.describe_identity_pool(IdentityPoolId=pool)["IdentityPoolTags"]
    equal("the pool is described with its tags", found, added)
    keys = ["stage", "never there"]
    equal("tags are removed", members(aws.untag_resource(ResourceArn=arn, TagKeys=keys)), {})
    equal("only those that were named", listed(), {"Tags": {"team": "a+b@c"}})

    calls = [
        (aws.list_tags_for_resource, {}),
        (aws.tag_resource, {"Tags": {"a": "b"}}),
        (aws.untag_resource, {"TagKeys": ["a"]}),
    ]
    for call, arguments in calls:
        refused(
            f"{call.__name__} of an unknown pool",
            "ResourceNotFoundException",
            pool_not_found(UNKNOWN_POOL),
            call,
            ResourceArn=arn.replace(pool, UNKNOWN_POOL),
            **arguments,
        )
        other = "arn:aws:s3:::a-bucket-of-the-account"
        refused(
            f"{call.__name__} of another service's resource",
            "InvalidParameterException",
            f"Invalid resource ARN '{other}'.",
            call,
            ResourceArn=other,
            **arguments,
        )
    refused(
        "a pool under another account's ARN",
        "ResourceNotFoundException",
        pool_not_found(pool),
        aws.list_tags_for_resource,
        ResourceArn=arn.replace(ACCOUNT, OTHER_ACCOUNT),
    )
    refused(
        "a tag of the service's own prefix",
        "InvalidParameterException",
        "Invalid tag 'aws:a'.",
        aws.tag_resource,
        ResourceArn=arn,
        Tags={"aws:a": "b"},
    )
    equal("a refused call changes no tag", listed(), {"Tags": {"team": "a+b@c"}})


def refusals(scene):
    aws = scene.aws
    name = {"IdentityPoolName": "refused", "AllowUnauthenticatedIdentities": False}
    refused(
        "a pool whose name has a character too many",
        "ValidationException",
        invalid(
            "Value 'pool#1' at 'identityPoolName' failed to satisfy constraint: Member must "
            r"satisfy regular expression pattern: [\w\s+=,.@-]+"
        ),
        aws.create_identity_pool,
        **name | {"IdentityPoolName": "pool#1"},
    )
    refused(
        "a pool without its required members",
        "ValidationException",
        invalid(
            "Value null at 'identityPoolName' failed to satisfy constraint: Member must not be "
            "null",
            "Value null at 'allowUnauthenticatedIdentities' failed to satisfy constraint: Member "
            "must not be null",
        ),
        scene.unchecked.create_identity_pool,
    )
    for what, provider in [
        ("a user pool that is named otherwise", {"ProviderName": "a.b/c", "ClientId": "d"}),
        ("a user pool without a name", {"ClientId": "d"}),
    ]:
        refused(
            what,
            "InvalidParameterException",
            "Invalid Cognito Identity Provider",
            aws.create_identity_pool,
            **name,
            CognitoIdentityProviders=[provider],
        )
    for what, arn in [
        ("an OpenID Connect provider that is a user pool", USER_POOL),
        ("one that is a role", OIDC_ARN.replace("oidc-provider", "role")),
    ]:
        refused(
            what,
            "InvalidParameterException",
            f"Invalid provider ARN '{arn}'.",
            aws.create_identity_pool,
            **name,
            OpenIdConnectProviderARNs=[arn],
        )
    refused(
        "more pools on a page than there can be",
        "ValidationException",
        invalid(
            "Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less "
            "than or equal to 60"
        ),
        scene.unchecked.list_identity_pools,
        MaxResults=61,
    )
    pool = scene.new_pool()
    refused(
        "a pool of another account",
        "ResourceNotFoundException",
        pool_not_found(pool),
        scene.other.describe_identity_pool,
        IdentityPoolId=pool,
    )
    refused(
        "an update of an unknown pool",
        "ResourceNotFoundException",
        pool_not_found(UNKNOWN_POOL),
        aws.update_identity_pool,
        **name,
        IdentityPoolId=UNKNOWN_POOL,
    )
    refused(
        "a signed operation without a signature",
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
        scene.public.list_identity_pools,
        MaxResults=1,
    )
