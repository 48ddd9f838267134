//! SIGTERM ends the server in order, and the next one finds everything as it was.

use std::error::Error;
use std::path::Path;

use crate::check::Checks;
use crate::scene::{ACCOUNT, PROVIDER, REGION, Scene, World};
use crate::server::{DataFolder, Server};
use crate::token::verify;

pub async fn tell(
    world: World,
    binary: &Path,
    folder: &DataFolder,
    checks: &mut Checks,
) -> Result<(), Box<dyn Error>> {
    let scene = Scene::new(&world, "restart").await?;
    let answer = scene.ask_for("alice").send().await?;
    let alice = answer.identity_id.ok_or("an answer without an IdentityId")?;
    let token = answer.token.ok_or("an answer without a token")?;
    scene.identity_of("bob").await?;
    let merge = scene.client.merge_developer_identities().identity_pool_id(&scene.pool);
    let merge = merge.developer_provider_name(PROVIDER).source_user_identifier("bob");
    merge.destination_user_identifier("alice").send().await?;
    let before = scene.picture().await?;
    stop(world, checks, "SIGTERM ends the server with success within ten seconds")?;

    let world = World::new(Server::start(binary, folder.path())?);
    let scene = Scene { client: world.client(ACCOUNT, REGION), pool: scene.pool };
    let found = scene.picture().await?;
    checks.equal("a server started again finds everything as it was", found, before);
    let what = "a user has the same identity after a restart";
    checks.equal(what, scene.identity_of("alice").await?, &*alice);
    let what = "a merged user has the same identity after a restart";
    checks.equal(what, scene.identity_of("bob").await?, &*alice);
    let verdict = verify(&token, &world.server.published_keys()?, &scene.pool);
    let subject = verdict?.claims.get("sub").cloned();
    let what = "a token from before the restart verifies after it";
    checks.equal(what, subject, Some(alice.into()));
    stop(world, checks, "SIGTERM ends the second server as well")
}

fn stop(world: World, checks: &mut Checks, what: &str) -> Result<(), Box<dyn Error>> {
    let status = world.server.stop()?;
    checks.that(what, &status, |status| status.is_some_and(|status| status.success()));
    Ok(())
}
