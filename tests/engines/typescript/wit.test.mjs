// What standard tools see: wasm-tools, as jco brings it, and jco's own generator of types.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { generateHostTypes } from "@bytecodealliance/jco-transpile";
import { componentWit, metadataShow } from "@bytecodealliance/jco-transpile/wasm-tools";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";

const component = await readFile(process.env.CONNECTOR_WASM);
const source = fileURLToPath(new URL("../../../wit/defender-atp", import.meta.url));

test("the WIT of the file has the documentation of its world", async () => {
  const wit = await componentWit(component);
  assert.match(wit, /^\/\/\/ Microsoft Defender ATP\n\/\/\/\n\/\/\/ .+\n(\/\/\/.*\n)+world root \{$/m);
  assert.match(wit, /^ {2}export defender:atp\/machine-actions@0\.1\.0;$/m);
});

test("the file has a name", async () => {
  const [whole] = await metadataShow(component);
  assert.deepEqual([whole.name, whole.metaType.tag], ["defender-atp", "component"]);
});

test("types are generated from the source WIT as it is, under one name for each interface", async () => {
  // As jco's command line does it: the generator is a component, and sees no file otherwise.
  _setPreopens({ "/": "/" });
  const files = await generateHostTypes(source, { worldName: "defender-atp" });
  const world = Object.entries(files).find(([name]) => name.endsWith("defender-atp.d.ts"));
  const names = [...new TextDecoder().decode(world[1]).matchAll(/export \* as (\w+) from/g)].map(([, name]) => name);
  assert.ok(names.includes("machineActions") && names.includes("connectorTypes"), names.join(", "));
  assert.equal(new Set(names).size, names.length, names.join(", "));
});
