// The README's program for Node, as it stands there: through `connector proxy`, which gives it an address alone.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startSimulator } from "./simulator.mjs";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

test("the README's program runs as it stands", async () => {
  const folder = await mkdtemp(join(tmpdir(), "readme-"));
  const simulator = await startSimulator();
  let proxy;
  try {
    const readme = await readFile(here("../../../README.md"), "utf8");
    const [, program] = /```js\n(import .*? from "\.\/defender\.mjs";\n.*?)```/s.exec(readme);
    await writeFile(join(folder, "program.mjs"), program);
    for (const file of ["defender.mjs", "sandbox.mjs"]) await copyFile(here(file), join(folder, file));
    await symlink(here("node_modules"), join(folder, "node_modules"));
    await copyFile(process.env.CONNECTOR_WASM, join(folder, "defender_atp.wasm"));

    proxy = await startProxy(simulator, folder);
    const { PATH } = process.env;
    const run = () =>
      promisify(execFile)(process.execPath, ["program.mjs"], { cwd: folder, env: { PATH, ...proxy.environment } });
    const first = await run();
    assert.match(first.stdout, /: isolation Pending\n/);
    assert.equal(first.stderr, "");
    // The comment in the program says how it ends when the machine is busy.
    assert.match((await run()).stderr, /^permanent-conflict: Action is already in progress/);
  } finally {
    await proxy?.stop();
    await simulator.stop();
    await rm(folder, { recursive: true });
  }
});

/** `connector proxy` of a connection to the stand-in API. */
async function startProxy({ url, tenantId, clientId, clientSecret }, folder) {
  const config = join(folder, "config.toml");
  await writeFile(
    config,
    `[connections.default]\napi-url = "${url}"\ntenant-id = "${tenantId}"\nallow-loopback-http = true\n` +
      `[connections.default.auth]\nkind = "client-secret"\nclient-id = "${clientId}"\n` +
      `client-secret-env = "SECRET"\nauthority = "${url}"\n`,
  );
  const env = { PATH: process.env.PATH, HOME: folder, CONNECTOR_STATE_DIR: join(folder, "state"), SECRET: clientSecret };
  const words = ["proxy", "--config", config, "--output", "json"];
  const child = spawn(process.env.CONNECTOR_BIN, words, { env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    ended.then(([code]) => assert.fail(`the proxy ended with exit code ${code} before it was ready`)),
  ]);
  return {
    environment: JSON.parse(line).environment,
    stop: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}
