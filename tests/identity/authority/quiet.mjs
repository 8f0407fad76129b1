// oidc-provider's notices are for those who deploy it.
console.info = console.warn = () => {};
