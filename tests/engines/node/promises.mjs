// The Defender connector as promises: a call that waits for the API blocks nothing else. This needs WebAssembly's promise
// integration (JSPI), which Node 26, Bun, Deno, Chromium and Firefox have. It works in a page too.

import { handle, httpTypes } from "./fetch.mjs";
import { monotonicClock, wallClock } from "./node_modules/@bytecodealliance/preview2-shim/dist/browser/clocks.js";
import { error, poll, streams } from "./node_modules/@bytecodealliance/preview2-shim/dist/browser/io.js";

/** Whether this engine has what the module needs. */
export const supported = "Suspending" in WebAssembly;

/**
 * An instance of a component that `transpile` of `transpile.mjs` made into JavaScript: `instantiate` is what the generated
 * module exports, and `compiled` gives a WebAssembly module by its file's name. Its functions return promises.
 */
export function connect({ instantiate, compiled }, environment) {
  const variables = Object.entries(environment).filter(([, value]) => value !== undefined);
  return instantiate(compiled, {
    "wasi:cli/environment": { getEnvironment: () => variables },
    "wasi:clocks/monotonic-clock": monotonicClock,
    "wasi:clocks/wall-clock": wallClock,
    "wasi:http/outgoing-handler": { handle },
    "wasi:http/types": httpTypes,
    "wasi:io/error": error,
    "wasi:io/poll": poll,
    "wasi:io/streams": streams,
  });
}
