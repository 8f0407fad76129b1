// oidc-provider, set up as Entra is: https://learn.microsoft.com/entra/identity-platform/v2-protocols

import { generateKeyPairSync, randomBytes } from "node:crypto";

import Provider, { errors } from "oidc-provider";

import { checkAssertion, publicKeys } from "./certificate.mjs";
import { faults } from "./faults.mjs";
import { log } from "./log.mjs";
import { polls } from "./polls.mjs";
import { words } from "./words.mjs";

/** The handler of requests, its public keys, and the name it signs tokens with. */
export function authority(url, settings, state) {
  const issuer = `${url}/${settings.tenantId}`;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const naming = { kid: "authority", use: "sig", alg: "RS256" };
  const key = { ...privateKey.export({ format: "jwk" }), ...naming };
  const provider = new Provider(issuer, configuration(settings, key));
  provider.on("grant.error", (context, error) => {
    context.state.detail = error.error_detail ?? error.error_description;
  });
  // A client that goes away in the middle of a long reply is no concern of the authority's.
  provider.silent = true;
  provider.on("server_error", (_, error) => console.error(error));
  for (const layer of [log(state), faults(state), words(settings), polls(settings)]) provider.use(layer);
  const callback = provider.callback();
  const handle = (request, response) => {
    // The provider is mounted at the tenant, as its issuer says.
    request.asked = request.url;
    request.originalUrl = request.url = asksForConsent(request.url);
    const [, tenant, ...rest] = request.url.split("/");
    if (tenant === settings.tenantId) request.url = `/${rest.join("/")}`;
    else request.wrongTenant = tenant;
    callback(request, response);
  };
  return { handle, issuer, keys: { keys: [{ ...publicKey.export({ format: "jwk" }), ...naming }] } };
}

function configuration(settings, key) {
  const { audience, secretClient, certificateClient, publicClient } = settings;
  const application = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
  const clients = [
    {
      ...application,
      client_id: secretClient.id,
      client_secret: secretClient.secret,
      client_secret_expires_at: secretClient.expires,
      token_endpoint_auth_method: "client_secret_post",
    },
    {
      client_id: publicClient.id,
      application_type: "native",
      grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
      redirect_uris: publicClient.redirects,
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
  ];
  if (certificateClient.certificates.length > 0) {
    clients.push({
      ...application,
      client_id: certificateClient.id,
      jwks: { keys: publicKeys(certificateClient.certificates) },
      token_endpoint_auth_method: "private_key_jwt",
    });
  }
  return {
    clients,
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    clientAuthMethods: ["client_secret_post", "private_key_jwt", "none"],
    enabledJWA: { clientAuthSigningAlgValues: ["RS256", "PS256"] },
    assertJwtClientAuthClaimsAndHeader: (context, claims, header) => checkAssertion(context, settings, claims, header),
    routes: {
      authorization: "/oauth2/v2.0/authorize",
      token: "/oauth2/v2.0/token",
      device_authorization: "/oauth2/v2.0/devicecode",
      code_verification: "/oauth2/deviceauth",
      jwks: "/discovery/v2.0/keys",
    },
    scopes: ["openid", "profile", "email", "offline_access"],
    ttl: {
      AccessToken: settings.tokenSeconds,
      ClientCredentials: settings.tokenSeconds,
      DeviceCode: settings.deviceCodeSeconds,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    findAccount: (_, id) =>
      id === settings.account ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
    extraTokenClaims: (_, token) => ({
      tid: settings.tenantId,
      appid: token.clientId,
      ver: "1.0",
      ...(token.kind === "ClientCredentials"
        ? { roles: settings.roles }
        : { scp: settings.scopes.join(" "), upn: settings.account }),
    }),
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        // Entra's v2 endpoints take no resource: it is what the scope begins with.
        defaultResource: (context, _, several) => several?.[0] ?? resource(context.oidc.params.scope),
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => {
          if (resource !== audience) throw new errors.InvalidTarget(`no resource ${resource}`);
          return {
            audience,
            scope: [".default", ...settings.scopes].map((name) => `${audience}/${name}`).join(" "),
            accessTokenFormat: "jwt",
            accessTokenTTL: settings.tokenSeconds,
            jwt: { sign: { alg: "RS256", kid: key.kid } },
          };
        },
      },
    },
  };
}

/** `https://api.example/.default` is for `https://api.example`. */
function resource(scope = "") {
  const named = scope.split(" ").find((name) => name.includes("://"));
  return named?.slice(0, named.lastIndexOf("/"));
}

/**
 * Entra grants `offline_access` to whoever has consent, and lets people choose an account; the standard wants to hear
 * that consent be asked for, and has no such prompt.
 */
function asksForConsent(url) {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  if (!pathname.endsWith("/oauth2/v2.0/authorize")) return url;
  if (searchParams.get("scope")?.split(" ").includes("offline_access")) searchParams.set("prompt", "consent");
  return `${pathname}?${searchParams}`;
}
