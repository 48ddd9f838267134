"""Servers that sign with an algorithm that the service does not use."""

import json

from check import equal, read
from scene import DEVELOPER, Scene, running


def tell(binary, issuers):
    for name, algorithm in [("es256", "ES256"), ("eddsa", "EdDSA")]:
        with running(binary, options=["--signing-algorithm", name]) as (url, _):
            scene = Scene(url, issuers)
            pool = scene.new_pool(DeveloperProviderName=DEVELOPER)
            answer = scene.developer_token(pool, "alice")
            claims = scene.claims(answer["Token"], pool, algorithm)
            what = f"PyJWT verifies a token of {algorithm} from the published keys alone"
            equal(what, claims["sub"], answer["IdentityId"])
            document = json.loads(read(f"{url}/.well-known/openid-configuration"))
            found = document["id_token_signing_alg_values_supported"]
            equal("as the discovery document says", found, [algorithm])
