//! `ListIdentityPools`, in pages.

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_cognitoidentity::Client;
use aws_sdk_cognitoidentity::operation::list_identity_pools::ListIdentityPoolsError;

use super::map;
use crate::check::{Broken, Checks, Text, is_validation_exception};
use crate::scene::Pool;

pub async fn tell(
    client: &Client,
    checks: &mut Checks,
    full: &Pool,
    bare: &Pool,
) -> Result<(), Box<dyn Error>> {
    let mut sizes = Vec::new();
    let mut found = BTreeMap::new();
    let mut next_token = None;
    loop {
        let request = client.list_identity_pools().max_results(1).set_next_token(next_token);
        let page = request.send().await?;
        sizes.push(page.identity_pools().len());
        for pool in page.identity_pools() {
            let id = pool.identity_pool_id().unwrap_or_default().to_owned();
            found.insert(id, pool.identity_pool_name().unwrap_or_default().to_owned());
        }
        next_token = page.next_token;
        if next_token.is_none() || sizes.len() > 2 {
            break;
        }
    }
    checks.equal("ListIdentityPools fills two pages of one pool", sizes, vec![1, 1]);
    let mut expected = map(&full.id, &full.name);
    expected.insert(bare.id.clone(), bare.name.clone());
    checks.equal("ListIdentityPools finds each pool once, with its name", found, expected);
    let whole = client.list_identity_pools().max_results(60).send().await?;
    checks.equal("ListIdentityPools answers both at once", whole.identity_pools().len(), 2);
    checks.equal("a last page has no NextToken", whole.next_token, None);

    let answer = client.list_identity_pools().max_results(61).send().await;
    let constraint = "Member must have value less than or equal to 60";
    let text = Text::Violations(&[Broken("'61'", "maxResults", constraint)]);
    let what = "a page of 61 is a ValidationException";
    checks.refused(what, answer, is_validation_exception, text);
    let answer = client.list_identity_pools().max_results(1).next_token("nonsense").send().await;
    let what = "a NextToken that was never given out is an InvalidParameterException";
    let is_expected = ListIdentityPoolsError::is_invalid_parameter_exception;
    checks.refused(what, answer, is_expected, Text::Unspecified);
    Ok(())
}
