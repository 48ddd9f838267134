//! Sections 1 and 4: the region of a pool decides its partition, the issuer of its tokens, and the
//! name under which they are presented.

use serde_json::json;

use crate::oidc::{jwks, jwt};
use crate::parts;
use crate::row::{Row, row};
use crate::scene::{COGNITO, Scene, claims, text};
use crate::support::{ACCOUNT, FACEBOOK, GAME, NOON};

const BEIJING: &str = "cognito-identity.cn-north-1.amazonaws.com.cn";
const NINGXIA: &str = "cognito-identity.cn-northwest-1.amazonaws.com.cn";
const GOV_EAST: &str = "cognito-identity.us-gov-east-1.amazonaws.com";
const GOV_WEST: &str = "cognito-identity-us-gov.amazonaws.com";

/// A region, its partition, and the provider name for tokens of its pools.
const REGIONS: [(&str, &str, &str); 6] = [
    ("us-east-1", "aws", COGNITO),
    ("eu-central-1", "aws", COGNITO),
    ("us-gov-east-1", "aws-us-gov", GOV_EAST),
    ("us-gov-west-1", "aws-us-gov", GOV_WEST),
    ("cn-north-1", "aws-cn", BEIJING),
    ("cn-northwest-1", "aws-cn", NINGXIA),
];

/// The claim has this name in every region.
const POOL_ARN: &str = "https://cognito-identity.amazonaws.com/identity-pool-arn";
const USER_POOL: &str = "cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_abc";

pub(crate) const ROWS: &[Row] = &[
    row(
        &["1.provider", "1.provider-gov-east", "1.provider-gov-west", "1.provider-china", "4.iss"],
        "the issuer, the pool's ARN and the provider of a trust policy follow the region",
        |scene| {
            for (region, partition, provider) in REGIONS {
                let (_, pool, token) = user(scene, region);
                let (token, claims) = (text(&token["Token"]), claims(&token));
                assert_eq!(claims["iss"], json!(format!("https://{provider}")), "{region}");
                let arn = format!(
                    "arn:{partition}:cognito-identity:{region}:{ACCOUNT}:identitypool/{pool}"
                );
                assert_eq!(claims[POOL_ARN], json!(arn));
                let verified = scene.world.engine.verify_token(&token).expect("ours");
                assert_eq!(verified.issuer().as_str(), format!("https://{provider}"));
                let caller = scene.world.engine.web_identity(&token).expect("ours");
                assert_eq!(caller.provider(), provider);
                assert_eq!(caller.condition_values(&format!("{provider}:aud")), [pool]);
            }
        },
    ),
    row(
        &["4.use-credentials", "4.use-gov", "4.use-china", "M7"],
        "a token opens credentials under the name of its region alone",
        |scene| {
            for (region, partition, own) in REGIONS {
                let (scene, pool, token) = user(scene, region);
                let role = format!("arn:{partition}:iam::{ACCOUNT}:role/user");
                let roles = json!({"IdentityPoolId": pool, "Roles": {"authenticated": role}});
                scene.ok("SetIdentityPoolRoles", roles);
                for (_, _, provider) in REGIONS {
                    let logins = json!({provider: token["Token"]});
                    let body = json!({"IdentityId": token["IdentityId"], "Logins": logins});
                    if provider == own {
                        let answer = scene.ok("GetCredentialsForIdentity", body);
                        assert_eq!(answer["IdentityId"], token["IdentityId"]);
                    } else {
                        scene.says("M7", "GetCredentialsForIdentity", body, &[]);
                    }
                }
            }
        },
    ),
    row(&["5.2.4.key", "5.2.4.token", "M7"], "`GetId` takes no token of any region", |scene| {
        let pool = scene.game();
        for (region, _, provider) in REGIONS {
            let (_, _, token) = user(scene, region);
            for name in [provider, FACEBOOK] {
                let body = json!({"IdentityPoolId": pool, "Logins": {name: token["Token"]}});
                scene.says("M7", "GetId", body, &[]);
            }
        }
    }),
    row(&["Q35"], "a name of our tokens is no developer provider's, in no region", |scene| {
        for (_, _, name) in REGIONS {
            let body = json!({
                "IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false,
                "DeveloperProviderName": name,
            });
            let text = format!("'{name}' is the name of a public provider.");
            scene.refused("CreateIdentityPool", body, "InvalidParameterException", &text);
        }
        scene.pool(json!({"DeveloperProviderName": "cognito-identity.example.com"}));
    }),
    row(
        &["4.discovery-issuer", "Q13"],
        "the issuer of discovery is that of the regions with pools, if they have one",
        |scene| {
            let issuer = |scene: &Scene| {
                let document = scene.world.engine.discovery("http://localhost").expect("readable");
                document.issuer.as_str().to_owned()
            };
            for (regions, wanted) in [
                (&[][..], COGNITO),
                (&["us-east-1", "eu-central-1"], COGNITO),
                (&["us-gov-east-1"], GOV_EAST),
                (&["us-gov-east-1", "us-gov-west-1"], COGNITO),
                (&["cn-north-1"], BEIJING),
                (&["cn-north-1", "us-east-1"], COGNITO),
            ] {
                let scene = scene.with(|builder| builder);
                for region in regions {
                    scene.of(ACCOUNT, region).game();
                }
                assert_eq!(issuer(&scene), format!("https://{wanted}"), "{regions:?}");
            }
        },
    ),
    row(&["4.amr-user-pool", "6.1.user-pool", "M21"], "a user pool of China", |scene| {
        let scene = parts::verifying(scene, &jwks()).of(ACCOUNT, "cn-north-1");
        let settings = |name| {
            json!({
                "IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false,
                "CognitoIdentityProviders": [{"ProviderName": name, "ClientId": "app"}],
            })
        };
        for other in [
            "cognito-idp.cn-north-1.amazonaws.com/cn-north-1_abc",
            "cognito-idp.us-east-1.amazonaws.com.cn/us-east-1_abc",
            "cognito-idp.cn-north-1.amazonaws.com.cn.cn/cn-north-1_abc",
        ] {
            scene.says("M21", "CreateIdentityPool", settings(other), &[]);
        }
        let pool = text(&scene.ok("CreateIdentityPool", settings(USER_POOL))["IdentityPoolId"]);
        let token = jwt(&json!({
            "iss": format!("https://{USER_POOL}"), "sub": "alice", "aud": "app",
            "token_use": "id", "iat": NOON / 1000, "exp": NOON / 1000 + 60,
        }));
        let id = scene.get_id(&pool, json!({USER_POOL: token}));
        let body = json!({"IdentityId": id, "Logins": {USER_POOL: token}});
        let token = scene.ok("GetOpenIdToken", body);
        let entry = format!("{USER_POOL}:CognitoSignIn:alice");
        assert_eq!(claims(&token)["amr"], json!(["authenticated", USER_POOL, entry]));
    }),
];

/// A pool in a region, and a token of its user.
#[track_caller]
fn user(scene: &Scene, region: &str) -> (Scene, String, serde_json::Value) {
    let scene = scene.of(ACCOUNT, region);
    let pool = scene.game();
    let token = scene.developer(&pool, json!({GAME: "alice"})).expect("a token");
    (scene, pool, token)
}
