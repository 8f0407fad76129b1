// Refusals in Entra's words: a number, a sentence, and ids to ask support with.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes

import { randomUUID } from "node:crypto";

/** What the provider says of a refusal, and what Entra does: its number, sentence, and error where it has its own. */
const SAYINGS = [
  [/^AADSTS(\d+): (.*)$/, (_, number, text) => [Number(number), text]],
  [/invalid secret provided/, () => [7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."]],
  [/client secret is expired|client_secret expired/, () => [7000222, "The provided client secret keys are expired. Visit the Azure portal to create new keys for your app."]],
  [/client not found/, () => [700016, "Application was not found in the directory.", "unauthorized_client"]],
  [/signature verification failed/, () => [700027, "Client assertion failed signature validation."]],
  [/must only be used once/, () => [700027, "Client assertion was used before."]],
  [/device code is expired/, () => [70020, "The provided value for the input parameter 'device_code' is not valid. This device code has expired."]],
  [/End-User aborted/, () => [70018, "The end user denied the authorization request.", "authorization_declined"]],
  [/refresh token (already used|is expired|not found)/, () => [700082, "The refresh token has expired due to inactivity."]],
  [/PKCE verification failed/, () => [501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request."]],
];

const BY_ERROR = {
  authorization_pending: [70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."],
  slow_down: [70016, "OAuth 2.0 device flow error. Polling is too frequent."],
  invalid_target: [500011, "The resource principal named in the scope was not found in the tenant.", "invalid_resource"],
  invalid_scope: [70011, "The provided value for the input parameter 'scope' is not valid."],
  unsupported_grant_type: [70003, "The app requested an unsupported grant type."],
};

export function words({ entra }) {
  return async (context, next) => {
    if (context.req.wrongTenant !== undefined) {
      context.status = 400;
      context.body = refusal(90002, `Tenant '${context.req.wrongTenant}' not found. Check to make sure you have the correct tenant ID.`, "invalid_request");
      return;
    }
    await next();
    if (!entra || context.method !== "POST" || typeof context.body?.error !== "string") return;
    const { error } = context.body;
    const detail = context.state.detail ?? context.body.error_description ?? "";
    const [number, text, own] = said(detail) ?? BY_ERROR[error] ?? [9002313, `Invalid request. ${detail}`];
    context.body = refusal(number, text, own ?? error);
  };
}

function said(detail) {
  for (const [pattern, saying] of SAYINGS) {
    const match = pattern.exec(detail);
    if (match) return saying(...match);
  }
  return undefined;
}

function refusal(number, text, error) {
  const timestamp = new Date().toISOString().replace("T", " ").replace(/\.\d+/, "");
  const [trace, correlation] = [randomUUID(), randomUUID()];
  return {
    error,
    error_description: `AADSTS${number}: ${text} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
    error_codes: [number],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
  };
}
