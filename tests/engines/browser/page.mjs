// A page with the component. It makes the calls that the test asks for, one after another, until there are no more.

import { instantiate } from "./component/component.js";
import { integers } from "./json.mjs";
import { connect } from "./promises.mjs";

const compiled = async (name) => WebAssembly.compileStreaming(fetch(`component/${name}`));

/** What came of a call. */
async function outcome({ environment, resource, action, inputs }) {
  try {
    const connector = await connect({ instantiate, compiled }, environment);
    return { value: await connector[resource][action](...inputs) };
  } catch (failure) {
    return failure.tag ? { failure } : { broke: `${failure}\n${failure.stack}` };
  }
}

for (;;) {
  const call = await (await fetch("next")).json();
  if (call === null) break;
  await fetch("outcome", { method: "POST", body: JSON.stringify(await outcome(call), integers) });
}
