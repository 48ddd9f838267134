#!/usr/bin/env bash
# Runs one story with the official AWS CLI against a server: two users of a game with separate
# identities are merged into one, and are still one after the server restarts. One of them also
# assumes a role with a token.
#
#   tests/clients/aws-cli.sh PATH_TO_COGNATE_BINARY
#
# Needs bash, aws and python3. Prints a line per step, and stops at the first step that fails.
set -euo pipefail

if [[ $# -ne 1 ]]; then
    echo "usage: $0 PATH_TO_COGNATE_BINARY" >&2
    exit 2
fi
for program in aws python3; do
    if ! command -v "$program" >/dev/null; then
        echo "$0: \`$program\` is needed and was not found" >&2
        exit 1
    fi
done

binary=$1
account=123456789012
region=us-east-1
provider=login.game
folder=$(mktemp -d)
server=
url=

# Keep the caller's configuration away from the CLI, and proxies away from the server.
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_REGION AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_CA_BUNDLE
unset AWS_DEFAULT_OUTPUT AWS_ENDPOINT_URL_COGNITO_IDENTITY AWS_ENDPOINT_URL_STS
unset AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_WEB_IDENTITY_TOKEN_FILE
export AWS_ACCESS_KEY_ID=$account AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=$region
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_EC2_METADATA_DISABLED=true AWS_PAGER='' AWS_MAX_ATTEMPTS=1
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

ok() { echo "ok   $*"; }

fail() {
    echo "FAIL $*" >&2
    exit 1
}

equal() { # WHAT FOUND EXPECTED
    [[ $2 == "$3" ]] || fail "$1: expected \`$3\`, found \`$2\`"
    ok "$1"
}

differ() { # WHAT ONE OTHER
    [[ $2 != "$3" ]] || fail "$1: both are \`$2\`"
    ok "$1"
}

# Reads JSON from standard input as `it`, and prints the value of a Python expression.
json() {
    python3 -c '
import json, sys
it = json.load(sys.stdin)
found = eval(sys.argv[1])
print(found if isinstance(found, str) else json.dumps(found, sort_keys=True))' "$1"
}

cognito() { aws cognito-identity --endpoint-url "$url" --output json "$@"; }

token_for() { # USER [OPTION...]
    local user=$1
    shift
    cognito get-open-id-token-for-developer-identity \
        --identity-pool-id "$pool" --logins "$provider=$user" "$@"
}

lookup() { cognito lookup-developer-identity --identity-pool-id "$pool" "$@"; }

# All contents of the pool: its settings, its identities, and both identities' users.
picture() {
    cognito describe-identity-pool --identity-pool-id "$pool" &&
        cognito list-identities --identity-pool-id "$pool" --max-results 60 &&
        lookup --identity-id "$alice" &&
        lookup --identity-id "$bob"
}

# Reads a token and verifies it: its signature to the power of e is the padded hash.
read_token() { # IDENTITY TOKEN
    python3 - "$1" "$2" "$url" "$pool" "$provider" "$account" "$region" <<'PYTHON'
import base64, hashlib, json, sys, time, urllib.request

identity, token, url, pool, provider, account, region = sys.argv[1:]

def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

def number(part):
    return int.from_bytes(decoded(part), "big")

def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: expected {expected}, found {found}")
    print(f"ok   {what}")

head, body, signature = token.split(".")
header, claims = json.loads(decoded(head)), json.loads(decoded(body))
print("     header", json.dumps(header))
print("     claims", json.dumps(claims, indent=2).replace("\n", "\n     "))
expect("the header names key, type and algorithm", list(header), ["kid", "typ", "alg"])
expect("the token is a JWS signed with RS512", (header["typ"], header["alg"]), ("JWS", "RS512"))

with urllib.request.urlopen(url + "/.well-known/jwks_uri") as answer:
    keys = {key["kid"]: key for key in json.load(answer)["keys"]}
key = keys[header["kid"]]
modulus, exponent = number(key["n"]), number(key["e"])
size = (modulus.bit_length() + 7) // 8
hashed = hashlib.sha512(f"{head}.{body}".encode()).digest()
hashed = bytes.fromhex("3051300d060960864801650304020305000440") + hashed
padded = b"\x00\x01" + b"\xff" * (size - len(hashed) - 3) + b"\x00" + hashed
found = pow(number(signature), exponent, modulus).to_bytes(size, "big")
expect("the published key verifies the signature", found.hex(), padded.hex())

issued, expires = claims.pop("iat"), claims.pop("exp")
expect("the token is good for 900 seconds", expires - issued, 900)
expect("the token was issued now", abs(time.time() - issued) < 60, True)
expect("the claims say who, where and how", claims, {
    "sub": identity,
    "aud": pool,
    "amr": ["authenticated", provider, f"{provider}:{pool}:alice"],
    "iss": "https://cognito-identity.amazonaws.com",
    "https://cognito-identity.amazonaws.com/identity-pool-arn":
        f"arn:aws:cognito-identity:{region}:{account}:identitypool/{pool}",
})
PYTHON
}

start() {
    # Empty the log, so that it cannot show the address of the previous server.
    : >"$folder/log"
    "$binary" serve --data "$folder/data" --listen 127.0.0.1:0 >"$folder/log" &
    server=$!
    for ((tries = 0; tries < 600; tries++)); do
        if [[ $(<"$folder/log") =~ http://127\.0\.0\.1:[0-9]+ ]]; then
            url=${BASH_REMATCH[0]}
            return
        fi
        kill -0 "$server" 2>/dev/null || fail "the server ended before it said where it listens"
        sleep 0.1
    done
    fail "the server did not say where it listens"
}

stop() {
    kill -TERM "$server"
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    kill -0 "$server" 2>/dev/null && fail "the server still runs ten seconds after SIGTERM"
    local status=0
    wait "$server" || status=$?
    server=
    equal "SIGTERM ends the server with success" "$status" 0
}

clean_up() {
    local status=$?
    [[ $status -eq 0 ]] || echo "FAIL the story broke off" >&2
    if [[ -n $server ]]; then
        kill -KILL "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap clean_up EXIT

mkdir "$folder/data"
start
ok "the server listens"

pool=$(cognito create-identity-pool --identity-pool-name game \
    --no-allow-unauthenticated-identities --developer-provider-name "$provider" |
    json 'it["IdentityPoolId"]')
found=$(cognito describe-identity-pool --identity-pool-id "$pool" |
    json 'it["DeveloperProviderName"]')
equal "a pool with the developer provider $provider exists" "$found" "$provider"

answer=$(token_for alice)
alice=$(json 'it["IdentityId"]' <<<"$answer")
token=$(json 'it["Token"]' <<<"$answer")
[[ $alice == "$region":* ]] || fail "alice's identity is \`$alice\`"
ok "alice is registered as $alice"
found=$(token_for alice | json 'it["IdentityId"]')
equal "alice asks again and has the same identity" "$found" "$alice"

bob=$(token_for bob | json 'it["IdentityId"]')
differ "bob is registered with an identity of his own" "$bob" "$alice"

read_token "$alice" "$token" || fail "alice's token is not as it should be"

role=arn:aws:iam::$account:role/player
cognito set-identity-pool-roles --identity-pool-id "$pool" --roles "authenticated=$role"
# The CLI as one runs it in a container: the provider of web identities finds all it needs.
as_web_identity() { # SESSION COMMAND...
    printf '%s' "$token" >"$folder/token"
    env --unset=AWS_ACCESS_KEY_ID --unset=AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL="$url" \
        AWS_ROLE_ARN="$role" AWS_ROLE_SESSION_NAME="$1" \
        AWS_WEB_IDENTITY_TOKEN_FILE="$folder/token" aws --output json "${@:2}"
}
found=$(as_web_identity alice sts get-caller-identity | json '[it["Account"], it["Arn"]]')
arn=arn:aws:sts::$account:assumed-role/player/alice
equal "alice's token assumes a role, and the role is asked who it is" "$found" \
    "[\"$account\", \"$arn\"]"
role=arn:aws:iam::$account:role/other
status=0
error=$(as_web_identity alice sts get-caller-identity 2>&1) || status=$?
[[ $status -ne 0 ]] || fail "alice assumed a role that her pool does not give: $error"
expected="An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: \
Not authorized to perform sts:AssumeRoleWithWebIdentity"
[[ $error == *"$expected"* ]] || fail "the other role is refused in other words: $error"
ok "a role that the pool does not give is refused: AccessDenied"

before=$(picture)
status=0
error=$(token_for bob --identity-id "$alice" 2>&1) || status=$?
[[ $status -ne 0 ]] || fail "bob was given alice's identity: $error"
expected="An error occurred (DeveloperUserAlreadyRegisteredException) when calling the \
GetOpenIdTokenForDeveloperIdentity operation: This developer user identifier is already registered \
with Cognito."
[[ $error == *"$expected"* ]] || fail "bob was refused in other words: $error"
ok "bob cannot claim alice's identity: DeveloperUserAlreadyRegisteredException"
equal "and nothing changed" "$(picture)" "$before"

found=$(cognito merge-developer-identities --identity-pool-id "$pool" \
    --developer-provider-name "$provider" \
    --source-user-identifier bob --destination-user-identifier alice | json 'it["IdentityId"]')
equal "bob is merged into alice" "$found" "$alice"
for user in alice bob; do
    found=$(lookup --developer-user-identifier "$user" |
        json '[it["IdentityId"], sorted(it["DeveloperUserIdentifierList"])]')
    equal "$user is found, together with both users" "$found" "[\"$alice\", [\"alice\", \"bob\"]]"
    found=$(token_for "$user" | json 'it["IdentityId"]')
    equal "$user has alice's identity" "$found" "$alice"
done

described=$(cognito describe-identity --identity-id "$bob")
found=$(json '[it["IdentityId"], it["Logins"]]' <<<"$described")
equal "bob's old identity is still described, as disabled" "$found" "[\"$bob\", [\"DISABLED\"]]"
found=$(cognito list-identities --identity-pool-id "$pool" --max-results 60 --hide-disabled |
    json '[identity["IdentityId"] for identity in it["Identities"]]')
equal "bob's old identity is disabled, so that HideDisabled hides it" "$found" "[\"$alice\"]"
found=$(cognito list-identities --identity-pool-id "$pool" --max-results 60 |
    json 'sorted(identity["IdentityId"] for identity in it["Identities"])')
expected=$(python3 -c 'import json, sys; print(json.dumps(sorted(sys.argv[1:])))' "$alice" "$bob")
equal "and is listed otherwise" "$found" "$expected"

before=$(picture)
stop
start
ok "the server listens again"
equal "everything is as it was" "$(picture)" "$before"
for user in alice bob; do
    found=$(token_for "$user" | json 'it["IdentityId"]')
    equal "$user still has alice's identity" "$found" "$alice"
done

cognito delete-identity-pool --identity-pool-id "$pool"
status=0
error=$(cognito describe-identity-pool --identity-pool-id "$pool" 2>&1) || status=$?
[[ $status -ne 0 ]] || fail "the deleted pool is still described: $error"
expected="(ResourceNotFoundException) when calling the DescribeIdentityPool operation: \
IdentityPool '$pool' not found."
[[ $error == *"$expected"* ]] || fail "the deleted pool is refused in other words: $error"
ok "the pool is deleted: ResourceNotFoundException"
stop
echo "the story is told"
