// Turns the component into JavaScript whose functions return promises, for `promises.mjs`.

import { transpile as generate } from "@bytecodealliance/jco-transpile";
import { connect } from "./promises.mjs";

/** The files: `component.js` and the WebAssembly modules that it takes. */
export async function transpile(file) {
  const { files } = await generate(file, {
    name: "component",
    instantiation: "async",
    emitTypescriptDeclarations: false,
    noComponentErrorWrapping: true,
    asyncMode: "jspi",
    asyncWasiImports: true,
    asyncExports: ["*"],
  });
  return files;
}

/** Turns the component into JavaScript for this process: once, then any number of instances. */
export async function load(file) {
  const files = await transpile(file);
  const source = Buffer.from(files["component.js"]).toString("base64");
  const { instantiate } = await import(`data:text/javascript;base64,${source}`);
  const modules = new Map();
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith(".wasm")) modules.set(name, await WebAssembly.compile(bytes));
  }
  const compiled = (name) => modules.get(name);
  return { connect: (environment) => connect({ instantiate, compiled }, environment) };
}
