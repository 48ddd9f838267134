//! Sections 1, 1.1 and 4, as far as they are about HTTP. These rows need the feature `http`.

use crate::row::{Row, wire_row};

pub(crate) const ROWS: &[Row] = &[
    wire_row(&["1.a", "1.c"], "a call is a POST to the root, of the content type", play::call),
    wire_row(&["1.1.a", "1.1.b", "1.1.c", "1.1.d"], "an error in headers and body", play::error),
    wire_row(&["1.1.h"], "browsers may call what is public", play::cors),
    wire_row(&["1.1.guard"], "pages of other sites may call nothing else", play::guard),
    wire_row(
        &["4.jwks-path", "4.discovery-path"],
        "the documents have their paths",
        play::documents,
    ),
];

#[cfg(not(feature = "http"))]
mod play {
    use crate::scene::Scene;

    pub(crate) fn call(_: &Scene) {}
    pub(crate) fn error(_: &Scene) {}
    pub(crate) fn cors(_: &Scene) {}
    pub(crate) fn guard(_: &Scene) {}
    pub(crate) fn documents(_: &Scene) {}
}

#[cfg(feature = "http")]
mod play {
    use bytes::Bytes;
    use http::{Request, Response};
    use serde_json::{Value, json};

    use crate::scene::{NOBODY, Scene};

    const CREDENTIAL: &str = "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/\
        cognito-identity/aws4_request, SignedHeaders=host, Signature=0";
    const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

    fn send(scene: &Scene, method: &str, path: &str, body: &Value) -> Response<Bytes> {
        send_from(scene, method, path, "DescribeIdentityPool", None, body)
    }

    fn send_from(
        scene: &Scene,
        method: &str,
        path: &str,
        operation: &str,
        origin: Option<&str>,
        body: &Value,
    ) -> Response<Bytes> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:4566")
            .header("authorization", CREDENTIAL)
            .header("content-type", CONTENT_TYPE)
            .header("x-amz-target", format!("AWSCognitoIdentityService.{operation}"));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let request = request.body(Bytes::from(body.to_string()));
        cognate::http::handle(&scene.world.engine, &request.expect("a request"))
    }

    fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
        response.headers()[name].to_str().expect("text")
    }

    pub(crate) fn call(scene: &Scene) {
        let pool = scene.game();
        let response = send(scene, "POST", "/", &json!({"IdentityPoolId": pool}));
        assert_eq!(
            (response.status().as_u16(), header(&response, "content-type")),
            (200, CONTENT_TYPE)
        );
        for (method, path) in [("GET", "/"), ("PUT", "/"), ("POST", "/other")] {
            let response = send(scene, method, path, &json!({"IdentityPoolId": pool}));
            assert!(response.status().is_client_error(), "{method} {path}");
        }
    }

    pub(crate) fn error(scene: &Scene) {
        let response = send(scene, "POST", "/", &json!({"IdentityPoolId": NOBODY}));
        let text = format!("IdentityPool '{NOBODY}' not found.");
        assert_eq!(response.status(), 400);
        assert_eq!(header(&response, "content-type"), CONTENT_TYPE);
        assert_eq!(header(&response, "x-amzn-errortype"), "ResourceNotFoundException:");
        assert_eq!(header(&response, "x-amzn-errormessage"), text);
        let id = header(&response, "x-amzn-requestid");
        assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id}");
        let told: Value = serde_json::from_slice(response.body()).expect("JSON");
        assert_eq!(told, json!({"__type": "ResourceNotFoundException", "message": text}));
    }

    pub(crate) fn cors(scene: &Scene) {
        for origin in [None, Some("https://game.example"), Some("null")] {
            for input in [json!({"IdentityPoolId": NOBODY}), json!({})] {
                let response = send_from(scene, "POST", "/", "GetId", origin, &input);
                assert_eq!(header(&response, "access-control-allow-origin"), "*");
                let exposed = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";
                assert_eq!(header(&response, "access-control-expose-headers"), exposed);
            }
        }
        assert_eq!(send(scene, "OPTIONS", "/", &json!({})).status(), 200);
    }

    pub(crate) fn guard(scene: &Scene) {
        let pool = json!({"IdentityPoolId": scene.game()});
        let call = |origin| send_from(scene, "POST", "/", "DescribeIdentityPool", origin, &pool);
        for (origin, status, readers) in [
            (None, 200, None),
            (Some("http://localhost:3000"), 200, Some("http://localhost:3000")),
            (Some("https://game.example"), 403, None),
            (Some("null"), 403, None),
        ] {
            let response = call(origin);
            assert_eq!(response.status(), status, "{origin:?}");
            let told = response.headers().get("access-control-allow-origin");
            assert_eq!(told.map(|told| told.to_str().expect("text")), readers, "{origin:?}");
        }
    }

    pub(crate) fn documents(scene: &Scene) {
        let document = |path| {
            let response = send(scene, "GET", path, &json!({}));
            assert_eq!(response.status(), 200, "{path}");
            serde_json::from_slice::<Value>(response.body()).expect("JSON")
        };
        scene.user(&scene.game(), "alice");
        let keys = document("/.well-known/jwks_uri");
        assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
        let discovery = document("/.well-known/openid-configuration");
        assert_eq!(discovery["jwks_uri"], json!("http://127.0.0.1:4566/.well-known/jwks_uri"));
    }
}
