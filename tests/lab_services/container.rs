//! The container endpoint: its token is enforced.

use super::support::{count, lab, raw};

#[tokio::test]
async fn the_token_is_enforced() {
    let lab = lab("").await;
    let line = "GET /v1/credentials";
    let none = raw(lab.address(), line, &[]).await.unwrap();
    assert_eq!(none.status, 401);
    let wrong = raw(lab.address(), line, &[("Authorization", "wrong")])
        .await
        .unwrap();
    assert_eq!(wrong.status, 401);
    let json: serde_json::Value = serde_json::from_str(&wrong.body).unwrap();
    assert!(json["message"].is_string());
    let right = raw(
        lab.address(),
        line,
        &[("Authorization", lab.container_token().as_str())],
    )
    .await;
    let right = right.unwrap();
    assert_eq!(right.status, 200);
    let json: serde_json::Value = serde_json::from_str(&right.body).unwrap();
    for field in [
        "AccessKeyId",
        "SecretAccessKey",
        "Token",
        "Expiration",
        "RoleArn",
    ] {
        assert!(json[field].is_string(), "{field}");
    }
    let counted = count(&lab, "container:credentials");
    assert_eq!((counted.count, counted.ok, counted.failed), (3, 1, 2));
}
