// The program in TypeScript compiles under `--strict` against the component's own types, all of them checked, and runs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startSimulator } from "../node/simulator.mjs";

const component = process.env.CONNECTOR_WASM;
if (!component) throw new Error("CONNECTOR_WASM must be the path of the component");

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
let folder, simulator;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "typescript-"));
  for (const file of ["package.json", "src", "tsconfig.json"]) await cp(here(file), join(folder, file), { recursive: true });
  await symlink(here("node_modules"), join(folder, "node_modules"));
  simulator = await startSimulator();
});
after(async () => {
  await simulator?.stop();
  await rm(folder, { recursive: true });
});

/** Runs a JavaScript file in the folder. */
function run(words, variables = {}) {
  const env = { PATH: process.env.PATH, ...variables };
  return promisify(execFile)(process.execPath, words, { cwd: folder, env }).catch(({ message, stdout, stderr }) =>
    assert.fail(`${message}\n${stdout}${stderr}`),
  );
}

test("a strict program compiles without any declaration left unchecked, calls an action and polls a trigger", async () => {
  await run([here("transpile.mjs"), component, join(folder, "generated")]);
  const compiled = await run([here("node_modules/typescript/bin/tsc"), "--strict"]);
  assert.equal(compiled.stdout, "");

  await simulator.alert([{ id: "da7", severity: "High", incidentId: 9007199254740993n }, { id: "da8", severity: "Low" }]);
  const environment = { DEFENDER_API_URL: simulator.url, DEFENDER_ACCESS_TOKEN: await simulator.token() };
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const { stdout, stderr } = await run(["built/program.js", "da7", since], environment);
  assert.equal(stderr, "");
  const lines = stdout.trimEnd().split("\n").filter((line) => !line.startsWith("new: ") || /da[78],/.test(line));
  assert.deepEqual(lines, [
    "da7: severity High, incident 9007199254740993",
    "new: da7, severity High",
    "new: da8, severity Low",
    "later: 0",
  ]);
});
