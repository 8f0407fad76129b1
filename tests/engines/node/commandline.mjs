// `connector` with a connection to the stand-in API, started as its users start it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A command line with a configuration and a state directory of its own. */
export async function commandLine({ url, tenantId, clientId, clientSecret }) {
  const home = await mkdtemp(join(tmpdir(), "connector-"));
  const config = join(home, "config.toml");
  await writeFile(
    config,
    `[connections.default]\napi-url = "${url}"\ntenant-id = "${tenantId}"\nallow-loopback-http = true\n` +
      `[connections.default.auth]\nkind = "client-secret"\nclient-id = "${clientId}"\n` +
      `client-secret-env = "SECRET"\nauthority = "${url}"\n`,
  );
  const known = {
    PATH: process.env.PATH,
    HOME: home,
    CONNECTOR_CONFIG: config,
    CONNECTOR_STATE_DIR: join(home, "state"),
    CONNECTOR_VAULT: "none",
    SECRET: clientSecret,
  };
  return {
    /** Starts a command. */
    start: (words, variables = {}) => {
      const env = { ...known, ...variables };
      return spawn(process.env.CONNECTOR_BIN, words, { env, stdio: ["ignore", "pipe", "ignore"] });
    },
    remove: () => rm(home, { recursive: true }),
  };
}

/** `connector proxy` of a connection to the stand-in API. */
export async function startProxy(simulator, words = []) {
  const { start, remove } = await commandLine(simulator);
  const child = start(["proxy", "--output", "json", ...words]);
  const ended = once(child, "exit");
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    ended.then(([code]) => assert.fail(`the proxy ended with exit code ${code} before it was ready`)),
  ]);
  const { environment, key } = JSON.parse(line);
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
    await remove();
  };
  return { environment, key, stop };
}
