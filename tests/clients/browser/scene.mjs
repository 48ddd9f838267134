// A running server, a web server with the pages of several sites, and a browser.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

/** The sites whose names the browser resolves to this machine. */
export const ATTACKER = "attacker.test";
export const GAME = "game.test";
export const ADMIN = "admin.test";
/** An attacker's host name that now resolves to the server's address. */
export const REBOUND = "rebound.test";
/** The owner's host name for the server. */
export const NAMED = "cognito.test";

const SCOPE = "123456789012/20260101/us-east-1/cognito-identity/aws4_request";
export const SIGNED = {
  authorization: `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=host, Signature=00`,
  "x-amz-date": "20260101T000000Z",
};
export const callOf = (operation) => ({
  "content-type": "application/x-amz-json-1.1",
  "x-amz-target": `AWSCognitoIdentityService.${operation}`,
});

/** Starts everything, passes it to `tell`, and always stops it at the end. */
export async function staging(binary, executablePath, tell) {
  const folder = mkdtempSync(join(tmpdir(), "cognate-browser-"));
  let server, browser;
  let log = "";
  const cleanUp = () => {
    server?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", cleanUp);
  const sites = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end("<!doctype html><title>page</title>");
  });
  sites.listen(0, "127.0.0.1");
  try {
    await once(sites, "listening");
    const port = sites.address().port;
    const options = ["serve", "--data", join(folder, "data"), "--listen", "127.0.0.1:0"];
    options.push("--signing-algorithm", "es256");
    options.push("--allow-host", NAMED, "--allow-origin", `http://${ADMIN}:${port}`);
    server = spawn(binary, options, { stdio: ["ignore", "pipe", "pipe"] });
    server.stderr.on("data", (text) => {
      log = (log + text).slice(-4_000);
    });
    const address = await listening(server);
    const names = [ATTACKER, GAME, ADMIN, REBOUND, NAMED, "game.localhost"];
    browser = await chromium.launch({
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // The server must be safe without the protection of newer browsers, too.
        "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
        `--host-resolver-rules=${names.map((name) => `MAP ${name} 127.0.0.1`).join(", ")}`,
      ],
    });
    await tell(new Scene(address, port, browser));
  } catch (error) {
    console.error(log);
    throw error;
  } finally {
    await browser?.close();
    sites.close();
    cleanUp();
    process.off("exit", cleanUp);
  }
}

/** The address in the line that the server prints. */
async function listening(server) {
  let line = "";
  for await (const text of server.stdout) {
    line += text;
    const found = /listening on http:\/\/(\S+)\n/.exec(line);
    if (found) {
      server.stdout.resume();
      return found[1];
    }
  }
  throw new Error("the server does not start");
}

export class Scene {
  constructor(address, port, browser) {
    this.url = `http://${address}`;
    this.serverPort = address.split(":")[1];
    this.sitePort = port;
    this.browser = browser;
  }

  /** A page of a site, in its own browser profile. */
  async page(host) {
    const context = await this.browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://${host}:${this.sitePort}/`);
    return page;
  }

  /**
   * A page that the attacker served before its host name resolved to the server's address. It
   * replaces the server's answer, because the browser resolves the name to one address throughout.
   */
  async reboundPage() {
    const context = await this.browser.newContext();
    const url = `http://${REBOUND}:${this.serverPort}/attack`;
    const attack = { contentType: "text/html", body: "<!doctype html><title>attack</title>" };
    await context.route(url, (route) => route.fulfill(attack));
    const page = await context.newPage();
    await page.goto(url);
    await context.unroute(url);
    return page;
  }

  /** A call of the owner, without a browser. */
  async owner(operation, input) {
    const answer = await fetch(this.url, {
      method: "POST",
      headers: { ...callOf(operation), ...SIGNED },
      body: JSON.stringify(input),
    });
    const text = await answer.text();
    return { status: answer.status, text, json: text ? JSON.parse(text) : null };
  }
}
