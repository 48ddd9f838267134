//! Section 10: the tags of a pool.

use serde_json::{Value, json};

use crate::row::{Row, row, wire_row};
use crate::scene::{NOBODY, Scene};

const LIST: &str = "ListTagsForResource";
const TAG: &str = "TagResource";
const UNTAG: &str = "UntagResource";
const INVALID: &str = "InvalidParameterException";

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["10.input"], "the members of the three calls", |scene| {
        let null = "Member must not be null";
        scene.invalid(TAG, json!({}), &[("null", "resourceArn", null), ("null", "tags", null)]);
        scene.invalid(
            UNTAG,
            json!({}),
            &[("null", "resourceArn", null), ("null", "tagKeys", null)],
        );
        scene.invalid(
            LIST,
            json!({"ResourceArn": "short"}),
            &[("'short'", "resourceArn", "Member must have length greater than or equal to 20")],
        );
        let long = "x".repeat(257);
        let body = json!({"ResourceArn": arn(NOBODY), "Tags": {"a": long}});
        let fault = scene.call(TAG, body).expect_err("too long");
        assert_eq!(fault.name, "ValidationException");
    }),
    row(&["10.set", "1.m"], "tags are set, told and taken", |scene| {
        let pool = scene.game();
        let arn = arn(&pool);
        assert_eq!(tagged(scene, &arn), json!({}));
        let answer =
            scene.ok(TAG, json!({"ResourceArn": arn, "Tags": {"team": "blue", "cost": ""}}));
        assert_eq!(answer, json!({}));
        assert_eq!(tagged(scene, &arn), json!({"team": "blue", "cost": ""}));
        let described = scene.ok("DescribeIdentityPool", json!({"IdentityPoolId": pool}));
        assert_eq!(described["IdentityPoolTags"], json!({"team": "blue", "cost": ""}));
        let answer = scene.ok(UNTAG, json!({"ResourceArn": arn, "TagKeys": ["team"]}));
        assert_eq!(answer, json!({}));
        assert_eq!(tagged(scene, &arn), json!({"cost": ""}));
    }),
    row(&["10.create"], "tags of a new pool are the same", |scene| {
        let pool = scene.pool(json!({"IdentityPoolTags": {"team": "blue"}}));
        assert_eq!(tagged(scene, &arn(&pool)), json!({"team": "blue"}));
    }),
    row(
        &["10.overwrite", "10.case"],
        "an equal key is written over, another case is another key",
        |scene| {
            let arn = arn(&scene.game());
            for tags in [json!({"team": "blue"}), json!({"team": "red"}), json!({"Team": "green"})]
            {
                scene.ok(TAG, json!({"ResourceArn": arn, "Tags": tags}));
            }
            assert_eq!(tagged(scene, &arn), json!({"Team": "green", "team": "red"}));
        },
    ),
    row(&["10.untag"], "a key that is not there can be taken", |scene| {
        let arn = arn(&scene.game());
        scene.ok(UNTAG, json!({"ResourceArn": arn, "TagKeys": ["team", "team"]}));
        assert_eq!(tagged(scene, &arn), json!({}));
    }),
    row(&["10.most"], "at most fifty tags", |scene| {
        let arn = arn(&scene.game());
        let tags = |from: usize, to: usize| -> Value {
            (from..to).map(|n| (format!("t{n}"), json!("a"))).collect()
        };
        scene.ok(TAG, json!({"ResourceArn": arn, "Tags": tags(0, 50)}));
        let body = json!({"ResourceArn": arn, "Tags": tags(50, 51)});
        scene.refused(TAG, body, INVALID, "A resource has at most 50 tags.");
        scene.ok(TAG, json!({"ResourceArn": arn, "Tags": tags(0, 50)}));
    }),
    row(&["10.characters"], "the characters of a tag", |scene| {
        let arn = arn(&scene.game());
        let legal = json!({"a Z9_.:/=+-@": "b Y8_.:/=+-@"});
        scene.ok(TAG, json!({"ResourceArn": arn, "Tags": legal}));
        for tags in [
            json!({"a#": ""}),
            json!({"a": "b!"}),
            json!({"aws:team": "blue"}),
            json!({"AWS:team": ""}),
        ] {
            let fault =
                scene.call(TAG, json!({"ResourceArn": arn, "Tags": tags})).expect_err("illegal");
            assert_eq!(fault.name, INVALID, "{tags}");
        }
    }),
    row(&["10.unknown", "M24"], "a pool that is not there, or not the caller's", |scene| {
        let pool = scene.game();
        let other = scene.of("999999999999", "us-east-1");
        for (scene, id) in [(scene, NOBODY), (&other, pool.as_str())] {
            for (operation, body) in all(&arn(id)) {
                scene.says("M24", operation, body, &[("IdentityPoolId", id)]);
            }
        }
    }),
    row(&["10.assumed", "M24"], "an account that nobody named may be any", |scene| {
        let scene = scene.of("000000000000", "us-east-1");
        let pool = scene.game();
        for account in ["123456789012", "000000000000"] {
            let arn = arn(&pool).replace("123456789012", account);
            for (operation, body) in all(&arn) {
                scene.ok(operation, body);
            }
        }
        for other in [
            arn(&pool).replacen("us-east-1", "eu-west-1", 1),
            arn(&pool).replacen("arn:aws:", "arn:aws-cn:", 1),
            arn(&pool).replace("123456789012", "12345678901"),
            arn(&pool).replace("123456789012", ""),
        ] {
            for (operation, body) in all(&other) {
                scene.says("M24", operation, body, &[("IdentityPoolId", &pool)]);
            }
        }
    }),
    row(&["10.malformed"], "an ARN that names no pool", |scene| {
        let pool = scene.game();
        let missing = format!("arn:aws:cognito-identity:us-east-1:123456789012:{pool}");
        let elsewhere = format!("arn:aws:iam:us-east-1:123456789012:identitypool/{pool}");
        for arn in ["this is not an ARN at all", missing.as_str(), elsewhere.as_str()] {
            for (operation, body) in all(arn) {
                let fault = scene.call(operation, body).expect_err("malformed");
                assert_eq!(fault.name, INVALID, "{operation} {arn}");
            }
        }
    }),
];

fn arn(pool: &str) -> String {
    format!("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/{pool}")
}

fn all(arn: &str) -> [(&'static str, Value); 3] {
    [
        (TAG, json!({"ResourceArn": arn, "Tags": {"team": "blue"}})),
        (UNTAG, json!({"ResourceArn": arn, "TagKeys": ["team"]})),
        (LIST, json!({"ResourceArn": arn})),
    ]
}

#[track_caller]
fn tagged(scene: &Scene, arn: &str) -> Value {
    scene.ok(LIST, json!({"ResourceArn": arn}))["Tags"].clone()
}
