// What a test may choose, and what it gets otherwise.

const defaults = {
  tenantId: "7f8a3b60-4d1e-4a57-9c2f-5b6d0e1f2a34",
  /** The API that tokens are for. */
  audience: "https://api.securitycenter.microsoft.com",
  /** An application with a secret; `expires` is in seconds since 1970, 0 for never. */
  secretClient: { id: "11111111-8e47-4f0b-b6a1-2d7e9f4c8051", secret: "authority~client~secret", expires: 0 },
  /** An application with certificates, as PEM. */
  certificateClient: { id: "22222222-8e47-4f0b-b6a1-2d7e9f4c8051", certificates: [] },
  /** An application without a secret, on which people sign in. The port of its redirect does not count. */
  publicClient: {
    id: "33333333-8e47-4f0b-b6a1-2d7e9f4c8051",
    redirects: ["http://localhost", "http://localhost/", "http://127.0.0.1", "http://127.0.0.1/"],
  },
  /** The one person who can sign in. */
  account: "analyst@contoso.com",
  /** What the applications may do by themselves, and what for a person. */
  roles: ["Machine.Read.All", "Alert.Read.All"],
  scopes: ["Machine.Read", "Alert.Read"],
  /** Seconds that things are good for. */
  tokenSeconds: 3599,
  deviceCodeSeconds: 900,
  /** Seconds between two polls for a device code. */
  interval: 5,
  /** Whether refusals are in Entra's words; otherwise they are as the standard has them. */
  entra: true,
};

/** The options with what was chosen. One that is not known is a mistake. */
export function options(chosen) {
  for (const name of Object.keys(chosen)) {
    if (!(name in defaults)) throw new Error(`there is no option ${name}`);
  }
  return { ...defaults, ...chosen };
}
