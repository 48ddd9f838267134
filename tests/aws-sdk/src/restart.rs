//! SIGTERM ends the server cleanly, and the next one finds all data unchanged.

use std::error::Error;
use std::path::Path;

use crate::check::Checks;
use crate::issuer::USER_POOL;
use crate::scene::{ACCOUNT, PROVIDER, REGION, Scene, World};
use crate::server::{Folder, Server};
use crate::token::verify;

pub async fn tell(
    world: World,
    binary: &Path,
    folder: &Folder,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let scene = Scene::open(&world, "restart").await?;
    let answer = scene.ask_for("alice").send().await?;
    let alice = answer.identity_id.ok_or("an answer without an IdentityId")?;
    let token = answer.token.ok_or("an answer without a token")?;
    scene.identity_of("bob").await?;
    let merge = scene.client.merge_developer_identities().identity_pool_id(&scene.pool);
    let merge = merge.developer_provider_name(PROVIDER).source_user_identifier("bob");
    merge.destination_user_identifier("alice").send().await?;
    let una = scene.known(&world.issuers.user_pool, "una").await?;
    let guest = scene.guest().await?;
    let map = scene.client.set_principal_tag_attribute_map().identity_pool_id(&scene.pool);
    let map = map.identity_provider_name(USER_POOL).principal_tags("user", "sub");
    map.send().await?;
    let before = scene.picture().await?;
    let World { server, issuers, .. } = world;
    stop(server, checks, "SIGTERM ends the server with success within ten seconds")?;

    let world = World::start(binary, folder, issuers)?;
    let scene = Scene::of(&world, world.client(ACCOUNT, REGION), scene.pool);
    let found = scene.picture().await?;
    checks.equal("a server started again finds everything as it was", found, before);
    let what = "a user has the same identity after a restart";
    checks.equal(what, scene.identity_of("alice").await?, &*alice);
    let what = "a merged user has the same identity after a restart";
    checks.equal(what, scene.identity_of("bob").await?, &*alice);
    let what = "a user of an issuer has the same identity after a restart";
    checks.equal(what, scene.known(&world.issuers.user_pool, "una").await?, una);
    let answer = scene.ask_token(&guest).send().await?;
    checks.equal("a guest is still one after a restart", answer.identity_id(), Some(&*guest));
    let map = scene.client.get_principal_tag_attribute_map().identity_pool_id(&scene.pool);
    let tags = map.identity_provider_name(USER_POOL).send().await?.principal_tags;
    let what = "a map of attributes is there after a restart";
    checks.equal(what, tags, Some([("user".to_owned(), "sub".to_owned())].into()));
    let verdict = verify(&token, &world.server.published_keys()?, &scene.pool);
    let subject = verdict?.claims.get("sub").cloned();
    let what = "a token from before the restart verifies after it";
    checks.equal(what, subject, Some(alice.into()));
    stop(world.server, checks, "SIGTERM ends the second server as well")
}

fn stop(server: Server, checks: &mut Checks, what: &str) -> Result<(), Box<dyn Error>> {
    let status = server.stop()?;
    checks.that(what, &status, |status| status.is_some_and(|status| status.success()));
    Ok(())
}
