//! The JSON of claims in the form that is signed.

use crate::rules::claims::Claims;

/// Writes the same JSON as `Serialize`, but faster. `Serialize` inspects each byte by itself.
pub(super) fn claims_json(claims: &Claims) -> String {
    let mut json = String::with_capacity(1024);
    json.push_str(r#"{"sub":"#);
    push_text(&mut json, claims.identity_id().as_str());
    json.push_str(r#","aud":"#);
    push_text(&mut json, claims.identity_pool_id().as_str());
    json.push_str(r#","amr":["#);
    for (n, name) in claims.amr().iter().enumerate() {
        json.push_str(if n == 0 { "" } else { "," });
        push_text(&mut json, name);
    }
    json.push(']');
    if !claims.principal_tags().is_empty() {
        json.push_str(r#","https://aws.amazon.com/tags":{"principal_tags":{"#);
        for (n, (key, value)) in claims.principal_tags().iter().enumerate() {
            json.push_str(if n == 0 { "" } else { "," });
            push_text(&mut json, key.as_str());
            json.push_str(":[");
            push_text(&mut json, value.as_str());
            json.push(']');
        }
        json.push_str("}}");
    }
    json.push_str(r#","iss":"#);
    push_text(&mut json, claims.issuer().as_str());
    if let Some(arn) = claims.identity_pool_arn() {
        json.push_str(r#","https://cognito-identity.amazonaws.com/identity-pool-arn":"#);
        push_text(&mut json, arn);
    }
    json.push_str(r#","exp":"#);
    json.push_str(&claims.expires_at().to_string());
    json.push_str(r#","iat":"#);
    json.push_str(&claims.issued_at().to_string());
    json.push('}');
    json
}

/// Adds a text in quotes. Few texts need an escape, and checking is faster than writing byte by
/// byte.
fn push_text(json: &mut String, text: &str) {
    let is_special = |byte| byte < b' ' || byte == b'"' || byte == b'\\';
    if text.bytes().fold(false, |special, byte| special | is_special(byte)) {
        // Encoding a text never fails.
        json.push_str(&serde_json::to_string(text).unwrap_or_default());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::id::Region;
    use crate::name::PrincipalTagKey;

    proptest! {
        #[test]
        fn signed_bytes_equal_the_json_of_serde(
            texts in vec("[ -~é\u{0}-\u{1f}]{1,8}", 6), count in 0..3_usize, has_arn: bool,
        ) {
            let tags = texts.iter().take(count).map(|key| {
                let value = texts[5].as_str();
                (PrincipalTagKey::try_from(key.as_str()).unwrap(), value.try_into().unwrap())
            });
            let region: Region = "cn-north-1".parse().unwrap();
            let claims = Claims::verified(
                region.token_issuer(),
                ("us-east-1:0-f".parse().unwrap(), "us-east-1:1-e".parse().unwrap()),
                texts[..=count].to_vec(),
                tags.collect(),
                has_arn.then(|| texts[4].clone()),
                (1, 901),
            );
            prop_assert_eq!(claims_json(&claims), serde_json::to_string(&claims).expect("JSON"));
        }
    }
}
