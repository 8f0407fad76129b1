// The Defender connector as promises: a call that waits for the API holds up nothing else. This needs WebAssembly's promise
// integration (JSPI), as Node 26, Bun, Deno, Chromium and Firefox have it, and works in a page too.

import { monotonicClock, wallClock } from "./node_modules/@bytecodealliance/preview2-shim/dist/browser/clocks.js";
import { outgoingHandler, types } from "./node_modules/@bytecodealliance/preview2-shim/dist/browser/http.js";
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
    "wasi:http/types": { ...types, httpErrorCode },
    "wasi:io/error": error,
    "wasi:io/poll": poll,
    "wasi:io/streams": streams,
  });
}

function handle(request, options) {
  // The shim takes the time-out of connecting for that of the whole wait for a reply, which a long query outlasts.
  options?.setConnectTimeout(options.firstByteTimeout());
  return outgoingHandler.handle(request, options);
}

/** Why a body broke off. */
function httpErrorCode({ payload, message }) {
  return payload?.tag ? payload : { tag: "internal-error", val: message };
}
