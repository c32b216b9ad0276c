// Where this shop's services are. The page names them, so that no script has to know.

const { checkoutUrl, callbackUrl, identityUrl, audience } = document.body.dataset;

/** `checkoutUrl` is checkout-api, `callbackUrl` is payment-callback, both as browsers see them. */
export const settings = Object.freeze({ checkoutUrl, callbackUrl, identityUrl, audience });
