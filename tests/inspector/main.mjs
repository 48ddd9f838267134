// Opens the inspector page of a server that real traffic reaches.

import { attacks } from "./attacks.mjs";
import { conclude, part } from "./check.mjs";
import { large } from "./large.mjs";
import { outages } from "./outages.mjs";
import { looks } from "./looks.mjs";
import { ACCOUNT, PROVIDER, staging } from "./scene.mjs";
import { changes, reading, requests, search, strangers } from "./views.mjs";
import { resets } from "./resets.mjs";

const [binary, chromium] = process.argv.slice(2);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => process.exit(1));

/** A pool whose users were told apart, merged and refused by calls of the SDK. */
async function populate(scene) {
  const aws = scene.sdk();
  const { IdentityPoolId } = await aws.createIdentityPool({
    IdentityPoolName: "game",
    AllowUnauthenticatedIdentities: true,
    DeveloperProviderName: PROVIDER,
    SupportedLoginProviders: { "accounts.google.com": "app" },
  });
  const register = (user) =>
    aws.getOpenIdTokenForDeveloperIdentity({ IdentityPoolId, Logins: { [PROVIDER]: user } });
  const people = { pool: IdentityPoolId, aws, register };
  people.evilName = "<img src=x onerror=window.pwned=1>";
  for (const [name, user] of [["alice", "alice"], ["bob", "bob"], ["carol", "carol"], ["evil", people.evilName]]) {
    people[name] = (await register(user)).IdentityId;
  }
  people.guest = (await aws.getId({ IdentityPoolId })).IdentityId;
  people.merge = (source, destination) =>
    aws.mergeDeveloperIdentities({
      IdentityPoolId,
      DeveloperProviderName: PROVIDER,
      SourceUserIdentifier: source,
      DestinationUserIdentifier: destination,
    });
  await people.merge("bob", "alice");
  return people;
}

async function tell(scene) {
  const people = await populate(scene);
  await part(`reading the pool of account ${ACCOUNT}`, () => reading(scene, people));
  await part("a refused call and its reason", () => requests(scene, people));
  await part("search", () => search(scene, people));
  await part("names of strangers", () => strangers(scene, people));
  await part("colours, widths, keyboard", () => looks(scene, people));
  await part("attacks of other sites", () => attacks(scene));
  await part("preview and undo", () => changes(scene, people));
  await part("10,000 identities, and a graph of 500", () => large(scene));
  await part("outages and tokens", () => outages(scene, people));
  await part("export, import, reset", () => resets(scene, people));
}

try {
  await staging(binary, chromium, tell);
} catch (error) {
  console.error(error);
  process.exit(1);
}
conclude();
