// The Defender connector in TypeScript: gets an alert, and polls the trigger for what is new since a time.
//
//     node transpile.mjs COMPONENT generated          writes the component as JavaScript, with its types
//     npx tsc && node built/program.js ALERT SINCE
//
// DEFENDER_ACCESS_TOKEN holds a bearer token, and DEFENDER_API_URL the API's address.

import { readFile } from "node:fs/promises";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import { instantiate, type ImportObject } from "../generated/component.js";
import type { Alert } from "../generated/interfaces/defender-atp-alerts.js";
import type { Failure } from "../generated/interfaces/workflow-connector-connector-types.js";

const { DEFENDER_API_URL = "", DEFENDER_ACCESS_TOKEN = "" } = process.env;
const [alertId = "", since] = process.argv.slice(2);

const shim = new WASIShim({ sandbox: { env: { DEFENDER_API_URL, DEFENDER_ACCESS_TOKEN }, args: [], preopens: {} } });
const compiled = async (name: string): Promise<WebAssembly.Module> =>
  WebAssembly.compile(await readFile(new URL(`../generated/${name}`, import.meta.url)));
// The generated declarations name imports with their versions, the generated code without.
const imports = shim.getImportObject() as unknown as ImportObject;
const { alerts, triggers } = await instantiate(compiled, imports);

try {
  const { id, severity, incidentId }: Alert = alerts.getAlert(alertId);
  const incident: bigint | undefined = incidentId; // 64 bits
  console.log(`${id}: severity ${severity ?? "unknown"}, incident ${incident ?? "unknown"}`);

  const { events, checkpoint } = triggers.pollNewAlerts(undefined, { since });
  for (const { id, data } of events) console.log(`new: ${id}, severity ${data.severity ?? "unknown"}`);
  const later = triggers.pollNewAlerts(checkpoint, {});
  console.log(`later: ${later.events.length}`);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

/** A failure in a line. Its cases are a union by `tag`, so that the compiler knows what each one has. */
function explain(error: unknown): string {
  const failure = error as Failure;
  switch (failure.tag) {
    case "execution-failed":
      return failure.tag;
    case "throttled":
      return `${failure.tag}: again in ${failure.val.retryAfterSeconds ?? 60} s`;
    case "permanent-forbidden":
      return `${failure.tag}: ${failure.val.missingRoles.join(", ")} missing`;
    case "permanent-invalid-input":
      return `${failure.tag}: ${failure.val.parameter ?? ""}: ${failure.val.problem.message}`;
    default:
      return `${failure.tag}: ${failure.val.message}`;
  }
}
