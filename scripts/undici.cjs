// What src imports of undici, put together as undici's index.js does it, for the bundle: without fetch, WebSocket, mocks and caches,
// which are loaded with it and never run.
const Dispatcher = require('undici/lib/dispatcher/dispatcher')

Object.assign(Dispatcher.prototype, require('undici/lib/api'))

module.exports = {
  Agent: require('undici/lib/dispatcher/agent'),
  Pool: require('undici/lib/dispatcher/pool'),
  ProxyAgent: require('undici/lib/dispatcher/proxy-agent'),
  buildConnector: require('undici/lib/core/connect'),
}
