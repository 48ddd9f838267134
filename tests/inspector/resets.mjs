// Exports and resets by the menu, and the rule that no request leaves the origin.

import { readFileSync } from "node:fs";

import { check, comes, same } from "./check.mjs";
import { importFile } from "./large.mjs";
import { heading, text } from "./views.mjs";

export async function resets(scene, people) {
  const pools = async () => (await scene.control("GET", "pools")).IdentityPools.map((pool) => pool.IdentityPoolId);
  const page = await scene.open(`#/pools/${people.pool}`);
  await heading(page).filter({ hasText: "game" }).waitFor();
  const choose = async (name) => {
    await page.getByRole("button", { name: "Menu" }).click();
    await page.locator("#menu").getByText(name).click();
  };
  const [download] = await Promise.all([page.waitForEvent("download"), choose("Export game")]);
  const exported = readFileSync(await download.path(), "utf8");
  check("the export of a pool is a file", exported.includes(people.pool) && exported.includes('{"end"'), exported.slice(0, 200));

  await choose("Reset game…");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  check("a cancelled reset deletes nothing", (await pools()).includes(people.pool));
  await choose("Reset game…");
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await comes("a reset deletes the pool", async () => !(await pools()).includes(people.pool));
  check("and no other one", (await pools()).length > 0);
  await page.getByRole("dialog").waitFor({ state: "hidden" });

  await importFile(page, exported);
  await comes("its export brings it back", async () => (await pools()).includes(people.pool));
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  const back = await scene.open(`#/identities/${people.alice}`);
  await comes("with its history", async () => (await text(back)).includes("took over login.game bob"));
  await back.context().close();

  await choose("Reset everything…");
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await comes("everything is deleted", async () => (await pools()).length === 0);
  await comes("the page says so", async () => (await text(page)).includes("No pool yet"));
  await people.aws.createIdentityPool({ IdentityPoolName: "next", AllowUnauthenticatedIdentities: true });
  await comes("a new pool appears by itself", async () => (await text(page)).includes("next"));
  await page.context().close();

  const elsewhere = [...scene.asked].filter((url) => !url.startsWith(`${scene.url}/_cognate/`) && !url.startsWith("blob:"));
  same("no request has left the control plane", elsewhere.filter((url) => url !== `${scene.url}/favicon.ico`), []);
  same("no page has complained", scene.complaints, []);
}
