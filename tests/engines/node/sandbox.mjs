// What an instance may use of WASI: an environment and HTTP. It is the shim's, with three things mended.

import { http } from "@bytecodealliance/preview2-shim";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";

/** The imports of an instance whose environment is this and nothing else. A variable that is undefined is not set. */
export function sandbox(environment) {
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
  return new WASIShim({
    sandbox: { env, args: [], preopens: {} },
    http: { ...http, outgoingHandler: { handle }, types: { ...http.types, httpErrorCode } },
  }).getImportObject();
}

function handle(request, options) {
  endUnlessWritten(request);
  // The shim takes the time-out of connecting for that of the whole wait for a reply, which a long query outlasts.
  options?.setConnectTimeout(options.firstByteTimeout());
  return http.outgoingHandler.handle(request, options);
}

/**
 * Ends a request whose body the component never asked for. The shim does not, and then does not use its connection
 * again: each read would cost a socket until the server closes it.
 */
function endUnlessWritten(request) {
  let body;
  try {
    body = request.body();
  } catch {
    return; // The component has it, and ends it.
  }
  http.types.OutgoingBody.finish(body);
}

/** Why a body broke off. The shim returns an error of Node's as it is, which is no error code, and the call traps. */
function httpErrorCode(error) {
  return error.payload?.tag ? error.payload : { tag: "internal-error", val: error.message };
}
