// Attacks of other sites on the control plane. Nothing may be read, and nothing changed.

import { check, same } from "./check.mjs";
import { ATTACKER } from "./scene.mjs";

/** Runs within a page of another site. Returns what it could read. */
async function attack(server) {
  const read = [];
  const paths = ["health", "pools", "requests", "export?History=true", "events", "openapi.json", "inspector.js"];
  const tell = async (way, run) => {
    try {
      const text = await run();
      if (text) read.push(`${way}: ${String(text).slice(0, 80)}`);
    } catch {
      // The browser or the server has blocked it.
    }
  };
  const ways = [
    {},
    { mode: "no-cors" },
    { credentials: "include" },
    { mode: "no-cors", credentials: "include" },
    { headers: { authorization: "Bearer x" } },
  ];
  for (const path of paths) {
    for (const options of ways) {
      await tell(`GET ${path}`, async () => (await fetch(`${server}/_cognate/${path}`, options)).text());
    }
  }
  const changes = [
    ["reset", ""],
    ["reset", "{}"],
    ["undo", "{}"],
    ["requests/clear", ""],
    ["import", '{"cognate":"seed","version":1}\n{"pool":{"settings":{"IdentityPoolName":"theirs"}}}\n'],
  ];
  for (const [path, body] of changes) {
    for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded"]) {
      for (const mode of ["cors", "no-cors"]) {
        const options = { method: "POST", mode, body, headers: { "content-type": type } };
        await tell(`POST ${path}`, async () => (await fetch(`${server}/_cognate/${path}`, options)).text());
      }
    }
    navigator.sendBeacon(`${server}/_cognate/${path}`, body);
  }
  for (const alias of ["/_localstack/state/reset", "/_localstack/health"]) {
    await tell(alias, async () => (await fetch(server + alias, { method: "POST", mode: "no-cors" })).text());
    await tell(alias, async () => (await fetch(server + alias)).text());
  }
  const element = (tag, attributes) =>
    new Promise((resolve) => {
      const made = Object.assign(document.createElement(tag), attributes);
      made.onload = () => resolve("loaded");
      made.onerror = () => resolve("");
      setTimeout(() => resolve(""), 1_500);
      document.body.append(made);
    });
  for (const path of ["pools", "requests", "export"]) {
    await tell(`script of ${path}`, () => element("script", { src: `${server}/_cognate/${path}` }));
    await tell(`image of ${path}`, () => element("img", { src: `${server}/_cognate/${path}` }));
  }
  // A frame loads something in any case: the error page of the browser.
  const frame = document.createElement("iframe");
  frame.src = `${server}/_cognate/`;
  document.body.append(frame);
  const form = document.createElement("form");
  const target = document.createElement("iframe");
  target.name = "target";
  document.body.append(target, form);
  Object.assign(form, { method: "POST", action: `${server}/_cognate/reset`, target: "target" });
  form.submit();
  const opened = open(`${server}/_cognate/`);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const [name, other] of [["frame", frame.contentWindow], ["form", target.contentWindow], ["window", opened]]) {
    await tell(name, () => other.document.body.innerText);
    await tell(`storage of the ${name}`, () => other.sessionStorage.length);
  }
  return read;
}

export async function attacks(scene) {
  const state = async () => {
    const { IdentityPools } = await scene.control("GET", "pools");
    const { Requests } = await scene.control("GET", "requests?MaxResults=1000");
    return [IdentityPools.map((pool) => pool.IdentityPoolId), Requests.length];
  };
  const stood = await state();
  const sites = { [ATTACKER]: await scene.site(ATTACKER), "localhost, another port": await scene.site("localhost") };
  for (const [name, page] of Object.entries(sites)) {
    same(`a page of ${name} reads nothing`, await page.evaluate(attack, scene.url), []);
    same(`a page of ${name} changes nothing`, await state(), stood);
    await page.context().close();
  }
  const rebound = await scene.rebound();
  const own = await rebound.evaluate(async () => {
    const read = [];
    for (const [method, path] of [["GET", "pools"], ["GET", "export"], ["GET", ""], ["POST", "reset"]]) {
      const response = await fetch(`/_cognate/${path}`, { method });
      if (response.status !== 403) read.push(`${path}: ${response.status}`);
    }
    return read;
  });
  same("a page with another host name for the server gets 403", own, []);
  same("a page with another host name for the server changes nothing", await state(), stood);
  await rebound.context().close();

  const response = await fetch(`${scene.url}/_cognate/`);
  const policy = response.headers.get("content-security-policy") ?? "";
  for (const rule of ["default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]) {
    check(`the policy of the page has ${rule}`, policy.includes(rule), policy);
  }
  const names = [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
  same("the page has no CORS headers", names, []);
}
