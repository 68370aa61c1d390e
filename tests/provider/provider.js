// A real OpenID provider on loopback for tests: browser login, client credentials as JWT and as opaque tokens,
// introspection, revocation, refresh, logout, exchange of opaque tokens. A test turns its keys by `POST /turn`.
import http from 'node:http';
import { Provider, errors } from 'oidc-provider';
import { generateKeyPair, exportJWK } from 'jose';

const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;
const app = process.env.APP;

async function jwk(alg, kid) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), use: 'sig', alg, kid };
}

const makeKeys = (round) => Promise.all([
  jwk('RS256', `rsa-${round}`), jwk('ES256', `ec-${round}`), jwk('EdDSA', `ed-${round}`),
]);

const formats = { rs256: 'RS256', es256: 'ES256', eddsa: 'EdDSA', opaque: null };

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

// RFC 8693, as far as a test needs it: an opaque token of a client for one that names that client.
async function exchange(ctx) {
  const { provider, params, client } = ctx.oidc;
  const subject = await provider.ClientCredentials.find(params.subject_token);
  if (!subject) throw new errors.InvalidGrant('this token is not known');
  if (params.audience !== 'ledger') throw new errors.InvalidTarget('nobody of that name');
  const token = new provider.ClientCredentials({ client, scope: params.scope });
  token.resourceServer = new provider.ResourceServer('https://api.test/ledger', { scope: 'read write', accessTokenTTL: 600 });
  ctx.exchangedFor = subject.clientId;
  ctx.oidc.entity('ClientCredentials', token);
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: token.tokenType,
    expires_in: token.expiration,
  };
}

const configuration = (keys) => ({
  jwks: { keys },
  // The gateway is told of a logout on loopback, where the provider's own way to fetch does not go.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  cookies: { keys: ['only for tests'] },
  clients: [
    {
      client_id: 'web', client_secret: 'web-secret', grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [`${app}/.auth/web/callback`], post_logout_redirect_uris: [`${app}/bye`],
      response_types: ['code'], token_endpoint_auth_method: 'client_secret_basic',
      backchannel_logout_uri: `${app}/.auth/web/backchannel-logout`, backchannel_logout_session_required: true,
    },
    {
      client_id: 'svc', client_secret: 'svc-secret', grant_types: ['client_credentials'], redirect_uris: [],
      response_types: [], token_endpoint_auth_method: 'client_secret_basic',
    },
    {
      client_id: 'gate', client_secret: 'gate-secret', grant_types: [exchangeGrant], redirect_uris: [],
      response_types: [], token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  extraTokenClaims: (ctx) => (ctx.exchangedFor ? { for: ctx.exchangedFor } : undefined),
  scopes: ['openid', 'offline_access', 'read', 'write'],
  claims: { openid: ['sub', 'roles', 'sid'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, roles: [id === 'root' ? 'admin' : 'user'] }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid offline_access');
    await grant.save();
    return grant;
  },
  issueRefreshToken: async () => process.env.REFRESH !== 'no',
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // A login asks for nobody's API.
      defaultResource: (_, client) => (client.clientId === 'svc' ? 'https://api.test/rs256' : undefined),
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => {
        const alg = formats[resource.replace('https://api.test/', '')];
        const jwt = alg ? { accessTokenFormat: 'jwt', jwt: { sign: { alg } } } : { accessTokenFormat: 'opaque' };
        return { audience: resource, scope: 'read write', accessTokenTTL: 600, ...jwt };
      },
    },
  },
});

const turned = { round: 1, provider: undefined };

async function turn() {
  const keys = await makeKeys(turned.round);
  turned.round += 1;
  turned.provider = new Provider(issuer, configuration(keys));
  turned.provider.on('backchannel.error', (_, error) => console.error(error));
  const parameters = ['subject_token', 'subject_token_type', 'audience', 'scope'];
  turned.provider.registerGrantType(exchangeGrant, exchange, parameters);
}

async function login(request, response) {
  const { provider } = turned;
  const { prompt } = await provider.interactionDetails(request, response);
  const user = new URL(request.url, issuer).searchParams.get('user');
  if (prompt.name !== 'login' || !user) {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<form><input name="user"></form>');
    return;
  }
  await provider.interactionFinished(request, response, { login: { accountId: user } });
}

await turn();
http.createServer(async (request, response) => {
  try {
    if (request.url === '/health') response.end('ok');
    else if (request.url === '/turn') { await turn(); response.end('turned'); }
    else if (request.url.startsWith('/interaction/')) await login(request, response);
    else turned.provider.callback()(request, response);
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
}).listen(port, '127.0.0.1');
