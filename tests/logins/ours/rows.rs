//! Tokens that this engine did not issue for this pool and this identity.

use super::*;

const HEADERS: &[&str] = &[
    r#"{"kid":"$kid","typ":"JWS","alg":"none"}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"None"}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"HS256"}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"HS512"}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"RS256"}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"PS512"}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"ES384"}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"Ed25519"}"#,
    r#"{"kid":"$kid","typ":"JWT","alg":"$alg"}"#,
    r#"{"kid":"$kid","alg":"$alg"}"#,
    r#"{"kid":"$kid","typ":"JWS"}"#,
    r#"{"typ":"JWS","alg":"$alg"}"#,
    r#"{"alg":"$alg","kid":"$kid","typ":"JWS"}"#,
    r#"{"kid":"us-east-1-2","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"us-east-1-0","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"us-east-1-4294967296","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"us-east-1-01","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"us-east-1","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"eu-west-1-1","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"../us-east-1-1","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":null,"typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"$kid","kid":"$kid","typ":"JWS","alg":"$alg"}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"$alg","crit":["exp"]}"#,
    r#"{"kid":"$kid","typ":"JWS","alg":"$alg","jku":"https://evil.example"}"#,
    r#"{"kid": "$kid","typ":"JWS","alg":"$alg"}"#,
    "{}",
    "",
];

/// A text in the claims and its replacement, signed with the engine's own key.
const CLAIMS: &[(&str, &str)] = &[
    (r#","iat""#, r#","nbf":0,"iat""#),
    (r#","iat""#, r#","iat":1,"iat""#),
    (r#","iat""#, r#", "iat""#),
    (r#""amr":["authenticated","#, r#""amr":["authenticated",1,"#),
    (r#""sub":"#, r#""sub":"x","sub":"#),
    (r#""iss":"https://cognito-identity.amazonaws.com""#, r#""iss":"https://accounts.google.com""#),
    (
        r#""iss":"https://cognito-identity.amazonaws.com""#,
        r#""iss":"cognito-identity.amazonaws.com""#,
    ),
    (r#""exp":17"#, r#""exp":-17"#),
    (r#""exp":1700000900"#, r#""exp":"1700000900""#),
    (r#""exp":1700000900"#, r#""exp":1700000900.0"#),
    (r#""exp":1700000900"#, r#""exp":1.7000009e9"#),
    (r#""exp":1700000900,"#, ""),
    (":identitypool/", ":identitypool/x"),
    (":123456789012:", ":999999999999:"),
];

impl Ours {
    /// Rows made from the text of a genuine token.
    pub(super) fn texts(&self, genuine: &str) -> Vec<Row> {
        let oidc = makers().map(|maker| maker.genuine().text());
        let [header, claims, signature] = parts(genuine).map(encode);
        let rows = [
            ("a word", "token".to_owned()),
            ("dots", "..".to_owned()),
            ("of Google", oidc[1].clone()),
            ("of a user pool", oidc[0].clone()),
            ("of another provider", oidc[3].clone()),
            ("a session token", session_token(&self.site)),
            ("a blank before", format!(" {genuine}")),
            ("a blank behind", format!("{genuine} ")),
            ("a line end behind", format!("{genuine}\n")),
            ("a blank within", genuine.replacen('.', ". ", 1)),
            ("a bearer", format!("Bearer {genuine}")),
            ("a fourth part", format!("{genuine}.e30")),
            ("a dot behind", format!("{genuine}.")),
            ("a dot before", format!(".{genuine}")),
            ("a pad behind", format!("{genuine}=")),
            ("no signature", format!("{header}.{claims}.")),
            ("no claims", format!("{header}..{signature}")),
            ("cut by one", genuine[..genuine.len() - 1].to_owned()),
            ("cut by four", genuine[..genuine.len() - 4].to_owned()),
            ("cut in the middle", genuine[..genuine.len() / 2].to_owned()),
            ("twice", format!("{genuine}{genuine}")),
            ("in capitals", genuine.to_uppercase()),
            ("48,000 more letters", format!("{genuine}{}", "A".repeat(48_000))),
        ];
        rows.map(|(name, token)| self.row(name, token, FOREIGN)).into()
    }

    /// Rows with another header or other claims, signed with the engine's own key.
    pub(super) fn signed(&self, genuine: &str) -> Vec<Row> {
        let [header, claims, _] =
            parts(genuine).map(|part| String::from_utf8_lossy(&part).into_owned());
        assert_eq!(
            header,
            format!(r#"{{"kid":"us-east-1-1","typ":"JWS","alg":"{}"}}"#, self.maker.alg)
        );
        let mut rows = Vec::new();
        for changed in HEADERS {
            let changed = changed.replace("$alg", self.maker.alg).replace("$kid", self.maker.kid);
            let token = self.maker.signed(&changed, &claims).text();
            rows.push(self.row(format!("header {changed}"), token, FOREIGN));
        }
        for (from, to) in CLAIMS {
            let changed = claims.replacen(from, to, 1);
            assert_ne!(changed, claims, "{from} is no claim");
            let token = self.maker.signed(&header, &changed).text();
            rows.push(self.row(format!("claims with {to}"), token, FOREIGN));
        }
        let stranger = Maker::signed_by(self.maker.stranger, self.maker.alg, &header, &claims);
        rows.push(self.row("a stranger's key", stranger.text(), FOREIGN));
        rows
    }

    /// Rows with another signature.
    pub(super) fn signatures(&self, genuine: &str, of_bob: &str) -> Vec<Row> {
        let [header, claims, signature] = parts(genuine);
        let genuine = Parts { header, claims, signature };
        let mut flipped = genuine.signature.clone();
        flipped[7] ^= 4;
        let [.., of_bob] = parts(of_bob);
        let length = genuine.signature.len();
        let mut rows = vec![
            ("of another's token", of_bob),
            ("a bit flipped", flipped),
            ("zeros", vec![0; length]),
            ("a zero more", [genuine.signature.as_slice(), &[0]].concat()),
            ("a byte less", genuine.signature[1..].to_vec()),
            ("the public key", self.maker.key.public().to_vec()),
        ];
        if self.maker.alg == "ES256" {
            rows.push(("the high twin", twin(&genuine.signature)));
        }
        let row = |(name, signature): (&str, Vec<u8>)| {
            self.row(format!("signature: {name}"), genuine.signed_with(signature), FOREIGN)
        };
        let mut rows: Vec<_> = rows.into_iter().map(row).collect();
        for secret in [self.maker.key.public().to_vec(), self.maker.key.pem().into_bytes(), vec![]]
        {
            for (at, alg) in ["HS256", "HS384", "HS512"].into_iter().enumerate() {
                let header = format!(r#"{{"kid":"{}","typ":"JWS","alg":"{alg}"}}"#, self.maker.kid);
                let message = format!("{}.{}", encode(header), encode(&genuine.claims));
                let token = format!("{message}.{}", encode(&hmacs(&secret, &message)[at].1));
                let name = format!("{alg} by a secret of {} bytes", secret.len());
                rows.push(self.row(name, token, FOREIGN));
            }
        }
        rows
    }

    /// Rows with genuine tokens for something else.
    pub(super) fn others(&self) -> Vec<Row> {
        let world = &self.site.world;
        let token = |pool: &IdentityPoolId, user: &str| token(world, pool, user);
        let forbidden = |id: &IdentityId| format!("Access to Identity '{id}' is forbidden.");
        let both = [MISMATCH; 2];
        let bob = world.register(&self.site.pool, "bob");
        let of_bob = token(&self.site.pool, "bob");
        let other_pool = open_pool(world);
        let of_other_pool = token(&other_pool, "alice");

        // A guest that has logged in after the token was issued.
        let dora = guest(world, &self.site.pool);
        let of_guest = guest_token(world, &dora);
        let still_a_guest = guest_token(world, &self.site.guest);
        let logs_in = GetOpenIdTokenInput::new(&dora);
        let login = makers()[3].with("sub", json!("dora"));
        let logs_in = logs_in.logins(EXAMPLE, login);
        let output = world.engine.public().get_open_id_token(logs_in).expect("logged in");
        assert_eq!(output.identity_id, dora);
        let of_dora = output.token.as_str().to_owned();

        // A user whose identity was merged into another one.
        let eve = world.register(&self.site.pool, "eve");
        let of_eve = token(&self.site.pool, "eve");
        let merge = MergeDeveloperIdentitiesInput::new(&self.site.pool, GAME, "eve", "bob");
        world.aws.merge_developer_identities(merge).expect("merged");

        let alice = self.site.alice.clone();
        let at_eve = forbidden(&eve);
        vec![
            Self::row_for(&alice, "bob's", &of_bob, both),
            Self::row_for(&bob, "alice's, for bob", token(&self.site.pool, "alice"), both),
            Self::row_for(&alice, "another pool's", &of_other_pool, both),
            Self::row_for(
                &alice,
                "another pool's guest's",
                guest_token(world, &guest(world, &other_pool)),
                both,
            ),
            Self::row_for(&alice, "a guest's", &still_a_guest, both),
            Self::row_for(
                &dora,
                "of a guest that has logged in",
                &of_guest,
                [&forbidden(&dora), MISMATCH],
            ),
            Self::row_for(&self.site.guest, "dora's, for a guest", &of_dora, both),
            Self::row_for(&eve, "of one who was merged away", &of_eve, [&at_eve, &at_eve]),
            Self::row_for(&bob, "of one who was merged into him", &of_eve, both),
            Self::row_for(&alice, "of one who was merged", &of_eve, both),
        ]
    }
}

fn parts(token: &str) -> [Vec<u8>; 3] {
    use base64::Engine as _;
    let decode =
        |part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("ours");
    let parts: Vec<_> = token.split('.').map(decode).collect();
    parts.try_into().expect("three parts")
}

/// If `(r, s)` is a signature, `(r, order - s)` is one too.
fn twin(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
        0x25, 0x51,
    ];
    let mut twin = signature.to_vec();
    let mut borrow = 0;
    for (digit, order) in twin[32..].iter_mut().zip(ORDER).rev() {
        let difference = 256 + i32::from(order) - i32::from(*digit) - borrow;
        borrow = i32::from(difference < 256);
        *digit = u8::try_from(difference % 256).expect("a byte");
    }
    twin
}

fn guest(world: &World, pool: &IdentityPoolId) -> IdentityId {
    let input = GetIdInput::new(pool);
    world.engine.public().get_id(input).expect("a guest").identity_id
}
