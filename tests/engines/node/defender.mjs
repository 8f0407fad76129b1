// The Defender connector in Node: the component runs on jco and its WASI shim.
//
//     node defender.mjs COMPONENT                     lists machines
//     node defender.mjs COMPONENT MACHINE             shows a machine, by id or by name
//     node defender.mjs COMPONENT MACHINE COMMENT     isolates it
//
// Integers of 64 bits are BigInts: `json.mjs` writes them as JSON.
// DEFENDER_ACCESS_TOKEN holds a bearer token. DEFENDER_API_URL is for APIs other than the public cloud's.

import { pathToFileURL } from "node:url";
import { transpile } from "@bytecodealliance/jco-transpile";
import { sandbox } from "./sandbox.mjs";

/**
 * The generated module tries `WebAssembly.promising` for each instance, once for every export. Node 20 has none, and
 * V8 reads the whole module again each time to word an error that is then ignored: a second for an instance.
 */
const PRELUDE =
  "const WebAssembly = Object.assign(Object.create(globalThis.WebAssembly), " +
  "{ promising: globalThis.WebAssembly.promising ?? ((call) => call) });\n";
/** Without a name, the module would stand in full in every line of a stack trace. */
const NAME = "\n//# sourceURL=component.js\n";

/**
 * Turns a component into JavaScript, which takes seconds: once, then any number of instances.
 * An engine that knows its components beforehand runs `jco transpile` when it installs them.
 */
export async function load(file) {
  const { files, imports } = await transpile(file, {
    name: "component",
    instantiation: "async",
    emitTypescriptDeclarations: false,
    // What a function returns as its error is thrown as it is: `{ tag, val }`.
    noComponentErrorWrapping: true,
  });
  const source = Buffer.concat([Buffer.from(PRELUDE), files["component.js"], Buffer.from(NAME)]);
  const { instantiate } = await import(`data:text/javascript;base64,${source.toString("base64")}`);
  const modules = Object.keys(files).filter((name) => name.endsWith(".wasm"));
  const compiled = new Map();
  for (const name of modules) compiled.set(name, await WebAssembly.compile(files[name]));
  /** An instance with an environment of its own. It takes a millisecond, so each call can have one. */
  const connect = (environment) => instantiate((name) => compiled.get(name), sandbox(environment));
  return { connect, imports };
}

/** A failure in one line. Those whose tag begins with "permanent-" are not to be sent again unchanged. */
export function explain({ tag, val }) {
  const { message = "the call was stopped" } = val?.problem ?? val ?? {};
  return `${tag}: ${message}`;
}

async function main([file, machine, comment]) {
  const { DEFENDER_API_URL, DEFENDER_ACCESS_TOKEN } = process.env;
  const { connect } = await load(file);
  const { machines, machineActions } = await connect({ DEFENDER_API_URL, DEFENDER_ACCESS_TOKEN });
  if (comment !== undefined) {
    const action = machineActions.isolateMachine(machine, comment, "full");
    console.log(`${action.type} ${action.computerDnsName}: ${action.status} (${action.id})`);
  } else if (machine !== undefined) {
    console.log(machines.getMachine(machine));
  } else {
    for (const { computerDnsName, healthStatus, riskScore } of machines.listMachines({ top: 20 }).value) {
      console.log(`${computerDnsName}  ${healthStatus}  risk ${riskScore}`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const words = process.argv.slice(2);
  if (words.length < 1 || words.length > 3) {
    console.error("usage: node defender.mjs COMPONENT [MACHINE [COMMENT]]");
    process.exit(1);
  }
  try {
    await main(words);
  } catch (failure) {
    if (!failure.tag) throw failure;
    console.error(explain(failure));
    process.exitCode = 1;
  }
}
